//! The people of an organisation: looked up, changed, removed. Whoever changes somebody holds the audit log's head, so two
//! changes at once see each other and there is always an owner left.

use sqlx::{query, query_as, query_scalar};

use super::{Store, audit::audited};
use crate::{
    api_key::{OrganisationId, UserId},
    audit::Change,
    error::Error,
    person::Role,
};

/// Somebody, as kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UserRow {
    pub id: String,
    pub organisation_id: String,
    pub sealed: Vec<u8>,
    pub sealed_password: Vec<u8>,
    pub role: String,
    pub sealed_totp: Option<Vec<u8>>,
    pub pending_totp: Option<Vec<u8>>,
    pub created_at: i64,
    /// 0 when no session is left.
    pub seen_at: i64,
}

impl UserRow {
    pub fn role(&self) -> Role {
        Role::from_stored(&self.role)
    }
}

macro_rules! select_user {
    ($condition:literal) => {
        concat!(
            "SELECT u.id, u.organisation_id, u.sealed, u.sealed_password, u.role, u.sealed_totp, \
             u.pending_totp, u.created_at, CAST(COALESCE((SELECT MAX(s.seen_at) FROM dashboard_sessions s \
             WHERE s.user_id = u.id), 0) AS BIGINT) AS seen_at FROM users u WHERE ",
            $condition
        )
    };
}

const OWNERS: &str = "SELECT COUNT(*) FROM users WHERE organisation_id = $1 AND role = 'owner'";
const END_SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE user_id = $1";

impl Store {
    pub async fn find_user(&self, id: &UserId) -> Result<Option<UserRow>, Error> {
        const SQL: &str = select_user!("u.id = $1");
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(id.as_str()).fetch_optional(pool).await)?)
    }

    /// By the keyed hash of the address, as any key of the ring makes it.
    pub async fn find_user_by_email(&self, hashes: &[String]) -> Result<Option<UserRow>, Error> {
        const SQL: &str = select_user!("u.email_hash = $1");
        for hash in hashes {
            let found = db::on!(&self.db, |pool| query_as(SQL).bind(hash).fetch_optional(pool).await)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Everybody of an organisation, the longest there first.
    pub async fn list_users(&self, organisation: &OrganisationId) -> Result<Vec<UserRow>, Error> {
        const SQL: &str = select_user!("u.organisation_id = $1 ORDER BY u.id LIMIT 1000");
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(organisation.as_str()).fetch_all(pool).await)?)
    }

    /// Gives somebody another role and ends their sessions: what they may do is settled when they sign in again.
    ///
    /// # Errors
    /// [`Error::LastOwner`] instead of leaving the organisation without one.
    pub async fn set_role(
        &self,
        user: &UserRow,
        role: Role,
        change: Change,
        now_ms: i64,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE users SET role = $3, updated_at = $4 WHERE id = $1 AND organisation_id = $2 AND role = $5";
        audited!(self, |tx| {
            let set = query(SQL).bind(&user.id).bind(&user.organisation_id).bind(role.as_str()).bind(now_ms);
            if set.bind(&user.role).execute(&mut *tx).await?.rows_affected() == 0 {
                return Err(Error::Conflict);
            }
            let owners =
                query_scalar::<_, i64>(OWNERS).bind(&user.organisation_id).fetch_one(&mut *tx).await?;
            if owners == 0 {
                return Err(Error::LastOwner);
            }
            query(END_SESSIONS).bind(&user.id).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    /// Removes somebody with everything that is theirs.
    ///
    /// # Errors
    /// [`Error::LastOwner`] instead of leaving the organisation without one.
    pub async fn remove_user(&self, user: &UserRow, change: Change) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM users WHERE id = $1 AND organisation_id = $2";
        audited!(self, |tx| {
            let remove = query(SQL).bind(&user.id).bind(&user.organisation_id);
            if remove.execute(&mut *tx).await?.rows_affected() == 0 {
                return Err(Error::NoSuchUser);
            }
            let owners =
                query_scalar::<_, i64>(OWNERS).bind(&user.organisation_id).fetch_one(&mut *tx).await?;
            if owners == 0 {
                return Err(Error::LastOwner);
            }
            ((), Some(change.clone()))
        })
    }

    /// Another password. Every session ends.
    pub async fn set_password(&self, user: &UserRow, sealed: &[u8], change: Change) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE users SET sealed_password = $2, updated_at = $3 WHERE id = $1 AND sealed_password = $4";
        audited!(self, |tx| {
            let set = query(SQL).bind(&user.id).bind(sealed).bind(change.at_ms).bind(&user.sealed_password);
            if set.execute(&mut *tx).await?.rows_affected() == 0 {
                return Err(Error::Conflict);
            }
            query(END_SESSIONS).bind(&user.id).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    /// Ids of the first organisations that are not being deleted, at most `limit`.
    pub async fn organisations(&self, limit: u32) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT id FROM organisations WHERE deleting_at IS NULL ORDER BY id LIMIT $1";
        Ok(db::on!(&self.db, |pool| query_scalar(SQL).bind(i64::from(limit)).fetch_all(pool).await)?)
    }

    pub async fn found_organisation(
        &self,
        id: &OrganisationId,
        name: &str,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)";
        audited!(self, |tx| {
            query(SQL).bind(id.as_str()).bind(name).bind(change.at_ms).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }
}
