//! What every request meets, whatever its route.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;
use uuid::Uuid;

use crate::{error::Error, headers};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const AUTO_ENROLL: HeaderName = HeaderName::from_static("x-auto-enroll");
pub const REMOVED_SERVICES: HeaderName = HeaderName::from_static("x-removed-services");

/// Gives the request an id of our own (a client's is never taken over), makes it the context of all calls to services,
/// and puts it on the answer. The access line is at debug: at thousands of requests a second it is no small cost.
pub async fn identify(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let (method, started) = (request.method().clone(), Instant::now());
    let span = tracing::info_span!("request", otel.name = %route, http.method = %method, request.id = %id);
    let context = rpc::CallContext::new(&*id);
    let mut response = rpc::scope(context, next.run(request)).instrument(span).await;
    // A repeated answer carries the id of the call that made it.
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_millis());
    tracing::debug!(%method, route, status, duration_ms, request.id = id, "answered");
    response
}

/// Refuses what sends more header bytes than any client of ours has reason to.
pub async fn bound_headers(request: Request, next: Next) -> Response {
    if headers::total_bytes(request.headers()) > headers::MAX_TOTAL {
        let sentence = "request headers are larger than 256 KiB".to_owned();
        return Error::Refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, sentence).into_response();
    }
    next.run(request).await
}

/// Takes the leave for other origins' pages off the answers of the dashboard's own routes: what a cookie grants, only the
/// dashboard may read.
pub async fn closed_to_other_origins(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let own = path.starts_with("/api-auth/")
        || path.starts_with("/dashboard")
        || path.starts_with("/api-projects/projects");
    let mut response = next.run(request).await;
    if own {
        for name in [
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
        ] {
            response.headers_mut().remove(name);
        }
    }
    response
}
