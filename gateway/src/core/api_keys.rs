//! API keys of a project. A caller cannot grant permissions that it lacks.

use proto::projects::{
    ApiKey, CreateApiKeyRequest, CreateApiKeyResponse, GetApiKeyRequest, GetVerificationKeysRequest,
    ListApiKeysRequest, ListApiKeysResponse, RevokeApiKeyRequest, Scopes, UpdateApiKeyRequest,
    VerificationKey, update_api_key_request as update,
};
use scoring::Service;

use crate::core::{
    Core,
    caller::Caller,
    error::{Error, Refusal},
};

pub struct NewApiKey {
    pub name: String,
    /// Empty: every service of the caller.
    pub selected_services: Vec<String>,
    pub scores_id: Option<String>,
    /// Empty: those of a new integration; with `can_mint`, all there are.
    pub scopes: Vec<String>,
    /// Whether it gets every scope; with `scopes`, whether `keys.admin` is among them.
    pub can_mint: bool,
    pub response_format: String,
    pub rate_limit_per_minute: u32,
    pub expires_at_ms: Option<i64>,
    /// The APIs it may be used with; empty: any the project has.
    pub dialects: Vec<String>,
    /// Its calls return sandbox responses without models.
    pub is_test: bool,
}

/// `None`: unchanged.
pub struct ApiKeyChange {
    pub name: Option<String>,
    pub selected_services: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    pub response_format: Option<String>,
    pub rate_limit_per_minute: Option<u32>,
    /// 0: never.
    pub expires_at_ms: Option<i64>,
    pub dialects: Option<Vec<String>>,
}

/// # Errors
/// 400 for a value that is not valid, 403 for what the caller cannot grant, 404 for unknown scoring rules.
pub async fn create_api_key(
    core: &Core,
    caller: &Caller,
    key: NewApiKey,
) -> Result<CreateApiKeyResponse, Error> {
    let request = CreateApiKeyRequest {
        project_id: caller.project_id.clone(),
        selected_services: granted_services(caller, key.selected_services)?,
        name: key.name,
        scores_id: key.scores_id,
        scopes: key.scopes,
        may_grant: Some(may_grant(caller)),
        can_mint: key.can_mint,
        response_format: key.response_format,
        rate_limit_per_minute: key.rate_limit_per_minute,
        expires_at_ms: key.expires_at_ms,
        dialects: key.dialects,
        is_test: key.is_test,
    };
    let created = core.services().projects().create_api_key(request).await?.into_inner();
    let id = created.key.as_ref().map(|key| key.id.as_str()).unwrap_or_default();
    tracing::info!(api_key.id = id, by = caller.id, "api key created");
    Ok(created)
}

/// Returns the scopes the caller may grant. The projects service compares them with those of the key, before and
/// after a change.
fn may_grant(caller: &Caller) -> Scopes {
    Scopes { names: caller.may_grant().iter().map(|scope| scope.name().to_owned()).collect() }
}

/// Returns the services a key gets. An unknown name is passed to the projects service, which lists the known ones in
/// its error.
fn granted_services(caller: &Caller, names: Vec<String>) -> Result<Vec<String>, Error> {
    if names.is_empty() {
        return Ok(caller.services.iter().map(|service| service.title().to_owned()).collect());
    }
    let lacking = |name: &&String| Service::from_title(name).is_some_and(|s| !caller.services.contains(&s));
    match names.iter().find(lacking) {
        Some(name) => Err(Error::Refused(
            Refusal::Forbidden,
            format!("this key does not have {name} itself, so it cannot grant it"),
        )),
        None => Ok(names),
    }
}

/// # Errors
/// 400 for a cursor that is not valid.
pub async fn list_api_keys(
    core: &Core,
    caller: &Caller,
    cursor: String,
    page_size: u32,
) -> Result<ListApiKeysResponse, Error> {
    let request = ListApiKeysRequest { project_id: caller.project_id.clone(), page_size, cursor };
    Ok(core.services().projects().list_api_keys(request).await?.into_inner())
}

/// # Errors
/// 404 when it is unknown.
pub async fn get_api_key(core: &Core, caller: &Caller, api_key_id: String) -> Result<ApiKey, Error> {
    let request = GetApiKeyRequest { project_id: caller.project_id.clone(), api_key_id };
    Ok(core.services().projects().get_api_key(request).await?.into_inner())
}

/// # Errors
/// 400 for a value that is not valid, 403 for what the caller cannot grant, 404 when the key is unknown, 409 when it is
/// revoked or the last one that can mint.
pub async fn update_api_key(
    core: &Core,
    caller: &Caller,
    api_key_id: String,
    change: ApiKeyChange,
) -> Result<ApiKey, Error> {
    let services = change.selected_services.map(|names| granted_services(caller, names)).transpose()?;
    let request = UpdateApiKeyRequest {
        project_id: caller.project_id.clone(),
        api_key_id,
        name: change.name,
        selected_services: services.map(|names| update::Services { names }),
        scopes: change.scopes.map(|names| Scopes { names }),
        may_grant: Some(may_grant(caller)),
        rate_limit_per_minute: change.rate_limit_per_minute,
        response_format: change.response_format,
        expires_at_ms: change.expires_at_ms,
        dialects: change.dialects.map(|names| update::Dialects { names }),
    };
    let changed = core.services().projects().update_api_key(request).await?.into_inner();
    tracing::info!(api_key.id = changed.id, by = caller.id, "api key changed");
    Ok(changed)
}

/// Revokes a key, unless it is the last one that can mint.
///
/// # Errors
/// 403 for a key the caller could not make, 404 when it is unknown, 409 when it is the last one that can mint.
pub async fn revoke_api_key(core: &Core, caller: &Caller, api_key_id: String) -> Result<(), Error> {
    let project_id = caller.project_id.clone();
    let may_grant = Some(may_grant(caller));
    let request = RevokeApiKeyRequest { project_id, api_key_id, keep_one_minter: true, may_grant };
    let revoked = core.services().projects().revoke_api_key(request).await?.into_inner();
    tracing::info!(api_key.id = revoked.id, by = caller.id, "api key revoked");
    Ok(())
}

/// The public keys that API keys and receipts are signed with.
///
/// # Errors
/// When the projects service does not answer.
pub async fn list_verification_keys(core: &Core) -> Result<Vec<VerificationKey>, Error> {
    let request = GetVerificationKeysRequest {};
    Ok(core.services().projects().get_verification_keys(request).await?.into_inner().keys)
}
