//! Who calls: the API key of a request.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proto::{
    accounts::ProjectGrant,
    projects::{
        ApiKeyState, AuthorizeApiKeyRequest, GetVerificationKeysRequest, projects_client::ProjectsClient,
    },
};
use rpc::Transport;
use scoring::{RulesVersion, Service};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::{sync::Mutex, time::Instant};
use tonic::{Code, Status};

use crate::{Gateway, error::Error, rate_limit::Meter};

/// A longer token is no key of ours.
const MAX_TOKEN: usize = 8 * 1024;
/// Tokens whose signature was seen to be right, and for how long that is remembered. What the key may do is asked on
/// every request, so remembering cannot keep a revoked key alive.
const VERIFIED: u64 = 10_000;
const VERIFIED_FOR: Duration = Duration::from_secs(600);
/// Least time between two fetches of the public keys, whatever key ids callers make up.
const FETCH_EVERY: Duration = Duration::from_millis(200);

/// The key of a request, verified and active, and what it may do now.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: String,
    pub project_id: String,
    pub services: BTreeSet<Service>,
    /// Whether it may administer its project: make keys, write rules, erase subjects.
    pub can_mint: bool,
    /// Whether keys it makes may do so too.
    pub grants_minting: bool,
    /// Somebody at the dashboard, whose session and role were checked for the route; `id` is theirs.
    pub at_dashboard: bool,
    pub format: ResponseFormat,
    /// "default", "project" or a scores id.
    pub rules_source: String,
    /// None: the built-in rules.
    pub rules_json: Option<String>,
    /// Which rule set that is, and which version of it.
    pub rules_version: Option<RulesVersion>,
    /// Calls a minute of the project's keys together; 0: the installation's limit of each key.
    pub project_per_minute: u32,
    /// Calls a minute of this key alone, instead of the project's; 0: the project's.
    own_per_minute: u32,
    /// Web pages it may be used from; empty: any.
    origins: Vec<String>,
}

/// The key of a request that was let in: it is authorized and counted once, whoever asks for it.
#[derive(Clone)]
struct Known(Arc<ApiKey>);

impl ApiKey {
    /// The limit that was chosen for this key, or else for the project's keys together, and what it is counted under.
    fn chosen_limit(&self) -> Option<(String, u32)> {
        match (self.own_per_minute, self.project_per_minute) {
            (0, 0) => None,
            (0, of_project) => Some((format!("project:{}", self.project_id), of_project)),
            (own, _) => Some((format!("key:{}", self.id), own)),
        }
    }

    /// Somebody at the dashboard, in a project of theirs.
    pub fn of_person(user_id: String, grant: ProjectGrant, grants_minting: bool) -> Self {
        Self {
            id: user_id,
            project_id: grant.project_id,
            services: grant.selected_services.iter().filter_map(|title| Service::from_title(title)).collect(),
            can_mint: true,
            grants_minting,
            at_dashboard: true,
            format: ResponseFormat::Default,
            rules_source: grant.rules_source,
            rules_json: grant.rules_json,
            rules_version: grant
                .rules_scores_id
                .map(|scores_id| RulesVersion { scores_id, version: grant.rules_version }),
            // A person clicks; what counts is the limit of their own.
            project_per_minute: 0,
            own_per_minute: 0,
            origins: Vec::new(),
        }
    }
}

/// Browsers say which page a call comes from; a project may have said which pages those are. Whoever is no browser is
/// let in by the key alone.
fn from_leave(key: &ApiKey, headers: &HeaderMap) -> Result<(), Error> {
    let origin = headers.get(header::ORIGIN).map(|origin| origin.as_bytes());
    match origin {
        Some(origin)
            if !key.origins.is_empty() && !key.origins.iter().any(|own| own.as_bytes() == origin) =>
        {
            Err(Error::ForeignOrigin)
        }
        _ => Ok(()),
    }
}

