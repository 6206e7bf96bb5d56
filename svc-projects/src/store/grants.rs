//! The granting columns of each table, and their MACs.

use db::{Tx, Value};
use serde_json::json;

use super::{ApiKeyRow, SigningKeyRow, Store, UserRow, services_json};
use crate::{
    api_key::{ApiKey, ScoresId},
    audit::{Actor, Change},
    error::Error,
    store::{InvitationRow, NewSession, SessionRow},
};

pub(super) const API_KEYS: &str = "api_keys";
pub(super) const USERS: &str = "users";
pub(super) const SESSIONS: &str = "dashboard_sessions";
pub(super) const INVITATIONS: &str = "invitations";
pub(super) const SIGNING_KEYS: &str = "signing_keys";
pub(super) const RECOVERY_CODES: &str = "recovery_codes";
pub(super) const PROJECTS: &str = "projects";
/// The list of a key that may be used with every API of its project.
const NO_DIALECTS: &str = "[]";

/// The permissions of an active API key. The MAC of a revoked key is cleared, not renewed.
pub struct KeyGrant<'a> {
    pub id: &'a str,
    pub project_id: &'a str,
    pub selected_services: &'a str,
    pub scores_id: Option<&'a str>,
    pub can_mint: i64,
    pub rate_limit_per_minute: i64,
    pub expires_at: Option<i64>,
    /// Empty: a key of a release without scopes.
    pub scopes: &'a str,
    pub dialects: &'a str,
    pub is_test: bool,
}

impl KeyGrant<'_> {
    pub(super) fn columns(&self) -> Vec<Value<'_>> {
        let mut columns = vec![
            self.id.into(),
            self.project_id.into(),
            self.selected_services.into(),
            self.scores_id.into(),
            self.can_mint.into(),
            self.rate_limit_per_minute.into(),
            self.expires_at.into(),
        ];
        // Left out when empty, as the previous release made its MACs: clearing the column later fits no MAC.
        if !self.scopes.is_empty() {
            columns.push(self.scopes.into());
        }
        // Likewise for a key of every API; the word separates the two lists.
        if self.dialects != NO_DIALECTS {
            columns.push("dialects".into());
            columns.push(self.dialects.into());
        }
        // Likewise for a live key.
        if self.is_test {
            columns.push("test".into());
        }
        columns
    }
}

/// The organisation of a project, and the APIs for which it attests consent.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProjectGrant {
    pub id: String,
    pub organisation_id: String,
    pub dialects: String,
    pub mac: String,
}

impl ProjectGrant {
    pub(super) fn columns(&self) -> [Value<'_>; 3] {
        [(&self.id).into(), (&self.organisation_id).into(), (&self.dialects).into()]
    }
}

impl ApiKeyRow {
    pub(super) fn grant(&self) -> KeyGrant<'_> {
        KeyGrant {
            id: &self.id,
            project_id: &self.project_id,
            selected_services: &self.selected_services,
            scores_id: self.scores_id.as_deref(),
            can_mint: self.can_mint,
            rate_limit_per_minute: self.rate_limit_per_minute,
            expires_at: self.expires_at,
            scopes: &self.scopes,
            dialects: &self.dialects,
            is_test: self.is_test != 0,
        }
    }
}

impl UserRow {
    pub(super) fn columns(&self) -> [Value<'_>; 6] {
        [
            (&self.id).into(),
            (&self.organisation_id).into(),
            (&self.email_hash).into(),
            (&self.role).into(),
            (&self.sealed_password).into(),
            (&self.sealed_totp).into(),
        ]
    }
}

impl SessionRow {
    pub(super) fn columns(&self) -> [Value<'_>; 6] {
        [
            (&self.id).into(),
            (&self.user_id).into(),
            (&self.token_hash).into(),
            self.half_open.into(),
            self.created_at.into(),
            self.expires_at.into(),
        ]
    }
}

impl SigningKeyRow {
    pub(super) fn columns(&self) -> [Value<'_>; 3] {
        [(&self.kid).into(), (&self.public_key).into(), self.distrusted_at.into()]
    }
}

impl InvitationRow {
    pub(super) fn columns(&self) -> Vec<Value<'_>> {
        let mut columns = vec![
            (&self.id).into(),
            (&self.organisation_id).into(),
            (&self.user_id).into(),
            (&self.sealed).into(),
            (&self.role).into(),
            (&self.token_hash).into(),
            self.expires_at.into(),
        ];
        // Left out when empty, as the previous release made its MACs.
        if !self.made_by.is_empty() {
            columns.push((&self.made_by).into());
        }
        columns
    }
}

