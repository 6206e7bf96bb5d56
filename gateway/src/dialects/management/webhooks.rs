//! Webhook endpoints. A key manages its own endpoints; a key that can mint manages those of every key of its project.
//! Other endpoints are reported as unknown. These calls leave no transaction.

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
use boot::timestamp::rfc3339;
use proto::{
    Word,
    transactions::{self as wire, WebhookHeader, WebhookStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{
        caller::Caller,
        error::Error,
        webhooks::{self, HIDDEN},
    },
    http::{
        envelope::{Envelope, Message},
        json,
        openapi::closed_sets,
        state::Gateway,
    },
};

/// Where to send events.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewWebhook {
    /// The key whose events are sent; absent: the calling key. Another key requires the scope `project.admin`.
    #[serde(default)]
    api_key_id: Option<String>,
    /// An `https://` URL with a public address and without credentials, at most 2048 bytes.
    #[schema(example = "https://hooks.example.org/biometry")]
    url: String,
    /// Empty, absent or `*`: every event, including those of later versions.
    #[serde(default)]
    #[schema(example = json!(["video.processed", "fraud.flagged"]))]
    events: Vec<String>,
    /// Headers sent with each delivery; at most 20, except those of the connection or the message (`host`, `content-*`,
    /// `webhook-*`).
    #[serde(default)]
    #[schema(example = json!({"authorization": "Bearer of-your-own"}))]
    headers: BTreeMap<String, String>,
}

/// Changes of an endpoint; absent fields do not change.
#[derive(Debug, Deserialize, ToSchema)]
pub struct WebhookChange {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    #[schema(example = json!(["*"]))]
    events: Option<Vec<String>>,
    /// The value `***` leaves a header unchanged.
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    /// `active` or `paused`. A paused endpoint receives nothing; events in the meantime are sent once it is active.
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
    /// `disabled`: the endpoint responded with 410.
    #[schema(value_type = closed_sets::WebhookStatus, example = "active")]
    status: &'static str,
    /// Header values may be credentials, so each is returned as `***`.
    #[schema(example = json!({"authorization": "***"}))]
    headers: BTreeMap<String, String>,
    retry_config: RetryData,
    /// Attempts with a 2xx response.
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

/// An endpoint with the secret that signs its deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookData,
    /// Returned only once; it can only be rotated.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: String,
}

/// Creates an endpoint. Only this response contains its secret.
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
    let request: NewWebhook = json::parse_object(body)?;
    let webhook = webhooks::NewWebhook {
        api_key_id: request.api_key_id,
        url: request.url,
        events: request.events,
        headers: to_headers(request.headers),
    };
    let created = webhooks::create_webhook(gateway.core(), &caller, webhook).await?;
    Ok(Json(Envelope::new("webhook created", created.into())))
}

/// Lists the endpoints of the key, or of the project for a key that can mint.
#[utoipa::path(get, path = "/api-gateway/webhooks", tag = "webhooks",
    responses((status = 200, body = Envelope<Vec<WebhookData>>)))]
pub async fn list_webhooks(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<Vec<WebhookData>>>, Error> {
    let found = webhooks::list_webhooks(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("webhooks found", found.into_iter().map(WebhookData::from).collect())))
}

/// Returns an endpoint.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<WebhookData>), (status = 404, description = "unknown")))]
pub async fn get_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<WebhookData>>, Error> {
    let Path(id) = id?;
    let found = webhooks::get_webhook(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("webhook found", found.into())))
}

/// Changes an endpoint; absent fields do not change. PUT and PATCH are equivalent.
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
    let Path(id) = id?;
    let request: WebhookChange = json::parse_change(body, &[])?;
    let status = request
        .status
        .map(|word| WebhookStatus::from_word(&word).ok_or(Error::invalid("status must be active or paused")));
    let change = webhooks::WebhookChange {
        url: request.url,
        events: request.events,
        headers: request.headers.map(to_headers),
        status: status.transpose()?.unwrap_or_default(),
    };
    let updated = webhooks::update_webhook(gateway.core(), &caller, id, change).await?;
    Ok(Json(Envelope::new("webhook updated", updated.into())))
}

/// Deletes an endpoint, its log and its pending deliveries.
#[utoipa::path(delete, path = "/api-gateway/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Message), (status = 404, description = "unknown")))]
pub async fn delete_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Message>, Error> {
    let Path(id) = id?;
    webhooks::delete_webhook(gateway.core(), &caller, id).await?;
    Ok(Json(Message { message: "webhook deleted" }))
}

/// Replaces the secret; the new one is returned only once. For 24 hours deliveries have two signatures, by the new and
/// by the previous secret.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<WebhookWithSecret>), (status = 404, description = "unknown"),
              (status = 409, description = "it was changed by another call at the same time")))]
pub async fn rotate_webhook_secret(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<WebhookWithSecret>>, Error> {
    let Path(id) = id?;
    let rotated = webhooks::rotate_webhook_secret(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("webhook secret rotated", rotated.into())))
}

fn to_headers(given: BTreeMap<String, String>) -> Vec<WebhookHeader> {
    given.into_iter().map(|(name, value)| WebhookHeader { name, value }).collect()
}

impl From<wire::Webhook> for WebhookData {
    fn from(webhook: wire::Webhook) -> Self {
        let (status, retry) = (webhook.status().as_word(), webhook.retry_config.unwrap_or_default());
        Self {
            id: webhook.id,
            api_key_id: webhook.api_key_id,
            project_id: webhook.project_id,
            url: webhook.url,
            events: webhook.events,
            status,
            headers: webhook.headers.into_iter().map(|header| (header.name, HIDDEN.to_owned())).collect(),
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

impl From<wire::WebhookWithSecret> for WebhookWithSecret {
    fn from(created: wire::WebhookWithSecret) -> Self {
        Self { webhook: created.webhook.unwrap_or_default().into(), secret: created.secret }
    }
}
