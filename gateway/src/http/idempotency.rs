//! Safe repetition of calls: `Idempotency-Key` on any POST (draft-ietf-httpapi-idempotency-key-header).
//!
//! The first call with a key runs, and its response is stored for a day. The same request again gets the same
//! response with `Idempotency-Replayed: true`, without any effect or record; another request with the key is rejected
//! (422), and so is one that arrives while the first still runs (409). Keys belong to the API key that sent them.
//! Server errors (5xx), 408 and 429 are not stored, nor are responses to incomplete requests or of read-only routes:
//! these calls can be repeated.
//!
//! Responses are stored by svc-transactions ([`crate::core::answers`]), so they survive restarts.
//!
//! A call with a key completes even when its client disconnects: the client will repeat the call.

mod fingerprint;
pub mod form_parts;
pub mod key;
mod sealed;

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::{
    core::{
        answers::{self, ClaimOutcome, Lease},
        caller::Caller,
        dialect::Dialect,
        error::Error,
    },
    http::{
        auth::credential, headers::REQUEST_ID, multipart::MAX_TWO_FILES_BODY_BYTES as MAX_BODY_BYTES,
        state::Gateway,
    },
};
use fingerprint::{Fingerprint, HashedBody};
use key::IdempotencyKey;
use sealed::{Seal, StoredResponse};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Larger responses are sent but not stored: they do not fit into one message to svc-transactions.
const MAX_RESPONSE_BYTES: u64 = 3 * 1024 * 1024;
/// How long the rest of a body is awaited when the response is ready before it was read.
const REST_OF_BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// Marks the response of a route that changes nothing.
#[derive(Clone, Copy)]
pub struct OnlyRead;

/// Middleware of routes that change nothing: their responses are not stored.
pub async fn mark_only_read(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(OnlyRead);
    response
}

/// Middleware: replays the stored response of a repeated call.
pub async fn replay_idempotent(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // The route itself rejects unauthorized callers. Dashboard users have no API key to seal a response with; they
    // see the result of a call.
    let Ok(caller) = Caller::from_request_parts(&mut parts, &gateway).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let response = claim_and_run(&gateway, &caller, Request::from_parts(parts, body), next).await;
    response.unwrap_or_else(IntoResponse::into_response)
}

async fn claim_and_run(
    gateway: &Gateway,
    caller: &Caller,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let key = IdempotencyKey::from_headers(&parts.headers)?;
    let dialect = parts.extensions.get().copied().unwrap_or(Dialect::Biometry);
    let seal = Seal::new(credential(&parts.headers, dialect)?, &caller.id, &key);
    let body = HashedBody::new(Fingerprint::new(&parts), body);
    match answers::claim(gateway.core(), &caller.project_id, seal.id()).await? {
        ClaimOutcome::InProgress => Err(Error::IdempotencyKeyInUse),
        ClaimOutcome::Completed(sealed) => replay(gateway, &seal, sealed, &body).await,
        ClaimOutcome::Acquired(lease) => Ok(run_first(seal, lease, parts, body, next).await),
    }
}

/// Returns the stored response, if it belongs to the same request.
async fn replay(gateway: &Gateway, seal: &Seal, sealed: Bytes, body: &HashedBody) -> Result<Response, Error> {
    let timeout = Duration::from_secs(gateway.config().upload_seconds);
    let read = tokio::time::timeout(timeout, body.read_to_end(MAX_BODY_BYTES)).await;
    let fingerprint = read.map_err(|_| Error::RequestTimeout)?.ok_or(Error::BodyTooLarge)?;
    let stored =
        seal.open(&sealed).ok_or_else(|| Error::internal(&"a stored response cannot be decrypted"))?;
    if stored.fingerprint != fingerprint {
        return Err(Error::IdempotencyKeyReused);
    }
    let mut response = stored.into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Runs the call in a separate task, so that it completes even when its client disconnects, and stores the response.
async fn run_first(seal: Seal, lease: Lease, parts: Parts, body: HashedBody, next: Next) -> Response {
    let request = Request::from_parts(parts, Body::new(body.clone()));
    let context = rpc::current();
    let work = async move {
        let response = lease.hold_during(next.run(request)).await;
        store_response(&seal, lease, &body, response).await
    };
    let task = tokio::spawn(rpc::scope(context, work).instrument(tracing::Span::current()));
    task.await.unwrap_or_else(|error| Error::internal(&error).into_response())
}

async fn store_response(seal: &Seal, lease: Lease, body: &HashedBody, mut response: Response) -> Response {
    let status = response.status();
    let size = HttpBody::size_hint(response.body()).exact();
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        || response.extensions_mut().remove::<OnlyRead>().is_some()
        || size.is_none_or(|size| size > MAX_RESPONSE_BYTES)
    {
        lease.release().await;
        return response;
    }
    let rest = tokio::time::timeout(REST_OF_BODY_TIMEOUT, body.read_to_end(MAX_BODY_BYTES)).await;
    let Ok(Some(fingerprint)) = rest else {
        lease.release().await;
        return response;
    };
    let body = std::mem::take(response.body_mut());
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        lease.release().await;
        return Error::internal(&"cannot read a response").into_response();
    };
    *response.body_mut() = Body::from(bytes.clone());
    // The id of the original call is the id of its transaction, so a replay has that one.
    if let Ok(id) = HeaderValue::try_from(rpc::current().request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    match seal.close(&StoredResponse::new(fingerprint, &response, bytes)) {
        Some(sealed) => lease.complete(sealed).await,
        None => lease.release().await,
    }
    response
}
