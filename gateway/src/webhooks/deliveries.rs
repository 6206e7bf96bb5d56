//! What was sent to webhook endpoints, what was not taken, and sending it again.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use proto::transactions::{self as wire, ListDeliveriesRequest, ReplayDeliveryRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::{named, scope};
use crate::{Gateway, api_keys::Paging, auth::ApiKey, consent::rfc3339, error::Error};

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
    /// `pending`, `delivered` or `dead`.
    #[schema(example = "delivered")]
    status: String,
    attempts: u32,
    /// Null while an attempt is under way and when there is none to come.
    next_attempt_at: Option<String>,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    created_at: String,
    /// What is sent, as its beginning: at most 16384 characters, fewer on large pages. Headers are not kept: they hold
    /// the endpoint's own credentials.
    #[schema(example = "{\"type\":\"video.processed\"}")]
    request_body: String,
    request_truncated: bool,
    /// The latest 20 attempts, oldest first, those before a replay included.
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
    /// At most 512 characters of the answer, as one line.
    response_excerpt: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesFound {
    data: Vec<DeliveryData>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
    #[schema(example = "deliveries found")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryQueued {
    data: DeliveryData,
    #[schema(example = "delivery queued")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LettersQueued {
    data: LettersQueuedCount,
    #[schema(example = "dead letters queued")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LettersQueuedCount {
    count: u64,
}

/// The deliveries of an endpoint, newest first.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id"), Paging),
    responses((status = 200, body = DeliveriesFound), (status = 404, description = "unknown")))]
pub async fn list(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<DeliveriesFound>, Error> {
    let Path(id) = id?;
    page(&gateway, &key, Some(id), false, paging?.0).await
}

/// What an endpoint did not take after all attempts, newest first.
#[utoipa::path(get, path = "/api-gateway/webhooks/{id}/dead-letters", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id"), Paging),
    responses((status = 200, body = DeliveriesFound), (status = 404, description = "unknown")))]
pub async fn dead_letters(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<DeliveriesFound>, Error> {
    let Path(id) = id?;
    page(&gateway, &key, Some(id), true, paging?.0).await
}

/// The same for every endpoint the key may see.
#[utoipa::path(get, path = "/api-gateway/webhooks/dead-letters", tag = "webhooks", params(Paging),
    responses((status = 200, body = DeliveriesFound)))]
pub async fn all_dead_letters(
    State(gateway): State<Gateway>,
    key: ApiKey,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<DeliveriesFound>, Error> {
    page(&gateway, &key, None, true, paging?.0).await
}

async fn page(
    gateway: &Gateway,
    key: &ApiKey,
    webhook_id: Option<String>,
    dead_letters: bool,
    paging: Paging,
) -> Result<Json<DeliveriesFound>, Error> {
    let Paging { cursor, limit } = paging;
    let request =
        ListDeliveriesRequest { scope: Some(scope(key)), webhook_id, dead_letters, page_size: limit, cursor };
    let found = gateway.webhooks().list_deliveries(request).await?.into_inner();
    Ok(Json(DeliveriesFound {
        data: found.deliveries.into_iter().map(DeliveryData::from).collect(),
        next_cursor: Some(found.next_cursor).filter(|cursor| !cursor.is_empty()),
        message: if dead_letters { "dead letters found" } else { "deliveries found" },
    }))
}

/// Sends a `webhook.test` event; the log of deliveries tells what became of it.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = DeliveryQueued), (status = 404, description = "unknown"),
              (status = 409, description = "the endpoint is not active")))]
pub async fn test(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<DeliveryQueued>, Error> {
    let queued = gateway.webhooks().test_webhook(named(&key, id)?).await?.into_inner();
    Ok(Json(DeliveryQueued { data: queued.into(), message: "test event queued" }))
}

/// Sends a delivery again, delivered or dead, under the same `webhook-id`.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id"),
           ("delivery_id" = String, Path, description = "the delivery's id")),
    responses((status = 200, body = DeliveryQueued), (status = 404, description = "unknown"),
              (status = 409, description = "it is under way already")))]
pub async fn replay(
    State(gateway): State<Gateway>,
    key: ApiKey,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<DeliveryQueued>, Error> {
    let Path((webhook_id, id)) = ids?;
    let request = ReplayDeliveryRequest { scope: Some(scope(&key)), webhook_id, id };
    let queued = gateway.webhooks().replay_delivery(request).await?.into_inner();
    Ok(Json(DeliveryQueued { data: queued.into(), message: "delivery queued" }))
}

/// Sends every dead letter of an endpoint again.
#[utoipa::path(post, path = "/api-gateway/webhooks/{id}/dead-letters/replay", tag = "webhooks",
    params(("id" = String, Path, description = "the endpoint's id")),
    responses((status = 200, body = LettersQueued), (status = 404, description = "unknown")))]
pub async fn replay_dead_letters(
    State(gateway): State<Gateway>,
    key: ApiKey,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<LettersQueued>, Error> {
    let replayed = gateway.webhooks().replay_dead_letters(named(&key, id)?).await?.into_inner();
    Ok(Json(LettersQueued {
        data: LettersQueuedCount { count: replayed.count },
        message: "dead letters queued",
    }))
}

impl From<wire::Delivery> for DeliveryData {
    fn from(delivery: wire::Delivery) -> Self {
        Self {
            id: delivery.id,
            webhook_id: delivery.webhook_id,
            transaction_id: delivery.transaction_id,
            event: delivery.event,
            status: delivery.status,
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
