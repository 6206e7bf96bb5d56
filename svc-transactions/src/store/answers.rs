//! Responses to calls with an `Idempotency-Key`: one row per key, held by a call until it has its response.

use super::Store;
use crate::{answers::Held, error::Error};

/// The result of a claim.
#[derive(Debug, PartialEq)]
pub enum Claim {
    Acquired,
    InProgress,
    Completed(Vec<u8>),
}

impl Store {
    /// Claims the key until `lease_until`, unless another call holds it or it has its response.
    pub async fn claim_answer(&self, held: &Held, now_ms: i64, lease_until: i64) -> Result<Claim, Error> {
        const CLAIM: &str = "INSERT INTO idempotency_answers AS known (id, project_id, owner, expires_at, bytes) \
             VALUES ($1, $2, $3, $4, 0) ON CONFLICT (id) DO UPDATE \
             SET owner = $3, expires_at = $4, sealed = NULL, bytes = 0 \
             WHERE known.expires_at <= $5 OR (known.owner = $3 AND known.sealed IS NULL)";
        const FIND: &str = "SELECT sealed FROM idempotency_answers WHERE id = $1";
        let params = db::params![&held.id, &held.project_id, &held.owner, lease_until, now_ms];
        if self.db.execute(CLAIM, params).await? == 1 {
            return Ok(Claim::Acquired);
        }
        let found: Option<(Option<Vec<u8>>,)> = self.db.fetch_optional(FIND, db::params![&held.id]).await?;
        Ok(match found {
            Some((Some(sealed),)) => Claim::Completed(sealed),
            // Or released just now: the caller retries.
            Some((None,)) | None => Claim::InProgress,
        })
    }

    /// Extends the lease; false when the call no longer holds the key.
    pub async fn renew_answer(&self, held: &Held, lease_until: i64) -> Result<bool, Error> {
        const RENEW: &str = "UPDATE idempotency_answers SET expires_at = $3 \
             WHERE id = $1 AND owner = $2 AND sealed IS NULL";
        Ok(self.db.execute(RENEW, db::params![&held.id, &held.owner, lease_until]).await? == 1)
    }

    /// Stores the response until `expires_at`, even after the lease ended, unless another call claimed the key.
    pub async fn complete_answer(&self, held: &Held, sealed: &[u8], expires_at: i64) -> Result<bool, Error> {
        const COMPLETE: &str = "INSERT INTO idempotency_answers AS known (id, project_id, owner, expires_at, sealed, bytes) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE \
             SET expires_at = $4, sealed = $5, bytes = $6 WHERE known.owner = $3";
        let bytes = i64::try_from(sealed.len()).unwrap_or(i64::MAX);
        let params = db::params![&held.id, &held.project_id, &held.owner, expires_at, sealed, bytes];
        Ok(self.db.execute(COMPLETE, params).await? == 1)
    }

    pub async fn release_answer(&self, held: &Held) -> Result<bool, Error> {
        const RELEASE: &str =
            "DELETE FROM idempotency_answers WHERE id = $1 AND owner = $2 AND sealed IS NULL";
        Ok(self.db.execute(RELEASE, db::params![&held.id, &held.owner]).await? == 1)
    }

    /// Deletes up to `most` expired responses.
    pub async fn delete_expired_answers(&self, now_ms: i64, most: u32) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM idempotency_answers WHERE id IN \
             (SELECT id FROM idempotency_answers WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        Ok(self.db.execute(DELETE, db::params![now_ms, most]).await?)
    }

    /// Returns the projects whose responses take more than `most_bytes`.
    pub async fn projects_with_many_answers(&self, most_bytes: i64) -> Result<Vec<String>, Error> {
        const FIND: &str =
            "SELECT project_id FROM idempotency_answers GROUP BY project_id HAVING SUM(bytes) > $1";
        let projects: Vec<(String,)> = self.db.fetch_all(FIND, db::params![most_bytes]).await?;
        Ok(projects.into_iter().map(|(project,)| project).collect())
    }

    /// Deletes up to `most` responses of a project, the oldest first.
    pub async fn delete_oldest_answers(&self, project: &str, most: u32) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM idempotency_answers WHERE id IN \
             (SELECT id FROM idempotency_answers WHERE project_id = $1 AND sealed IS NOT NULL ORDER BY expires_at LIMIT $2)";
        Ok(self.db.execute(DELETE, db::params![project, most]).await?)
    }

    /// Deletes up to `most` responses of a project.
    pub async fn delete_answers(&self, project: &str, most: u32) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM idempotency_answers WHERE id IN \
             (SELECT id FROM idempotency_answers WHERE project_id = $1 LIMIT $2)";
        Ok(self.db.execute(DELETE, db::params![project, most]).await?)
    }
}
