//! A mobile operator that offers the SIM Swap API of CAMARA's OpenAPI description (2.1): token endpoint, `/check`,
//! `/retrieve-date`, their validation and errors. Tests set the response for each number.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// The operator's response for a number.
#[derive(Clone, Debug)]
pub enum Play {
    /// The SIM was changed at this time (RFC 3339), `hours` ago.
    Changed {
        at: &'static str,
        hours: i64,
    },
    /// No change within the monitored period.
    Unchanged {
        monitored_days: Option<u32>,
    },
    /// Responds to `/check` only; other calls are forbidden.
    CheckOnly {
        swapped: bool,
    },
    /// An error of the description.
    Error(u16, &'static str),
    /// Never responds.
    Silent,
    /// An invalid response.
    Garbage,
    /// A response that is too large.
    Huge,
    Redirect(String),
}

/// A running operator, stopped with the test's runtime.
#[derive(Clone)]
pub struct Operator {
    /// `http://127.0.0.1:PORT`: `/token` and `/sim-swap/v2`.
    pub url: String,
    state: Arc<Mutex<Known>>,
}

/// The operator's configuration, and the calls it received.
pub struct Known {
    pub client_id: String,
    pub client_secret: String,
    pub expires_in: Option<u64>,
    /// The status of the token endpoint when it rejects a request.
    pub refuse_tokens: Option<u16>,
    /// Number of issued tokens; only the newest is accepted.
    pub tokens: usize,
    pub forms: Vec<String>,
    pub numbers: HashMap<String, Play>,
    /// Operation, x-correlator and body of each accepted call.
    pub calls: Vec<(String, String, Value)>,
}

impl Operator {
    /// Starts an operator with client `client`, secret `s3cret/+`, tokens for an hour, and no numbers.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Known {
            client_id: "client".into(),
            client_secret: "s3cret/+".into(),
            expires_in: Some(3600),
            refuse_tokens: None,
            tokens: 0,
            forms: Vec::new(),
            numbers: HashMap::new(),
            calls: Vec::new(),
        }));
        let routes = Router::new()
            .route("/token", post(token))
            .route("/sim-swap/v2/{operation}", post(operation))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, state }
    }

    /// # Panics
    /// When a handler panicked.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.state.lock().expect("no handler panics")
    }

    pub fn plays(&self, number: &str, play: Play) {
        self.known().numbers.insert(number.to_owned(), play);
    }

    /// Returns the project settings that use this operator.
    pub fn settings(&self) -> Value {
        let known = self.known();
        json!({
            "base_url": format!("{}/sim-swap/v2", self.url),
            "token_url": format!("{}/token", self.url),
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "scope": "sim-swap:check sim-swap:retrieve-date",
        })
    }
}

type Shared = State<Arc<Mutex<Known>>>;

async fn token(State(state): Shared, headers: HeaderMap, body: String) -> Response {
    let mut known = state.lock().expect("no handler panics");
    known.forms.push(body.clone());
    if let Some(status) = known.refuse_tokens {
        return status_of(status).into_response();
    }
    // The id and the secret are form-encoded before they are joined, like the fields of a form.
    let secret = known.client_secret.replace('/', "%2F").replace('+', "%2B");
    let basic = BASE64_STANDARD.encode(format!("{}:{secret}", known.client_id));
    let in_header = header_text(&headers, "authorization") == format!("Basic {basic}");
    let in_form = body.contains(&format!("client_id={}&client_secret={secret}", known.client_id));
    if !(in_header || in_form) || !body.contains("grant_type=client_credentials") {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    known.tokens += 1;
    let token = format!("token-{}", known.tokens);
    let mut answer = json!({"access_token": token, "token_type": "Bearer"});
    if let Some(seconds) = known.expires_in {
        answer["expires_in"] = json!(seconds);
    }
    Json(answer).into_response()
}

async fn operation(
    State(state): Shared,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (play, max_age) = {
        let mut known = state.lock().expect("no handler panics");
        if header_text(&headers, "authorization") != format!("Bearer token-{}", known.tokens) {
            return error(401, "UNAUTHENTICATED");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&body) else { return error(400, "INVALID_ARGUMENT") };
        let Some(number) = body["phoneNumber"].as_str() else { return error(422, "MISSING_IDENTIFIER") };
        let digits = number.strip_prefix('+').unwrap_or_default();
        if !(5..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return error(400, "INVALID_ARGUMENT");
        }
        let max_age = body.get("maxAge").map_or(Some(240), Value::as_i64);
        let Some(max_age) = max_age.filter(|hours| (1..=2400).contains(hours)) else {
            return error(400, "OUT_OF_RANGE");
        };
        let play = known.numbers.get(number).cloned();
        known.calls.push((operation.clone(), header_text(&headers, "x-correlator"), body));
        (play.unwrap_or(Play::Error(404, "IDENTIFIER_NOT_FOUND")), max_age)
    };
    let check = match operation.as_str() {
        "check" => true,
        "retrieve-date" => false,
        _ => return error(404, "NOT_FOUND"),
    };
    answer(play, check, max_age).await
}

async fn answer(play: Play, check: bool, max_age: i64) -> Response {
    match play {
        Play::Changed { hours, .. } if check => Json(json!({"swapped": hours <= max_age})).into_response(),
        Play::Changed { at, .. } => Json(json!({"latestSimChange": at})).into_response(),
        Play::Unchanged { .. } if check => Json(json!({"swapped": false})).into_response(),
        Play::Unchanged { monitored_days: None } => Json(json!({"latestSimChange": null})).into_response(),
        Play::Unchanged { monitored_days: Some(days) } => {
            Json(json!({"latestSimChange": null, "monitoredPeriod": days})).into_response()
        }
        Play::CheckOnly { swapped } if check => Json(json!({"swapped": swapped})).into_response(),
        Play::CheckOnly { .. } => error(403, "PERMISSION_DENIED"),
        Play::Error(status, code) => error(status, code),
        Play::Silent => std::future::pending().await,
        Play::Garbage => "<html>200 OK</html>".into_response(),
        Play::Huge => format!("{{\"swapped\":true,\"x\":\"{}\"}}", "x".repeat(1 << 20)).into_response(),
        Play::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
    }
}

fn header_text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

fn error(status: u16, code: &str) -> Response {
    (status_of(status), Json(json!({"status": status, "code": code, "message": "as described"})))
        .into_response()
}
