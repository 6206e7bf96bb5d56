//! Every SQL statement of this service. Lookups return `Option`; the caller decides what a missing row means.

pub mod audit;
mod deletions;
mod erasures;
mod grants;
mod invitations;
mod keys;
mod projects;
mod retention;
mod rewrap;
mod rules;
mod second_factor;
mod sessions;
mod signing_keys;
mod users;
mod video_settings;

use db::{Db, Tx};
use ledger::RowMacs;
use serde_json::json;

use grants::{KeyGrant, ProjectGrant};

use crate::{
    api_key::{
        ApiKey, ApiKeyId, Cursor, Name, OrganisationId, ProjectId, ResponseFormat, ScoresId,
        SelectedServices, State,
    },
    audit::{Change, Log},
    dialects::{Dialects, KeyDialects},
    error::Error,
    scope::Scopes,
};

pub use deletions::DeletionRow;
pub use erasures::ErasureRow;
pub use invitations::{InvitationRow, NewUser};
pub use projects::ProjectRow;
pub use retention::RetentionRow;
pub use rules::{NewRules, RulesRow};
pub use sessions::{NewSession, SessionRow};
pub use signing_keys::SigningKeyRow;
pub use users::UserRow;
pub use video_settings::VideoSettingsRow;

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
pub const FIND_SEALED: &str = "SELECT sealed_private_key FROM signing_keys WHERE current = 1";

#[derive(Clone)]
pub struct Store {
    db: Db,
    log: Log,
    rows: RowMacs,
}

impl Store {
    /// Returns the time by the clock of the service.
    pub fn now_ms(&self) -> i64 {
        self.log.now_ms()
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the tree over the audit log.
    pub fn tree(&self, ring: blob::KeyRing) -> ledger::tree::Tree {
        ledger::tree::Tree::new(self.db.clone(), ring)
    }
}

/// A new organisation with its first project.
pub struct NewOrganisation<'a> {
    pub organisation: (&'a OrganisationId, &'a Name),
    pub project: (&'a ProjectId, &'a Name),
}

/// The authorization of a call's key.
#[derive(Debug, sqlx::FromRow)]
pub struct Authorization {
    state: String,
    selected_services: String,
    can_mint: i64,
    pub response_format: String,
    /// The key's own rules.
    key_scores_id: Option<String>,
    /// The rules in force, of the key or the project.
    pub rules_json: Option<String>,
    /// Its rule set and version.
    pub rules_scores_id: Option<String>,
    pub rules_version: Option<i64>,
    cors_origins: String,
    pub rate_limit_per_minute: i64,
    pub key_rate_limit_per_minute: i64,
    expires_at: Option<i64>,
    scopes: String,
    dialects: String,
    key_dialects: String,
    pub is_test: i64,
    mac: String,
    organisation_id: String,
    project_mac: String,
    challenge: String,
    challenge_phrase: String,
    replay_scope: String,
    replays: String,
}

impl Authorization {
    pub fn video_settings(&self, project: &ProjectId) -> VideoSettingsRow {
        VideoSettingsRow {
            project_id: project.as_str().into(),
            challenge: self.challenge.clone(),
            challenge_phrase: self.challenge_phrase.clone(),
            replay_scope: self.replay_scope.clone(),
            replays: self.replays.clone(),
            video_settings_at: None,
        }
    }

    pub fn state(&self, now_ms: i64) -> State {
        State::from_stored(&self.state).at(now_ms, self.expires_at)
    }

    pub fn selected_services(&self) -> Result<Vec<String>, Error> {
        services(&self.selected_services).map(SelectedServices::into_names)
    }

    pub fn cors_origins(&self) -> Result<Vec<String>, Error> {
        serde_json::from_str(&self.cors_origins).map_err(|_| Error::Damaged)
    }

    /// Returns the APIs the project has switched on.
    pub fn dialects(&self) -> Result<Dialects, Error> {
        Dialects::from_json(&self.dialects)
    }

    /// Returns the APIs the key may be used with.
    pub fn key_dialects(&self) -> Result<KeyDialects, Error> {
        KeyDialects::from_json(&self.key_dialects)
    }

    pub fn can_mint(&self) -> bool {
        self.can_mint != 0
    }

