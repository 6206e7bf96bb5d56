//! Drains the rest of a request body after an error response.
//!
//! A client that is cut off while sending sees a reset connection instead of the response. So the rest of the body is
//! read and discarded, within limits of size and time.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use futures::StreamExt;
use http::Method;
use hyper::body::Frame;

const MAX_DRAIN_BYTES: usize = 64 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Middleware around everything that reads bodies.
pub async fn drain(request: Request, next: Next) -> Response {
    // A client that waits for `100 Continue` has sent nothing yet.
    if request.method() == Method::GET
        || request.headers().contains_key(header::EXPECT)
        || request.body().is_end_stream()
    {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = Shared(Arc::new(Mutex::new(body)));
    let response = next.run(Request::from_parts(parts, Body::new(body.clone()))).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        // A timeout is an expected end.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, discard(Body::new(body))).await;
    }
    response
}

async fn discard(body: Body) {
    let mut stream = body.into_data_stream();
    let mut left = MAX_DRAIN_BYTES;
    while let Some(Ok(chunk)) = stream.next().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A body that two owners read one after the other; the lock is never contended.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }
}
