//! Liveness and readiness of this process.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::{shutdown::Draining, state::Gateway};

/// The process responds.
#[derive(Serialize, ToSchema)]
pub struct Liveness {
    #[schema(example = "ok")]
    status: &'static str,
}

/// The process can handle calls.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    #[schema(example = "ready")]
    status: &'static str,
    /// Whether each service answers, by its name.
    services: BTreeMap<String, bool>,
}

/// Responds as long as the process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Liveness)))]
pub async fn get_liveness() -> Json<Liveness> {
    Json(Liveness { status: "ok" })
}

/// Reports whether this process should receive calls: the services it needs respond (probed every 2 seconds), and it is
/// not shutting down.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Readiness), (status = 503, description = "a required service does not answer, or the server stops")))]
pub async fn get_readiness(
    State(gateway): State<Gateway>,
    draining: Option<Extension<Draining>>,
) -> Response {
    let services = gateway.core().readiness().latest().await;
    let required = &gateway.config().required_services;
    let works = services.iter().all(|service| service.healthy || !required.contains(&service.service));
    let stops = draining.is_some_and(|Extension(Draining(signal))| signal.is_cancelled());
    let services: BTreeMap<String, bool> =
        services.iter().map(|service| (service.name.to_owned(), service.healthy)).collect();
    let why = match (stops, works) {
        (false, true) => return Json(Readiness { status: "ready", services }).into_response(),
        (false, false) => "a service does not answer",
        (true, _) => "the server is about to stop",
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": why, "services": services }))).into_response()
}
