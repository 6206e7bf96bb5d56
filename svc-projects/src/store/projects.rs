//! Projects of an organisation, for its users.

use super::{Store, grants::ProjectGrant};
use crate::{
    api_key::{OrganisationId, ProjectId},
    audit::Change,
    error::Error,
};

/// A stored project.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProjectRow {
    pub id: String,
    pub name: String,
    /// JSON lists; empty: all services, any origin.
    pub selected_services: String,
    pub cors_origins: String,
    /// 0: the installation's.
    pub rate_limit_per_minute: i64,
    pub response_format: String,
    /// A JSON object: the other APIs that are switched on.
    pub dialects: String,
    pub created_at: i64,
}

/// A stored project, with its MAC.
#[derive(sqlx::FromRow)]
struct StoredProject {
    #[sqlx(flatten)]
    project: ProjectRow,
    organisation_id: String,
    mac: String,
}

/// A project's defaults for its keys.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Choices {
    selected_services: String,
    pub response_format: String,
}

impl Choices {
    /// Empty: all.
    pub fn services(&self) -> Result<Vec<String>, Error> {
        serde_json::from_str(&self.selected_services).map_err(|_| Error::Damaged)
    }
}

/// The rules in force in a project.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProjectRules {
    pub scores_id: String,
    pub version: i64,
    pub rules_json: String,
}

impl Store {
    /// # Errors
    /// [`Error::Tampered`] when one of them was changed or moved without the master key.
    pub async fn list_projects(&self, organisation: &OrganisationId) -> Result<Vec<ProjectRow>, Error> {
        const SQL: &str = "SELECT id, name, selected_services, cors_origins, rate_limit_per_minute, response_format, \
                           dialects, created_at, organisation_id, mac FROM projects WHERE organisation_id = $1 \
                           ORDER BY id LIMIT 1000";
        let rows: Vec<StoredProject> = self.db.fetch_all(SQL, db::params![organisation.as_str()]).await?;
        rows.into_iter().map(|row| self.checked(row)).collect()
    }

    /// Returns a project of this organisation; another's is unknown.
    ///
    /// # Errors
    /// [`Error::Tampered`] when it was changed or moved without the master key.
    pub async fn find_project(
        &self,
        organisation: &OrganisationId,
        project: &ProjectId,
    ) -> Result<Option<ProjectRow>, Error> {
        const SQL: &str = "SELECT id, name, selected_services, cors_origins, rate_limit_per_minute, response_format, \
                           dialects, created_at, organisation_id, mac FROM projects \
                           WHERE organisation_id = $1 AND id = $2";
        let params = db::params![organisation.as_str(), project.as_str()];
        let row: Option<StoredProject> = self.db.fetch_optional(SQL, params).await?;
        row.map(|row| self.checked(row)).transpose()
    }

    fn checked(&self, row: StoredProject) -> Result<ProjectRow, Error> {
        let StoredProject { project, organisation_id, mac } = row;
        let (id, dialects) = (project.id.clone(), project.dialects.clone());
        self.check_project(&ProjectGrant { id, organisation_id, dialects, mac })?;
        Ok(project)
    }

    /// Returns the defaults of new keys of a project.
    pub async fn project_choices(&self, project: &ProjectId) -> Result<Option<Choices>, Error> {
        const SQL: &str = "SELECT selected_services, response_format FROM projects WHERE id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project.as_str()]).await?)
    }

    pub async fn project_rules(&self, project: &ProjectId) -> Result<Option<ProjectRules>, Error> {
        const SQL: &str = "SELECT r.scores_id, r.version, r.rules_json FROM projects p \
                           JOIN scoring_rules r ON r.scores_id = p.scores_id WHERE p.id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project.as_str()]).await?)
    }

    pub async fn add_project(
        &self,
        organisation: &OrganisationId,
        project: &ProjectRow,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO projects (id, organisation_id, name, selected_services, cors_origins, \
                           rate_limit_per_minute, response_format, created_at, dialects, mac) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let p = project;
        let mac = self.project_mac(&p.id, organisation.as_str(), &p.dialects)?;
        let add = db::params![
            &p.id,
            organisation.as_str(),
            &p.name,
            &p.selected_services,
            &p.cors_origins,
            p.rate_limit_per_minute,
            &p.response_format,
            p.created_at,
            &p.dialects,
            &mac,
        ];
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(SQL, add).await?;
        self.commit_audited(tx, &head, &change).await
    }

    pub async fn update_project(
        &self,
        organisation: &OrganisationId,
        project: &ProjectRow,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE projects SET name = $3, selected_services = $4, cors_origins = $5, \
                           rate_limit_per_minute = $6, response_format = $7, dialects = $8, mac = $9 \
                           WHERE id = $1 AND organisation_id = $2";
        let p = project;
        let mac = self.project_mac(&p.id, organisation.as_str(), &p.dialects)?;
        let set = db::params![
            &p.id,
            organisation.as_str(),
            &p.name,
            &p.selected_services,
            &p.cors_origins,
            p.rate_limit_per_minute,
            &p.response_format,
            &p.dialects,
            &mac,
        ];
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(SQL, set).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Whether any project allows an origin, as browsers send it.
    pub async fn allows_origin(&self, origin: &str) -> Result<bool, Error> {
        // No origin has a character with a meaning in a pattern.
        const SQL: &str = "SELECT 1 FROM projects p JOIN organisations o ON o.id = p.organisation_id \
                           WHERE o.deleting_at IS NULL AND p.cors_origins LIKE $1 LIMIT 1";
        let listed = format!("%\"{origin}\"%");
        let found: Option<(i32,)> = self.db.fetch_optional(SQL, db::params![&listed]).await?;
        Ok(found.is_some())
    }

    /// Returns the organisation of a project.
    ///
    /// # Errors
    /// [`Error::Tampered`] when it was moved without the master key.
    pub async fn organisation_of(&self, project: &ProjectId) -> Result<Option<String>, Error> {
        const SQL: &str = "SELECT id, organisation_id, dialects, mac FROM projects WHERE id = $1";
        let found: Option<ProjectGrant> = self.db.fetch_optional(SQL, db::params![project.as_str()]).await?;
        let Some(found) = found else { return Ok(None) };
        self.check_project(&found)?;
        Ok(Some(found.organisation_id))
    }
}
