//! Whether this process lives, and whether it can work.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{core::health::recent_health, http::state::Gateway};

/// Answers while the process serves at all.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Value)))]
pub async fn get_liveness() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Probes every service with a small call that also touches its storage, at most once a second.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Value), (status = 503, description = "a service does not answer")))]
pub async fn get_readiness(State(gateway): State<Gateway>) -> Response {
    let services = recent_health(gateway.core()).await;
    let each: serde_json::Map<_, _> =
        services.iter().map(|service| (service.name.to_owned(), service.healthy.into())).collect();
    if services.iter().all(|service| service.healthy) {
        Json(json!({ "status": "ready", "services": each })).into_response()
    } else {
        let body = json!({ "error": "a service does not answer", "services": each });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    }
}
