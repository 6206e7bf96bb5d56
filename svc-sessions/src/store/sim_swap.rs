//! The projects' mobile operators.

use sqlx::{query, query_as};

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
        let _turn = self.turns.next(&self.db).await;
        db::on!(&self.db, |pool| query(SQL)
            .bind(project)
            .bind(&settings.version)
            .bind(&settings.sealed)
            .bind(settings.updated_at)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    pub async fn find_sim_swap(&self, project: &str) -> Result<Option<Stored>, Error> {
        const SQL: &str = "SELECT version, sealed, updated_at FROM sim_swap_settings WHERE project_id = $1";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).fetch_optional(pool).await)?)
    }

    /// Answers whether there were any.
    pub async fn delete_sim_swap(&self, project: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM sim_swap_settings WHERE project_id = $1";
        let _turn = self.turns.next(&self.db).await;
        let removed = db::on!(&self.db, |pool| query(SQL)
            .bind(project)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(removed == 1)
    }
}
