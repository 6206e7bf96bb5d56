//! Journey projects, their flows and collections.

use super::{Page, Store, count};
use crate::error::{Error, Refusal};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProjectRow {
    pub id: String,
    pub name: String,
    pub details: String,
    pub collection_id: String,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FlowRow {
    pub id: String,
    pub journey_project_id: String,
    pub settings: String,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CollectionRow {
    pub id: String,
    pub code: String,
    pub journey_project_id: String,
    pub name: String,
    pub description: String,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Store {
    /// Stores a project and its collection.
    ///
    /// # Errors
    /// [`Refusal::ProjectName`] when the name is taken.
    pub async fn add_project(
        &self,
        project: &str,
        row: &ProjectRow,
        collection: &CollectionRow,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO journey_projects (id, project_id, name, details, collection_id, created_at, \
            updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)";
        let mut tx = self.db.begin().await?;
        let params =
            db::params![&row.id, project, &row.name, &row.details, &row.collection_id, row.created_at];
        tx.execute(SQL, params).await.map_err(named)?;
        let c = collection;
        let params = db::params![
            &c.id,
            project,
            &c.code,
            &c.journey_project_id,
            &c.name,
            &c.description,
            c.created_at
        ];
        tx.execute(ADD_COLLECTION, params).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn update_project(&self, project: &str, row: &ProjectRow) -> Result<bool, Error> {
        const SQL: &str = "UPDATE journey_projects SET name = $3, details = $4, updated_at = $5 \
            WHERE id = $1 AND project_id = $2";
        let params = db::params![&row.id, project, &row.name, &row.details, row.updated_at];
        Ok(self.db.execute(SQL, params).await.map_err(named)? == 1)
    }

    pub async fn find_project(&self, project: &str, id: &str) -> Result<Option<ProjectRow>, Error> {
        const SQL: &str = "SELECT id, name, details, collection_id, created_at, updated_at FROM journey_projects \
            WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project]).await?)
    }

    pub async fn list_projects(&self, project: &str, page: Page) -> Result<(Vec<ProjectRow>, u64), Error> {
        const SQL: &str = "SELECT id, name, details, collection_id, created_at, updated_at FROM journey_projects \
            WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
        const COUNT: &str = "SELECT COUNT(*) FROM journey_projects WHERE project_id = $1";
        let rows = self.db.fetch_all(SQL, db::params![project, page.limit, page.offset()]).await?;
        let (total,): (i64,) = self.db.fetch_one(COUNT, db::params![project]).await?;
        Ok((rows, count(total)))
    }

    pub async fn delete_project(&self, project: &str, id: &str) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        for sql in [
            "DELETE FROM email_validations WHERE journey_project_id = $1 AND project_id = $2",
            "DELETE FROM validations WHERE journey_project_id = $1 AND project_id = $2",
            "DELETE FROM registrations WHERE journey_project_id = $1 AND project_id = $2",
            "DELETE FROM flows WHERE journey_project_id = $1 AND project_id = $2",
            "DELETE FROM collections WHERE journey_project_id = $1 AND project_id = $2",
        ] {
            tx.execute(sql, db::params![id, project]).await?;
        }
        const SQL: &str = "DELETE FROM journey_projects WHERE id = $1 AND project_id = $2";
        let existed = tx.execute(SQL, db::params![id, project]).await? == 1;
        tx.commit().await?;
        Ok(existed)
    }

    pub async fn add_flow(&self, project: &str, row: &FlowRow) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO flows (id, project_id, journey_project_id, settings, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $5)";
        let params = db::params![&row.id, project, &row.journey_project_id, &row.settings, row.created_at];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn update_flow(&self, project: &str, row: &FlowRow) -> Result<bool, Error> {
        const SQL: &str = "UPDATE flows SET settings = $3, updated_at = $4 WHERE id = $1 AND project_id = $2";
        let params = db::params![&row.id, project, &row.settings, row.updated_at];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    pub async fn find_flow(&self, project: &str, id: &str) -> Result<Option<FlowRow>, Error> {
        const SQL: &str = "SELECT id, journey_project_id, settings, created_at, updated_at FROM flows \
            WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project]).await?)
    }

    pub async fn list_flows(
        &self,
        project: &str,
        of: &str,
        page: Page,
    ) -> Result<(Vec<FlowRow>, u64), Error> {
        const SQL: &str = "SELECT id, journey_project_id, settings, created_at, updated_at FROM flows \
            WHERE project_id = $1 AND ($2 = '' OR journey_project_id = $2) \
            ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4";
        const COUNT: &str =
            "SELECT COUNT(*) FROM flows WHERE project_id = $1 AND ($2 = '' OR journey_project_id = $2)";
        let rows = self.db.fetch_all(SQL, db::params![project, of, page.limit, page.offset()]).await?;
        let (total,): (i64,) = self.db.fetch_one(COUNT, db::params![project, of]).await?;
        Ok((rows, count(total)))
    }

    pub async fn add_collection(&self, project: &str, row: &CollectionRow) -> Result<(), Error> {
        let c = row;
        let params = db::params![
            &c.id,
            project,
            &c.code,
            &c.journey_project_id,
            &c.name,
            &c.description,
            c.created_at
        ];
        self.db.execute(ADD_COLLECTION, params).await?;
        Ok(())
    }

    pub async fn update_collection(&self, project: &str, row: &CollectionRow) -> Result<bool, Error> {
        const SQL: &str = "UPDATE collections SET name = $3, description = $4, updated_at = $5 \
            WHERE id = $1 AND project_id = $2";
        let params = db::params![&row.id, project, &row.name, &row.description, row.updated_at];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    /// Returns a collection by its id or code.
    pub async fn find_collection(&self, project: &str, id: &str) -> Result<Option<CollectionRow>, Error> {
        const SQL: &str = "SELECT id, code, journey_project_id, name, description, created_at, updated_at \
            FROM collections WHERE (id = $1 OR code = $1) AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project]).await?)
    }

    pub async fn list_collections(
        &self,
        project: &str,
        page: Page,
    ) -> Result<(Vec<CollectionRow>, u64), Error> {
        const SQL: &str = "SELECT id, code, journey_project_id, name, description, created_at, updated_at \
            FROM collections WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
        const COUNT: &str = "SELECT COUNT(*) FROM collections WHERE project_id = $1";
        let rows = self.db.fetch_all(SQL, db::params![project, page.limit, page.offset()]).await?;
        let (total,): (i64,) = self.db.fetch_one(COUNT, db::params![project]).await?;
        Ok((rows, count(total)))
    }

    /// Deletes a collection without persons.
    pub async fn delete_collection(&self, project: &str, id: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM collections WHERE id = $1 AND project_id = $2 \
            AND NOT EXISTS (SELECT 1 FROM persons WHERE collection_id = $1)";
        Ok(self.db.execute(SQL, db::params![id, project]).await? == 1)
    }
}

const ADD_COLLECTION: &str = "INSERT INTO collections (id, project_id, code, journey_project_id, name, description, \
    created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";

fn named(error: sqlx::Error) -> Error {
    if db::is_unique_violation(&error) { Refusal::ProjectName.into() } else { error.into() }
}
