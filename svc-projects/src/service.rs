//! Decodes a call, applies the rules of [`crate::api_key`], stores, encodes the response.

use std::{path::PathBuf, sync::Arc};

use blob::KeyRing;
use proto::projects::{self as wire, TokenPurpose, projects_server};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api_key::{
        ApiKey, ApiKeyId, Claims, Name, OrganisationId, ProjectId, ResponseFormat, ScoresId,
        SelectedServices, SessionClaims, State,
    },
    dialects::{KeyDialects, Setting},
    erasure::Receipt,
    error::Error,
    keys::{granted, key_ids},
    last_used::LastUsed,
    project::origin,
    retention::Days,
    scope::Scopes,
    signing::{self, Kind, SigningKey},
    store::{Authorization, NewOrganisation, Store},
    tombstones::Tombstones,
};

/// Longest lifetime of a session token.
const MAX_SESSION_TOKEN_SECONDS: u32 = 3600;
/// The same for the token of a journey's record, whose person may have to look for a document.
const MAX_RECORD_TOKEN_SECONDS: u32 = 7200;

const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

/// Returns the rows of a page; 0 means the default.
pub const fn page_size(asked: u32) -> u32 {
    match asked {
        0 => DEFAULT_PAGE,
        1..MAX_PAGE => asked,
        _ => MAX_PAGE,
    }
}

#[derive(Clone)]
pub struct Projects {
    pub(crate) store: Store,
    ring: KeyRing,
    tombstones: Tombstones,
    last_used: LastUsed,
    /// Ends with the last clone.
    _anchoring: Option<Arc<AbortOnDropHandle<()>>>,
}

/// The permissions of a new key.
pub struct Grant {
    pub name: Name,
    pub selected_services: SelectedServices,
    pub scores_id: Option<ScoresId>,
    pub scopes: Scopes,
    pub response_format: ResponseFormat,
    pub rate_limit_per_minute: u32,
    pub expires_at_ms: Option<i64>,
    pub dialects: KeyDialects,
    pub is_test: bool,
}

impl Projects {
    /// Creates the first signing key if there is none, and verifies that the master key opens the current one.
    pub async fn new(
        store: Store,
        ring: KeyRing,
        tombstones: Option<PathBuf>,
        anchoring: Option<AbortOnDropHandle<()>>,
    ) -> Result<Self, Error> {
        let last_used = LastUsed::new(store.clone());
        let tombstones = Tombstones::new(tombstones, ring.clone());
        let projects = Self { last_used, store, ring, tombstones, _anchoring: anchoring.map(Arc::new) };
        if projects.store.current_signing_key().await?.is_none() {
            let key = signing::generate(&projects.ring)?;
            projects.store.first_signing_key(&key, projects.store.now_ms()).await?;
        }
        signing::open(&projects.ring, &projects.signing_key().await?)?;
        Ok(projects)
    }

    async fn signing_key(&self) -> Result<SigningKey, Error> {
        self.store.current_signing_key().await?.ok_or(Error::SigningKey("there is none"))
    }

    async fn rotate(&self) -> Result<SigningKey, Error> {
        let key = signing::generate(&self.ring)?;
        self.store.rotate_signing_key(&key, self.store.now_ms()).await?;
        Ok(key)
    }

    /// Prepares a key and its token without storing them.
    pub(crate) async fn prepare(
        &self,
        project_id: ProjectId,
        grant: Grant,
    ) -> Result<(ApiKey, String), Error> {
        let signer = self.signing_key().await?;
        let now_ms = self.store.now_ms();
        let key = ApiKey {
            id: ApiKeyId::generate(),
            project_id,
            kid: signer.kid.clone(),
            name: grant.name,
            state: State::Active,
            selected_services: grant.selected_services,
            scores_id: grant.scores_id,
            scopes: grant.scopes,
            response_format: grant.response_format,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
            last_used_at_ms: 0,
            rate_limit_per_minute: grant.rate_limit_per_minute,
            expires_at_ms: grant.expires_at_ms,
            dialects: grant.dialects,
            is_test: grant.is_test,
        };
        let jwt = signing::sign(&self.ring, &signer, Kind::ApiKey, &Claims::from(&key))?;
        Ok((key, jwt))
    }

