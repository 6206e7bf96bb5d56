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
    core::error::Refusal,
    core::{
        audit::{AuditEvent, record_audit_event},
        caller::Caller,
        error::Error,
    },
    http::{
        envelope::{Envelope, Message},
        json,
        state::Gateway,
    },
    timestamp::rfc3339,
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

/// Changes; absent fields stay as they are.
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
    /// Shown only once; it can only be rotated.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: String,
}

/// Creates an endpoint. Its secret is in this response only.
#[utoipa::path(post, path = "/api-gateway/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 200, body = Envelope<WebhookWithSecret>),
              (status = 400, description = "the url, an event or a header is not accepted"),
              (status = 404, description = "no such key in this project, or not this key's to manage"),
              (status = 409, description = "the key has 20 endpoints already")))]
pub async fn create_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<WebhookWithSecret>>, Error> {
    let asked: NewWebhook = json::parse_object(body)?;
    let api_key_id = owner(&gateway, &caller, asked.api_key_id).await?;
    let request = CreateWebhookRequest {
        project_id: caller.project_id,
        api_key_id,
        url: asked.url,
        events: asked.events,
        headers: headers(asked.headers),
    };
    let made = gateway.core().services().webhooks().create_webhook(request).await?.into_inner();
    let data: WebhookWithSecret = made.try_into()?;
    log(&gateway, &data.webhook.project_id, "webhook.created", &data.webhook.id, Some(&data.webhook)).await?;
    Ok(Json(Envelope { data, message: "webhook created" }))
}

/// The key a new endpoint belongs to. One that the caller may not manage is reported as not found.
async fn owner(gateway: &Gateway, caller: &Caller, asked: Option<String>) -> Result<String, Error> {
    match asked {
        None if caller.is_dashboard_user() => {
            Err(Error::field("api_key_id", "choose the key whose events are sent"))
        }
        None => Ok(caller.id.clone()),
        Some(id) if id == caller.id => Ok(id),
        Some(id) if caller.can_mint => {
            let request = GetApiKeyRequest { project_id: caller.project_id.clone(), api_key_id: id };
            Ok(gateway.core().services().projects().get_api_key(request).await?.into_inner().id)
        }
        Some(_) => Err(Error::Refused(Refusal::NotFound, "api key not found".to_owned())),
    }
}

/// The endpoints of the key, or, for one that can mint, of the project.
#[utoipa::path(get, path = "/api-gateway/webhooks", tag = "webhooks",
    responses((status = 200, body = Envelope<Vec<WebhookData>>)))]
pub async fn list_webhooks(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<Vec<WebhookData>>>, Error> {
    let request = ListWebhooksRequest { scope: Some(scope(&caller)) };
    let found = gateway.core().services().webhooks().list_webhooks(request).await?.into_inner();
    let data = found.webhooks.into_iter().map(WebhookData::from).collect();
    Ok(Json(Envelope { data, message: "webhooks found" }))
}

/// One endpoint.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<WebhookData>), (status = 404, description = "unknown")))]
pub async fn get_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<WebhookData>>, Error> {
    let found = gateway.core().services().webhooks().get_webhook(named(&caller, id)?).await?.into_inner();
    Ok(Json(Envelope { data: found.into(), message: "webhook found" }))
}

/// Changes an endpoint; absent fields stay as they are. PUT and PATCH are the same call.
#[utoipa::path(method(put, patch), path = "/api-gateway/webhooks/{id}", tag = "webhooks", request_body = WebhookChange,
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<WebhookData>),
              (status = 400, description = "the url, an event, a header or the status is not accepted"),
              (status = 404, description = "unknown"),
              (status = 409, description = "it was changed by another call at the same time")))]
pub async fn update_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<WebhookData>>, Error> {
    let WebhookRequest { scope, id } = named(&caller, id)?;
    let asked: WebhookChange = json::parse_object(body)?;
    let request = UpdateWebhookRequest {
        scope,
        id,
        url: asked.url,
        events: asked.events.map(|names| update_request::Events { names }),
        headers: asked.headers.map(|given| update_request::Headers { headers: headers(given) }),
        status: asked.status,
    };
    let data: WebhookData =
        gateway.core().services().webhooks().update_webhook(request).await?.into_inner().into();
    log(&gateway, &data.project_id, "webhook.changed", &data.id, Some(&data)).await?;
    Ok(Json(Envelope { data, message: "webhook updated" }))
}

/// Deletes an endpoint with its log and its pending deliveries.
#[utoipa::path(delete, path = "/api-gateway/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Message), (status = 404, description = "unknown")))]
pub async fn delete_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Message>, Error> {
    let named = named(&caller, id)?;
    let id = named.id.clone();
    gateway.core().services().webhooks().delete_webhook(named).await?;
    log(&gateway, &caller.project_id, "webhook.removed", &id, None).await?;
    Ok(Json(Message { message: "webhook deleted" }))
}

/// Replaces the secret; the new one is shown only once. For 24 hours deliveries carry two signatures, one by the previous
/// secret.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<WebhookWithSecret>), (status = 404, description = "unknown"),
              (status = 409, description = "it was changed by another call at the same time")))]
pub async fn rotate_webhook_secret(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<WebhookWithSecret>>, Error> {
    let rotated = gateway.core().services().webhooks().rotate_secret(named(&caller, id)?).await?.into_inner();
    let data: WebhookWithSecret = rotated.try_into()?;
    log(&gateway, &data.webhook.project_id, "webhook.secret_rotated", &data.webhook.id, None).await?;
    Ok(Json(Envelope { data, message: "webhook secret rotated" }))
}

/// Audits a change of an endpoint. Headers may hold its owner's credentials: only their names are logged.
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
    record_audit_event(
        gateway.core(),
        project_id,
        AuditEvent { action, target: id, after: now.map(said), ..AuditEvent::default() },
    )
    .await
}

/// The endpoints the key may see.
fn scope(caller: &Caller) -> WebhookScope {
    let api_key_id = (!caller.can_mint).then(|| caller.id.clone());
    WebhookScope { project_id: caller.project_id.clone(), api_key_id }
}

fn named(caller: &Caller, id: Result<Path<String>, PathRejection>) -> Result<WebhookRequest, Error> {
    let Path(id) = id?;
    Ok(WebhookRequest { scope: Some(scope(caller)), id })
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