    pub fn scopes(&self) -> Result<Scopes, Error> {
        Scopes::from_stored(&self.scopes, self.can_mint())
    }

    /// Returns `default`, `project`, or the id of the key's own rules.
    pub fn rules_source(&self) -> &str {
        match (&self.key_scores_id, &self.rules_json) {
            (_, None) => "default",
            (Some(own), Some(_)) => own,
            (None, Some(_)) => "project",
        }
    }
}

#[derive(sqlx::FromRow)]
struct ApiKeyRow {
    id: String,
    project_id: String,
    kid: String,
    name: String,
    state: String,
    selected_services: String,
    scores_id: Option<String>,
    can_mint: i64,
    response_format: String,
    created_at: i64,
    updated_at: i64,
    last_used_at: i64,
    rate_limit_per_minute: i64,
    expires_at: Option<i64>,
    scopes: String,
    dialects: String,
    is_test: i64,
    mac: String,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self, Error> {
        Ok(Self {
            id: ApiKeyId::parse(&row.id)?,
            project_id: ProjectId::parse(&row.project_id)?,
            kid: row.kid,
            name: Name::parse("name", &row.name)?,
            state: State::from_stored(&row.state),
            selected_services: services(&row.selected_services)?,
            scores_id: row.scores_id.as_deref().map(ScoresId::parse).transpose()?,
            scopes: Scopes::from_stored(&row.scopes, row.can_mint != 0)?,
            response_format: ResponseFormat::parse(&row.response_format)?,
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
            last_used_at_ms: row.last_used_at,
            rate_limit_per_minute: u32::try_from(row.rate_limit_per_minute).unwrap_or(0),
            expires_at_ms: row.expires_at,
            dialects: KeyDialects::from_json(&row.dialects)?,
            is_test: row.is_test != 0,
        })
    }
}

/// Active keys of a project that can mint now.
const MINTERS: &str = "SELECT COUNT(*) FROM api_keys WHERE project_id = $1 AND state = 'active' AND can_mint = 1 \
                       AND (expires_at IS NULL OR expires_at > $2)";

const SELECT_KEY: &str = "SELECT id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
     response_format, created_at, updated_at, last_used_at, rate_limit_per_minute, expires_at, scopes, \
     dialects, is_test, mac FROM api_keys ";

/// Returns the audit description of a key.
fn described(key: &ApiKey) -> serde_json::Value {
    json!({"name": key.name.as_str(), "selected_services": key.selected_services, "scopes": key.scopes,
           "response_format": key.response_format.as_str(), "scores_id": key.scores_id.as_ref().map(ScoresId::as_str),
           "rate_limit_per_minute": key.rate_limit_per_minute, "expires_at_ms": key.expires_at_ms,
           "dialects": key.dialects, "is_test": key.is_test})
}

fn services(json: &str) -> Result<SelectedServices, Error> {
    serde_json::from_str(json).map_err(|error| Error::Database(sqlx::Error::Decode(Box::new(error))))
}

fn services_json(services: &SelectedServices) -> String {
    serde_json::json!(services).to_string()
}

impl Store {
    pub fn new(db: Db, log: Log, rows: RowMacs) -> Self {
        Self { db, log, rows }
    }

    /// Creates organisation, project and first key atomically.
    pub async fn create_organisation(&self, new: &NewOrganisation<'_>, key: &ApiKey) -> Result<(), Error> {
        const ORGANISATION: &str = "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)";
        const PROJECT: &str = "INSERT INTO projects (id, organisation_id, name, scores_id, created_at, dialects, mac) \
                               VALUES ($1, $2, $3, NULL, $4, $5, $6)";
        let (organisation_id, organisation) = new.organisation;
        let (project_id, project) = new.project;
        let after = json!({"organisation": organisation.as_str(), "project": project.as_str(), "key": key.id.as_str()});
        let change = Change {
            project_id: project_id.as_str().into(),
            after: Some(after),
            ..Change::new(organisation_id.as_str(), "organisation.created", organisation_id.as_str())
        };
        let (mut tx, head) = self.begin_audited().await?;
        let organisation = db::params![organisation_id.as_str(), organisation.as_str(), key.created_at_ms];
        tx.execute(ORGANISATION, organisation).await?;
        let dialects = Dialects::default().to_json();
        let mac = self.project_mac(project_id.as_str(), organisation_id.as_str(), &dialects)?;
        let (id, organisation) = (project_id.as_str(), organisation_id.as_str());
        let project = db::params![id, organisation, project.as_str(), key.created_at_ms, &dialects, &mac];
        tx.execute(PROJECT, project).await?;
        self.add_key(&mut tx, key).await?;
        self.commit_audited(tx, &head, &change).await
    }

