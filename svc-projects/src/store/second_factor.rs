//! The second factor of a user: sealed, each code accepted once.

use db::Tx;

use super::{Store, UserRow};
use crate::{api_key::UserId, audit::Change, error::Error};

const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
const ADD_CODE: &str = "INSERT INTO recovery_codes (user_id, hash, mac) VALUES ($1, $2, $3)";
/// All sessions except one.
const END_OTHERS: &str = "DELETE FROM dashboard_sessions WHERE user_id = $1 AND id <> $2";

impl Store {
    pub async fn offer_totp(&self, user: &UserId, sealed: &[u8]) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET pending_totp = $2 WHERE id = $1 AND sealed_totp IS NULL";
        self.db.execute(SQL, db::params![user.as_str(), sealed]).await?;
        Ok(())
    }

    /// Returns whether no code of this time step or a later one was accepted before.
    pub async fn take_totp_step(&self, user: &UserId, step: i64) -> Result<bool, Error> {
        const SQL: &str = "UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2";
        Ok(self.db.execute(SQL, db::params![user.as_str(), step]).await? > 0)
    }

    /// Returns whether the code existed, and removes it. A hash of a key that is no longer trusted is valid by its
    /// MAC only.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the row is not authentic.
    pub async fn take_recovery_code(
        &self,
        user: &UserId,
        hash: &str,
        is_trusted: bool,
        change: Change,
    ) -> Result<bool, Error> {
        const MAC: &str = "SELECT mac FROM recovery_codes WHERE user_id = $1 AND hash = $2";
        const SQL: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
        let (mut tx, head) = self.begin_audited().await?;
        let mac: Option<(String,)> = tx.fetch_optional(MAC, db::params![user.as_str(), hash]).await?;
        let Some((mac,)) = mac else { return Ok(false) };
        if !is_trusted || !mac.is_empty() {
            self.check_code(user.as_str(), hash, &mac)?;
        }
        if tx.execute(SQL, db::params![user.as_str(), hash]).await? == 0 {
            return Ok(false);
        }
        self.commit_audited(tx, &head, &change).await?;
        Ok(true)
    }

    /// Enables the second factor being set up; sessions other than `session` end.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the user was changed meanwhile.
    pub async fn enable_totp(
        &self,
        user: &UserRow,
        step: i64,
        codes: &[String],
        session: &str,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET sealed_totp = pending_totp, pending_totp = NULL, totp_step = $2, mac = $4 \
                           WHERE id = $1 AND sealed_totp IS NULL AND pending_totp = $3 AND mac = $5";
        let mac = self.user_mac(&UserRow { sealed_totp: user.pending_totp.clone(), ..user.clone() })?;
        let (mut tx, head) = self.begin_audited().await?;
        let set = db::params![&user.id, step, &user.pending_totp, &mac, &user.mac];
        if tx.execute(SQL, set).await? == 0 {
            return Err(Error::Conflict);
        }
        self.replace_codes(&mut tx, user, codes).await?;
        tx.execute(END_OTHERS, db::params![&user.id, session]).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// # Errors
    /// [`Error::Conflict`] when the user was changed meanwhile.
    pub async fn disable_totp(&self, user: &UserRow, change: Change) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE users SET sealed_totp = NULL, pending_totp = NULL, mac = $2 WHERE id = $1 AND mac = $3";
        let mac = self.user_mac(&UserRow { sealed_totp: None, ..user.clone() })?;
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(SQL, db::params![&user.id, &mac, &user.mac]).await? == 0 {
            return Err(Error::Conflict);
        }
        self.replace_codes(&mut tx, user, &[]).await?;
        self.commit_audited(tx, &head, &change).await
    }

    pub async fn renew_recovery_codes(
        &self,
        user: &UserRow,
        codes: &[String],
        change: Change,
    ) -> Result<(), Error> {
        let (mut tx, head) = self.begin_audited().await?;
        self.replace_codes(&mut tx, user, codes).await?;
        self.commit_audited(tx, &head, &change).await
    }

    async fn replace_codes(&self, tx: &mut Tx, user: &UserRow, codes: &[String]) -> Result<(), Error> {
        tx.execute(DROP_CODES, db::params![&user.id]).await?;
        for code in codes {
            let mac = self.code_mac(&user.id, code)?;
            tx.execute(ADD_CODE, db::params![&user.id, code, &mac]).await?;
        }
        Ok(())
    }
}