/// Lets the handlers of a request know who calls.
pub fn know(extensions: &mut Extensions, key: ApiKey) {
    extensions.insert(Known(Arc::new(key)));
}

/// The shape of the answers a key asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    Default,
    /// For clients written to the types of the vendor's client library.
    Sdk,
}

/// The claims this server reads. The others (services, scores, minting) are asked with the state of the key.
#[derive(Debug, Deserialize)]
struct Claims {
    id: String,
    project_id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for ApiKey
where
    Gateway: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        if let Some(Known(key)) = parts.extensions.get() {
            return Ok(ApiKey::clone(key));
        }
        let gateway = Gateway::from_ref(state);
        let claims = gateway.keys().verify(bearer(&parts.headers)?).await?;
        let key = authorize(gateway.projects(), &claims).await?;
        rpc::current().act_as(&format!("api_key:{}", key.id));
        from_leave(&key, &parts.headers)?;
        gateway.rate_limits().charge(&key.id, key.chosen_limit(), parts.extensions.get::<Meter>()).await?;
        parts.extensions.insert(Known(Arc::new(key.clone())));
        Ok(key)
    }
}

/// A key that may administer its project. The first key of a project can, and the ones made with `can_mint`.
#[derive(Clone, Debug)]
pub struct AdminKey(pub ApiKey);

impl<S: Send + Sync> FromRequestParts<S> for AdminKey
where
    Gateway: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let key = ApiKey::from_request_parts(parts, state).await?;
        if key.can_mint { Ok(Self(key)) } else { Err(Error::CannotMint) }
    }
}

/// The token of the one Authorization header.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Error::MissingToken)?;
    let text = value.to_str().map_err(|_| Error::KeyFormat)?.trim();
    if text.is_empty() {
        return Err(Error::MissingToken);
    }
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => {
            Ok(token.trim())
        }
        _ => Err(Error::KeyFormat),
    }
}

/// Asks what the key may do now. A key its project does not know reads as a bad one.
async fn authorize(mut projects: ProjectsClient<Transport>, claims: &Claims) -> Result<ApiKey, Error> {
    let (id, project_id) = (claims.id.clone(), claims.project_id.clone());
    let request = AuthorizeApiKeyRequest { api_key_id: id.clone(), project_id: project_id.clone() };
    let granted = projects.authorize_api_key(request).await.map_err(|status| match status.code() {
        Code::NotFound | Code::InvalidArgument => Error::InvalidKey,
        _ => Error::from(status),
    })?;
    let granted = granted.into_inner();
    if granted.state() != ApiKeyState::Active {
        return Err(Error::KeyNotActive);
    }
    Ok(ApiKey {
        id,
        project_id,
        services: granted.selected_services.iter().filter_map(|title| Service::from_title(title)).collect(),
        can_mint: granted.can_mint,
        grants_minting: granted.can_mint,
        at_dashboard: false,
        format: if granted.response_format == "sdk" { ResponseFormat::Sdk } else { ResponseFormat::Default },
        rules_source: granted.rules_source,
        rules_json: granted.rules_json,
        rules_version: granted
            .rules_scores_id
            .map(|scores_id| RulesVersion { scores_id, version: granted.rules_version }),
        project_per_minute: granted.rate_limit_per_minute,
        own_per_minute: granted.key_rate_limit_per_minute,
        origins: granted.cors_origins,
    })
}

/// Whether the key may still be used.
pub async fn is_active(mut projects: ProjectsClient<Transport>, key: &ApiKey) -> bool {
    let request = AuthorizeApiKeyRequest { api_key_id: key.id.clone(), project_id: key.project_id.clone() };
    let granted = projects.authorize_api_key(request).await;
    granted.is_ok_and(|granted| granted.get_ref().state() == ApiKeyState::Active)
}

