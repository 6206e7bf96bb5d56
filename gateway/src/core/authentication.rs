//! Authentication of API keys and session tokens: the token's signature, then the state of the key and of the session.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proto::{
    projects::{
        ApiKeyState, AuthorizeApiKeyRequest, GetVerificationKeysRequest, SessionToken,
        SignSessionTokenRequest, TokenPurpose,
    },
    sessions::{GetSessionRequest, SessionState},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::{sync::Mutex, time::Instant};
use tonic::{Code, Status};

use crate::core::{
    caller::{Caller, RecordKind},
    error::Error,
    permissions::Permission,
    services::Peers,
};

/// Longest accepted token.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Verified signatures that are cached, and for how long. The state of the key is read on every request, so the cache
/// cannot keep a revoked key alive.
const MAX_VERIFIED_TOKENS: u64 = 10_000;
const VERIFIED_TTL: Duration = Duration::from_secs(600);
/// Least time between two fetches of the public keys, whatever key ids callers make up.
const MIN_FETCH_INTERVAL: Duration = Duration::from_millis(200);

/// The claims this server reads. Permissions are read with the state of the key.
#[derive(Debug, Deserialize)]
struct Claims {
    id: String,
    project_id: String,
    /// Of a session token; of a record's token, the record.
    #[serde(default)]
    session_id: Option<String>,
    /// Seconds since 1970; of a session token.
    #[serde(default)]
    exp: Option<i64>,
}

/// The kind of a token, by its `typ`. The same keys sign receipts, which have another `typ` and authenticate nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenKind {
    ApiKey,
    Session,
    /// Of one record of a journey; its claims are those of a session token.
    Record(RecordKind),
}

impl TokenKind {
    fn of_typ(typ: Option<&str>) -> Option<Self> {
        match typ {
            None | Some("JWT") => Some(Self::ApiKey),
            Some("session-token+jwt") => Some(Self::Session),
            Some("app-registration+jwt") => Some(Self::Record(RecordKind::Registration)),
            Some("biometric-validation+jwt") => Some(Self::Record(RecordKind::Validation)),
            Some(_) => None,
        }
    }
}

/// A verified token.
#[derive(Debug)]
struct Verified {
    kind: TokenKind,
    claims: Claims,
}

/// Authenticates an API key, or one of its session tokens, by the token.
///
/// # Errors
/// 401 for a token this server did not sign, a key its project does not know, and an expired session token; 403 for a
/// key that is not active.
pub async fn authenticate_token(
    services: &Peers,
    tokens: &TokenVerifier,
    token: &str,
) -> Result<Caller, Error> {
    let verified = tokens.verify(services, token).await?;
    let claims = &verified.claims;
    let caller = authorize_key(services, claims.id.clone(), claims.project_id.clone()).await?;
    match (verified.kind, &claims.session_id, claims.exp) {
        (TokenKind::ApiKey, ..) => Ok(caller),
        (kind, Some(id), Some(exp)) if exp * 1000 > boot::now_ms() => match kind {
            TokenKind::Record(kind) => Ok(caller.within_record(kind, id.clone())),
            _ => within_session(services, caller, id).await,
        },
        _ => Err(Error::SessionTokenOver),
    }
}

/// Returns the caller of a key id, from a verified token or from this server's storage.
///
/// # Errors
/// 401 for a key its project does not know; 403 for one that is not active.
pub async fn authorize_key(services: &Peers, id: String, project_id: String) -> Result<Caller, Error> {
    let request = AuthorizeApiKeyRequest { api_key_id: id.clone(), project_id: project_id.clone() };
    let granted = services.projects().authorize_api_key(request).await;
    let granted = granted.map_err(|status| match status.code() {
        Code::NotFound | Code::InvalidArgument => Error::InvalidKey,
        _ => Error::from(status),
    })?;
    let granted = granted.into_inner();
    if granted.state() != ApiKeyState::Active {
        return Err(Error::KeyNotActive);
    }
    Ok(Caller::from_api_key(id, project_id, granted))
}

/// Restricts the caller to an open session and its user.
async fn within_session(services: &Peers, caller: Caller, session_id: &str) -> Result<Caller, Error> {
    let request =
        GetSessionRequest { project_id: caller.project_id.clone(), session_id: session_id.to_owned() };
    let session = services.sessions().get_session(request).await.map_err(|status| match status.code() {
        Code::NotFound | Code::InvalidArgument => Error::SessionTokenOver,
        _ => Error::from(status),
    })?;
    let session = session.into_inner();
    if session.state() != SessionState::Active {
        return Err(Error::SessionTokenOver);
    }
    // A token is made for a session with a user.
    let user = session.user_fullname.ok_or(Error::SessionTokenOver)?;
    Ok(caller.within_session(session_id.to_owned(), user))
}

/// Signs a token for the calls about one record of a journey.
///
/// # Errors
/// When the projects service does not answer.
pub async fn sign_record_token(
    services: &Peers,
    caller: &Caller,
    (kind, id): (RecordKind, &str),
    lifetime_seconds: u32,
) -> Result<String, Error> {
    let purpose = match kind {
        RecordKind::Registration => TokenPurpose::Registration,
        RecordKind::Validation => TokenPurpose::Validation,
    };
    let request = SignSessionTokenRequest {
        project_id: caller.project_id.clone(),
        api_key_id: caller.id.clone(),
        session_id: id.to_owned(),
        lifetime_seconds,
        purpose: purpose.into(),
    };
    Ok(services.projects().sign_session_token(request).await?.into_inner().jwt)
}

