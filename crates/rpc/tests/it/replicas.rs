//! Several replicas of one service: load is shared, a lost replica costs no call, a draining one gets none.

use std::{collections::BTreeMap, time::Duration};

use http_body_util::{BodyExt, StreamBody};
use rpc::Remote;
use tokio::{net::TcpListener, sync::oneshot, time::Instant};
use tonic::{Code, body::Body, service::Routes};

use crate::{DEADLINE, call, named};

/// A replica that can be stopped as if killed: its sockets close at once.
struct Running {
    url: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Running {
    fn start(routes: Routes, at: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = std::net::TcpListener::bind(at).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            rpc::Server::default().serve(listener, routes, std::future::pending()).await
        });
        Self { url, runtime: Some(runtime) }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_calls() {
    let (a, b) = (Running::start(named("a"), "127.0.0.1:0"), Running::start(named("b"), "127.0.0.1:0"));
    let transport = rpc::remote(&format!("{}, {}", a.url, b.url), DEADLINE, None).unwrap();
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        *answered.entry(call(&transport, Body::empty()).await.unwrap()).or_default() += 1;
    }
    for replica in ["a", "b"] {
        assert!((60..=140).contains(&answered[replica]), "{answered:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_costs_no_idempotent_call_and_is_used_again_when_it_is_back() {
    let (mut a, b) = (Running::start(named("a"), "127.0.0.1:0"), Running::start(named("b"), "127.0.0.1:0"));
    let urls = format!("{},{}", a.url, b.url);
    let transport = Remote::new(urls, DEADLINE).idempotent(|_| true).connect().unwrap();
    for _ in 0..20 {
        call(&transport, Body::empty()).await.unwrap();
    }
    a.kill();
    for _ in 0..50 {
        assert_eq!(call(&transport, Body::empty()).await.as_deref(), Ok("b"));
    }
    let address = a.address().to_owned();
    let _again = Running::start(named("a again"), &address);
    let limit = Instant::now() + Duration::from_secs(90);
    while call(&transport, Body::empty()).await.as_deref() != Ok("a again") {
        assert!(Instant::now() < limit, "the replica that came back got no call");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsent_call_goes_to_another_replica_for_every_method() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let b = Running::start(named("b"), "127.0.0.1:0");
    for _ in 0..10 {
        // A new transport has not yet detected that nothing listens there.
        let transport = rpc::remote(&format!("http://{nobody},{}", b.url), DEADLINE, None).unwrap();
        assert_eq!(call(&transport, Body::empty()).await.as_deref(), Ok("b"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_have_been_served_is_not_repeated_unless_its_method_is_idempotent() {
    let unavailable = || Routes::from(axum::Router::new().fallback(|| async { [("grpc-status", "14")] }));
    let (a, b) = (Running::start(unavailable(), "127.0.0.1:0"), Running::start(named("b"), "127.0.0.1:0"));
    let urls = format!("{},{}", a.url, b.url);
    let (once, twice) = (
        Remote::new(&urls, DEADLINE).connect().unwrap(),
        Remote::new(&urls, DEADLINE).idempotent(|path| path.ends_with("/Call")).connect().unwrap(),
    );
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(call(&once, Body::empty()).await == Err(Code::Unavailable));
        assert_eq!(call(&twice, Body::empty()).await.as_deref(), Ok("b"));
    }
    assert!(refused > 0, "the first replica was never asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_sent_once_and_whole() {
    let echo = axum::Router::new().route(
        crate::CALL,
        axum::routing::post(|body: axum::body::Body| async move {
            let bytes = body.collect().await.unwrap().to_bytes();
            [("x-replica", bytes.len().to_string())]
        }),
    );
    let a = Running::start(Routes::from(echo), "127.0.0.1:0");
    let transport = rpc::remote(&a.url, DEADLINE, None).unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<_, tonic::Status>>(1);
    tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            sender.send(Ok(http_body::Frame::data(bytes::Bytes::from(vec![7; 100_000])))).await.unwrap();
        }
    });
    let body = Body::new(StreamBody::new(tokio_stream::wrappers::ReceiverStream::new(receiver)));
    assert_eq!(call(&transport, body).await.as_deref(), Ok("1000000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_replica_finishes_its_calls_and_gets_no_new_ones() {
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let a = format!("http://{}", listener.local_addr().unwrap());
    const DRAIN: Duration = Duration::from_secs(8);
    // So many consecutive calls to the other replica show that none goes to the draining one.
    const CALLS_IN_A_ROW: usize = 100;
    let draining = rpc::Server::default().drain(DRAIN);
    let ended = tokio::spawn(draining.serve(listener, named("a"), async { stopped.await.unwrap() }));
    let b = Running::start(named("b"), "127.0.0.1:0");
    let transport = rpc::remote(&format!("{a},{}", b.url), DEADLINE, None).unwrap();
    call(&transport, Body::empty()).await.unwrap();
    stop.send(()).unwrap();
    let stopped_at = Instant::now();
    let mut in_a_row = 0;
    while in_a_row < CALLS_IN_A_ROW {
        assert!(stopped_at.elapsed() < DRAIN, "the draining replica still got calls");
        in_a_row = if call(&transport, Body::empty()).await.unwrap() == "b" { in_a_row + 1 } else { 0 };
    }
    ended.await.unwrap().unwrap();
}
