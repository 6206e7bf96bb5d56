//! Sessions of the dashboard, and the counters of what went wrong at its door.

use sqlx::{query, query_as, query_scalar};

use super::{Store, audit::audited};
use crate::{api_key::UserId, audit::Change, error::Error};

/// A session nobody used for so long is over.
pub const IDLE_MS: i64 = 2 * 60 * 60 * 1000;
/// Somebody who uses it is known to be there; a write a minute is enough to know.
const SEEN_EVERY_MS: i64 = 60 * 1000;
/// Failures older than this are forgotten.
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

/// A session as kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionRow {
    pub id: String,
    pub user_id: String,
    pub half_open: i64,
    pub sealed: Vec<u8>,
    pub created_at: i64,
    pub seen_at: i64,
    pub expires_at: i64,
}

impl Store {
    /// `change`: what the audit log says of it.
    pub async fn open_session(&self, session: &NewSession<'_>, change: Option<Change>) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO dashboard_sessions (id, user_id, token_hash, half_open, sealed, created_at, \
                           seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
        macro_rules! open {
            ($to:expr) => {{
                let open = query(SQL).bind(session.id).bind(session.user.as_str()).bind(session.token_hash);
                let open = open.bind(i64::from(session.half_open)).bind(session.sealed);
                open.bind(session.created_at).bind(session.expires_at).execute($to).await.map(drop)
            }};
        }
        let Some(change) = change else {
            return Ok(db::on!(&self.db, |pool| open!(pool))?);
        };
        audited!(self, |tx| {
            open!(&mut *tx)?;
            ((), Some(change.clone()))
        })
    }

    /// The session of a token, if it is not over. Notes that it was used.
    pub async fn find_session(&self, token_hash: &str, now_ms: i64) -> Result<Option<SessionRow>, Error> {
        const SQL: &str = "SELECT id, user_id, half_open, sealed, created_at, seen_at, expires_at \
                           FROM dashboard_sessions WHERE token_hash = $1 AND expires_at > $2 AND seen_at > $3";
        const SEEN: &str = "UPDATE dashboard_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
        let found: Option<SessionRow> = db::on!(&self.db, |pool| query_as(SQL)
            .bind(token_hash)
            .bind(now_ms)
            .bind(now_ms - IDLE_MS)
            .fetch_optional(pool)
            .await)?;
        if let Some(session) = found.as_ref().filter(|session| session.seen_at < now_ms - SEEN_EVERY_MS) {
            db::on!(&self.db, |pool| query(SEEN)
                .bind(&session.id)
                .bind(now_ms)
                .execute(pool)
                .await
                .map(drop))?;
        }
        Ok(found)
    }

    pub async fn list_sessions(&self, user: &UserId, now_ms: i64) -> Result<Vec<SessionRow>, Error> {
        const SQL: &str = "SELECT id, user_id, half_open, sealed, created_at, seen_at, expires_at \
                           FROM dashboard_sessions WHERE user_id = $1 AND half_open = 0 AND expires_at > $2 \
                           AND seen_at > $3 ORDER BY seen_at DESC LIMIT 200";
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(user.as_str())
            .bind(now_ms)
            .bind(now_ms - IDLE_MS)
            .fetch_all(pool)
            .await)?)
    }

    /// Whether there was one.
    pub async fn end_session_of_token(&self, token_hash: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM dashboard_sessions WHERE token_hash = $1";
        let ended = db::on!(&self.db, |pool| query(SQL)
            .bind(token_hash)
            .execute(pool)
            .await
            .map(|d| d.rows_affected()))?;
        Ok(ended > 0)
    }

    /// Whether the user had it.
    pub async fn end_session(&self, user: &UserId, id: &str, change: Change) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM dashboard_sessions WHERE id = $1 AND user_id = $2";
        audited!(self, |tx| {
            let end = query(SQL).bind(id).bind(user.as_str());
            let ended = end.execute(&mut *tx).await?.rows_affected() > 0;
            (ended, ended.then(|| change.clone()))
        })
    }

    /// Forgets sessions that are over, links nobody followed and failures of long ago.
    pub async fn sweep_sign_in(&self, now_ms: i64) -> Result<(), Error> {
        const SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE expires_at <= $1 OR seen_at <= $2";
        const LINKS: &str = "DELETE FROM invitations WHERE expires_at <= $1";
        const FAILURES: &str = "DELETE FROM sign_in_failures WHERE failed_at <= $1 AND blocked_until <= $2";
        db::on!(&self.db, |pool| async {
            query(SESSIONS).bind(now_ms).bind(now_ms - IDLE_MS).execute(pool).await?;
            query(LINKS).bind(now_ms).execute(pool).await?;
            query(FAILURES).bind(now_ms - FORGET_MS).bind(now_ms).execute(pool).await.map(drop)
        }
        .await)?;
        Ok(())
    }

    /// Counts an attempt as failed before it is known to be: attempts side by side cannot outrun the counter. When none
    /// may be made now: the time until which that is so. `block` says for how long the count so far closes the door, which
    /// is what is answered.
    pub async fn attempt(
        &self,
        bucket: &str,
        now_ms: i64,
        block: impl Fn(i64) -> i64,
    ) -> Result<Result<i64, i64>, Error> {
        const COUNT: &str = "INSERT INTO sign_in_failures (bucket, failures, failed_at, blocked_until) \
             VALUES ($1, 1, $2, 0) ON CONFLICT (bucket) DO UPDATE SET \
             failures = CASE WHEN sign_in_failures.failed_at < $3 THEN 1 ELSE sign_in_failures.failures + 1 END, \
             failed_at = $2 WHERE sign_in_failures.blocked_until <= $2 RETURNING failures";
        const UNTIL: &str = "SELECT blocked_until FROM sign_in_failures WHERE bucket = $1";
        const BLOCK: &str = "UPDATE sign_in_failures SET blocked_until = $2 WHERE bucket = $1";
        let done: Result<Result<i64, i64>, sqlx::Error> = db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let count = query_scalar::<_, i64>(COUNT).bind(bucket).bind(now_ms).bind(now_ms - FORGET_MS);
            let Some(failures) = count.fetch_optional(&mut *tx).await? else {
                let until = query_scalar::<_, i64>(UNTIL).bind(bucket).fetch_optional(&mut *tx).await?;
                return Ok(Err(until.unwrap_or(now_ms)));
            };
            let closed_for = block(failures);
            query(BLOCK).bind(bucket).bind(now_ms + closed_for).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Ok(closed_for))
        }
        .await);
        Ok(done?)
    }

    /// The attempt counted last was none after all.
    pub async fn forgive(&self, bucket: &str) -> Result<(), Error> {
        const SQL: &str = "UPDATE sign_in_failures SET failures = failures - 1, blocked_until = 0 WHERE bucket = $1 AND failures > 0";
        db::on!(&self.db, |pool| query(SQL).bind(bucket).execute(pool).await.map(drop))?;
        Ok(())
    }

    /// Somebody came in: what went wrong before is forgotten.
    pub async fn forget_failures(&self, bucket: &str) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sign_in_failures WHERE bucket = $1";
        db::on!(&self.db, |pool| query(SQL).bind(bucket).execute(pool).await.map(drop))?;
        Ok(())
    }
}
