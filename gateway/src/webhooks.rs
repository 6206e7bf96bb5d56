//! Webhook endpoints. A key manages its own, a key that can mint those of every key of its project; anything else is
//! unknown to it. None of these calls leaves a transaction.

pub mod deliveries;

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::StatusCode,
};
use proto::{
    projects::GetApiKeyRequest,
    transactions::{
        self as wire, CreateWebhookRequest, ListWebhooksRequest, UpdateWebhookRequest, WebhookHeader,
        WebhookRequest, WebhookScope, update_webhook_request as update_request,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Gateway,
    accounts::audit::{Deed, note},
    auth::ApiKey,
    consent::rfc3339,
    error::Error,
    json,
};

/// Where to send events.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewWebhook {
    /// Whose events to send; absent: the calling key's. Another key's only with a key that can mint.
    #[serde(default)]
    api_key_id: Option<String>,
    /// `https://`, of a public address, without credentials, at most 2048 bytes.
    #[schema(example = "https://hooks.example.org/biometry")]
    url: String,
    /// Empty, absent or `*`: every event, also those of later versions.
    #[serde(default)]
    #[schema(example = json!(["video.processed", "fraud.flagged"]))]
    events: Vec<String>,
    /// Sent with each delivery; at most 20, not those of the connection or the message (`host`, `content-*`, `webhook-*`).
    #[serde(default)]
    #[schema(example = json!({"authorization": "Bearer of-your-own"}))]
    headers: BTreeMap<String, String>,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct WebhookChange {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    #[schema(example = json!(["*"]))]
    events: Option<Vec<String>>,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    /// `active` or `paused`. A paused endpoint is sent nothing; what happens meanwhile is sent once it is active.
    #[serde(default)]
    #[schema(example = "paused")]
    status: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookData {
    #[schema(example = "wh_0199f0a0-0000-7000-8000-000000000001")]
    id: String,
    api_key_id: String,
    project_id: String,
    #[schema(example = "https://hooks.example.org/biometry")]
    url: String,
    #[schema(example = json!(["*"]))]
    events: Vec<String>,
    /// `active`, `paused`, or `disabled` after the endpoint answered 410.
    #[schema(example = "active")]
    status: String,
    headers: BTreeMap<String, String>,
    retry_config: RetryData,
    /// Attempts that were answered 2xx.
    success_count: u64,
    /// All other attempts.
    failure_count: u64,
    #[schema(example = "2026-01-31T12:00:00Z")]
    created_at: String,
    updated_at: String,
}

/// Delays in nanoseconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetryData {
    #[schema(example = 5)]
    max_retries: u32,
    #[schema(example = 1_000_000_000_u64)]
    initial_delay: u64,
    #[schema(example = 300_000_000_000_u64)]
    max_delay: u64,
    #[schema(example = 2)]
    backoff_multiplier: u32,
}

/// With the secret deliveries are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookData,
    /// Shown this once; it can only be rotated.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSecret {
    data: WebhookWithSecret,
    #[schema(example = "webhook created")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookFound {
    data: WebhookData,
    #[schema(example = "webhook found")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhooksFound {
    /// Newest first; at most 20 of a key.
    data: Vec<WebhookData>,
    #[schema(example = "webhooks found")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDeleted {
    #[schema(example = "webhook deleted")]
    message: &'static str,
}

/// Makes an endpoint. Its secret is in this answer and in no other.
#[utoipa::path(post, path = "/api-gateway/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 200, body = WebhookSecret),
              (status = 400, description = "the url, an event or a header is not one that is taken"),
              (status = 404, description = "no such key in this project, or not this key's to manage"),
              (status = 409, description = "the key has 20 endpoints already")))]
pub async fn create(
    State(gateway): State<Gateway>,
    key: ApiKey,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<WebhookSecret>, Error> {
    let asked: NewWebhook = json::object(body)?;
    let api_key_id = owner(&gateway, &key, asked.api_key_id).await?;
    let request = CreateWebhookRequest {
        project_id: key.project_id,
        api_key_id,
        url: asked.url,
        events: asked.events,
        headers: headers(asked.headers),
    };
    let made = gateway.webhooks().create_webhook(request).await?.into_inner();
    let data: WebhookWithSecret = made.try_into()?;
    log(&gateway, &data.webhook.project_id, "webhook.created", &data.webhook.id, Some(&data.webhook)).await?;
    Ok(Json(WebhookSecret { data, message: "webhook created" }))
}

/// The key a new endpoint belongs to. One that the caller may not manage reads as one that is not there.
async fn owner(gateway: &Gateway, key: &ApiKey, asked: Option<String>) -> Result<String, Error> {
    match asked {
        None if key.at_dashboard => Err(Error::field("api_key_id", "choose the key whose events are sent")),
        None => Ok(key.id.clone()),
        Some(id) if id == key.id => Ok(id),
        Some(id) if key.can_mint => {
            let request = GetApiKeyRequest { project_id: key.project_id.clone(), api_key_id: id };
            Ok(gateway.projects().get_api_key(request).await?.into_inner().id)
        }
        Some(_) => Err(Error::Refused(StatusCode::NOT_FOUND, "api key not found".to_owned())),
    }
}

/// The endpoints of the key, or, for one that can mint, of the project.
#[utoipa::path(get, path = "/api-gateway/webhooks", tag = "webhooks",
    responses((status = 200, body = WebhooksFound)))]
