//! Links that let somebody in once.

use sqlx::{query, query_as};

use super::{Store, audit::audited};
use crate::{
    api_key::{OrganisationId, UserId},
    audit::Change,
    error::Error,
    person::Role,
};

/// A link, as kept.
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
}

impl InvitationRow {
    pub fn role(&self) -> Role {
        Role::from_stored(&self.role)
    }
}

/// Somebody new.
pub struct NewUser<'a> {
    pub id: &'a UserId,
    pub email_hash: &'a str,
    pub sealed: &'a [u8],
    pub sealed_password: &'a [u8],
}

macro_rules! select_invitation {
    ($condition:literal) => {
        concat!(
            "SELECT id, organisation_id, user_id, sealed, role, token_hash, created_at, expires_at FROM invitations WHERE ",
            $condition
        )
    };
}

const TAKE: &str = "DELETE FROM invitations WHERE id = $1 AND expires_at > $2";

impl Store {
    pub async fn add_invitation(&self, invitation: &InvitationRow, change: Change) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO invitations (id, organisation_id, user_id, sealed, role, token_hash, created_at, \
                           expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let i = invitation;
        audited!(self, |tx| {
            let add = query(SQL)
                .bind(&i.id)
                .bind(&i.organisation_id)
                .bind(&i.user_id)
                .bind(&i.sealed)
                .bind(&i.role);
            add.bind(&i.token_hash).bind(i.created_at).bind(i.expires_at).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    pub async fn find_invitation(
        &self,
        token_hash: &str,
        now_ms: i64,
    ) -> Result<Option<InvitationRow>, Error> {
        const SQL: &str = select_invitation!("token_hash = $1 AND expires_at > $2");
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(token_hash).bind(now_ms).fetch_optional(pool).await)?)
    }

    /// Those nobody followed yet, newest first; links that let a user in again are not among them.
    pub async fn list_invitations(
        &self,
        organisation: &OrganisationId,
        now_ms: i64,
    ) -> Result<Vec<InvitationRow>, Error> {
        const SQL: &str = select_invitation!(
            "organisation_id = $1 AND expires_at > $2 AND user_id IS NULL ORDER BY id DESC LIMIT 1000"
        );
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(organisation.as_str())
            .bind(now_ms)
            .fetch_all(pool)
            .await)?)
    }

    /// Whether the organisation had it.
    pub async fn revoke_invitation(
        &self,
        organisation: &OrganisationId,
        id: &str,
        change: Change,
    ) -> Result<bool, Error> {
        const SQL: &str =
            "DELETE FROM invitations WHERE id = $1 AND organisation_id = $2 AND user_id IS NULL";
        audited!(self, |tx| {
            let revoke = query(SQL).bind(id).bind(organisation.as_str());
            let revoked = revoke.execute(&mut *tx).await?.rows_affected() > 0;
            (revoked, revoked.then(|| change.clone()))
        })
    }

    /// The link is used up and its user made.
    ///
    /// # Errors
    /// [`Error::NoSuchInvitation`] when somebody else was first, [`Error::EmailTaken`].
    pub async fn join(
        &self,
        invitation: &InvitationRow,
        user: &NewUser<'_>,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO users (id, organisation_id, email_hash, sealed, sealed_password, role, created_at, \
                           updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
        let done: Result<(), Error> = audited!(self, |tx| {
            let take = query(TAKE).bind(&invitation.id).bind(change.at_ms);
            if take.execute(&mut *tx).await?.rows_affected() == 0 {
                return Err(Error::NoSuchInvitation);
            }
            let add =
                query(SQL).bind(user.id.as_str()).bind(&invitation.organisation_id).bind(user.email_hash);
            let add =
                add.bind(user.sealed).bind(user.sealed_password).bind(&invitation.role).bind(change.at_ms);
            add.execute(&mut *tx).await?;
            ((), Some(change.clone()))
        });
        done.map_err(|error| match error {
            Error::Database(cause) if db::is_unique_violation(&cause) => Error::EmailTaken,
            other => other,
        })
    }

    /// The link is used up and its user has another password, no second factor and no session.
    ///
    /// # Errors
    /// [`Error::NoSuchInvitation`] when somebody else was first.
    pub async fn let_in_again(
        &self,
        invitation: &InvitationRow,
        user: &UserId,
        sealed_password: &[u8],
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET sealed_password = $2, sealed_totp = NULL, pending_totp = NULL, updated_at = $3 \
                           WHERE id = $1";
        const CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
        const SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE user_id = $1";
        audited!(self, |tx| {
            let take = query(TAKE).bind(&invitation.id).bind(change.at_ms);
            if take.execute(&mut *tx).await?.rows_affected() == 0 {
                return Err(Error::NoSuchInvitation);
            }
            let set = query(SQL).bind(user.as_str()).bind(sealed_password).bind(change.at_ms);
            set.execute(&mut *tx).await?;
            query(CODES).bind(user.as_str()).execute(&mut *tx).await?;
            query(SESSIONS).bind(user.as_str()).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }
}
