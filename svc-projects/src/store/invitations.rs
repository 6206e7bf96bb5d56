//! Invitation and reset links, valid once.

use super::{Store, UserRow};
use crate::{
    api_key::{OrganisationId, UserId},
    audit::Change,
    error::Error,
    person::Role,
};

/// A stored link.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct InvitationRow {
    pub id: String,
    pub organisation_id: String,
    pub user_id: Option<String>,
    pub sealed: Vec<u8>,
    pub role: String,
    pub token_hash: String,
    pub created_at: i64,
    pub expires_at: i64,
    /// The user who created it; empty: an operator.
    pub made_by: String,
    /// Computed when it is added.
    pub mac: String,
}

impl InvitationRow {
    pub fn role(&self) -> Role {
        Role::from_stored(&self.role)
    }
}

/// A new user.
pub struct NewUser<'a> {
    pub id: &'a UserId,
    pub email_hash: &'a str,
    pub sealed: &'a [u8],
    pub sealed_password: &'a [u8],
}

const SELECT_INVITATION: &str = "SELECT id, organisation_id, user_id, sealed, role, token_hash, created_at, \
     expires_at, made_by, mac FROM invitations WHERE ";

const TAKE: &str = "DELETE FROM invitations WHERE id = $1 AND expires_at > $2";

impl Store {
    pub async fn add_invitation(&self, invitation: &InvitationRow, change: Change) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO invitations (id, organisation_id, user_id, sealed, role, token_hash, created_at, \
                           expires_at, made_by, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let i = invitation;
        let mac = self.invitation_mac(i)?;
        let (mut tx, head) = self.begin_audited().await?;
        let add = db::params![
            &i.id,
            &i.organisation_id,
            &i.user_id,
            &i.sealed,
            &i.role,
            &i.token_hash,
            i.created_at,
            i.expires_at,
            &i.made_by,
            &mac,
        ];
        tx.execute(SQL, add).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// # Errors
    /// [`Error::Tampered`] when the row was changed or made without the master key.
    pub async fn find_invitation(
        &self,
        token_hash: &str,
        now_ms: i64,
    ) -> Result<Option<InvitationRow>, Error> {
        const SQL: [&str; 2] = [SELECT_INVITATION, "token_hash = $1 AND expires_at > $2"];
        let found: Option<InvitationRow> =
            self.db.fetch_optional(SQL, db::params![token_hash, now_ms]).await?;
        found.as_ref().map_or(Ok(()), |invitation| self.check_invitation(invitation))?;
        Ok(found)
    }

    /// Returns open invitations, newest first, without reset links.
    pub async fn list_invitations(
        &self,
        organisation: &OrganisationId,
        now_ms: i64,
    ) -> Result<Vec<InvitationRow>, Error> {
        const SQL: [&str; 2] = [
            SELECT_INVITATION,
            "organisation_id = $1 AND expires_at > $2 AND user_id IS NULL ORDER BY id DESC LIMIT 1000",
        ];
        Ok(self.db.fetch_all(SQL, db::params![organisation.as_str(), now_ms]).await?)
    }

    /// Returns whether the organisation had it.
    pub async fn revoke_invitation(
        &self,
        organisation: &OrganisationId,
        id: &str,
        change: Change,
    ) -> Result<bool, Error> {
        const SQL: &str =
            "DELETE FROM invitations WHERE id = $1 AND organisation_id = $2 AND user_id IS NULL";
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(SQL, db::params![id, organisation.as_str()]).await? == 0 {
            return Ok(false);
        }
        self.commit_audited(tx, &head, &change).await?;
        Ok(true)
    }

    /// Uses up the link and creates its user.
    ///
    /// # Errors
    /// [`Error::NoSuchInvitation`] when the link was used meanwhile, [`Error::EmailTaken`].
    pub async fn join(
        &self,
        invitation: &InvitationRow,
        user: &NewUser<'_>,
        change: Change,
    ) -> Result<(), Error> {
        self.try_join(invitation, user, &change).await.map_err(|error| match error {
            Error::Database(cause) if db::is_unique_violation(&cause) => Error::EmailTaken,
            other => other,
        })
    }

    async fn try_join(
        &self,
        invitation: &InvitationRow,
        user: &NewUser<'_>,
        change: &Change,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO users (id, organisation_id, email_hash, sealed, sealed_password, role, created_at, \
                           updated_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
        let now_ms = self.now_ms();
        let row = UserRow {
            id: user.id.as_str().into(),
            organisation_id: invitation.organisation_id.clone(),
            email_hash: user.email_hash.into(),
            sealed: user.sealed.into(),
            sealed_password: user.sealed_password.into(),
            role: invitation.role.clone(),
            sealed_totp: None,
            pending_totp: None,
            created_at: now_ms,
            seen_at: 0,
            mac: String::new(),
        };
        let mac = self.user_mac(&row)?;
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(TAKE, db::params![&invitation.id, now_ms]).await? == 0 {
            return Err(Error::NoSuchInvitation);
        }
        let add = db::params![
            &row.id,
            &row.organisation_id,
            &row.email_hash,
            &row.sealed,
            &row.sealed_password,
            &row.role,
            row.created_at,
            &mac,
        ];
        tx.execute(SQL, add).await?;
        self.commit_audited(tx, &head, change).await
    }

    /// Uses up the link and sets its user's password, without second factor and sessions.
    ///
    /// # Errors
    /// [`Error::NoSuchInvitation`] when the link was used meanwhile; [`Error::Conflict`] when the user was changed
    /// meanwhile.
    pub async fn reset_user(
        &self,
        invitation: &InvitationRow,
        user: &UserRow,
        sealed_password: &[u8],
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET sealed_password = $2, sealed_totp = NULL, pending_totp = NULL, \
                           updated_at = $3, mac = $4 WHERE id = $1 AND mac = $5";
        const CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
        const SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE user_id = $1";
        let now_ms = self.now_ms();
        let sealed = sealed_password.to_vec();
        let mac = self.user_mac(&UserRow { sealed_password: sealed, sealed_totp: None, ..user.clone() })?;
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(TAKE, db::params![&invitation.id, now_ms]).await? == 0 {
            return Err(Error::NoSuchInvitation);
        }
        let set = db::params![&user.id, sealed_password, now_ms, &mac, &user.mac];
        if tx.execute(SQL, set).await? == 0 {
            return Err(Error::Conflict);
        }
        tx.execute(CODES, db::params![&user.id]).await?;
        tx.execute(SESSIONS, db::params![&user.id]).await?;
        self.commit_audited(tx, &head, &change).await
    }
}
