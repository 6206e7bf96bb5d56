//! Every SQL statement of this service. Lookups return `Option`; the caller decides what a missing row means.
//!
//! Each state change is one conditional statement, so that exactly one of several concurrent calls wins.

mod challenge;
mod checks;
mod sim_swap;
mod subject;

use db::Db;

use crate::{
    error::Error,
    session::{BoundUser, Session, SessionId},
};

pub use checks::CheckRow;
pub use sim_swap::Stored as StoredSimSwap;

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
/// The columns of a [`Row`].
const COLUMNS: &str = "id, project_id, api_key_id, user_hash, user_sealed, bound_by_consent, created_at, expires_at, \
    ended_at, video_bytes";
pub const FIND_SEALED: &str = "SELECT user_sealed FROM sessions WHERE user_sealed IS NOT NULL LIMIT 1";

/// The sealed users that sessions are locked to.
pub const BOUND_USERS: &str =
    "SELECT project_id, id, user_sealed FROM sessions WHERE length(user_sealed) > 8";

#[derive(Clone)]
pub struct Store {
    db: Db,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    project_id: String,
    api_key_id: String,
    user_hash: Option<Vec<u8>>,
    user_sealed: Option<Vec<u8>>,
    bound_by_consent: i64,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    video_bytes: Option<i64>,
}

impl TryFrom<Row> for Session {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: SessionId::parse(&row.id)?,
            project_id: row.project_id,
            api_key_id: row.api_key_id,
            user: row.user_hash.zip(row.user_sealed).map(|(hash, sealed)| BoundUser { hash, sealed }),
            bound_by_consent: row.bound_by_consent == 1,
            created_at_ms: row.created_at,
            expires_at_ms: row.expires_at,
            ended_at_ms: row.ended_at,
            video_bytes: row.video_bytes,
        })
    }
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    pub async fn insert(&self, session: &Session) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO sessions (id, project_id, api_key_id, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5)";
        let s = session;
        let params =
            db::params![s.id.as_str(), &s.project_id, &s.api_key_id, s.created_at_ms, s.expires_at_ms];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn find_session(&self, project: &str, id: &SessionId) -> Result<Option<Session>, Error> {
        const SQL: [&str; 3] = ["SELECT ", COLUMNS, " FROM sessions WHERE id = $1 AND project_id = $2"];
        let row: Option<Row> = self.db.fetch_optional(SQL, db::params![id.as_str(), project]).await?;
        row.map(Session::try_from).transpose()
    }

    /// Locks a session that has no user and is neither ended nor expired; returns whether this call did.
    pub async fn bind(
        &self,
        project: &str,
        id: &SessionId,
        (user, by_consent): (&BoundUser, bool),
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE sessions SET user_hash = $3, user_sealed = $4, bound_by_consent = $6 \
            WHERE id = $1 AND project_id = $2 AND user_hash IS NULL AND ended_at IS NULL AND expires_at > $5";
        let params =
            db::params![id.as_str(), project, &user.hash, &user.sealed, now_ms, i64::from(by_consent)];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    /// Makes a session that consents bound the session of `user` for good; answers whether this call did.
    pub async fn settle_user(
        &self,
        project: &str,
        id: &SessionId,
        (former, user): (&BoundUser, &BoundUser),
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE sessions SET user_hash = $3, user_sealed = $4, bound_by_consent = 0 \
            WHERE id = $1 AND project_id = $2 AND user_hash = $6 AND bound_by_consent = 1 AND ended_at IS NULL \
            AND expires_at > $5";
        let params = db::params![id.as_str(), project, &user.hash, &user.sealed, now_ms, &former.hash];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    /// Ends a session that is neither ended nor expired; returns whether this call did.
    pub async fn end(&self, project: &str, id: &SessionId, now_ms: i64) -> Result<bool, Error> {
        const SQL: &str = "UPDATE sessions SET ended_at = $3, video_bytes = NULL, challenge_sealed = NULL WHERE id = $1 AND project_id = $2 \
            AND ended_at IS NULL AND expires_at > $3";
        Ok(self.db.execute(SQL, db::params![id.as_str(), project, now_ms]).await? == 1)
    }

    /// Records that the session's video is stored; returns false when the session has ended or expired meanwhile.
    pub async fn note_video(
        &self,
        project: &str,
        id: &SessionId,
        bytes: i64,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE sessions SET video_bytes = $3 WHERE id = $1 AND project_id = $2 \
            AND ended_at IS NULL AND expires_at > $4";
        Ok(self.db.execute(SQL, db::params![id.as_str(), project, bytes, now_ms]).await? == 1)
    }

    /// Removes up to `limit` sessions that expired at or before `now_ms`, and returns how many.
    pub async fn delete_expired(&self, now_ms: i64, limit: i64) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM sessions WHERE id IN \
            (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        Ok(self.db.execute(SQL, db::params![now_ms, limit]).await?)
    }
}
