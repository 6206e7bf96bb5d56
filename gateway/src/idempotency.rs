//! Calls that are safe to repeat: `Idempotency-Key` on any POST (draft-ietf-httpapi-idempotency-key-header).
//!
//! The first call with a key runs, and its answer is kept for a day. The same request again gets the same answer with
//! `Idempotency-Replayed: true`, and nothing is done or recorded a second time; another request with the key is a
//! mistake (422); one that comes while the first still runs is too early (409). Keys belong to the API key that sent
//! them. Answers of this server's own faults (5xx) and 429 are not kept, nor is the answer to a request that did not
//! arrive whole.
//!
//! A call with a key is finished even when its client is gone: that client will come back for the answer.

mod fingerprint;
mod key;
mod sealed;
mod store;

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::{
    Gateway,
    auth::{self, ApiKey},
    error::Error,
    middleware::REQUEST_ID,
    upload::MAX_BODY_OF_TWO as MAX_BODY,
};
use fingerprint::{Fingerprint, Hashed};
use key::IdempotencyKey;
use sealed::{Kept, Seal};
pub use store::Answers;
use store::{Claim, Lease};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const AT_WORK: &str = "a call with this Idempotency-Key is under way, repeat it when that has ended";
const USED: &str = "this Idempotency-Key was used with another request, send a new key";

/// Larger answers are given but not kept.
const MAX_ANSWER: u64 = 8 * 1024 * 1024;
/// How long the rest of a body is waited for when the answer is known before it was read.
const REST_OF_BODY: Duration = Duration::from_secs(2);

/// Middleware of all routes.
pub async fn idempotent(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // Who may not call learns so from the route, in its own words.
    let Ok(caller) = ApiKey::from_request_parts(&mut parts, &gateway).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    if caller.at_dashboard {
        // A person sees what became of a call; kept answers are sealed with an API key.
        return next.run(Request::from_parts(parts, body)).await;
    }
    let answered = answer(&gateway, &caller, Request::from_parts(parts, body), next).await;
    answered.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(gateway: &Gateway, caller: &ApiKey, request: Request, next: Next) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let key = IdempotencyKey::read(&parts.headers)?;
    let seal = Seal::new(auth::bearer(&parts.headers)?, &caller.id, &key);
    let body = Hashed::new(Fingerprint::of(&parts), body);
    match gateway.answers().claim(seal.id()).await {
        Claim::AtWork => Err(Error::Refused(StatusCode::CONFLICT, AT_WORK.to_owned())),
        Claim::Answered(sealed) => replay(gateway, &seal, sealed, &body).await,
        Claim::Yours(lease) => Ok(first(seal, lease, parts, body, next).await),
    }
}

/// The kept answer, if this is the request it was given to.
async fn replay(gateway: &Gateway, seal: &Seal, sealed: Bytes, body: &Hashed) -> Result<Response, Error> {
    let patience = Duration::from_secs(gateway.config().upload_seconds);
    let read = tokio::time::timeout(patience, body.read_to_end(MAX_BODY)).await;
    let fingerprint = read.map_err(|_| Error::TooSlow)?.ok_or(Error::BodyTooLarge)?;
    let kept = seal.open(&sealed).ok_or_else(|| Error::internal(&"a kept answer cannot be opened"))?;
    if kept.fingerprint != fingerprint {
        return Err(Error::Refused(StatusCode::UNPROCESSABLE_ENTITY, USED.to_owned()));
    }
    let mut response = kept.into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Runs the call in a task of its own, so that it ends whatever its client does, and keeps the answer.
async fn first(seal: Seal, lease: Lease, parts: Parts, body: Hashed, next: Next) -> Response {
    let request = Request::from_parts(parts, Body::new(body.clone()));
    let context = rpc::current();
    let work = async move {
        let response = lease.held_while(next.run(request)).await;
        keep(&seal, lease, &body, response).await
    };
    let task = tokio::spawn(rpc::scope(context, work).instrument(tracing::Span::current()));
    task.await.unwrap_or_else(|error| Error::internal(&error).into_response())
}

async fn keep(seal: &Seal, lease: Lease, body: &Hashed, mut response: Response) -> Response {
    let status = response.status();
    let known_size = axum::body::HttpBody::size_hint(response.body()).exact();
    if status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || known_size.is_none_or(|size| size > MAX_ANSWER)
    {
        lease.give_up().await;
        return response;
    }
    let rest = tokio::time::timeout(REST_OF_BODY, body.read_to_end(MAX_BODY)).await;
    let Ok(Some(fingerprint)) = rest else {
        lease.give_up().await;
        return response;
    };
    let body = std::mem::take(response.body_mut());
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        lease.give_up().await;
        return Error::internal(&"an answer could not be read").into_response();
    };
    *response.body_mut() = Body::from(bytes.clone());
    // The id of the call that did the work is the id of its transaction, so a replay carries that one.
    if let Ok(id) = HeaderValue::try_from(rpc::current().request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    match seal.close(&Kept::new(fingerprint, &response, bytes)) {
        Some(sealed) => lease.settle(sealed).await,
        None => lease.give_up().await,
    }
    response
}
