//! The caller's half: one boxed service type, and calls within this process.

use std::{future::Future, pin::Pin, time::Duration};

use http::{HeaderValue, Request, Response};
use tonic::{Status, body::Body, service::Routes};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_http::timeout::TimeoutBody;

use crate::{
    context,
    observe::{Observed, Side},
    serve::guard,
};

/// What a generated client is built on. The error is a `Status`, so every client failure reads alike.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Largest single message either way. Media travels as streams of small chunks, so this bounds memory, not media.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Longest silence within a response stream.
const STREAM_IDLE: Duration = Duration::from_secs(15);

const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Calls `routes` in this process. The guard is the one a remote call meets, so panics and limits behave alike.
pub fn local(routes: Routes, deadline: Duration) -> Transport {
    let routes = guard(routes);
    let call = service_fn(move |request: Request<Body>| {
        let routes = routes.clone();
        async move {
            match routes.oneshot(request).await {
                Ok(response) => Ok::<_, Status>(response),
                Err(never) => match never {},
            }
        }
    });
    with_deadline(call, deadline)
}

/// Bounds each call by `deadline` and tells the service of it (`grpc-timeout`), so that work nobody waits for is dropped.
pub(crate) fn with_deadline<S, F>(call: S, deadline: Duration) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Status, Future = F>
        + Clone
        + Send
        + Sync
        + 'static,
    F: Future<Output = Result<Response<Body>, Status>> + Send + 'static,
{
    let bounded = service_fn(move |mut request: Request<Body>| {
        context::inject(request.headers_mut());
        request.headers_mut().entry(GRPC_TIMEOUT).or_insert_with(|| timeout_header(deadline));
        let observed = Observed::start(Side::Client, request.uri().path());
        let answer = call.clone().oneshot(request);
        Box::pin(async move {
            let answered = tokio::time::timeout(deadline, answer)
                .await
                .unwrap_or_else(|_| Err(Status::deadline_exceeded("a service did not answer in time")));
            match answered {
                Ok(response) => {
                    let response = observed.follow(response);
                    Ok(response.map(|body| Body::new(TimeoutBody::new(STREAM_IDLE, body))))
                }
                Err(status) => {
                    observed.fail(&status);
                    Err(status)
                }
            }
        }) as Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>
    });
    BoxCloneSyncService::new(ServiceBuilder::new().service(bounded))
}

/// `deadline` in gRPC's notation; whole milliseconds, at most eight digits.
fn timeout_header(deadline: Duration) -> HeaderValue {
    let milliseconds = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).clamp(1, 99_999_999);
    HeaderValue::try_from(format!("{milliseconds}m")).unwrap_or(HeaderValue::from_static("99999999m"))
}
