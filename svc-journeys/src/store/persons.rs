//! Persons of collections.

use super::Store;
use crate::error::Error;

/// A person as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PersonRow {
    pub id: String,
    pub collection_id: String,
    pub subject: String,
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub created_at: i64,
}

impl Store {
    pub async fn find_person(
        &self,
        project: &str,
        collection: &str,
        subject: &str,
    ) -> Result<Option<PersonRow>, Error> {
        const SQL: &str = "SELECT id, collection_id, subject, wrapped_key, sealed, created_at FROM persons \
            WHERE project_id = $1 AND ($2 = '' OR collection_id = $2) AND subject = $3";
        Ok(self.db.fetch_optional(SQL, db::params![project, collection, subject]).await?)
    }

    pub async fn find_person_by_id(&self, project: &str, id: &str) -> Result<Option<PersonRow>, Error> {
        const SQL: &str = "SELECT id, collection_id, subject, wrapped_key, sealed, created_at FROM persons \
            WHERE project_id = $1 AND id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![project, id]).await?)
    }

    /// Returns whether this collection has a person with this id.
    pub async fn has_person(&self, project: &str, collection: &str, id: &str) -> Result<bool, Error> {
        const SQL: &str = "SELECT id FROM persons WHERE project_id = $1 AND collection_id = $2 AND id = $3";
        let found: Option<(String,)> =
            self.db.fetch_optional(SQL, db::params![project, collection, id]).await?;
        Ok(found.is_some())
    }

    pub async fn has_persons(&self, project: &str, collection: &str) -> Result<bool, Error> {
        const SQL: &str = "SELECT id FROM persons WHERE project_id = $1 AND collection_id = $2 LIMIT 1";
        let found: Option<(String,)> = self.db.fetch_optional(SQL, db::params![project, collection]).await?;
        Ok(found.is_some())
    }
}
