//! `/api-projects/public/apikeys`: API keys of a project are created, listed, changed and revoked.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use boot::timestamp::{parse_rfc3339, rfc3339};
use proto::{Word, projects};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{api_keys, caller::Caller, error::Error},
    http::{
        envelope::{Envelope, Message, Page, Paging},
        json,
        openapi::closed_sets,
        state::Gateway,
    },
};

/// The settings of a new key.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewKey {
    /// 1 to 200 characters.
    #[schema(example = "kiosk")]
    name: String,
    /// Empty or absent: every service of the calling key. A key cannot grant services it does not have.
    #[serde(default)]
    #[schema(example = json!(["Face Recognition", "Face Liveness Detection"]))]
    selected_services: Vec<String>,
    /// The scoring rules of this key; absent: the project's.
    #[serde(default)]
    scores_id: Option<String>,
    /// Scopes; absent or empty: `capture` and `consent.write`, or all scopes with `can_mint`. A caller cannot grant
    /// scopes it does not have.
    #[serde(default)]
    #[schema(example = json!(["capture", "consent.write", "records.read"]))]
    scopes: Vec<String>,
    /// Whether the key may administer the project: short for all scopes. Derived from `scopes` when they are given.
    #[serde(default)]
    can_mint: bool,
    /// Absent or empty: the format of this API. `sdk`: the format of the vendor's client library.
    #[serde(default)]
    response_format: String,
    /// Calls per minute of this key, instead of the project's limit; absent or 0: the project's.
    #[serde(default)]
    rate_limit_per_minute: u32,
    /// Expiry time, RFC 3339; absent or null: never.
    #[serde(default)]
    #[schema(example = "2027-01-31T12:00:00Z")]
    expires_at: Option<String>,
    /// The APIs that the key can be used with: `biometry`, `biometry_v2`, `neuroid`, `idv`. Empty or absent: all APIs
    /// of the project.
    #[serde(default)]
    #[schema(example = json!([]))]
    dialects: Vec<String>,
    /// Absent or empty: `live`. Calls with a `test` key are answered without models and are never counted as live calls
    /// (docs/TESTING.md). The mode of a key cannot change.
    #[serde(default)]
    #[schema(value_type = closed_sets::KeyMode, example = "test")]
    mode: String,
}

/// Changes of a key; absent fields do not change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// 1 to 200 characters.
    #[serde(default)]
    #[schema(example = "kiosk")]
    name: Option<String>,
    /// Empty: every service of the calling key.
    #[serde(default)]
    #[schema(example = json!(["Face Recognition"]))]
    selected_services: Option<Vec<String>>,
    /// At least one.
    #[serde(default)]
    #[schema(example = json!(["capture", "consent.write"]))]
    scopes: Option<Vec<String>>,
    /// 0: the project's.
    #[serde(default)]
    #[schema(example = 600)]
    rate_limit_per_minute: Option<u32>,
    /// Empty: the format of this API. `sdk`: the format of the vendor's client library.
    #[serde(default)]
    response_format: Option<String>,
    /// RFC 3339; null: never.
    #[serde(default, deserialize_with = "null_or_value")]
    #[schema(value_type = Option<String>, example = "2027-01-31T12:00:00Z")]
    expires_at: Option<Option<String>>,
    /// Empty: all APIs of the project.
    #[serde(default)]
    #[schema(example = json!(["biometry"]))]
    dialects: Option<Vec<String>>,
}

/// Distinguishes null from absent.
fn null_or_value<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

fn is_test(mode: &str) -> Result<bool, Error> {
    match mode {
        "" | LIVE => Ok(false),
        TEST => Ok(true),
        _ => Err(Error::field("mode", "mode must be live or test")),
    }
}

const LIVE: &str = "live";
const TEST: &str = "test";

/// Whether a key, or a call made with it, is live.
pub const fn mode_name(is_test: bool) -> &'static str {
    if is_test { TEST } else { LIVE }
}

