//! The phrase a session's next video must say.

use super::Store;
use crate::{challenge::MAX_CHALLENGES, error::Error, session::SessionId};

/// A session's phrase as stored.
#[derive(Debug, sqlx::FromRow)]
pub struct StoredChallenge {
    /// `None`: none was issued, or it was used.
    pub challenge_sealed: Option<Vec<u8>>,
    pub challenge_expires_at: Option<i64>,
    /// Number of issued phrases.
    pub challenges: i64,
}

impl Store {
    /// Stores a phrase in place of an earlier one; false when the session is over or has reached its limit.
    pub async fn put_challenge(
        &self,
        project: &str,
        id: &SessionId,
        sealed: &[u8],
        expires_at_ms: i64,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE sessions SET challenge_sealed = $3, challenge_expires_at = $4, \
            challenges = challenges + 1 WHERE id = $1 AND project_id = $2 AND ended_at IS NULL AND expires_at > $5 \
            AND challenges < $6";
        let params = db::params![id.as_str(), project, sealed, expires_at_ms, now_ms, MAX_CHALLENGES];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    pub async fn find_challenge(
        &self,
        project: &str,
        id: &SessionId,
    ) -> Result<Option<StoredChallenge>, Error> {
        const SQL: &str = "SELECT challenge_sealed, challenge_expires_at, challenges FROM sessions \
            WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id.as_str(), project]).await?)
    }

    /// Removes this phrase, if it is still stored, has not expired and its session is not over; returns whether this
    /// call did.
    pub async fn use_challenge(
        &self,
        project: &str,
        id: &SessionId,
        sealed: &[u8],
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE sessions SET challenge_sealed = NULL WHERE id = $1 AND project_id = $2 \
            AND challenge_sealed = $3 AND challenge_expires_at > $4 AND ended_at IS NULL AND expires_at > $4";
        Ok(self.db.execute(SQL, db::params![id.as_str(), project, sealed, now_ms]).await? == 1)
    }
}
