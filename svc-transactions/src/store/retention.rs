//! Deletion of records past the retention period of their project.

use super::Store;
use crate::error::Error;

/// Each failed try means that an evaluation was written meanwhile.
const MAX_TRIES: u32 = 5;

impl Store {
    /// Expires up to `most` samples of the project from before `before_ms` now, and returns how many: they are
    /// rejected from here on, and the sweeper destroys their bytes.
    pub async fn expire_samples(
        &self,
        project: &str,
        before_ms: i64,
        now_ms: i64,
        most: u32,
    ) -> Result<u64, Error> {
        const SQL: &str = "UPDATE samples SET expires_at = $3 WHERE id IN (SELECT id FROM samples \
                           WHERE project_id = $1 AND created_at < $2 AND expires_at > $3 LIMIT $4)";
        Ok(self.db.execute(SQL, db::params![project, before_ms, now_ms, most]).await?)
    }

    /// Deletes up to `most` of the project's transactions from before `before_ms`, oldest first, with all dependent
    /// rows, and returns how many.
    ///
    /// [`Store::settle`] locks a row of `fraud_pending` before its transaction, a deletion the transaction first: if
    /// the two deadlock, the database aborts one of them, and a deletion is retried.
    pub async fn delete_transactions(&self, project: &str, before_ms: i64, most: u32) -> Result<u64, Error> {
        for _ in 1..MAX_TRIES {
            match self.try_delete(project, before_ms, most).await {
                Err(error) if db::is_deadlock(&error) => {}
                done => return Ok(done?),
            }
        }
        Ok(self.try_delete(project, before_ms, most).await?)
    }

    async fn try_delete(&self, project: &str, before_ms: i64, most: u32) -> Result<u64, sqlx::Error> {
        const SQL: &str = "DELETE FROM transactions WHERE id IN (SELECT id FROM transactions \
                           WHERE project_id = $1 AND created_at < $2 ORDER BY created_at, id LIMIT $3)";
        self.db.execute(SQL, db::params![project, before_ms, most]).await
    }

    /// Deletes up to `most` webhook deliveries from before `before_ms`.
    pub async fn delete_old_deliveries(
        &self,
        project: &str,
        before_ms: i64,
        most: u32,
    ) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries \
                           WHERE project_id = $1 AND created_at < $2 LIMIT $3)";
        Ok(self.db.execute(SQL, db::params![project, before_ms, most]).await?)
    }
}
