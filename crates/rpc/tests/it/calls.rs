//! A call in process and one over a socket behave alike.

use std::{sync::Arc, time::Duration};

use rpc::{CallContext, Transport};
use tokio::{net::TcpListener, sync::Mutex};
use tonic::{Code, service::Routes};

use crate::{CALL, CHECK, DEADLINE, call, check, health, misbehaving, named, serve};

/// Returns `routes` over both transports, with `deadline`.
async fn both(routes: Routes, deadline: Duration) -> [Transport; 2] {
    // The health service of `rpc::Server` would answer CHECK, so that path is served here without it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = rpc::guard(routes.clone()).into_axum_router();
    tokio::spawn(async move { axum::serve(listener, served).await });
    [rpc::local(routes, deadline), rpc::remote(&url, deadline, None).unwrap()]
}

#[tokio::test]
async fn a_call_arrives_in_process_and_over_a_socket() {
    for transport in both(health().await, DEADLINE).await {
        assert_eq!(check(transport).await, Ok(1));
    }
}

#[tokio::test]
async fn a_panic_becomes_an_internal_error() {
    for transport in both(misbehaving(|| async { panic!("on purpose") }), DEADLINE).await {
        assert_eq!(check(transport).await, Err(Code::Internal));
    }
}

#[tokio::test]
async fn silence_beyond_the_deadline_is_deadline_exceeded() {
    for transport in both(misbehaving(std::future::pending), Duration::from_millis(200)).await {
        assert_eq!(check(transport).await, Err(Code::DeadlineExceeded));
    }
}

#[tokio::test]
async fn the_request_id_and_the_deadline_arrive_with_the_call() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let router = axum::Router::new().route(
        CHECK,
        axum::routing::post(move |headers: http::HeaderMap| {
            let noted = Arc::clone(&noted);
            async move {
                let timeout = headers["grpc-timeout"].to_str().unwrap().to_owned();
                noted.lock().await.push((rpc::current().request_id, timeout));
            }
        }),
    );
    for transport in both(Routes::from(router), DEADLINE).await {
        // The response is not gRPC; only the received headers matter here.
        let _ = rpc::scope(CallContext::new("abc"), check(transport)).await;
    }
    let seen = seen.lock().await;
    let expected = ("abc".to_owned(), "60000m".to_owned());
    assert_eq!(seen.iter().filter(|s| **s == expected).count(), 2, "{seen:?}");
}

#[tokio::test]
async fn an_unreachable_service_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(check(rpc::remote(&url, DEADLINE, None).unwrap()).await, Err(Code::Unavailable));
}

#[tokio::test]
async fn without_the_service_token_only_health_answers() {
    let url = serve(named("a"), Some("the token")).await;
    let with = |token: Option<&str>| rpc::remote(&url, DEADLINE, token.map(Into::into)).unwrap();
    for wrong in [None, Some(""), Some("the Token")] {
        assert_eq!(
            call(&with(wrong), tonic::body::Body::empty()).await,
            Err(Code::Unauthenticated),
            "{CALL}"
        );
    }
    assert_eq!(call(&with(Some("the token")), tonic::body::Body::empty()).await.as_deref(), Ok("a"));
    assert_eq!(check(with(None)).await, Ok(1));
}
