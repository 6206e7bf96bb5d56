//! Middleware of every request.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    core::error::Error,
    http::headers::{self, REQUEST_ID},
};

/// Middleware: gives the request an id of our own (a client's is ignored), makes it the context of all calls to services,
/// and adds it to the response. The access line is at debug level: at thousands of requests a second it is costly.
pub async fn assign_request_id(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let (method, started) = (request.method().clone(), Instant::now());
    let span = tracing::info_span!("request", otel.name = %route, http.method = %method, request.id = %id);
    let context = rpc::CallContext::new(&*id);
    let mut response = rpc::scope(context, next.run(request)).instrument(span).await;
    // A replayed response carries the id of the call that made it.
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_millis());
    tracing::debug!(%method, route, status, duration_ms, request.id = id, "request completed");
    response
}

/// Middleware: rejects requests with too many header bytes (431).
pub async fn limit_header_bytes(request: Request, next: Next) -> Response {
    if headers::total_bytes(request.headers()) > headers::MAX_HEADER_BYTES {
        return Error::HeadersTooLarge.into_response();
    }
    next.run(request).await
}

/// Middleware: strips CORS headers, so that only the dashboard's own pages can read the response.
pub async fn strip_cors_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        response.headers_mut().remove(name);
    }
    response
}
