//! Calls in process, over a socket, over several replicas, over TLS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod replicas;
mod tls;

use std::time::Duration;

use axum::{Router, routing::post};
use rpc::{Server, Transport};
use tokio::net::TcpListener;
use tonic::{Code, service::Routes};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const DEADLINE: Duration = Duration::from_secs(60);
const CHECK: &str = "/grpc.health.v1.Health/Check";
const CALL: &str = "/biometry.test.v1.Test/Call";

async fn health() -> Routes {
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    Routes::new(service)
}

/// Replaces the health service with `handler`.
fn misbehaving<F, Fut>(handler: F) -> Routes
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    Routes::from(Router::new().route(CHECK, post(handler)))
}

async fn check(transport: Transport) -> Result<i32, Code> {
    let answer = HealthClient::new(transport).check(HealthCheckRequest::default()).await;
    answer.map(|a| a.into_inner().status).map_err(|status| status.code())
}

/// Calls [`CALL`] with `body`; returns the gRPC code, or `Ok` with the name of the responding replica.
async fn call(transport: &Transport, body: impl Into<tonic::body::Body>) -> Result<String, Code> {
    let request = http::Request::post(CALL).body(body.into()).unwrap();
    let response = tower::ServiceExt::oneshot(transport.clone(), request).await.map_err(|s| s.code())?;
    if let Some(code) = response.headers().get("grpc-status") {
        return Err(Code::from_bytes(code.as_bytes()));
    }
    Ok(response.headers()["x-replica"].to_str().unwrap().to_owned())
}

/// A service whose [`CALL`] answers with `name`.
fn named(name: &'static str) -> Routes {
    Routes::from(Router::new().route(CALL, post(move || async move { [("x-replica", name)] })))
}

/// Serves on a free port for as long as the test runs.
async fn serve(routes: Routes, token: Option<&str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::default().token(token.map(Into::into));
    tokio::spawn(server.serve(listener, routes, std::future::pending()));
    format!("http://{address}")
}
