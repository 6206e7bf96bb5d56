//! A customer's server that receives webhooks.

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
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

/// Far longer than a delivery takes on a loaded machine.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(90);

/// A received delivery.
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
        self.headers[name].to_str().expect("a printable header")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Returns whether the published verifier accepts it with this secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
        verifier.verify(&self.body, &self.headers).is_ok()
    }
}

/// A status, and the value of `Retry-After`.
type Next = (u16, Option<String>);

#[derive(Clone)]
struct Answers {
    arrived: mpsc::UnboundedSender<Hook>,
    next: Arc<Mutex<VecDeque<Next>>>,
    is_held: watch::Receiver<bool>,
}

/// Responds with the queued statuses, then always with 200; `/silent` never responds, `/moved` redirects.
pub struct Receiver {
    pub url: String,
    next: Arc<Mutex<VecDeque<Next>>>,
    is_held: watch::Sender<bool>,
    arrivals: mpsc::UnboundedReceiver<Hook>,
    _serving: AbortOnDropHandle<()>,
}

impl Receiver {
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let next = Arc::default();
        let (is_held, held) = watch::channel(false);
        let answers = Answers { arrived, next: Arc::clone(&next), is_held: held };
        let app = Router::new().fallback(receive).with_state(answers);
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { url, next, is_held, arrivals, _serving: AbortOnDropHandle::new(serving) }
    }

    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        let next = statuses.into_iter().map(|status| (status, None));
        self.next.lock().expect("no handler panics").extend(next);
    }

    /// Queues a response with this status and `Retry-After`.
    pub fn answer_with_retry_after(&self, status: u16, retry_after: &str) {
        self.next.lock().expect("no handler panics").push_back((status, Some(retry_after.to_owned())));
    }

    /// Responds with 200 from now on.
    pub fn forget(&self) {
        self.next.lock().expect("no handler panics").clear();
    }

    /// Holds all responses until [`Receiver::release`].
    pub fn hold(&self) {
        self.is_held.send_replace(true);
    }

    /// Responds again, also to deliveries received since [`Receiver::hold`].
    pub fn release(&self) {
        self.is_held.send_replace(false);
    }

    /// Waits for the next delivery.
    pub async fn next(&mut self) -> Hook {
        let next = tokio::time::timeout(ARRIVAL_LIMIT, self.arrivals.recv());
        next.await.expect("nothing arrived").expect("the receiver serves")
    }

    pub async fn next_few(&mut self, count: usize) -> Vec<Hook> {
        let mut hooks = Vec::new();
        for _ in 0..count {
            hooks.push(self.next().await);
        }
        hooks
    }

    /// Returns the deliveries that no test has taken.
    pub fn rest(&mut self) -> Vec<Hook> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }
}

async fn receive(State(mut answers): State<Answers>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let _ = answers.arrived.send(Hook { path: path.clone(), headers, body });
    // The send fails when the receiver was dropped with its test.
    let _ = answers.is_held.wait_for(|is_held| !is_held).await;
    match path.as_str() {
        "/silent" => std::future::pending().await,
        "/moved" => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        _ => {
            let next = answers.next.lock().expect("no handler panics").pop_front();
            let (status, retry_after) = next.unwrap_or((200, None));
            let body = format!("answer {status}\r\n{}", "x".repeat(10_000));
            let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
            if let Some(value) = retry_after.and_then(|value| value.parse().ok()) {
                response.headers_mut().insert("retry-after", value);
            }
            response
        }
    }
}