/// Milliseconds since 1970.
fn expiry_ms(text: &str) -> Result<i64, Error> {
    // 0 would mean that the key never expires.
    let ms = parse_rfc3339(text).filter(|ms| *ms > 0);
    ms.ok_or_else(|| Error::field("expires_at", "a time is written as 2027-01-31T12:00:00Z"))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct KeyData {
    id: String,
    #[schema(example = "kiosk")]
    name: String,
    #[schema(value_type = closed_sets::KeyState, example = "active")]
    state: &'static str,
    #[schema(value_type = closed_sets::KeyMode, example = "live")]
    mode: &'static str,
    selected_services: Vec<String>,
    scores_id: Option<String>,
    /// The scopes of the key.
    #[schema(example = json!(["capture", "consent.write"]))]
    scopes: Vec<String>,
    /// Whether the scopes include `keys.admin`.
    can_mint: bool,
    /// The response format: empty for this API's own, `sdk` for that of the vendor's client library.
    #[schema(schema_with = closed_sets::response_shape)]
    response_format: String,
    #[schema(example = "2026-01-31T12:00:00Z")]
    created_at: String,
    updated_at: String,
    /// Rounded to the minute; null: never.
    last_used_at: Option<String>,
    /// Calls per minute of this key, instead of the project's limit; 0: the project's.
    rate_limit_per_minute: u32,
    /// Null: never.
    expires_at: Option<String>,
    /// The APIs that the key can be used with; empty: all APIs of the project.
    dialects: Vec<String>,
}

/// Creates a key in the project of the calling key.
#[utoipa::path(post, path = "/api-projects/public/apikeys", tag = "projects", request_body = NewKey,
    responses((status = 200, body = Envelope<String>),
              (status = 400, description = "no name, an unknown service, scope or response format"),
              (status = 403, description = "the caller lacks a service or scope it wants to grant, or that the key has"),
              (status = 404, description = "no such scoring rules")))]
pub async fn create_api_key(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<String>>, Error> {
    let request: NewKey = json::parse_object(body)?;
    let key = api_keys::NewApiKey {
        name: request.name,
        selected_services: request.selected_services,
        scores_id: request.scores_id,
        scopes: request.scopes,
        can_mint: request.can_mint,
        response_format: request.response_format,
        rate_limit_per_minute: request.rate_limit_per_minute,
        expires_at_ms: request.expires_at.as_deref().map(expiry_ms).transpose()?,
        dialects: request.dialects,
        is_test: is_test(&request.mode)?,
    };
    let created = api_keys::create_api_key(gateway.core(), &caller, key).await?;
    Ok(Json(Envelope::new("api key created", created.jwt)))
}

/// Lists the keys of the project, active and revoked, newest first.
#[utoipa::path(get, path = "/api-projects/public/apikeys", tag = "projects", params(Paging),
    responses((status = 200, body = Page<KeyData>)))]
pub async fn list_api_keys(
    State(gateway): State<Gateway>,
    caller: Caller,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Page<KeyData>>, Error> {
    let Query(Paging { cursor, limit }) = paging?;
    let page = api_keys::list_api_keys(gateway.core(), &caller, cursor, limit).await?;
    let keys = page.keys.into_iter().map(KeyData::from).collect();
    Ok(Json(Page::new("api keys found", keys, page.next_cursor)))
}

/// Returns a key of the project.
#[utoipa::path(get, path = "/api-projects/public/apikeys/{id}", tag = "projects",
    params(("id" = String, Path, description = "the key's id")),
    responses((status = 200, body = Envelope<KeyData>), (status = 404, description = "unknown")))]
pub async fn get_api_key(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<KeyData>>, Error> {
    let Path(id) = id?;
    let found = api_keys::get_api_key(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("api key found", found.into())))
}

