//! A customer's server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::sync::mpsc;

/// What arrived.
#[derive(Clone, Debug)]
pub struct Hook {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Hook {
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone)]
struct Answers {
    arrived: mpsc::UnboundedSender<Hook>,
    next: Arc<Mutex<VecDeque<u16>>>,
}

/// Answers with the statuses it was given, then always 200; `/moved` redirects elsewhere.
pub struct Receiver {
    pub url: String,
    next: Arc<Mutex<VecDeque<u16>>>,
    arrivals: mpsc::UnboundedReceiver<Hook>,
}

impl Receiver {
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let next = Arc::default();
        let app = Router::new().fallback(receive).with_state(Answers { arrived, next: Arc::clone(&next) });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, next, arrivals }
    }

    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.next.lock().unwrap().extend(statuses);
    }

    /// The next one to arrive.
    pub async fn next(&mut self) -> Hook {
        let next = tokio::time::timeout(Duration::from_secs(20), self.arrivals.recv());
        next.await.expect("nothing arrived").expect("the receiver serves")
    }

    pub async fn next_few(&mut self, count: usize) -> Vec<Hook> {
        let mut hooks = Vec::new();
        for _ in 0..count {
            hooks.push(self.next().await);
        }
        hooks
    }

    /// What arrived and was not asked for.
    pub fn rest(&mut self) -> Vec<Hook> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }
}

async fn receive(State(answers): State<Answers>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let _ = answers.arrived.send(Hook { path: path.clone(), headers, body });
    match path.as_str() {
        "/moved" => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        _ => {
            let status = answers.next.lock().unwrap().pop_front().unwrap_or(200);
            let body = format!("answer {status}\r\n{}", "x".repeat(10_000));
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
    }
}
