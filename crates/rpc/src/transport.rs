//! The client side: one boxed service type, and calls within this process.

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

/// The transport of generated clients. The error is a `Status`, so all client failures look alike.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Largest message in either direction. Media travel as streams of small chunks, so this bounds memory, not media.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Longest idle time within a response stream.
const STREAM_IDLE: Duration = Duration::from_secs(15);

const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Calls `routes` in this process, with the same guard as a remote call, so that panics and limits behave alike.
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

/// Limits each call to `deadline` and sends it to the service (`grpc-timeout`), so that work without a waiting caller
/// is dropped.
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
                .unwrap_or_else(|_| Err(Status::deadline_exceeded("a service did not respond in time")));
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

/// Formats `deadline` for gRPC; whole milliseconds, at most eight digits.
fn timeout_header(deadline: Duration) -> HeaderValue {
    let milliseconds = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).clamp(1, 99_999_999);
    HeaderValue::try_from(format!("{milliseconds}m")).unwrap_or(HeaderValue::from_static("99999999m"))
}
