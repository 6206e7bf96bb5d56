//! API keys: their rows, and how they are created, found and revoked.

use db::Tx;
use serde_json::json;

use super::Store;
use crate::{
    api_key::{ApiKey, ApiKeyId, Cursor, Name, ProjectId, ResponseFormat, ScoresId, SelectedServices, State},
    audit::Change,
    dialects::KeyDialects,
    error::Error,
    scope::Scopes,
};

#[derive(sqlx::FromRow)]
pub(super) struct ApiKeyRow {
    pub(super) id: String,
    pub(super) project_id: String,
    pub(super) kid: String,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) selected_services: String,
    pub(super) scores_id: Option<String>,
    pub(super) can_mint: i64,
    pub(super) response_format: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) last_used_at: i64,
    pub(super) rate_limit_per_minute: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) scopes: String,
    pub(super) dialects: String,
    pub(super) is_test: i64,
    pub(super) mac: String,
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

pub(super) const SELECT_KEY: &str = "SELECT id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
     response_format, created_at, updated_at, last_used_at, rate_limit_per_minute, expires_at, scopes, \
     dialects, is_test, mac FROM api_keys ";

/// Returns the audit description of a key.
pub(super) fn described(key: &ApiKey) -> serde_json::Value {
    json!({"name": key.name.as_str(), "selected_services": key.selected_services, "scopes": key.scopes,
           "response_format": key.response_format.as_str(), "scores_id": key.scores_id.as_ref().map(ScoresId::as_str),
           "rate_limit_per_minute": key.rate_limit_per_minute, "expires_at_ms": key.expires_at_ms,
           "dialects": key.dialects, "is_test": key.is_test})
}

pub(super) fn services(json: &str) -> Result<SelectedServices, Error> {
    serde_json::from_str(json).map_err(|error| Error::Database(sqlx::Error::Decode(Box::new(error))))
}

pub(super) fn services_json(services: &SelectedServices) -> String {
    serde_json::json!(services).to_string()
}

impl Store {
    pub(super) async fn add_key(&self, tx: &mut Tx, key: &ApiKey) -> Result<(), Error> {
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
}
