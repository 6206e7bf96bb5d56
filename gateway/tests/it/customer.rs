//! A customer's backend: requests with a key, answers read whole.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use gateway::Config;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::fakes::{KEY, Stage};

pub const ADA: &str = "ada@example.org";

/// A gateway in front of a stage, and a key for it.
pub struct Customer {
    pub stage: Stage,
    pub app: Router,
    pub key: String,
    /// What the gateway was made with.
    pub config: Config,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Customer {
    pub async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn with(config: Config) -> Self {
        Self::before(Stage::new(), config).await
    }

    /// One of several gateways in front of a stage.
    pub async fn before(stage: Stage, config: Config) -> Self {
        let app = gateway::app(config.clone(), stage.peers()).await.unwrap();
        let key = stage.token("kid-1", KEY);
        Self { stage, app, key, config }
    }

    /// A request with the key; `headers` come on top.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        let mut request = request;
        let bearer = format!("Bearer {}", self.key);
        for (name, value) in [("authorization", bearer.as_str())].iter().chain(headers) {
            let name: header::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        self.raw(request).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.send("POST", path, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| panic!("{}: no JSON: {}", parts.status, String::from_utf8_lossy(&bytes)));
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// process-video as the vendor's client sends it.
    pub async fn video(&self, headers: &[(&str, &str)], form: Form) -> Answer {
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", Form::TYPE)]).collect();
        self.post("/api-gateway/process-video", &headers, form.end()).await
    }

    pub fn consents(&self, user: &str, authorization: bool, storage: bool) {
        let state = proto::consent::ConsentState {
            authorization,
            storage,
            authorization_recorded: true,
            storage_recorded: true,
        };
        self.stage.set().consents.insert(user.into(), state);
    }

    /// A session without a user.
    pub async fn session(&self) -> String {
        let started = self.post("/api-gateway/sessions/start", &[], Body::empty()).await;
        started.body["data"].as_str().unwrap().to_owned()
    }

    pub fn last_record(&self) -> proto::transactions::Transaction {
        self.stage.set().records.last().expect("a record").clone()
    }
}

impl Answer {
    pub fn error(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["error"].as_str().unwrap_or_else(|| panic!("no error in {}", self.body)),
        )
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A multipart body, written out.
#[derive(Default)]
pub struct Form(Vec<u8>);

impl Form {
    pub const TYPE: &'static str = "multipart/form-data; boundary=BOUNDARY";

    /// What every good process-video carries.
    pub fn video() -> Self {
        Self::default().text("phrase", "one two three").file("video", b"the bytes of a video")
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    pub fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.part(&format!("name=\"{name}\"; filename=\"f\"\r\nContent-Type: video/webm"), bytes)
    }

    pub fn part(mut self, disposition: &str, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(b"--BOUNDARY\r\nContent-Disposition: form-data; ");
        self.0.extend_from_slice(disposition.as_bytes());
        self.0.extend_from_slice(b"\r\n\r\n");
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"--BOUNDARY--\r\n");
        self.0
    }
}
