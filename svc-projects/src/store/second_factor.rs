//! The second factor of a user: kept sealed, each code taken once.

use sqlx::query;

use super::{Store, UserRow, audit::audited};
use crate::{api_key::UserId, audit::Change, error::Error};

const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
const ADD_CODE: &str = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
/// All but the one session.
const END_OTHERS: &str = "DELETE FROM dashboard_sessions WHERE user_id = $1 AND id <> $2";

impl Store {
    pub async fn offer_totp(&self, user: &UserId, sealed: &[u8]) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET pending_totp = $2 WHERE id = $1 AND sealed_totp IS NULL";
        db::on!(&self.db, |pool| query(SQL).bind(user.as_str()).bind(sealed).execute(pool).await.map(drop))?;
        Ok(())
    }

    /// Whether no code of this time step or a later one was taken before.
    pub async fn take_totp_step(&self, user: &UserId, step: i64) -> Result<bool, Error> {
        const SQL: &str = "UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2";
        let taken = db::on!(&self.db, |pool| query(SQL)
            .bind(user.as_str())
            .bind(step)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(taken > 0)
    }

    /// Whether the code was still there. It no longer is.
    pub async fn take_recovery_code(&self, user: &UserId, hash: &str, change: Change) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
        audited!(self, |tx| {
            let taken =
                query(SQL).bind(user.as_str()).bind(hash).execute(&mut *tx).await?.rows_affected() > 0;
            (taken, taken.then(|| change.clone()))
        })
    }

    /// What was being set up counts from now on; sessions other than `session` end.
    pub async fn enable_totp(
        &self,
        user: &UserRow,
        step: i64,
        codes: &[String],
        session: &str,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET sealed_totp = pending_totp, pending_totp = NULL, totp_step = $2 \
                           WHERE id = $1 AND sealed_totp IS NULL AND pending_totp = $3";
        audited!(self, |tx| {
            let set = query(SQL).bind(&user.id).bind(step).bind(&user.pending_totp);
            if set.execute(&mut *tx).await?.rows_affected() == 0 {
                return Err(Error::Conflict);
            }
            query(DROP_CODES).bind(&user.id).execute(&mut *tx).await?;
            for code in codes {
                query(ADD_CODE).bind(&user.id).bind(code).execute(&mut *tx).await?;
            }
            query(END_OTHERS).bind(&user.id).bind(session).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    pub async fn disable_totp(&self, user: &UserRow, change: Change) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET sealed_totp = NULL, pending_totp = NULL WHERE id = $1";
        audited!(self, |tx| {
            query(SQL).bind(&user.id).execute(&mut *tx).await?;
            query(DROP_CODES).bind(&user.id).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    pub async fn renew_recovery_codes(
        &self,
        user: &UserRow,
        codes: &[String],
        change: Change,
    ) -> Result<(), Error> {
        audited!(self, |tx| {
            query(DROP_CODES).bind(&user.id).execute(&mut *tx).await?;
            for code in codes {
                query(ADD_CODE).bind(&user.id).bind(code).execute(&mut *tx).await?;
            }
            ((), Some(change.clone()))
        })
    }
}
