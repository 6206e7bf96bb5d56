//! Biometric validations.

use super::{Page, Store, count};
use crate::{
    error::Error,
    words::{ClosedSet, ValidationStatus},
};

/// A validation as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ValidationRow {
    pub id: String,
    pub journey_project_id: String,
    pub flow_id: String,
    pub status: String,
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub expires_at: i64,
    pub completed_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Store {
    pub async fn add_validation(
        &self,
        project: &str,
        row: &ValidationRow,
        subject_hash: &[u8],
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO validations (id, project_id, journey_project_id, flow_id, status, wrapped_key, \
            sealed, subject_hash, expires_at, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)";
        let params = db::params![
            &row.id,
            project,
            &row.journey_project_id,
            &row.flow_id,
            &row.status,
            &row.wrapped_key,
            &row.sealed,
            subject_hash,
            row.expires_at,
            row.created_at
        ];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn find_validation(&self, project: &str, id: &str) -> Result<Option<ValidationRow>, Error> {
        const SQL: &str = "SELECT id, journey_project_id, flow_id, status, wrapped_key, sealed, expires_at, \
            completed_at, created_at, updated_at FROM validations WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project]).await?)
    }

    pub async fn list_validations(
        &self,
        project: &str,
        of: &str,
        statuses: &[ValidationStatus],
        page: Page,
        now_ms: i64,
    ) -> Result<(Vec<ValidationRow>, u64), Error> {
        const SQL: &str = "SELECT id, journey_project_id, flow_id, status, wrapped_key, sealed, expires_at, \
            completed_at, created_at, updated_at FROM validations WHERE project_id = $1 \
            AND ($2 = '' OR journey_project_id = $2) AND ($4 = '' OR CASE WHEN status IN ('new', 'pending') \
            AND expires_at <= $3 THEN 'expired' ELSE status END IN ($4, $5, $6, $7, $8)) \
            ORDER BY created_at DESC, id DESC LIMIT $9 OFFSET $10";
        const COUNT: &str = "SELECT COUNT(*) FROM validations WHERE project_id = $1 \
            AND ($2 = '' OR journey_project_id = $2) AND ($4 = '' OR CASE WHEN status IN ('new', 'pending') \
            AND expires_at <= $3 THEN 'expired' ELSE status END IN ($4, $5, $6, $7, $8))";
        let status = |n: usize| statuses.get(n).map_or("", |status| status.as_str());
        let params = db::params![
            project,
            of,
            now_ms,
            status(0),
            status(1),
            status(2),
            status(3),
            status(4),
            page.limit,
            page.offset()
        ];
        let rows = self.db.fetch_all(SQL, params).await?;
        let (total,): (i64,) = self.db.fetch_one(COUNT, &params[..8]).await?;
        Ok((rows, count(total)))
    }

    /// Ends a validation that is open and has not expired, and returns whether this call did.
    pub async fn finish_validation(
        &self,
        project: &str,
        id: &str,
        status: ValidationStatus,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE validations SET status = $3, completed_at = $4, updated_at = $4 \
            WHERE id = $1 AND project_id = $2 AND status IN ('new', 'pending') AND expires_at > $4";
        Ok(self.db.execute(SQL, db::params![id, project, status.as_str(), now_ms]).await? == 1)
    }

    /// Makes a new validation pending; validations in other states do not change.
    pub async fn begin_validation(&self, project: &str, id: &str, now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "UPDATE validations SET status = 'pending', updated_at = $3 \
            WHERE id = $1 AND project_id = $2 AND status = 'new'";
        self.db.execute(SQL, db::params![id, project, now_ms]).await?;
        Ok(())
    }

    /// Resets a validation to new, until `expires_at_ms`.
    pub async fn restart_validation(
        &self,
        project: &str,
        id: &str,
        expires_at_ms: i64,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE validations SET status = 'new', completed_at = NULL, expires_at = $3, updated_at = $4 \
            WHERE id = $1 AND project_id = $2";
        Ok(self.db.execute(SQL, db::params![id, project, expires_at_ms, now_ms]).await? == 1)
    }
}
