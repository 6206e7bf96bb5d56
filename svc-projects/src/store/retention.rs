//! Retention periods of each project.

use serde_json::json;

use super::Store;
use crate::{api_key::ProjectId, audit::Change, error::Error, retention::Days};

/// The settings of a project; `None` where unset.
#[derive(Debug, sqlx::FromRow)]
pub struct RetentionRow {
    pub project_id: String,
    pub samples_days: Option<i64>,
    pub transactions_days: Option<i64>,
    pub updated_at: Option<i64>,
}

impl Store {
    pub async fn put_retention(&self, project: &ProjectId, days: &Days, now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO retention (project_id, samples_days, transactions_days, updated_at) \
                           VALUES ($1, $2, $3, $4) ON CONFLICT (project_id) DO UPDATE SET \
                           samples_days = excluded.samples_days, transactions_days = excluded.transactions_days, \
                           updated_at = excluded.updated_at";
        let row = self.find_retention(project).await?.ok_or(Error::NoSuchProject)?;
        let change = self.change_in(project, "retention.changed", project.as_str()).await?;
        let change = Change {
            before: Some(
                json!({"samples_days": row.samples_days, "transactions_days": row.transactions_days}),
            ),
            after: Some(json!({"samples_days": days.samples, "transactions_days": days.transactions})),
            ..change.ok_or(Error::NoSuchProject)?
        };
        let (mut tx, head) = self.begin_audited().await?;
        let put = db::params![project.as_str(), days.samples, days.transactions, now_ms];
        tx.execute(SQL, put).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// `None`: no such project.
    pub async fn find_retention(&self, project: &ProjectId) -> Result<Option<RetentionRow>, Error> {
        const SQL: &str = "SELECT p.id AS project_id, r.samples_days, r.transactions_days, r.updated_at \
                           FROM projects p LEFT JOIN retention r ON r.project_id = p.id WHERE p.id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project.as_str()]).await?)
    }

    /// Returns up to `limit` projects after the one with id `after`, in the order of their ids.
    pub async fn list_retentions(&self, after: &str, limit: u32) -> Result<Vec<RetentionRow>, Error> {
        const SQL: &str = "SELECT p.id AS project_id, r.samples_days, r.transactions_days, r.updated_at \
                           FROM projects p LEFT JOIN retention r ON r.project_id = p.id \
                           WHERE p.id > $1 ORDER BY p.id LIMIT $2";
        Ok(self.db.fetch_all(SQL, db::params![after, limit]).await?)
    }
}
