//! The authorization of a call by its API key.

use super::{
    Store, VideoSettingsRow,
    api_keys::services,
    grants::{KeyGrant, ProjectGrant},
};
use crate::{
    api_key::{ApiKeyId, ProjectId, SelectedServices, State},
    dialects::{Dialects, KeyDialects},
    error::Error,
    scope::Scopes,
};

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
    /// The project's shadow rules, unless the key has rules of its own.
    pub shadow_rules_json: Option<String>,
    pub shadow_scores_id: Option<String>,
    pub shadow_version: Option<i64>,
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

impl Store {
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
                           s.rules_json AS shadow_rules_json, s.scores_id AS shadow_scores_id, \
                           s.version AS shadow_version, \
                           p.cors_origins, p.rate_limit_per_minute, \
                           p.challenge, p.challenge_phrase, p.replay_scope, p.replays, \
                           k.rate_limit_per_minute AS key_rate_limit_per_minute, k.expires_at, k.scopes, \
                           p.dialects, k.dialects AS key_dialects, k.is_test, k.mac, \
                           p.organisation_id, p.mac AS project_mac \
                           FROM api_keys k JOIN projects p ON p.id = k.project_id \
                           LEFT JOIN scoring_rules r ON r.scores_id = COALESCE(k.scores_id, p.scores_id) \
                           LEFT JOIN scoring_rules s ON s.scores_id = p.shadow_scores_id AND k.scores_id IS NULL \
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