/// Signs a token for the calls of one session; also returns its expiry (milliseconds since 1970).
///
/// # Errors
/// When the projects service does not answer.
pub async fn sign_session_token(
    services: &Peers,
    caller: &Caller,
    session_id: &str,
    lifetime_seconds: u32,
) -> Result<SessionToken, Error> {
    let request = SignSessionTokenRequest {
        project_id: caller.project_id.clone(),
        api_key_id: caller.id.clone(),
        session_id: session_id.to_owned(),
        lifetime_seconds,
        purpose: TokenPurpose::Session.into(),
    };
    Ok(services.projects().sign_session_token(request).await?.into_inner())
}

/// Whether the caller's key may still be used, and for this.
pub async fn is_key_still_allowed(services: &Peers, caller: &Caller, permission: Permission) -> bool {
    let (id, project_id) = (caller.id.clone(), caller.project_id.clone());
    let request = AuthorizeApiKeyRequest { api_key_id: id.clone(), project_id: project_id.clone() };
    let Ok(granted) = services.projects().authorize_api_key(request).await else { return false };
    let granted = granted.into_inner();
    granted.state() == ApiKeyState::Active && Caller::from_api_key(id, project_id, granted).may(permission)
}

/// Verifies token signatures with the public keys of the projects service, and caches the tokens it has verified.
pub struct TokenVerifier {
    public_keys: RwLock<HashMap<String, DecodingKey>>,
    /// When the last fetch began.
    last_fetch: Mutex<Option<Instant>>,
    /// By the token's hash, so that the cache holds no token.
    verified: moka::future::Cache<[u8; 32], Arc<Verified>>,
    validation: Validation,
}

impl Default for TokenVerifier {
    fn default() -> Self {
        Self {
            public_keys: RwLock::default(),
            last_fetch: Mutex::default(),
            verified: moka::future::Cache::builder()
                .max_capacity(MAX_VERIFIED_TOKENS)
                .time_to_live(VERIFIED_TTL)
                .build(),
            validation: validation(),
        }
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    // Keys do not expire but are revoked, and have no audience.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// Returns the signing key id and the kind of a token.
///
/// # Errors
/// 401 for anything but the token of an API key, of a session or of a record.
fn key_id(token: &str) -> Result<(String, TokenKind), Error> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidKey)?;
    // Only the algorithm of the own keys; the header selects nothing.
    let kind = TokenKind::of_typ(header.typ.as_deref()).ok_or(Error::InvalidKey)?;
    let kid = header.kid.filter(|_| header.alg == Algorithm::EdDSA);
    Ok((kid.ok_or(Error::InvalidKey)?, kind))
}

/// Verifies a token with `key` and returns its claims. Each kind has its own claims, which cannot be confused.
fn signed_claims(
    token: &str,
    kind: TokenKind,
    key: &DecodingKey,
    validation: &Validation,
) -> Result<Claims, Error> {
    let decoded = jsonwebtoken::decode::<Claims>(token, key, validation);
    let claims = decoded.map_err(|_| Error::InvalidKey)?.claims;
    if (kind != TokenKind::ApiKey) == (claims.session_id.is_some() && claims.exp.is_some()) {
        Ok(claims)
    } else {
        Err(Error::InvalidKey)
    }
}

/// Returns the id of the API key of a token, verified with the keys of `key_of`.
///
/// # Errors
/// 401 for a token that none of them signed.
pub fn read_key_id(token: &str, key_of: impl FnOnce(&str) -> Option<DecodingKey>) -> Result<String, Error> {
    let (kid, kind) = key_id(token)?;
    let key = key_of(&kid).ok_or(Error::InvalidKey)?;
    Ok(signed_claims(token, kind, &key, &validation())?.id)
}

impl TokenVerifier {
    async fn verify(&self, services: &Peers, token: &str) -> Result<Arc<Verified>, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::InvalidKey);
        }
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(verified) = self.verified.get(&hash).await {
            return Ok(verified);
        }
        let verified = Arc::new(self.verify_signature(services, token).await?);
        self.verified.insert(hash, Arc::clone(&verified)).await;
        Ok(verified)
    }

    async fn verify_signature(&self, services: &Peers, token: &str) -> Result<Verified, Error> {
        let (kid, kind) = key_id(token)?;
        let key = self.public_key(services, &kid).await?.ok_or(Error::InvalidKey)?;
        let claims = signed_claims(token, kind, &key, &self.validation)?;
        Ok(Verified { kind, claims })
    }

    /// Returns the public key with this id; an unknown id triggers a fetch.
    async fn public_key(&self, services: &Peers, kid: &str) -> Result<Option<DecodingKey>, Status> {
        if let Some(key) = self.cached_key(kid) {
            return Ok(Some(key));
        }
        self.fetch_since(services, Instant::now()).await?;
        Ok(self.cached_key(kid))
    }

    fn cached_key(&self, kid: &str) -> Option<DecodingKey> {
        self.public_keys.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    /// Returns after a fetch that began no earlier than `requested`. Concurrent callers share one fetch, and fetches
    /// have a minimum interval: forged key ids cannot flood the projects service, and a new key is never rejected.
    async fn fetch_since(&self, services: &Peers, requested: Instant) -> Result<(), Status> {
        let mut last_fetch = self.last_fetch.lock().await;
        if let Some(last) = *last_fetch {
            if last >= requested {
                return Ok(());
            }
            tokio::time::sleep_until(last + MIN_FETCH_INTERVAL).await;
        }
        *last_fetch = Some(Instant::now());
        let response = services.projects().get_verification_keys(GetVerificationKeysRequest {}).await?;
        let keys = response.into_inner().keys.into_iter();
        let keys = keys.map(|key| (key.kid, DecodingKey::from_ed_der(&key.public_key))).collect();
        *self.public_keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }
}
