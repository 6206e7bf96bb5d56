//! Whether this process lives, and whether it can work.

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::http::{shutdown::Draining, state::Gateway};

/// Answers while the process serves at all.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Value)))]
pub async fn get_liveness() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether this process shall get calls: the services it needs respond, as probed every 2 seconds, and it is not about to
/// stop.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Value), (status = 503, description = "a required service does not answer, or the server stops")))]
pub async fn get_readiness(
    State(gateway): State<Gateway>,
    draining: Option<Extension<Draining>>,
) -> Response {
    let services = gateway.core().readiness().latest().await;
    let required = &gateway.config().required_services;
    let works = services.iter().all(|service| service.healthy || !required.contains(&service.service));
    let stops = draining.is_some_and(|Extension(Draining(signal))| signal.is_cancelled());
    let each: serde_json::Map<_, _> =
        services.iter().map(|service| (service.name.to_owned(), service.healthy.into())).collect();
    let why = match (stops, works) {
        (false, true) => return Json(json!({ "status": "ready", "services": each })).into_response(),
        (false, false) => "a service does not answer",
        (true, _) => "the server is about to stop",
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": why, "services": each }))).into_response()
}
