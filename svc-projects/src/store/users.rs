//! The users of an organisation: find, change, remove. A change locks the audit log's head, so that concurrent
//! changes see each other and one owner always remains.

use db::Tx;

use super::Store;
use crate::{
    api_key::{OrganisationId, UserId},
    audit::Change,
    error::Error,
    person::Role,
};

/// A stored user.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UserRow {
    pub id: String,
    pub organisation_id: String,
    pub email_hash: String,
    pub sealed: Vec<u8>,
    pub sealed_password: Vec<u8>,
    pub role: String,
    pub sealed_totp: Option<Vec<u8>>,
    pub pending_totp: Option<Vec<u8>>,
    pub created_at: i64,
    /// 0 when no session is left.
    pub seen_at: i64,
    pub mac: String,
}

impl UserRow {
    pub fn role(&self) -> Role {
        Role::from_stored(&self.role)
    }
}

const SELECT_USER: &str = "SELECT u.id, u.organisation_id, u.email_hash, u.sealed, u.sealed_password, u.role, \
     u.sealed_totp, u.pending_totp, u.created_at, u.mac, CAST(COALESCE((SELECT MAX(s.seen_at) FROM \
     dashboard_sessions s WHERE s.user_id = u.id), 0) AS BIGINT) AS seen_at FROM users u WHERE ";

const OWNERS: &str = "SELECT COUNT(*) FROM users WHERE organisation_id = $1 AND role = 'owner'";
const END_SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE user_id = $1";
const END_INVITATIONS: &str = "DELETE FROM invitations WHERE made_by = $1";

impl Store {
    /// # Errors
    /// [`Error::Tampered`] when the row was changed without the master key.
    pub async fn find_user(&self, id: &UserId) -> Result<Option<UserRow>, Error> {
        const SQL: [&str; 2] = [SELECT_USER, "u.id = $1"];
        let found: Option<UserRow> = self.db.fetch_optional(SQL, db::params![id.as_str()]).await?;
        found.as_ref().map_or(Ok(()), |user| self.check_user(user))?;
        Ok(found)
    }

    /// Returns the accounts of an address, one per organisation, the oldest first, by the keyed hash of the address
    /// under any key of the ring.
    ///
    /// # Errors
    /// As [`Store::find_user`].
    pub async fn find_users_by_email(&self, hashes: &[String]) -> Result<Vec<UserRow>, Error> {
        // Each costs the verification of a password at a sign-in.
        const SQL: [&str; 2] = [SELECT_USER, "u.email_hash = $1 ORDER BY u.id LIMIT 8"];
        let mut users: Vec<UserRow> = Vec::new();
        for hash in hashes {
            users.extend(self.db.fetch_all::<UserRow>(SQL, db::params![hash]).await?);
        }
        users.iter().try_for_each(|user| self.check_user(user))?;
        Ok(users)
    }

    /// Returns the users of an organisation, the oldest account first.
    pub async fn list_users(&self, organisation: &OrganisationId) -> Result<Vec<UserRow>, Error> {
        const SQL: [&str; 2] = [SELECT_USER, "u.organisation_id = $1 ORDER BY u.id LIMIT 1000"];
        Ok(self.db.fetch_all(SQL, db::params![organisation.as_str()]).await?)
    }

    /// Changes a user's role, and ends their sessions and links: permissions are read at the next sign-in.
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
        const SQL: &str = "UPDATE users SET role = $3, updated_at = $4, mac = $5 \
            WHERE id = $1 AND organisation_id = $2 AND mac = $6";
        let mac = self.user_mac(&UserRow { role: role.as_str().into(), ..user.clone() })?;
        let (mut tx, head) = self.begin_audited().await?;
        let set = db::params![&user.id, &user.organisation_id, role.as_str(), now_ms, &mac, &user.mac];
        if tx.execute(SQL, set).await? == 0 {
            return Err(Error::Conflict);
        }
        require_owner(&mut tx, &user.organisation_id).await?;
        tx.execute(END_SESSIONS, db::params![&user.id]).await?;
        tx.execute(END_INVITATIONS, db::params![&user.id]).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Removes a user with all sessions, codes and links.
    ///
    /// # Errors
    /// [`Error::LastOwner`] instead of leaving the organisation without one.
    pub async fn remove_user(&self, user: &UserRow, change: Change) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM users WHERE id = $1 AND organisation_id = $2";
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(SQL, db::params![&user.id, &user.organisation_id]).await? == 0 {
            return Err(Error::NoSuchUser);
        }
        require_owner(&mut tx, &user.organisation_id).await?;
        tx.execute(END_INVITATIONS, db::params![&user.id]).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Sets another password. Every session ends.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the user was changed meanwhile.
    pub async fn set_password(&self, user: &UserRow, sealed: &[u8], change: Change) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE users SET sealed_password = $2, updated_at = $3, mac = $4 WHERE id = $1 AND mac = $5";
        let mac = self.user_mac(&UserRow { sealed_password: sealed.to_vec(), ..user.clone() })?;
        let (mut tx, head) = self.begin_audited().await?;
        let set = db::params![&user.id, sealed, self.now_ms(), &mac, &user.mac];
        if tx.execute(SQL, set).await? == 0 {
            return Err(Error::Conflict);
        }
        tx.execute(END_SESSIONS, db::params![&user.id]).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Returns the ids of the first organisations that are not being deleted, at most `limit`.
    pub async fn organisations(&self, limit: u32) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT id FROM organisations WHERE deleting_at IS NULL ORDER BY id LIMIT $1";
        let ids: Vec<(String,)> = self.db.fetch_all(SQL, db::params![limit]).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    pub async fn add_organisation(
        &self,
        id: &OrganisationId,
        name: &str,
        change: Change,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)";
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(SQL, db::params![id.as_str(), name, self.now_ms()]).await?;
        self.commit_audited(tx, &head, &change).await
    }
}

/// Rejects a change that leaves the organisation without an owner.
async fn require_owner(tx: &mut Tx, organisation: &str) -> Result<(), Error> {
    let (owners,): (i64,) = tx.fetch_one(OWNERS, db::params![organisation]).await?;
    if owners == 0 { Err(Error::LastOwner) } else { Ok(()) }
}
