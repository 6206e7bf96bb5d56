//! The caller's half: one boxed service, local or remote.

use std::{future::Future, pin::Pin, time::Duration};

use http::{Request, Response, Uri};
use secrecy::SecretString;
use tonic::{
    Status,
    body::Body,
    service::Routes,
    transport::{Channel, Endpoint},
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_http::timeout::TimeoutBody;

use crate::{auth, context, serve::guard};

/// What a generated client is built on. The error is a `Status`, so every client failure reads alike.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Largest single message either way. Media travels as streams of small chunks, so this bounds memory, not media.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Longest silence within a response stream.
const STREAM_IDLE: Duration = Duration::from_secs(15);

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

/// Calls the service at `uri` (`http://host:port`). Connects on first use and again after a loss.
///
/// # Errors
/// When `uri` is not an absolute http(s) address.
pub fn remote(uri: &str, deadline: Duration, token: Option<SecretString>) -> Result<Transport, Status> {
    let uri: Uri =
        uri.parse().map_err(|_| Status::invalid_argument(format!("not a service address: {uri}")))?;
    let channel = Endpoint::from(uri)
        .connect_timeout(Duration::from_secs(3))
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_while_idle(true)
        .connect_lazy();
    let call = service_fn(move |mut request: Request<Body>| {
        let (mut channel, token): (Channel, _) = (channel.clone(), token.clone());
        async move {
            if let Some(token) = &token {
                auth::attach(request.headers_mut(), token)?;
            }
            let ready = channel.ready().await.map_err(unavailable)?;
            ready.call(request).await.map_err(unavailable)
        }
    });
    Ok(with_deadline(call, deadline))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature `map_err` wants")]
fn unavailable(error: tonic::transport::Error) -> Status {
    tracing::warn!(error = &error as &dyn std::error::Error, "a service could not be reached");
    Status::unavailable("a required service could not be reached")
}

fn with_deadline<S, F>(call: S, deadline: Duration) -> Transport
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
        let answer = call.clone().oneshot(request);
        Box::pin(async move {
            let response = tokio::time::timeout(deadline, answer)
                .await
                .map_err(|_| Status::deadline_exceeded("a service did not answer in time"))??;
            Ok(response.map(|body| Body::new(TimeoutBody::new(STREAM_IDLE, body))))
        }) as Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>
    });
    BoxCloneSyncService::new(ServiceBuilder::new().service(bounded))
}