pub async fn list(State(gateway): State<Gateway>, key: ApiKey) -> Result<Json<WebhooksFound>, Error> {
    let request = ListWebhooksRequest { scope: Some(scope(&key)) };
    let found = gateway.webhooks().list_webhooks(request).await?.into_inner();
    let data = found.webhooks.into_iter().map(WebhookData::from).collect();
    Ok(Json(WebhooksFound { data, message: "webhooks found" }))
}

/// One endpoint.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = WebhookFound), (status = 404, description = "unknown")))]
pub async fn get(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<WebhookFound>, Error> {
    let found = gateway.webhooks().get_webhook(named(&key, id)?).await?.into_inner();
    Ok(Json(WebhookFound { data: found.into(), message: "webhook found" }))
}

/// Changes an endpoint; what is absent stays as it is. PUT and PATCH are the same call.
#[utoipa::path(method(put, patch), path = "/api-gateway/webhooks/{id}", tag = "webhooks", request_body = WebhookChange,
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = WebhookFound),
              (status = 400, description = "the url, an event, a header or the status is not one that is taken"),
              (status = 404, description = "unknown"),
              (status = 409, description = "it was changed by another call at the same time")))]
pub async fn update(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<WebhookFound>, Error> {
    let WebhookRequest { scope, id } = named(&key, id)?;
    let asked: WebhookChange = json::object(body)?;
    let request = UpdateWebhookRequest {
        scope,
        id,
        url: asked.url,
        events: asked.events.map(|names| update_request::Events { names }),
        headers: asked.headers.map(|given| update_request::Headers { headers: headers(given) }),
        status: asked.status,
    };
    let data: WebhookData = gateway.webhooks().update_webhook(request).await?.into_inner().into();
    log(&gateway, &data.project_id, "webhook.changed", &data.id, Some(&data)).await?;
    Ok(Json(WebhookFound { data, message: "webhook updated" }))
}

/// Removes an endpoint with its log and with what was still to be sent to it.
#[utoipa::path(delete, path = "/api-gateway/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = WebhookDeleted), (status = 404, description = "unknown")))]
pub async fn delete(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<WebhookDeleted>, Error> {
    let named = named(&key, id)?;
    let id = named.id.clone();
    gateway.webhooks().delete_webhook(named).await?;
    log(&gateway, &key.project_id, "webhook.removed", &id, None).await?;
    Ok(Json(WebhookDeleted { message: "webhook deleted" }))
}

/// A new secret, shown this once. For 24 hours deliveries carry two signatures, one by the secret before.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = WebhookSecret), (status = 404, description = "unknown"),
              (status = 409, description = "it was changed by another call at the same time")))]
pub async fn rotate(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<WebhookSecret>, Error> {
    let rotated = gateway.webhooks().rotate_secret(named(&key, id)?).await?.into_inner();
    let data: WebhookWithSecret = rotated.try_into()?;
    log(&gateway, &data.webhook.project_id, "webhook.secret_rotated", &data.webhook.id, None).await?;
    Ok(Json(WebhookSecret { data, message: "webhook secret rotated" }))
}

/// What the audit log says of an endpoint. Headers may hold its owner's credentials: only their names are logged.
async fn log(
    gateway: &Gateway,
    project_id: &str,
    action: &'static str,
    id: &str,
    now: Option<&WebhookData>,
) -> Result<(), Error> {
    let said = |webhook: &WebhookData| {
        let headers: Vec<&String> = webhook.headers.keys().collect();
        serde_json::json!({"url": webhook.url, "events": webhook.events, "status": webhook.status,
                           "headers": headers, "api_key_id": webhook.api_key_id})
    };
    note(gateway, project_id, Deed { action, target: id, after: now.map(said), ..Deed::default() }).await
}

/// Whose endpoints the key may see.
fn scope(key: &ApiKey) -> WebhookScope {
    let api_key_id = (!key.can_mint).then(|| key.id.clone());
    WebhookScope { project_id: key.project_id.clone(), api_key_id }
}

fn named(key: &ApiKey, id: Result<Path<String>, PathRejection>) -> Result<WebhookRequest, Error> {
    let Path(id) = id?;
    Ok(WebhookRequest { scope: Some(scope(key)), id })
}

fn headers(given: BTreeMap<String, String>) -> Vec<WebhookHeader> {
    given.into_iter().map(|(name, value)| WebhookHeader { name, value }).collect()
}

impl From<wire::Webhook> for WebhookData {
    fn from(webhook: wire::Webhook) -> Self {
        let retry = webhook.retry_config.unwrap_or_default();
        Self {
            id: webhook.id,
            api_key_id: webhook.api_key_id,
            project_id: webhook.project_id,
            url: webhook.url,
            events: webhook.events,
            status: webhook.status,
            headers: webhook.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            retry_config: RetryData {
                max_retries: retry.max_retries,
                initial_delay: retry.initial_delay_ms.saturating_mul(1_000_000),
                max_delay: retry.max_delay_ms.saturating_mul(1_000_000),
                backoff_multiplier: retry.backoff_multiplier as u32,
            },
            success_count: webhook.success_count,
            failure_count: webhook.failure_count,
            created_at: rfc3339(webhook.created_at_ms),
            updated_at: rfc3339(webhook.updated_at_ms),
        }
    }
}

impl TryFrom<wire::WebhookWithSecret> for WebhookWithSecret {
    type Error = Error;

    fn try_from(made: wire::WebhookWithSecret) -> Result<Self, Error> {
        let webhook = made.webhook.ok_or_else(|| Error::internal(&"a secret without its webhook"))?;
        Ok(Self { webhook: webhook.into(), secret: made.secret })
    }
}
