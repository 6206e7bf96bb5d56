//! The server side: middleware around `Routes`, and serving them on a listener.

use std::{any::Any, future::Future, time::Duration};

use axum::{
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Status,
    body::Body,
    service::Routes,
    transport::{Server as TonicServer, server::Router},
};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::{
    accept, auth,
    callers::Callers,
    context,
    observe::{Observed, Side},
    tls::ServerTls,
};

/// Connections are renewed after this time, so that callers find new replicas.
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(10 * 60);
/// Longest duration of the calls of an old connection; longer than the longest deadline.
const MAX_CONNECTION_AGE_GRACE: Duration = Duration::from_secs(5 * 60);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Adds the middleware of every call to `Routes`: catches panics, joins the caller's request id and trace.
pub fn guard(routes: Routes) -> Routes {
    let router = routes
        .into_axum_router()
        .layer(CatchPanicLayer::custom(panic_to_status))
        .layer(middleware::from_fn(with_context));
    Routes::from(router)
}

async fn with_context(request: Request, next: Next) -> Response {
    let context = context::extract(request.headers());
    let span = tracing::info_span!("rpc", otel.name = request.uri().path(), request.id = context.request_id);
    context::join_trace(&span, request.headers());
    let observed = Observed::start(Side::Server, request.uri().path());
    let response = context::scope(context, next.run(request)).instrument(span).await;
    observed.follow(response.map(Body::new)).map(axum::body::Body::new)
}

// By value because that is the signature of a panic handler.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panic_to_status(panic: Box<dyn Any + Send>) -> http::Response<Body> {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = message, "a service panicked; the call returned an internal error");
    Status::internal("internal error").into_http()
}

/// Configuration of serving a service to other processes.
#[derive(Default)]
pub struct Server {
    token: Option<SecretString>,
    tls: Option<(ServerTls, Callers)>,
    drain: Duration,
    reflection: Option<&'static [u8]>,
}

impl Server {
    /// Rejects calls without `token`; empty means none. Health needs none.
    #[must_use]
    pub fn token(mut self, token: Option<SecretString>) -> Self {
        self.token = token.filter(|t| !t.expose_secret().is_empty());
        self
    }

    /// Serves only TLS, to callers with a certificate that `callers` permits for the method.
    #[must_use]
    pub fn tls(mut self, tls: ServerTls, callers: Callers) -> Self {
        self.tls = Some((tls, callers));
        self
    }

    /// Sets how long the service accepts calls after it has reported NOT_SERVING.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// Answers gRPC server reflection from the descriptor set.
    #[must_use]
    pub fn reflection(mut self, descriptors: Option<&'static [u8]>) -> Self {
        self.reflection = descriptors;
        self
    }

    /// Serves `routes` with the standard health service until `shutdown` completes. Health then answers NOT_SERVING,
    /// calls are accepted until callers notice, and calls in progress are completed.
    ///
    /// # Errors
    /// When the listener fails or the descriptors cannot be read.
    pub async fn serve(
        self,
        listener: TcpListener,
        routes: Routes,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("", ServingStatus::Serving).await;
        let callers = self.tls.as_ref().map(|(_, callers)| callers.clone());
        let mut routes = checked(guard(routes), self.token, callers).add_service(health);
        if let Some(descriptors) = self.reflection {
            let reflection = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(descriptors);
            routes = routes.add_service(reflection.build_v1()?);
        }
        let ending = drained(shutdown, reporter, self.drain);
        let router = builder().add_routes(routes);
        match self.tls {
            Some((tls, _)) => router.serve_with_incoming_shutdown(accept::tls(listener, tls), ending).await?,
            None => plain(router, listener, ending).await?,
        }
        Ok(())
    }
}

async fn plain(
    router: Router,
    listener: TcpListener,
    ending: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    router.serve_with_incoming_shutdown(TcpListenerStream::new(listener), ending).await
}

fn builder() -> TonicServer {
    TonicServer::builder()
        .max_connection_age(MAX_CONNECTION_AGE)
        .max_connection_age_grace(MAX_CONNECTION_AGE_GRACE)
        .http2_keepalive_interval(Some(KEEP_ALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
}

/// Completes `drain` after `shutdown`, while health answers NOT_SERVING.
async fn drained(shutdown: impl Future<Output = ()>, reporter: HealthReporter, drain: Duration) {
    shutdown.await;
    reporter.set_service_status("", ServingStatus::NotServing).await;
    tokio::time::sleep(drain).await;
}

/// Wraps `routes` in the checks of the token and, over TLS, of the caller's permission.
fn checked(routes: Routes, token: Option<SecretString>, callers: Option<Callers>) -> Routes {
    let check = move |request: Request, next: Next| {
        let refused = token.as_ref().and_then(|t| auth::check_token(request.headers(), t).err());
        let refused = refused.or_else(|| callers.as_ref().and_then(|c| c.check(&request).err()));
        async move {
            match refused {
                Some(status) => status.into_http::<Body>().into_response(),
                None => next.run(request).await,
            }
        }
    };
    Routes::from(routes.into_axum_router().layer(middleware::from_fn(check)))
}
