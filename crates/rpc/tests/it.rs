//! Both ways a call travels behave alike. The service under test is gRPC's own health service, and one that misbehaves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use axum::{Router, routing::post};
use rpc::{CallContext, Transport};
use tokio::net::TcpListener;
use tonic::{Code, service::Routes};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const DEADLINE: Duration = Duration::from_secs(5);
const CHECK: &str = "/grpc.health.v1.Health/Check";

async fn health() -> Routes {
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    Routes::new(service)
}

/// Something that takes the health service's path and runs `handler` instead.
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

/// Serves on a free port for as long as the test runs.
async fn serve(routes: Routes, token: Option<&str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let token = token.map(Into::into);
    tokio::spawn(rpc::serve(listener, routes, token, std::future::pending()));
    format!("http://{address}")
}

#[tokio::test]
async fn a_call_arrives_in_process_and_over_a_socket() {
    assert_eq!(check(rpc::local(health().await, DEADLINE)).await, Ok(1));
    let url = serve(Routes::default(), None).await;
    assert_eq!(check(rpc::remote(&url, DEADLINE, None).unwrap()).await, Ok(1));
}

#[tokio::test]
async fn a_panic_becomes_an_internal_error() {
    let routes = misbehaving(|| async { panic!("on purpose") });
    assert_eq!(check(rpc::local(routes, DEADLINE)).await, Err(Code::Internal));
}

#[tokio::test]
async fn silence_beyond_the_deadline_is_an_answer_too() {
    let routes = misbehaving(std::future::pending);
    assert_eq!(check(rpc::local(routes, Duration::from_millis(20))).await, Err(Code::DeadlineExceeded));
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(check(rpc::remote(&url, DEADLINE, None).unwrap()).await, Err(Code::Unavailable));
}

#[tokio::test]
async fn without_the_service_token_only_health_answers() {
    let router = Router::new().route("/biometry.test.v1.Test/Call", post(|| async {}));
    let url = serve(Routes::from(router), Some("the token")).await;
    let call = |token: Option<&str>| {
        let transport = rpc::remote(&url, DEADLINE, token.map(Into::into)).unwrap();
        async move {
            let request =
                http::Request::post("/biometry.test.v1.Test/Call").body(tonic::body::Body::empty()).unwrap();
            let response = tower::ServiceExt::oneshot(transport, request).await.unwrap();
            response.headers().get("grpc-status").map(|s| s.to_str().unwrap().to_owned())
        }
    };
    let unauthenticated = Some((Code::Unauthenticated as i32).to_string());
    assert_eq!(call(None).await, unauthenticated);
    assert_eq!(call(Some("the Token")).await, unauthenticated);
    assert_eq!(call(Some("the token")).await, None);
    assert_eq!(check(rpc::remote(&url, DEADLINE, None).unwrap()).await, Ok(1));
}

#[tokio::test]
async fn the_request_id_arrives_with_the_call() {
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let routes = misbehaving(move || {
        let sender = sender.clone();
        async move { sender.send(rpc::current().request_id).unwrap() }
    });
    let context = CallContext::new("abc");
    // The handler answers no gRPC; only what it saw matters here.
    let _ = rpc::scope(context, check(rpc::local(routes, DEADLINE))).await;
    assert_eq!(seen.recv().await.as_deref(), Some("abc"));
}