impl Store {
    pub(super) fn key_mac(&self, key: &ApiKey) -> Result<String, Error> {
        let (services, scopes) = (services_json(&key.selected_services), key.scopes.to_json());
        let dialects = key.dialects.to_json();
        let grant = KeyGrant {
            id: key.id.as_str(),
            project_id: key.project_id.as_str(),
            selected_services: &services,
            scores_id: key.scores_id.as_ref().map(ScoresId::as_str),
            can_mint: key.scopes.can_mint().into(),
            rate_limit_per_minute: key.rate_limit_per_minute.into(),
            expires_at: key.expires_at_ms,
            scopes: &scopes,
            dialects: &dialects,
            is_test: key.is_test,
        };
        Ok(self.rows.make_mac(API_KEYS, &grant.columns())?)
    }

    /// Checks an active key.
    pub(super) fn check_key(&self, grant: &KeyGrant<'_>, mac: &str) -> Result<(), Error> {
        Ok(self.rows.check_mac(API_KEYS, grant.id, &grant.columns(), mac)?)
    }

    pub(super) fn check_key_row(&self, row: &ApiKeyRow) -> Result<(), Error> {
        if row.state == "active" { self.check_key(&row.grant(), &row.mac) } else { Ok(()) }
    }

    pub(super) fn user_mac(&self, user: &UserRow) -> Result<String, Error> {
        Ok(self.rows.make_mac(USERS, &user.columns())?)
    }

    pub(super) fn check_user(&self, user: &UserRow) -> Result<(), Error> {
        Ok(self.rows.check_mac(USERS, &user.id, &user.columns(), &user.mac)?)
    }

    pub(super) fn invitation_mac(&self, invitation: &InvitationRow) -> Result<String, Error> {
        Ok(self.rows.make_mac(INVITATIONS, &invitation.columns())?)
    }

    pub(super) fn check_invitation(&self, invitation: &InvitationRow) -> Result<(), Error> {
        Ok(self.rows.check_mac(INVITATIONS, &invitation.id, &invitation.columns(), &invitation.mac)?)
    }

    pub(super) fn session_mac(&self, session: &NewSession<'_>) -> Result<String, Error> {
        let columns = db::params![
            session.id,
            session.user.as_str(),
            session.token_hash,
            session.half_open,
            session.created_at,
            session.expires_at,
        ];
        Ok(self.rows.make_mac(SESSIONS, columns)?)
    }

    pub(super) fn check_session(&self, session: &SessionRow) -> Result<(), Error> {
        Ok(self.rows.check_mac(SESSIONS, &session.id, &session.columns(), &session.mac)?)
    }

    pub(super) fn signing_key_mac(
        &self,
        kid: &str,
        public_key: &[u8],
        distrusted_at: Option<i64>,
    ) -> Result<String, Error> {
        Ok(self.rows.make_mac(SIGNING_KEYS, db::params![kid, public_key, distrusted_at])?)
    }

    pub(super) fn check_signing_key(&self, key: &SigningKeyRow) -> Result<(), Error> {
        Ok(self.rows.check_mac(SIGNING_KEYS, &key.kid, &key.columns(), &key.mac)?)
    }

    pub(super) fn project_mac(&self, id: &str, organisation: &str, dialects: &str) -> Result<String, Error> {
        Ok(self.rows.make_mac(PROJECTS, db::params![id, organisation, dialects])?)
    }

    pub(super) fn check_project(&self, project: &ProjectGrant) -> Result<(), Error> {
        Ok(self.rows.check_mac(PROJECTS, &project.id, &project.columns(), &project.mac)?)
    }

    /// Returns the MAC of a recovery code with this hash.
    pub(super) fn code_mac(&self, user: &str, hash: &str) -> Result<String, Error> {
        Ok(self.rows.make_mac(RECOVERY_CODES, db::params![user, hash])?)
    }

    pub(super) fn check_code(&self, user: &str, hash: &str, mac: &str) -> Result<(), Error> {
        Ok(self.rows.check_mac(RECOVERY_CODES, user, db::params![user, hash], mac)?)
    }

