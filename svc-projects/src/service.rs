//! Decodes a call, applies the rules of [`crate::api_key`], stores, encodes the response.

mod authorization;
mod bootstrap;
mod erasures;
mod settings;

use std::{path::PathBuf, sync::Arc};

use blob::KeyRing;
use proto::projects::{self as wire, projects_server};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api_key::{ApiKey, ApiKeyId, Claims, Name, ProjectId, ResponseFormat, ScoresId, SelectedServices, State},
    dialects::KeyDialects,
    error::Error,
    keys::{granted, key_ids},
    last_used::LastUsed,
    project::origin,
    retention::Days,
    scope::Scopes,
    signing::{self, Kind, SigningKey},
    store::Store,
    tombstones::Tombstones,
};

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
        let replaced_scores_id = self.assign_rules(request.get_ref()).await?;
        Ok(Response::new(wire::AssignScoringRulesResponse { replaced_scores_id }))
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