/// Changes a key from its next call on; absent fields do not change. Its token stays valid, because only the key's id
/// is read from it.
#[utoipa::path(patch, path = "/api-projects/public/apikeys/{id}", tag = "projects", request_body = KeyChange,
    params(("id" = String, Path, description = "the key's id")),
    responses((status = 200, body = Envelope<KeyData>), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 403, description = "the caller lacks a service or scope it wants to grant, or that the key has"),
              (status = 404, description = "unknown"),
              (status = 409, description = "it is revoked or expired, or would leave no key that can mint")))]
pub async fn update_api_key(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<KeyData>>, Error> {
    let Path(id) = id?;
    let request: KeyChange = json::parse_change(body, &["expires_at"])?;
    let expires_at = request.expires_at.map(|end| end.as_deref().map_or(Ok(0), expiry_ms));
    let change = api_keys::ApiKeyChange {
        name: request.name,
        selected_services: request.selected_services,
        scopes: request.scopes,
        response_format: request.response_format,
        rate_limit_per_minute: request.rate_limit_per_minute,
        expires_at_ms: expires_at.transpose()?,
        dialects: request.dialects,
    };
    let changed = api_keys::update_api_key(gateway.core(), &caller, id, change).await?;
    Ok(Json(Envelope::new("api key changed", changed.into())))
}

/// Revokes a key: it is rejected from the next call on. The last key that can mint cannot be revoked, because nobody
/// could administer the project any more; create its successor first.
#[utoipa::path(delete, path = "/api-projects/public/apikeys/{id}", tag = "projects",
    params(("id" = String, Path, description = "the key's id")),
    responses((status = 200, body = Message), (status = 404, description = "unknown"),
              (status = 409, description = "it is the last active key that can mint")))]
pub async fn revoke_api_key(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Message>, Error> {
    let Path(id) = id?;
    api_keys::revoke_api_key(gateway.core(), &caller, id).await?;
    Ok(Json(Message::new("api key revoked")))
}

/// A set of public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct PublicKeySet {
    keys: Vec<PublicKey>,
}

/// A public key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub struct PublicKey {
    #[schema(example = "OKP")]
    kty: &'static str,
    #[schema(example = "Ed25519")]
    crv: &'static str,
    #[schema(example = "EdDSA")]
    alg: &'static str,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    usage: &'static str,
    kid: String,
    /// The public key, in URL-safe base64.
    x: String,
}

impl From<projects::VerificationKey> for PublicKey {
    fn from(key: projects::VerificationKey) -> Self {
        let x = BASE64_URL_SAFE_NO_PAD.encode(&key.public_key);
        Self { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid: key.kid, x }
    }
}

/// Returns the public keys that verify API keys and erasure receipts, as a JWK set (RFC 7517, Ed25519 as in RFC 8037).
/// No authentication is needed.
#[utoipa::path(get, path = "/api-projects/keys", tag = "projects",
    responses((status = 200, body = PublicKeySet, example = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
        "use": "sig", "kid": "0199...", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}))))]
pub async fn list_public_keys(State(gateway): State<Gateway>) -> Result<Json<PublicKeySet>, Error> {
    let keys = api_keys::list_verification_keys(gateway.core()).await?;
    Ok(Json(PublicKeySet { keys: keys.into_iter().map(PublicKey::from).collect() }))
}

impl From<projects::ApiKey> for KeyData {
    fn from(key: projects::ApiKey) -> Self {
        let state = key.state().to_word().unwrap_or("revoked");
        Self {
            id: key.id,
            name: key.name,
            state,
            mode: mode_name(key.is_test),
            selected_services: key.selected_services,
            scores_id: key.scores_id,
            scopes: key.scopes,
            can_mint: key.can_mint,
            response_format: key.response_format,
            created_at: rfc3339(key.created_at_ms),
            updated_at: rfc3339(key.updated_at_ms),
            last_used_at: Some(key.last_used_at_ms).filter(|at| *at > 0).map(rfc3339),
            rate_limit_per_minute: key.rate_limit_per_minute,
            expires_at: key.expires_at_ms.map(rfc3339),
            dialects: key.dialects,
        }
    }
}