    /// Adds the MACs of rows of a release without MACs, once. The event is in the audit log: otherwise removing a MAC
    /// would make a row count as old.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_missing_macs(&self, now_ms: i64) -> Result<(), Error> {
        self.make_missing_grant_macs(now_ms).await?;
        self.make_missing_code_macs(now_ms).await?;
        self.make_missing_project_macs(now_ms).await
    }

    /// Projects got their MACs in a later release.
    async fn make_missing_project_macs(&self, now_ms: i64) -> Result<(), Error> {
        const NOTE: &str =
            "INSERT INTO row_macs_made (one, made_at) VALUES (3, $1) ON CONFLICT (one) DO NOTHING";
        const PROJECTS: &str = "SELECT id, organisation_id, dialects, mac FROM projects WHERE mac = ''";
        const SET: &str = "UPDATE projects SET mac = $2 WHERE id = $1";
        let made: Option<(i64,)> =
            self.db.fetch_optional("SELECT one FROM row_macs_made WHERE one = 3", &[]).await?;
        if made.is_some() {
            return Ok(());
        }
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(NOTE, db::params![now_ms]).await? == 0 {
            return Ok(());
        }
        let projects: Vec<ProjectGrant> = tx.fetch_all(PROJECTS, &[]).await?;
        for project in &projects {
            let mac = self.rows.make_mac(self::PROJECTS, &project.columns())?;
            tx.execute(SET, db::params![&project.id, &mac]).await?;
        }
        if projects.is_empty() {
            return Ok(tx.commit().await?);
        }
        let change = Change {
            actor: Actor::operator(),
            after: Some(json!({"projects": projects.len()})),
            ..Change::new("", "row_macs.made", "")
        };
        self.commit_audited(tx, &head, &change).await
    }

    /// Recovery codes got their MACs in a later release.
    async fn make_missing_code_macs(&self, now_ms: i64) -> Result<(), Error> {
        const NOTE: &str =
            "INSERT INTO row_macs_made (one, made_at) VALUES (2, $1) ON CONFLICT (one) DO NOTHING";
        const CODES: &str = "SELECT user_id, hash FROM recovery_codes WHERE mac = ''";
        const SET: &str = "UPDATE recovery_codes SET mac = $3 WHERE user_id = $1 AND hash = $2";
        let mut tx = self.db.begin().await?;
        if tx.execute(NOTE, db::params![now_ms]).await? == 0 {
            return Ok(());
        }
        for (user, hash) in tx.fetch_all::<(String, String)>(CODES, &[]).await? {
            tx.execute(SET, db::params![&user, &hash, &self.code_mac(&user, &hash)?]).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn make_missing_grant_macs(&self, now_ms: i64) -> Result<(), Error> {
        const MADE: &str = "SELECT one FROM row_macs_made WHERE one = 1";
        const NOTE: &str = "INSERT INTO row_macs_made (one, made_at) VALUES (1, $1)";
        let made: Option<(i64,)> = self.db.fetch_optional(MADE, &[]).await?;
        if made.is_some() {
            return Ok(());
        }
        let (mut tx, head) = self.begin_audited().await?;
        // A process that waited for the log's head finds it done.
        let made: Option<(i64,)> = tx.fetch_optional(MADE, &[]).await?;
        if made.is_some() {
            return Ok(());
        }
        let rows = self.make_macs(&mut tx).await?;
        tx.execute(NOTE, db::params![now_ms]).await?;
        if rows == 0 {
            return Ok(tx.commit().await?);
        }
        tracing::warn!(rows, "added the MACs of rows of an earlier release");
        let change = Change {
            actor: Actor::operator(),
            after: Some(json!({"rows": rows})),
            ..Change::new("", "row_macs.made", "")
        };
        self.commit_audited(tx, &head, &change).await
    }

    async fn make_macs(&self, tx: &mut Tx) -> Result<usize, Error> {
        const KEYS: &str = "SELECT id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
            response_format, created_at, updated_at, last_used_at, rate_limit_per_minute, expires_at, scopes, dialects, \
            is_test, mac \
            FROM api_keys WHERE state = 'active' AND mac = ''";
        const PEOPLE: &str = "SELECT id, organisation_id, email_hash, sealed, sealed_password, role, sealed_totp, \
            pending_totp, created_at, created_at AS seen_at, mac FROM users WHERE mac = ''";
        const LINKS: &str = "SELECT id, organisation_id, user_id, sealed, role, token_hash, created_at, expires_at, \
            made_by, mac FROM invitations WHERE mac = ''";
        const SIGNERS: &str = "SELECT kid, public_key FROM signing_keys WHERE mac = ''";
        // Sessions are short: users sign in again.
        const END_SESSIONS: &str = "DELETE FROM dashboard_sessions WHERE mac = ''";
        let mut rows = 0;
        for key in tx.fetch_all::<ApiKeyRow>(KEYS, &[]).await? {
            let mac = self.rows.make_mac(API_KEYS, &key.grant().columns())?;
            tx.execute("UPDATE api_keys SET mac = $2 WHERE id = $1", db::params![&key.id, &mac]).await?;
            rows += 1;
        }
        for user in tx.fetch_all::<UserRow>(PEOPLE, &[]).await? {
            let mac = self.user_mac(&user)?;
            tx.execute("UPDATE users SET mac = $2 WHERE id = $1", db::params![&user.id, &mac]).await?;
            rows += 1;
        }
        for link in tx.fetch_all::<InvitationRow>(LINKS, &[]).await? {
            let mac = self.invitation_mac(&link)?;
            tx.execute("UPDATE invitations SET mac = $2 WHERE id = $1", db::params![&link.id, &mac]).await?;
            rows += 1;
        }
        for (kid, public_key) in tx.fetch_all::<(String, Vec<u8>)>(SIGNERS, &[]).await? {
            let mac = self.signing_key_mac(&kid, &public_key, None)?;
            tx.execute("UPDATE signing_keys SET mac = $2 WHERE kid = $1", db::params![&kid, &mac]).await?;
            rows += 1;
        }
        tx.execute(END_SESSIONS, &[]).await?;
        Ok(rows)
    }
}