    async fn bootstrap(&self, request: &wire::BootstrapRequest) -> Result<wire::BootstrapResponse, Error> {
        let organisation = Name::parse("organisation_name", &request.organisation_name)?;
        let project = Name::parse("project_name", &request.project_name)?;
        let grant = Grant {
            name: Name::parse("name", "first key")?,
            selected_services: SelectedServices::parse(&request.selected_services)?,
            scores_id: None,
            // The first key of an installation creates the others.
            scopes: Scopes::all(),
            response_format: ResponseFormat::Default,
            rate_limit_per_minute: 0,
            expires_at_ms: None,
            dialects: KeyDialects::default(),
            is_test: false,
        };
        let organisation_id = OrganisationId::generate();
        let (key, jwt) = self.prepare(ProjectId::generate(), grant).await?;
        let founding = NewOrganisation {
            organisation: (&organisation_id, &organisation),
            project: (&key.project_id, &project),
        };
        self.store.create_organisation(&founding, &key).await?;
        if request.replays() != wire::ReplayRule::Unspecified {
            let project_id = key.project_id.as_str().to_owned();
            let replays = request.replays;
            let chosen = wire::PutVideoSettingsRequest { project_id, replays, ..Default::default() };
            self.put_video_settings(&chosen).await?;
        }
        Ok(wire::BootstrapResponse {
            organisation_id: organisation_id.as_str().into(),
            project_id: key.project_id.as_str().into(),
            api_key_id: key.id.as_str().into(),
            api_key: jwt,
        })
    }

