//! The service's half: middleware around `Routes`, and serving them on a listener.

use std::{any::Any, future::Future};

use axum::{
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Status, body::Body, service::Routes, transport::Server};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::{auth, context};

/// `Routes` with the middleware every call meets: panics caught, the request id and trace of the caller.
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
    context::adopt_trace(&span, request.headers());
    context::scope(context, next.run(request)).instrument(span).await
}

// By value because that is the signature of a panic handler.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panic_to_status(panic: Box<dyn Any + Send>) -> http::Response<Body> {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = message, "a service panicked; the call was answered with an internal error");
    Status::internal("internal error").into_http()
}

/// Serves `routes` with the standard health service until `shutdown` completes, then finishes the calls under way.
/// With a `token`, every call but health must carry it.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    token: Option<SecretString>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let checked =
        guard(routes).into_axum_router().layer(middleware::from_fn(move |request: Request, next: Next| {
            let refused = token.as_ref().and_then(|t| auth::check(request.headers(), t).err());
            async move {
                match refused {
                    Some(status) => status.into_http::<Body>().into_response(),
                    None => next.run(request).await,
                }
            }
        }));
    Server::builder()
        .add_routes(Routes::from(checked).add_service(health))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), shutdown)
        .await
}