    async fn add_key(&self, tx: &mut Tx, key: &ApiKey) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO api_keys (id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
             response_format, created_at, updated_at, rate_limit_per_minute, expires_at, scopes, mac, dialects, is_test) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
        let (services, scopes) = (services_json(&key.selected_services), key.scopes.to_json());
        let dialects = key.dialects.to_json();
        let mac = self.key_mac(key)?;
        let insert = db::params![
            key.id.as_str(),
            key.project_id.as_str(),
            &key.kid,
            key.name.as_str(),
            key.state.as_str(),
            &services,
            key.scores_id.as_ref().map(ScoresId::as_str),
            key.scopes.can_mint(),
            key.response_format.as_str(),
            key.created_at_ms,
            key.updated_at_ms,
            key.rate_limit_per_minute,
            key.expires_at_ms,
            &scopes,
            &mac,
            &dialects,
            key.is_test,
        ];
        tx.execute(SQL, insert).await?;
        Ok(())
    }

    pub async fn insert_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        // Once the deletion of the organisation has begun, no new key may be created.
        const STAYS: &str = "SELECT COUNT(*) FROM projects p JOIN organisations o ON o.id = p.organisation_id \
                             WHERE p.id = $1 AND o.deleting_at IS NULL";
        let change = self.change_in(&key.project_id, "key.created", key.id.as_str()).await?;
        let change = Change { after: Some(described(key)), ..change.ok_or(Error::NoSuchProject)? };
        let (mut tx, head) = self.begin_audited().await?;
        let (stays,): (i64,) = tx.fetch_one(STAYS, db::params![key.project_id.as_str()]).await?;
        if stays == 0 {
            return Err(Error::NoSuchProject);
        }
        self.add_key(&mut tx, key).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Records a use of the key.
    pub async fn touch_api_key(&self, id: &ApiKeyId, at_ms: i64) -> Result<(), Error> {
        const SQL: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";
        self.db.execute(SQL, db::params![id.as_str(), at_ms]).await?;
        Ok(())
    }

    /// Builds a change in a project, by the user of the current call; `None` when there is no such project.
    pub async fn change_in(
        &self,
        project: &ProjectId,
        action: &str,
        target: &str,
    ) -> Result<Option<Change>, Error> {
        let organisation = self.organisation_of(project).await?;
        let change = |organisation: String| Change {
            project_id: project.as_str().to_owned(),
            ..Change::new(&organisation, action, target)
        };
        Ok(organisation.map(change))
    }

    pub async fn project_exists(&self, project: &ProjectId) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM projects WHERE id = $1";
        let found: Option<(i32,)> = self.db.fetch_optional(SQL, db::params![project.as_str()]).await?;
        Ok(found.is_some())
    }

    pub async fn find_api_key(&self, project: &ProjectId, id: &ApiKeyId) -> Result<Option<ApiKey>, Error> {
        const SQL: [&str; 2] = [SELECT_KEY, "WHERE id = $1 AND project_id = $2"];
        let row: Option<ApiKeyRow> =
            self.db.fetch_optional(SQL, db::params![id.as_str(), project.as_str()]).await?;
        row.map(ApiKey::try_from).transpose()
    }

    /// Returns up to `limit` keys of a project, newest first, after the one in `after` (its creation time and id).
    pub async fn list_api_keys(
        &self,
        project: &ProjectId,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Vec<ApiKey>, Error> {
        const SQL: [&str; 2] = [
            SELECT_KEY,
            "WHERE project_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4",
        ];
        let (at, id) = after.map_or((i64::MAX, ""), |after| (after.created_at_ms, after.id.as_str()));
        let rows: Vec<ApiKeyRow> =
            self.db.fetch_all(SQL, db::params![project.as_str(), at, id, limit]).await?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// Revokes the key and returns it; revoking twice changes nothing. With `keep_one_minter`, [`Error::LastMinter`]
    /// instead of leaving the project without an active key that can mint. [`Error::ScopeNotGranted`] for a key with
    /// scopes the caller may not grant.
    pub async fn revoke_api_key(
        &self,
        project: &ProjectId,
        id: &ApiKeyId,
        keep_one_minter: bool,
        may_grant: Option<&[String]>,
        now_ms: i64,
    ) -> Result<Option<ApiKey>, Error> {
        const STATE: &str = "SELECT state FROM api_keys WHERE id = $1 AND project_id = $2";
        const REVOKE: &str = "UPDATE api_keys SET updated_at = CASE WHEN state = 'active' THEN $3 ELSE updated_at END, \
                           state = 'revoked', mac = '' WHERE id = $1 AND project_id = $2 \
                           RETURNING id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
                           response_format, created_at, updated_at, last_used_at, rate_limit_per_minute, expires_at, \
                           scopes, dialects, is_test, mac";
        let Some(change) = self.change_in(project, "key.revoked", id.as_str()).await? else {
            return Ok(None);
        };
        let (mut tx, head) = self.begin_audited().await?;
        let key = db::params![id.as_str(), project.as_str()];
        let state: Option<(String,)> = tx.fetch_optional(STATE, key).await?;
        let is_active = state.is_some_and(|(state,)| state == "active");
        let minters = db::params![project.as_str(), now_ms];
        let (before,): (i64,) = tx.fetch_one(MINTERS, minters).await?;
        let revoke = db::params![id.as_str(), project.as_str(), now_ms];
        let row: Option<ApiKeyRow> = tx.fetch_optional(REVOKE, revoke).await?;
        let (left,): (i64,) = tx.fetch_one(MINTERS, minters).await?;
        let key = row.map(ApiKey::try_from).transpose()?;
        if let Some(key) = key.as_ref() {
            key.scopes.check_grantable(may_grant)?;
        }
        if keep_one_minter && before > 0 && left == 0 {
            return Err(Error::LastMinter);
        }
        if is_active {
            self.commit_audited(tx, &head, &change).await?;
        }
        Ok(key)
    }

    /// Authorizes a call with one query by primary key, because it runs on every call of the product.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the row was changed or made without the master key.
    pub async fn authorize(
        &self,
        project: &ProjectId,
        id: &ApiKeyId,
    ) -> Result<Option<Authorization>, Error> {
        const SQL: &str = "SELECT k.state, k.selected_services, k.can_mint, k.response_format, \
                           k.scores_id AS key_scores_id, r.rules_json, \
                           r.scores_id AS rules_scores_id, r.version AS rules_version, \
                           p.cors_origins, p.rate_limit_per_minute, \
                           p.challenge, p.challenge_phrase, p.replay_scope, p.replays, \
                           k.rate_limit_per_minute AS key_rate_limit_per_minute, k.expires_at, k.scopes, \
                           p.dialects, k.dialects AS key_dialects, k.is_test, k.mac, \
                           p.organisation_id, p.mac AS project_mac \
                           FROM api_keys k JOIN projects p ON p.id = k.project_id \
                           LEFT JOIN scoring_rules r ON r.scores_id = COALESCE(k.scores_id, p.scores_id) \
                           WHERE k.id = $1 AND k.project_id = $2";
        let found: Option<Authorization> =
            self.db.fetch_optional(SQL, db::params![id.as_str(), project.as_str()]).await?;
        if let Some(key) = found.as_ref().filter(|key| key.state == "active") {
            let grant = KeyGrant {
                id: id.as_str(),
                project_id: project.as_str(),
                selected_services: &key.selected_services,
                scores_id: key.key_scores_id.as_deref(),
                can_mint: key.can_mint,
                rate_limit_per_minute: key.key_rate_limit_per_minute,
                expires_at: key.expires_at,
                scopes: &key.scopes,
                dialects: &key.key_dialects,
                is_test: key.is_test != 0,
            };
            self.check_key(&grant, &key.mac)?;
            self.check_project(&ProjectGrant {
                id: project.as_str().to_owned(),
                organisation_id: key.organisation_id.clone(),
                dialects: key.dialects.clone(),
                mac: key.project_mac.clone(),
            })?;
        }
        Ok(found)
    }
}
