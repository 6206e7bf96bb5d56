//! Authorizes calls by API keys, and signs the session tokens that stand for them.

use proto::projects::{self as wire, TokenPurpose};

use super::Projects;
use crate::{
    api_key::{ApiKeyId, ProjectId, SessionClaims, State},
    dialects::Setting,
    error::Error,
    keys::key_ids,
    signing::{self, Kind},
    store::Authorization,
};

/// Longest lifetime of a session token.
const MAX_SESSION_TOKEN_SECONDS: u32 = 3600;
/// The same for the token of a journey's record, whose person may have to look for a document.
const MAX_RECORD_TOKEN_SECONDS: u32 = 7200;

impl Projects {
    pub(super) async fn authorize(
        &self,
        request: &wire::AuthorizeApiKeyRequest,
    ) -> Result<wire::Authorization, Error> {
        // A key of a malformed project id is unknown.
        let project = ProjectId::parse(&request.project_id).map_err(|_| Error::NoSuchKey)?;
        let id = ApiKeyId::parse(&request.api_key_id)?;
        let found = self.store.authorize(&project, &id).await?.ok_or(Error::NoSuchKey)?;
        let now_ms = self.store.now_ms();
        let state = found.state(now_ms);
        if state == State::Active {
            self.last_used.note_use(&id, now_ms);
        }
        let video = self.video_settings_in_force(&project, &found).await?;
        Ok(wire::Authorization {
            video: Some(video),
            state: state.into(),
            selected_services: found.selected_services()?,
            can_mint: found.can_mint(),
            scopes: found.scopes()?.into_names(),
            rules_source: found.rules_source().into(),
            cors_origins: found.cors_origins()?,
            rate_limit_per_minute: u32::try_from(found.rate_limit_per_minute).unwrap_or(0),
            key_rate_limit_per_minute: u32::try_from(found.key_rate_limit_per_minute).unwrap_or(0),
            dialects: found.dialects()?.iter().map(dialect_setting).collect(),
            key_dialects: found.key_dialects()?.into_names(),
            is_test: found.is_test != 0,
            response_format: found.response_format,
            rules_json: found.rules_json,
            rules_scores_id: found.rules_scores_id,
            rules_version: found.rules_version.and_then(|v| u32::try_from(v).ok()).unwrap_or(0),
            shadow_rules_json: found.shadow_rules_json,
            shadow_scores_id: found.shadow_scores_id.unwrap_or_default(),
            shadow_version: found.shadow_version.and_then(|v| u32::try_from(v).ok()).unwrap_or(0),
        })
    }

    async fn video_settings_in_force(
        &self,
        project: &ProjectId,
        found: &Authorization,
    ) -> Result<wire::VideoSettings, Error> {
        let settings = wire::VideoSettings::from(found.video_settings(project));
        let is_widened = settings.replay_scope() == wire::ReplayScope::Organisation;
        let replay_projects =
            if is_widened { self.store.replay_projects(project).await? } else { Vec::new() };
        Ok(wire::VideoSettings { replay_projects, ..settings })
    }

    pub(super) async fn session_token(
        &self,
        request: &wire::SignSessionTokenRequest,
    ) -> Result<wire::SessionToken, Error> {
        let (project, id) = key_ids(&request.project_id, &request.api_key_id)?;
        let now_ms = self.store.now_ms();
        let key = self.store.authorize(&project, &id).await?.ok_or(Error::NoSuchKey)?;
        if key.state(now_ms) != State::Active {
            return Err(Error::NoSuchKey);
        }
        let (kind, most) = match request.purpose() {
            TokenPurpose::Unspecified | TokenPurpose::Session => {
                (Kind::SessionToken, MAX_SESSION_TOKEN_SECONDS)
            }
            TokenPurpose::Registration => (Kind::RegistrationToken, MAX_RECORD_TOKEN_SECONDS),
            TokenPurpose::Validation => (Kind::ValidationToken, MAX_RECORD_TOKEN_SECONDS),
        };
        if !(1..=most).contains(&request.lifetime_seconds) {
            return Err(Error::Invalid(format!("a session token lives 1 to {most} seconds")));
        }
        let iat = now_ms / 1000;
        let exp = iat + i64::from(request.lifetime_seconds);
        let (project_id, session_id) = (project.as_str(), request.session_id.as_str());
        let claims = SessionClaims { id: id.as_str(), project_id, session_id, iat, exp };
        let signer = self.signing_key().await?;
        let jwt = signing::sign(&self.ring, &signer, kind, &claims)?;
        Ok(wire::SessionToken { jwt, expires_at_ms: exp * 1000 })
    }
}

fn dialect_setting((name, setting): (&String, &Setting)) -> wire::DialectSetting {
    wire::DialectSetting { name: name.clone(), consent: setting.consent.clone() }
}
