//! Webhook deliveries, dead letters and their replay.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::{Word, transactions as wire};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, webhooks},
    http::{
        envelope::{Envelope, Page, Paging},
        openapi::closed_sets,
        state::Gateway,
    },
};

/// One event for one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryData {
    /// The `webhook-id` of every attempt.
    #[schema(example = "msg_0199f0a0-0000-7000-8000-000000000001")]
    id: String,
    webhook_id: String,
    transaction_id: String,
    #[schema(example = "video.processed")]
    event: String,
    #[schema(value_type = closed_sets::DeliveryStatus, example = "delivered")]
    status: &'static str,
    attempts: u32,
    /// Null during an attempt, and when none is scheduled.
    next_attempt_at: Option<String>,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    created_at: String,
    /// The beginning of the request body: at most 16384 characters, fewer on large pages. Headers are not stored,
    /// because they contain the endpoint's credentials.
    #[schema(example = "{\"type\":\"video.processed\"}")]
    request_body: String,
    request_truncated: bool,
    /// The latest 20 attempts, oldest first, including those before a replay.
    log: Vec<AttemptData>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptData {
    at: String,
    duration_ms: u32,
    #[schema(example = 200)]
    status_code: Option<u32>,
    /// Why there is no status: `timeout`, `connection_failed`, `address_not_allowed`, `no_answer` or `unreadable`.
    error: Option<String>,
    /// At most 512 characters of the response, on one line.
    response_excerpt: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayedCount {
    count: u64,
}

/// Lists the deliveries of an endpoint, newest first.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id"), Paging),
    responses((status = 200, body = Page<DeliveryData>), (status = 404, description = "unknown")))]
pub async fn list_deliveries(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Page<DeliveryData>>, Error> {
    let Path(id) = id?;
    page(&gateway, &caller, Some(id), false, paging?.0).await
}

/// Lists deliveries that an endpoint did not accept after all attempts, newest first.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}/dead-letters", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id"), Paging),
    responses((status = 200, body = Page<DeliveryData>), (status = 404, description = "unknown")))]
pub async fn list_dead_letters(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Page<DeliveryData>>, Error> {
    let Path(id) = id?;
    page(&gateway, &caller, Some(id), true, paging?.0).await
}

/// Lists the dead letters of every endpoint that the key may see, newest first.
#[utoipa::path(get, path = "/api-gateway/webhooks/dead-letters", tag = "webhooks", params(Paging),
    responses((status = 200, body = Page<DeliveryData>)))]
pub async fn list_all_dead_letters(
    State(gateway): State<Gateway>,
    caller: Caller,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Page<DeliveryData>>, Error> {
    page(&gateway, &caller, None, true, paging?.0).await
}

async fn page(
    gateway: &Gateway,
    caller: &Caller,
    webhook_id: Option<String>,
    dead_letters: bool,
    paging: Paging,
) -> Result<Json<Page<DeliveryData>>, Error> {
    let Paging { cursor, limit } = paging;
    let found =
        webhooks::list_deliveries(gateway.core(), caller, webhook_id, dead_letters, cursor, limit).await?;
    Ok(Json(Page::new(
        if dead_letters { "dead letters found" } else { "deliveries found" },
        found.deliveries.into_iter().map(DeliveryData::from).collect(),
        found.next_cursor,
    )))
}

/// Sends a `webhook.test` event; the list of deliveries contains the result.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<DeliveryData>), (status = 404, description = "unknown"),
              (status = 409, description = "the endpoint is not active")))]
pub async fn test_webhook(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<DeliveryData>>, Error> {
    let Path(id) = id?;
    let queued = webhooks::test_webhook(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope { data: queued.into(), message: "test event queued" }))
}

/// Sends a delivery again under the same `webhook-id`, whether it was delivered or dead.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id"),
           ("delivery_id" = String, Path, description = "the delivery's id")),
    responses((status = 200, body = Envelope<DeliveryData>), (status = 404, description = "unknown"),
              (status = 409, description = "it is already in progress")))]
pub async fn replay_delivery(
    State(gateway): State<Gateway>,
    caller: Caller,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Envelope<DeliveryData>>, Error> {
    let Path((webhook_id, id)) = ids?;
    let queued = webhooks::replay_delivery(gateway.core(), &caller, webhook_id, id).await?;
    Ok(Json(Envelope { data: queued.into(), message: "delivery queued" }))
}

/// Sends every dead letter of an endpoint again.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/dead-letters/replay", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = Envelope<ReplayedCount>), (status = 404, description = "unknown")))]
pub async fn replay_dead_letters(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<ReplayedCount>>, Error> {
    let Path(id) = id?;
    let count = webhooks::replay_dead_letters(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("dead letters queued", ReplayedCount { count })))
}

impl From<wire::Delivery> for DeliveryData {
    fn from(delivery: wire::Delivery) -> Self {
        Self {
            status: delivery.status().as_word(),
            id: delivery.id,
            webhook_id: delivery.webhook_id,
            transaction_id: delivery.transaction_id,
            event: delivery.event,
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_ms.map(rfc3339),
            created_at: rfc3339(delivery.created_at_ms),
            request_body: delivery.request_body,
            request_truncated: delivery.request_truncated,
            log: delivery.log.into_iter().map(AttemptData::from).collect(),
        }
    }
}

impl From<wire::Attempt> for AttemptData {
    fn from(attempt: wire::Attempt) -> Self {
        Self {
            at: rfc3339(attempt.at_ms),
            duration_ms: attempt.duration_ms,
            status_code: attempt.status_code,
            error: attempt.error,
            response_excerpt: attempt.response_excerpt,
        }
    }
}