/// The public keys of the projects service, and the tokens they have verified lately.
pub struct Keys {
    projects: ProjectsClient<Transport>,
    known: RwLock<HashMap<String, DecodingKey>>,
    /// When the last fetch began.
    fetched: Mutex<Option<Instant>>,
    verified: moka::future::Cache<[u8; 32], Arc<Claims>>,
    validation: Validation,
}

impl Keys {
    pub fn new(projects: Transport) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Keys do not expire, they are revoked; and they name no audience.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            projects: ProjectsClient::new(projects),
            known: RwLock::default(),
            fetched: Mutex::default(),
            verified: moka::future::Cache::builder()
                .max_capacity(VERIFIED)
                .time_to_live(VERIFIED_FOR)
                .build(),
            validation,
        }
    }

    /// The claims of a token with a right signature. The memory is keyed by the token's hash, so it holds no token.
    async fn verify(&self, token: &str) -> Result<Arc<Claims>, Error> {
        if token.len() > MAX_TOKEN {
            return Err(Error::InvalidKey);
        }
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = self.verified.get(&hash).await {
            return Ok(claims);
        }
        let claims = Arc::new(self.verify_signature(token).await?);
        self.verified.insert(hash, Arc::clone(&claims)).await;
        Ok(claims)
    }

    async fn verify_signature(&self, token: &str) -> Result<Claims, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidKey)?;
        // Only the one algorithm our own keys have; what the header claims chooses nothing.
        // The keys sign receipts too, which say so in `typ` and open nothing.
        let of_ours = header.alg == Algorithm::EdDSA && header.typ.as_deref().is_none_or(|typ| typ == "JWT");
        let kid = header.kid.filter(|_| of_ours).ok_or(Error::InvalidKey)?;
        let key = self.key(&kid).await?.ok_or(Error::InvalidKey)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &self.validation);
        decoded.map(|token| token.claims).map_err(|_| Error::InvalidKey)
    }

    /// The key with this id; an unknown one makes the keys be fetched again.
    async fn key(&self, kid: &str) -> Result<Option<DecodingKey>, Status> {
        if let Some(key) = self.known(kid) {
            return Ok(Some(key));
        }
        self.fetch_since(Instant::now()).await?;
        Ok(self.known(kid))
    }

    fn known(&self, kid: &str) -> Option<DecodingKey> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    /// Returns after a fetch that began no earlier than `asked`: callers who wait together share one, and fetches keep
    /// their distance, so forged key ids cost the projects service nothing and a new key is never refused.
    async fn fetch_since(&self, asked: Instant) -> Result<(), Status> {
        let mut fetched = self.fetched.lock().await;
        if let Some(last) = *fetched {
            if last >= asked {
                return Ok(());
            }
            tokio::time::sleep_until(last + FETCH_EVERY).await;
        }
        *fetched = Some(Instant::now());
        let keys = self
            .projects
            .clone()
            .get_verification_keys(GetVerificationKeysRequest {})
            .await?
            .into_inner()
            .keys;
        let keys = keys.into_iter().map(|key| (key.kid, DecodingKey::from_ed_der(&key.public_key))).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        bearer(&headers).map(str::to_owned).map_err(|e| e.to_string())
    }

    #[test]
    fn the_token_follows_the_scheme() {
        assert_eq!(read("Bearer abc"), Ok("abc".into()));
        assert_eq!(read("bearer  abc"), Ok("abc".into()));
        for bad in ["abc", "Basic abc", "Bearerabc"] {
            assert_eq!(read(bad), Err("invalid api key format".into()), "{bad}");
        }
        assert_eq!(bearer(&HeaderMap::new()).unwrap_err().to_string(), "missing authorization token");
        assert_eq!(read(" "), Err("missing authorization token".into()));
    }

    #[test]
    fn two_tokens_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, "Bearer a".parse().unwrap());
        headers.append(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert_eq!(bearer(&headers).unwrap_err().to_string(), "invalid api key format");
    }
}
