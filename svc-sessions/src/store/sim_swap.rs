//! The projects' mobile operators.

use super::Store;
use crate::error::Error;

/// A project's settings as stored.
#[derive(Debug, sqlx::FromRow)]
pub struct Stored {
    pub version: String,
    pub sealed: Vec<u8>,
    pub updated_at: i64,
}

impl Store {
    pub async fn put_sim_swap(&self, project: &str, settings: &Stored) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO sim_swap_settings (project_id, version, sealed, updated_at) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (project_id) DO UPDATE SET version = excluded.version, \
            sealed = excluded.sealed, updated_at = excluded.updated_at";
        let params = db::params![project, &settings.version, &settings.sealed, settings.updated_at];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn find_sim_swap(&self, project: &str) -> Result<Option<Stored>, Error> {
        const SQL: &str = "SELECT version, sealed, updated_at FROM sim_swap_settings WHERE project_id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project]).await?)
    }

    /// Returns whether there were any.
    pub async fn delete_sim_swap(&self, project: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM sim_swap_settings WHERE project_id = $1";
        Ok(self.db.execute(SQL, db::params![project]).await? == 1)
    }
}
