//! A server that is killed in the middle of a burst, and a server with default settings.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use testkit::{Hook, Receiver};

use crate::world::root;

/// A server for one test.
struct Server {
    process: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL. It only fails when the server has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(data_dir: &Path, settings: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_biometry"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .env("BIOMETRY_MODELS", root().join("models"))
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let ready = BufReader::new(process.stdout.take().unwrap()).lines().next();
        let ready = ready.and_then(Result::ok).expect("the server gets ready");
        let address =
            ready.split_once("listening on ").expect("an address").1.trim_start_matches("http://").to_owned();
        Self { process, url: format!("http://{address}") }
    }
}

/// Returns the key of a new project.
fn bootstrap(data_dir: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    let output = command.args(["bootstrap", "--json", "--data-dir"]).arg(data_dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ids: Value = serde_json::from_slice(&output.stdout).unwrap();
    ids["api_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn events_recorded_before_a_kill_are_delivered_after_it() {
    const PER_ENDPOINT: usize = 4;
    const SETTINGS: [(&str, &str); 5] = [
        ("BIOMETRY_TRANSACTIONS__WEBHOOKS__ALLOW_PRIVATE", "true"),
        ("BIOMETRY_TRANSACTIONS__WEBHOOKS__ALLOW_HTTP", "true"),
        ("BIOMETRY_TRANSACTIONS__WEBHOOKS__TIMEOUT_MS", "500"),
        ("BIOMETRY_TRANSACTIONS__WEBHOOKS__LEASE_MS", "1000"),
        ("BIOMETRY_TRANSACTIONS__WEBHOOKS__PER_ENDPOINT", "4"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (mut receiver, client) = (Receiver::new().await, reqwest::Client::new());
    let server = Server::start(folder.path(), &SETTINGS);
    let key = bootstrap(folder.path());
    let made = client.post(format!("{}/api-gateway/webhooks", server.url)).bearer_auth(&key);
    let made = made.json(&json!({"url": receiver.url})).send().await.unwrap();
    assert_eq!(made.status(), 200);

    // A burst of consents. Once some of their events have arrived, the receiver stops responding, so that deliveries
    // queue up; the server is killed when more are queued than can be in flight.
    let url = format!("{}/api-consent/consent", server.url);
    let mut calls: FuturesUnordered<_> = (0..300)
        .map(|user| {
            let body = json!({"is_consent_given": true, "user_fullname": format!("user-{user}@example.org")});
            let call = client.post(&url).bearer_auth(&key).json(&body);
            async move { call.send().await.ok().filter(|answer| answer.status() == 200) }
        })
        .collect();
    let mut recorded = BTreeSet::new();
    let mut delivered = BTreeSet::new();
    let transaction = |hook: &Hook| hook.json()["data"]["id"].as_str().unwrap().to_owned();
    while delivered.len() < 20 || recorded.difference(&delivered).count() <= 2 * PER_ENDPOINT {
        if delivered.len() >= 20 {
            receiver.hold();
        }
        tokio::select! {
            Some(Some(answer)) = calls.next() => {
                recorded.insert(answer.headers()["x-request-id"].to_str().unwrap().to_owned());
            }
            hook = receiver.next() => { delivered.insert(transaction(&hook)); }
        }
    }
    drop(server);
    receiver.release();
    while let Some(answer) = calls.next().await {
        recorded.extend(answer.map(|answer| answer.headers()["x-request-id"].to_str().unwrap().to_owned()));
    }
    for hook in receiver.rest() {
        delivered.insert(transaction(&hook));
    }
    let missing = recorded.difference(&delivered).count();
    assert!(
        missing > 0,
        "the kill came too late to prove anything: {} calls were all delivered",
        recorded.len()
    );

    let _server = Server::start(folder.path(), &SETTINGS);
    let all = async {
        while !recorded.is_subset(&delivered) {
            delivered.insert(transaction(&receiver.next().await));
        }
    };
    tokio::time::timeout(Duration::from_secs(120), all)
        .await
        .expect("an event of every recorded call arrives");
}

#[tokio::test]
async fn a_response_outlives_the_server_that_gave_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let (api_key, client) = (bootstrap(folder.path()), reqwest::Client::new());
    let consent = async |server: &Server, given: bool| {
        let call = client.post(format!("{}/api-consent/consent", server.url)).bearer_auth(&api_key);
        let body = json!({"is_consent_given": given, "user_fullname": "ada@example.org"});
        call.header("idempotency-key", "8e03978e-40d5").json(&body).send().await.unwrap()
    };
    let first = consent(&server, true).await;
    assert_eq!(first.status(), 200);
    let id = first.headers()["x-request-id"].clone();
    let body = first.text().await.unwrap();
    // Killed, not stopped.
    drop(server);
    let server = Server::start(folder.path(), &[]);
    let again = consent(&server, true).await;
    assert_eq!(
        (again.status().as_u16(), &again.headers()["idempotency-replayed"]),
        (200, &"true".parse().unwrap())
    );
    assert_eq!(again.headers()["x-request-id"], id);
    assert_eq!(again.text().await.unwrap(), body);
    assert_eq!(consent(&server, false).await.status(), 422, "another request with the key");
}

#[tokio::test]
async fn a_server_with_its_defaults_sends_nothing_to_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let (key, client) = (bootstrap(folder.path()), reqwest::Client::new());
    for url in [
        "http://hooks.example.org/",
        "https://127.0.0.1:9/",
        "https://localhost/",
        "https://[::1]/",
        "https://10.1.2.3/",
    ] {
        let made = client.post(format!("{}/api-gateway/webhooks", server.url)).bearer_auth(&key);
        let made = made.json(&json!({"url": url})).send().await.unwrap();
        assert_eq!(made.status(), 400, "{url}");
    }
}
