//! Sessions of the dashboard, and the counters of failed sign-ins.

use super::Store;
use crate::{api_key::UserId, audit::Change, error::Error};

/// A session unused for this long has expired.
pub const IDLE_MS: i64 = 2 * 60 * 60 * 1000;
/// The last use of a session is written at most this often.
const SEEN_EVERY_MS: i64 = 60 * 1000;
/// Failures older than this are deleted.
const FORGET_MS: i64 = 60 * 60 * 1000;

/// A session to open.
pub struct NewSession<'a> {
    pub id: &'a str,
    pub user: &'a UserId,
    pub token_hash: &'a str,
    pub half_open: bool,
    pub sealed: &'a [u8],
    pub created_at: i64,
    pub expires_at: i64,
}

/// A stored session.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionRow {
    pub id: String,
    pub user_id: String,
    pub token_hash: String,
    pub half_open: i64,
    pub sealed: Vec<u8>,
    pub created_at: i64,
    pub seen_at: i64,
    pub expires_at: i64,
    pub mac: String,
}

impl Store {
    /// Opens a session; `change` is its entry in the audit log.
    pub async fn open_session(&self, session: &NewSession<'_>, change: Option<Change>) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO dashboard_sessions (id, user_id, token_hash, half_open, sealed, created_at, \
                           seen_at, expires_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)";
        let mac = self.session_mac(session)?;
        let open = db::params![
            session.id,
            session.user.as_str(),
            session.token_hash,
            session.half_open,
            session.sealed,
            session.created_at,
            session.expires_at,
            &mac,
        ];
        let Some(change) = change else {
            self.db.execute(SQL, open).await?;
            return Ok(());
        };
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(SQL, open).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Returns the session of a token, if it has not expired, and records its use.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the row was changed or made without the master key.
    pub async fn find_session(&self, token_hash: &str, now_ms: i64) -> Result<Option<SessionRow>, Error> {
        const SQL: &str = "SELECT id, user_id, token_hash, half_open, sealed, created_at, seen_at, expires_at, mac \
                           FROM dashboard_sessions WHERE token_hash = $1 AND expires_at > $2 AND seen_at > $3";
        const SEEN: &str = "UPDATE dashboard_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
        let params = db::params![token_hash, now_ms, now_ms - IDLE_MS];
        let found: Option<SessionRow> = self.db.fetch_optional(SQL, params).await?;
        found.as_ref().map_or(Ok(()), |session| self.check_session(session))?;
        if let Some(session) = found.as_ref().filter(|session| session.seen_at < now_ms - SEEN_EVERY_MS) {
            self.db.execute(SEEN, db::params![&session.id, now_ms]).await?;
        }
        Ok(found)
    }

    pub async fn list_sessions(&self, user: &UserId, now_ms: i64) -> Result<Vec<SessionRow>, Error> {
        const SQL: &str = "SELECT id, user_id, token_hash, half_open, sealed, created_at, seen_at, expires_at, mac \
                           FROM dashboard_sessions WHERE user_id = $1 AND half_open = 0 AND expires_at > $2 \
                           AND seen_at > $3 ORDER BY seen_at DESC LIMIT 200";
        Ok(self.db.fetch_all(SQL, db::params![user.as_str(), now_ms, now_ms - IDLE_MS]).await?)
    }

    /// Returns whether there was one.
    pub async fn end_session_of_token(&self, token_hash: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM dashboard_sessions WHERE token_hash = $1";
        Ok(self.db.execute(SQL, db::params![token_hash]).await? > 0)
    }

    /// Returns whether the user had it.
    pub async fn end_session(&self, user: &UserId, id: &str, change: Change) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM dashboard_sessions WHERE id = $1 AND user_id = $2";
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(SQL, db::params![id, user.as_str()]).await? == 0 {
            return Ok(false);
        }
        self.commit_audited(tx, &head, &change).await?;
        Ok(true)
    }

    /// Deletes expired sessions, expired links and old failures.
    pub async fn sweep_sign_in(&self, now_ms: i64) -> Result<(), Error> {
        const SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE expires_at <= $1 OR seen_at <= $2";
        const LINKS: &str = "DELETE FROM invitations WHERE expires_at <= $1";
        const FAILURES: &str = "DELETE FROM sign_in_failures WHERE failed_at <= $1 AND blocked_until <= $2";
        let mut tx = self.db.begin().await?;
        tx.execute(SESSIONS, db::params![now_ms, now_ms - IDLE_MS]).await?;
        tx.execute(LINKS, db::params![now_ms]).await?;
        tx.execute(FAILURES, db::params![now_ms - FORGET_MS, now_ms]).await?;
        Ok(tx.commit().await?)
    }

    /// Counts an attempt as failed before its result is known, so that concurrent attempts cannot outrun the counter,
    /// and returns the lockout of the new count, or until when attempts are locked out.
    pub async fn count_failure(
        &self,
        bucket: &str,
        now_ms: i64,
        lockout_ms: impl Fn(i64) -> i64,
    ) -> Result<Result<i64, i64>, Error> {
        const COUNT: &str = "INSERT INTO sign_in_failures (bucket, failures, failed_at, blocked_until) \
             VALUES ($1, 1, $2, 0) ON CONFLICT (bucket) DO UPDATE SET \
             failures = CASE WHEN sign_in_failures.failed_at < $3 THEN 1 ELSE sign_in_failures.failures + 1 END, \
             failed_at = $2 WHERE sign_in_failures.blocked_until <= $2 RETURNING failures";
        const UNTIL: &str = "SELECT blocked_until FROM sign_in_failures WHERE bucket = $1";
        const BLOCK: &str = "UPDATE sign_in_failures SET blocked_until = $2 WHERE bucket = $1";
        let mut tx = self.db.begin().await?;
        let count = db::params![bucket, now_ms, now_ms - FORGET_MS];
        let Some((failures,)) = tx.fetch_optional::<(i64,)>(COUNT, count).await? else {
            let until: Option<(i64,)> = tx.fetch_optional(UNTIL, db::params![bucket]).await?;
            return Ok(Err(until.map_or(now_ms, |(until,)| until)));
        };
        let lockout_ms = lockout_ms(failures);
        tx.execute(BLOCK, db::params![bucket, now_ms + lockout_ms]).await?;
        tx.commit().await?;
        Ok(Ok(lockout_ms))
    }

    /// Removes the attempt counted last from the counter.
    pub async fn cancel_failure(&self, bucket: &str) -> Result<(), Error> {
        const SQL: &str = "UPDATE sign_in_failures SET failures = failures - 1, blocked_until = 0 WHERE bucket = $1 AND failures > 0";
        self.db.execute(SQL, db::params![bucket]).await?;
        Ok(())
    }

    pub async fn clear_failures(&self, bucket: &str) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sign_in_failures WHERE bucket = $1";
        self.db.execute(SQL, db::params![bucket]).await?;
        Ok(())
    }
}
