//! The live list: sent as calls happen, resumed after a disconnect, ended with the key.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, Response},
};
use boot::now_ms;
use gateway::Config;
use http_body_util::BodyExt;
use proto::{projects::ApiKeyState, transactions::Transaction};
use tower::ServiceExt;

use crate::{
    customer::Customer,
    fakes::{KEY, PROJECT},
};

fn record(customer: &Customer, project: &str, id: &str) {
    customer.stage.set().records.push(Transaction {
        id: id.into(),
        project_id: project.into(),
        kind: "process_video".into(),
        created_at_ms: now_ms(),
        ..Transaction::default()
    });
}

async fn listen(customer: &Customer, last: Option<&str>) -> Response<Body> {
    let mut request =
        Request::get("/api-transactions/live").header("authorization", format!("Bearer {}", customer.key));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    customer.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// What comes until `end` has come; all of it when the stream ends.
async fn until(stream: &mut Response<Body>, end: &str) -> String {
    let mut read = String::new();
    let reading = async {
        while !read.contains(end) {
            let Some(frame) = stream.body_mut().frame().await else { break };
            read.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(90), reading).await.expect("the event comes");
    read
}

#[tokio::test]
async fn every_listener_of_a_project_receives_each_record_once() {
    let customer = Customer::new().await;
    let (mut one, mut two) = (listen(&customer, None).await, listen(&customer, None).await);
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    assert_eq!(one.headers()["cache-control"], "no-store");
    assert!(until(&mut one, "listening").await.contains("retry: 2000"));
    record(&customer, "project-2", "theirs");
    record(&customer, PROJECT, "first");
    for stream in [&mut one, &mut two] {
        let seen = until(stream, "\"first\"").await;
        assert!(seen.contains("event: transaction\n") && seen.contains("id: first\n"), "{seen}");
        assert!(!seen.contains("theirs"));
    }
    record(&customer, PROJECT, "second");
    let seen = until(&mut one, "\"second\"").await;
    assert!(!seen.contains("first"), "{seen}");
}

#[tokio::test]
async fn a_reconnecting_listener_continues_after_its_last_event() {
    let customer = Customer::new().await;
    for id in ["a", "b", "c"] {
        record(&customer, PROJECT, id);
    }
    let mut stream = listen(&customer, Some("a")).await;
    let seen = until(&mut stream, "\"c\"").await;
    assert!(!seen.contains("id: a\n") && seen.contains("id: b\n"), "{seen}");
    record(&customer, PROJECT, "d");
    let seen = until(&mut stream, "\"d\"").await;
    assert!(!seen.contains("id: b\n") && !seen.contains("id: c\n"), "sent before: {seen}");
}

#[tokio::test]
async fn a_revoked_key_stops_listening() {
    let customer = Customer::with(Config { live_check_seconds: 1, ..Config::default() }).await;
    let mut stream = listen(&customer, None).await;
    until(&mut stream, "listening").await;
    customer.stage.set().keys.get_mut(KEY).unwrap().state = ApiKeyState::Revoked.into();
    let rest = until(&mut stream, "never sent").await;
    assert!(!rest.contains("event:"), "it ended: {rest}");
}

#[tokio::test]
async fn a_person_whose_session_ended_stops_listening() {
    let customer = Customer::with(Config { live_check_seconds: 1, ..Config::default() }).await;
    customer.stage.set().role = Some(proto::accounts::Role::Viewer);
    let request = Request::get(format!("/api-transactions/live?project_id={PROJECT}"))
        .header("cookie", "__Host-biometry-session=the-token-of-a-session");
    let answered = customer.app.clone().oneshot(request.body(Body::empty()).unwrap()).await;
    let mut stream = answered.unwrap();
    assert_eq!(stream.status(), 200);
    until(&mut stream, "listening").await;
    customer.stage.set().role = None;
    until(&mut stream, "never sent").await;
}

#[tokio::test]
async fn the_number_of_listeners_of_a_project_is_limited() {
    let customer = Customer::new().await;
    let mut streams = Vec::new();
    for _ in 0..32 {
        streams.push(listen(&customer, None).await);
    }
    assert_eq!(listen(&customer, None).await.status(), 503);
    streams.pop();
    assert_eq!(listen(&customer, None).await.status(), 200);
}

#[tokio::test]
async fn an_ended_session_receives_no_events() {
    let customer = Customer::with(Config { live_check_seconds: 3600, ..Config::default() }).await;
    customer.stage.set().role = Some(proto::accounts::Role::Viewer);
    let request = Request::get(format!("/api-transactions/live?project_id={PROJECT}"))
        .header("cookie", "__Host-biometry-session=the-token-of-a-session");
    let mut stream = customer.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    until(&mut stream, "listening").await;
    let mut witness = listen(&customer, None).await;
    customer.stage.set().role = None;
    let happening = async {
        for number in 0.. {
            record(&customer, PROJECT, &format!("late-{number}"));
            until(&mut witness, &format!("\"late-{number}\"")).await;
        }
    };
    tokio::select! {
        // An event of the moment in which the session ends may still arrive.
        seen = until(&mut stream, "never sent") => assert!(!seen.contains("\"late-1\""), "{seen}"),
        () = happening => unreachable!(),
    }
}
