//! Asynchronous checks of videos.

use super::Store;
use crate::error::Error;

/// A check as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CheckRow {
    pub id: String,
    pub project_id: String,
    pub session_id: String,
    pub api_key_id: String,
    pub user_hash: Vec<u8>,
    pub state: String,
    pub leases: i64,
    pub result_sealed: Option<Vec<u8>>,
    pub error: String,
    pub created_at: i64,
    pub updated_at: i64,
}

/// The columns of a [`CheckRow`].
const COLUMNS: &str = "id, project_id, session_id, api_key_id, user_hash, state, leases, result_sealed, error, \
     created_at, updated_at";

impl Store {
    pub async fn add_check(&self, row: &CheckRow, expires_at: i64) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO deepfake_checks (id, project_id, session_id, api_key_id, user_hash, state, \
            leases, leased_until, error, created_at, updated_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, 'pending', 0, 0, '', $6, $6, $7)";
        let params = db::params![
            &row.id,
            &row.project_id,
            &row.session_id,
            &row.api_key_id,
            &row.user_hash,
            row.created_at,
            expires_at
        ];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn find_check(&self, project: &str, id: &str, now_ms: i64) -> Result<Option<CheckRow>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            COLUMNS,
            " FROM deepfake_checks WHERE project_id = $1 AND id = $2 AND expires_at > $3",
        ];
        Ok(self.db.fetch_optional(SQL, db::params![project, id, now_ms]).await?)
    }

    /// Leases the oldest waiting check. The row's state is part of the condition, so of two calls that choose the
    /// same one, one gets none.
    pub async fn lease_check(
        &self,
        until_ms: i64,
        most_leases: i64,
        now_ms: i64,
    ) -> Result<Option<CheckRow>, Error> {
        const SQL: [&str; 2] = [
            "UPDATE deepfake_checks SET state = 'processing', leases = leases + 1, leased_until = $1, updated_at = $3 \
             WHERE id = (SELECT id FROM deepfake_checks WHERE state IN ('pending', 'processing') \
             AND leased_until <= $3 AND leases < $2 ORDER BY created_at, id LIMIT 1) \
             AND state IN ('pending', 'processing') AND leased_until <= $3 AND leases < $2 RETURNING ",
            COLUMNS,
        ];
        Ok(self.db.fetch_optional(SQL, db::params![until_ms, most_leases, now_ms]).await?)
    }

    /// Fails checks whose last lease expired.
    pub async fn fail_abandoned_checks(
        &self,
        most_leases: i64,
        error: &str,
        now_ms: i64,
    ) -> Result<Vec<CheckRow>, Error> {
        const SQL: [&str; 2] = [
            "UPDATE deepfake_checks SET state = 'failed', error = $2, updated_at = $3 WHERE state = 'processing' \
             AND leased_until <= $3 AND leases >= $1 RETURNING ",
            COLUMNS,
        ];
        let mut tx = self.db.begin().await?;
        let failed = tx.fetch_all(SQL, db::params![most_leases, error, now_ms]).await?;
        tx.commit().await?;
        Ok(failed)
    }

    /// Finishes a check under this lease; returns whether it was.
    pub async fn finish_check(
        &self,
        row: &CheckRow,
        result_sealed: Option<&[u8]>,
        error: &str,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE deepfake_checks SET state = $4, result_sealed = $5, error = $6, updated_at = $7 \
            WHERE project_id = $1 AND id = $2 AND state = 'processing' AND leases = $3";
        let state = if result_sealed.is_some() { "completed" } else { "failed" };
        let sealed = result_sealed.map(<[u8]>::to_vec);
        let params = db::params![&row.project_id, &row.id, row.leases, state, &sealed, error, now_ms];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    /// Counts the checks of a subject.
    pub async fn count_checks(&self, project: &str, hash: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM deepfake_checks WHERE project_id = $1 AND user_hash = $2";
        let (count,): (i64,) = self.db.fetch_one(SQL, db::params![project, hash]).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub async fn delete_checks_of(&self, project: &str, hash: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM deepfake_checks WHERE project_id = $1 AND user_hash = $2";
        Ok(self.db.execute(SQL, db::params![project, hash]).await?)
    }

    pub async fn delete_checks_of_project(&self, project: &str) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM deepfake_checks WHERE project_id = $1";
        Ok(self.db.execute(SQL, db::params![project]).await?)
    }

    pub async fn delete_expired_checks(&self, now_ms: i64) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM deepfake_checks WHERE expires_at <= $1";
        Ok(self.db.execute(SQL, db::params![now_ms]).await?)
    }
}
