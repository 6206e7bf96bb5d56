//! Consent texts.

use super::Store;
use crate::error::Error;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TextRow {
    pub project_id: String,
    pub id: String,
    pub title: String,
    pub body: String,
    /// Kinds, separated by blanks.
    pub grants: String,
    pub updated_at: i64,
}

impl Store {
    pub async fn put_text(&self, row: &TextRow) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO consent_texts (project_id, id, title, body, grants, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (project_id, id) \
            DO UPDATE SET title = $3, body = $4, grants = $5, updated_at = $6";
        let params =
            db::params![&row.project_id, &row.id, &row.title, &row.body, &row.grants, row.updated_at];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn find_text(&self, project: &str, id: &str) -> Result<Option<TextRow>, Error> {
        const SQL: &str = "SELECT project_id, id, title, body, grants, updated_at FROM consent_texts \
            WHERE project_id = $1 AND id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![project, id]).await?)
    }

    /// Removes the texts of a project; returns how many there were.
    pub async fn delete_texts(&self, project: &str) -> Result<u64, Error> {
        Ok(self.db.execute("DELETE FROM consent_texts WHERE project_id = $1", db::params![project]).await?)
    }
}