    async fn authorize(&self, request: &wire::AuthorizeApiKeyRequest) -> Result<wire::Authorization, Error> {
        // A key of a malformed project id is unknown.
        let project = ProjectId::parse(&request.project_id).map_err(|_| Error::NoSuchKey)?;
        let id = ApiKeyId::parse(&request.api_key_id)?;
        let found = self.store.authorize(&project, &id).await?.ok_or(Error::NoSuchKey)?;
        let now_ms = self.store.now_ms();
        let state = found.state(now_ms);
        if state == State::Active {
            self.last_used.note(&id, now_ms);
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

    async fn video_settings(&self, project: &str) -> Result<wire::VideoSettings, Error> {
        let project = ProjectId::parse(project)?;
        Ok(self.store.find_video_settings(&project).await?.ok_or(Error::NoSuchProject)?.into())
    }

    async fn put_video_settings(
        &self,
        request: &wire::PutVideoSettingsRequest,
    ) -> Result<wire::VideoSettings, Error> {
        let project = ProjectId::parse(&request.project_id)?;
        let before = self.store.find_video_settings(&project).await?.ok_or(Error::NoSuchProject)?;
        let mut after = before.clone();
        after.change(request)?;
        self.store.put_video_settings(&before, &after, self.store.now_ms()).await?;
        self.video_settings(&request.project_id).await
    }

    async fn session_token(
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

    async fn retention(&self, project: &str) -> Result<wire::Retention, Error> {
        let project = ProjectId::parse(project)?;
        Ok(self.store.find_retention(&project).await?.ok_or(Error::NoSuchProject)?.into())
    }

    async fn sign_erasure(&self, request: wire::SignErasureRequest) -> Result<wire::Erasure, Error> {
        let receipt = Receipt::new(request, self.store.now_ms())?;
        if !self.store.project_exists(&ProjectId::parse(&receipt.project_id)?).await? {
            return Err(Error::NoSuchProject);
        }
        let signer = self.signing_key().await?;
        let signature = signing::sign(&self.ring, &signer, Kind::ErasureReceipt, &receipt)?;
        let row = receipt.signed(signature)?;
        // Before the receipt, so that its promise holds for a restored backup as well.
        let (tombstones, erasure) = (self.tombstones.clone(), row.clone());
        let noted = tokio::task::spawn_blocking(move || tombstones.note(&erasure)).await;
        noted.map_err(|_| Error::NotNoted)?.map_err(|cause| {
            tracing::error!(error = &cause as &dyn std::error::Error, "cannot note an erasure");
            Error::NotNoted
        })?;
        self.store.add_erasure(&row).await?;
        row.try_into()
    }
}

fn dialect_setting((name, setting): (&String, &Setting)) -> wire::DialectSetting {
    wire::DialectSetting { name: name.clone(), consent: setting.consent.clone() }
}

#[tonic::async_trait]
impl projects_server::Projects for Projects {
    async fn bootstrap(
        &self,
        request: Request<wire::BootstrapRequest>,
    ) -> Result<Response<wire::BootstrapResponse>, Status> {
        Ok(Response::new(Self::bootstrap(self, request.get_ref()).await?))
    }

    async fn create_api_key(
        &self,
        request: Request<wire::CreateApiKeyRequest>,
    ) -> Result<Response<wire::CreateApiKeyResponse>, Status> {
        Ok(Response::new(self.create(request.get_ref()).await?))
    }

    async fn get_api_key(
        &self,
        request: Request<wire::GetApiKeyRequest>,
    ) -> Result<Response<wire::ApiKey>, Status> {
        let (project, id) = key_ids(&request.get_ref().project_id, &request.get_ref().api_key_id)?;
        let key = self.store.find_api_key(&project, &id).await?.ok_or(Error::NoSuchKey)?;
        Ok(Response::new(self.describe_key(key)))
    }

    async fn list_api_keys(
        &self,
        request: Request<wire::ListApiKeysRequest>,
    ) -> Result<Response<wire::ListApiKeysResponse>, Status> {
        Ok(Response::new(self.list(request.get_ref()).await?))
    }

    async fn update_api_key(
        &self,
        request: Request<wire::UpdateApiKeyRequest>,
    ) -> Result<Response<wire::ApiKey>, Status> {
        Ok(Response::new(self.update(request.get_ref()).await?))
    }

    async fn revoke_api_key(
        &self,
        request: Request<wire::RevokeApiKeyRequest>,
    ) -> Result<Response<wire::ApiKey>, Status> {
        let request = request.get_ref();
        let (project, id) = key_ids(&request.project_id, &request.api_key_id)?;
        let may_grant = granted(request.may_grant.as_ref());
        let key = self
            .store
            .revoke_api_key(&project, &id, request.keep_one_minter, may_grant, self.store.now_ms())
            .await?
            .ok_or(Error::NoSuchKey)?;
        Ok(Response::new(self.describe_key(key)))
    }

    async fn get_verification_keys(
        &self,
        _: Request<wire::GetVerificationKeysRequest>,
    ) -> Result<Response<wire::VerificationKeys>, Status> {
        let keys = self.store.verification_keys().await?;
        let wire =
            |(kid, public): (String, Vec<u8>)| wire::VerificationKey { kid, public_key: public.into() };
        Ok(Response::new(wire::VerificationKeys { keys: keys.into_iter().map(wire).collect() }))
    }

    async fn rotate_signing_key(
        &self,
        _: Request<wire::RotateSigningKeyRequest>,
    ) -> Result<Response<wire::VerificationKey>, Status> {
        let key = self.rotate().await?;
        Ok(Response::new(wire::VerificationKey { kid: key.kid, public_key: key.public_key.into() }))
    }

    async fn authorize_api_key(
        &self,
        request: Request<wire::AuthorizeApiKeyRequest>,
    ) -> Result<Response<wire::Authorization>, Status> {
        Ok(Response::new(self.authorize(request.get_ref()).await?))
    }

    async fn sign_session_token(
        &self,
        request: Request<wire::SignSessionTokenRequest>,
    ) -> Result<Response<wire::SessionToken>, Status> {
        Ok(Response::new(self.session_token(request.get_ref()).await?))
    }

    async fn allows_origin(
        &self,
        request: Request<wire::AllowsOriginRequest>,
    ) -> Result<Response<wire::AllowsOriginResponse>, Status> {
        let allowed = match origin(&request.get_ref().origin) {
            Some(origin) => self.store.allows_origin(&origin).await?,
            None => false,
        };
        Ok(Response::new(wire::AllowsOriginResponse { allowed }))
    }

    async fn put_scoring_rules(
        &self,
        request: Request<wire::PutScoringRulesRequest>,
    ) -> Result<Response<wire::ScoringRules>, Status> {
        Ok(Response::new(self.put_rules(request.into_inner()).await?))
    }

    async fn get_scoring_rules(
        &self,
        request: Request<wire::GetScoringRulesRequest>,
    ) -> Result<Response<wire::ScoringRules>, Status> {
        Ok(Response::new(self.find_rules(request.get_ref()).await?))
    }

    async fn list_scoring_rules(
        &self,
        request: Request<wire::ListScoringRulesRequest>,
    ) -> Result<Response<wire::ListScoringRulesResponse>, Status> {
        Ok(Response::new(self.list_rules(request.get_ref()).await?))
    }

    async fn list_scoring_rules_versions(
        &self,
        request: Request<wire::ListScoringRulesVersionsRequest>,
    ) -> Result<Response<wire::ListScoringRulesVersionsResponse>, Status> {
        Ok(Response::new(self.list_rules_versions(request.get_ref()).await?))
    }

    async fn assign_scoring_rules(
        &self,
        request: Request<wire::AssignScoringRulesRequest>,
    ) -> Result<Response<wire::AssignScoringRulesResponse>, Status> {
        self.assign_rules(request.get_ref()).await?;
        Ok(Response::new(wire::AssignScoringRulesResponse {}))
    }

    async fn get_retention(
        &self,
        request: Request<wire::GetRetentionRequest>,
    ) -> Result<Response<wire::Retention>, Status> {
        Ok(Response::new(self.retention(&request.get_ref().project_id).await?))
    }

    async fn put_retention(
        &self,
        request: Request<wire::PutRetentionRequest>,
    ) -> Result<Response<wire::Retention>, Status> {
        let request = request.get_ref();
        let days = Days::parse(request.samples_days, request.transactions_days)?;
        let project = ProjectId::parse(&request.project_id)?;
        self.store.put_retention(&project, &days, self.store.now_ms()).await?;
        Ok(Response::new(self.retention(&request.project_id).await?))
    }

    async fn list_retentions(
        &self,
        request: Request<wire::ListRetentionsRequest>,
    ) -> Result<Response<wire::ListRetentionsResponse>, Status> {
        let request = request.get_ref();
        let rows = self.store.list_retentions(&request.after, page_size(request.page_size)).await?;
        let retentions = rows.into_iter().map(wire::Retention::from).collect();
        Ok(Response::new(wire::ListRetentionsResponse { retentions }))
    }

    async fn get_video_settings(
        &self,
        request: Request<wire::GetVideoSettingsRequest>,
    ) -> Result<Response<wire::VideoSettings>, Status> {
        Ok(Response::new(self.video_settings(&request.get_ref().project_id).await?))
    }

    async fn put_video_settings(
        &self,
        request: Request<wire::PutVideoSettingsRequest>,
    ) -> Result<Response<wire::VideoSettings>, Status> {
        Ok(Response::new(Self::put_video_settings(self, request.get_ref()).await?))
    }

    async fn sign_erasure(
        &self,
        request: Request<wire::SignErasureRequest>,
    ) -> Result<Response<wire::Erasure>, Status> {
        Ok(Response::new(Self::sign_erasure(self, request.into_inner()).await?))
    }

    async fn get_erasure(
        &self,
        request: Request<wire::GetErasureRequest>,
    ) -> Result<Response<wire::Erasure>, Status> {
        let request = request.get_ref();
        let project = ProjectId::parse(&request.project_id).map_err(|_| Error::NoSuchErasure)?;
        // Text that is not an id names no erasure, and some of it no database accepts.
        let id = Uuid::try_parse(&request.id).map_err(|_| Error::NoSuchErasure)?.to_string();
        let found = self.store.find_erasure(&project, &id).await?.ok_or(Error::NoSuchErasure)?;
        Ok(Response::new(found.try_into()?))
    }
}
