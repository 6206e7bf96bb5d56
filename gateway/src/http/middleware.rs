//! Middleware of every request.

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::{Instrument, field};
use uuid::Uuid;

use crate::{
    core::error::Error,
    http::{
        headers::{self, REQUEST_ID},
        observe::{NO_ROUTE, ObservedRequest},
    },
};

/// Middleware: assigns a request id (a client's is ignored), sets it as the context of all calls to services, adds it
/// to the response, joins the caller's trace, and measures the request.
pub async fn assign_request_id(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request", otel.name = %format_args!("{method} {route}"), otel.kind = "server", http.request.method = %method,
        http.route = route, http.response.status_code = field::Empty, otel.status_code = field::Empty, request.id = id
    );
    rpc::join_trace(&span, request.headers());
    let observed = ObservedRequest::start(route, method);
    let context = rpc::CallContext::new(&*id);
    let mut response = rpc::scope(context, next.run(request)).instrument(span.clone()).await;
    // A replayed response has the id of the original call.
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    span.in_scope(|| observed.finish(response.status()));
    response
}

/// Middleware: rejects requests with too many header bytes (431).
pub async fn limit_header_bytes(request: Request, next: Next) -> Response {
    if headers::total_bytes(request.headers()) > headers::MAX_HEADER_BYTES {
        return Error::HeadersTooLarge.into_response();
    }
    next.run(request).await
}

/// Middleware: answers paths with a control character as unknown (404): no id and no name holds one, and PostgreSQL takes no
/// NUL.
pub async fn refuse_control_characters(request: Request, next: Next) -> Response {
    let is_control = |byte: u8| byte < b' ' || byte == 0x7f;
    if percent_encoding::percent_decode_str(request.uri().path()).any(is_control) {
        return Error::RouteNotFound.into_response();
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
