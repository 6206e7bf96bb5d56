//! A separate project for each scenario, and a customer backend that calls the API with its key.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::{multipart, world::World};

/// The default user of the scenarios.
pub const ADA: &str = "ada@example.org";

/// The phrase of the fixture's speaker, as transcribed by the recogniser and by a person.
pub const SPEECH: &str = "today after two years of negotiations the united states together with our international partners has achieved some";

/// The words of the phrase's two halves, cut at a pause.
pub const FIRST_WORDS: &str = "today after two years of negotiations";
pub const SECOND_WORDS: &str = "the united states together with our international partners has achieved some";

pub struct Project {
    pub world: &'static World,
    pub id: String,
    pub key: String,
    client: reqwest::Client,
}

/// A response with its body.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Project {
    /// Creates an organisation, project and key with the CLI. Most scenarios send the same clip many times, so reused
    /// recordings are allowed; [`Project::that_fails_replays`] has the default rule.
    pub fn new(world: &'static World) -> Self {
        Self::bootstrap(world, &["bootstrap", "--json", "--replays", "off"])
    }

    /// Creates a project with the built-in rule for reused recordings.
    pub fn that_fails_replays(world: &'static World) -> Self {
        Self::bootstrap(world, &["bootstrap", "--json"])
    }

    fn bootstrap(world: &'static World, args: &[&str]) -> Self {
        let output = world.biometry(args).output().expect("the CLI runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let ids: Value = serde_json::from_slice(&output.stdout).expect("bootstrap --json prints JSON");
        let text = |name: &str| ids[name].as_str().expect("an id").to_owned();
        Self { world, id: text("project_id"), key: text("api_key"), client: reqwest::Client::new() }
    }

    /// Returns a project that was created otherwise.
    pub fn of(world: &'static World, id: &str, key: &str) -> Self {
        Self { world, id: id.to_owned(), key: key.to_owned(), client: reqwest::Client::new() }
    }

    /// Returns the same project with a new key, made from `request`.
    pub async fn mint(&self, request: Value) -> Self {
        let made = answer(self.post("/api-projects/public/apikeys").json(&request)).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let key = made.body["data"].as_str().expect("a key").to_owned();
        Self { world: self.world, id: self.id.clone(), key, client: self.client.clone() }
    }

    /// Returns the id of the key in use, from its claims.
    pub fn key_id(&self) -> String {
        let claims = self.key.split('.').nth(1).expect("a JWT has three parts");
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        claims["id"].as_str().expect("an id").to_owned()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.world.url)).bearer_auth(&self.key)
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn start_session(&self) -> String {
        let started = answer(self.post("/api-gateway/sessions/start")).await;
        assert_eq!(started.status, 200, "{}", started.body);
        started.body["data"].as_str().expect("a session id").to_owned()
    }

    pub async fn consent(&self, path: &str, user: &str, given: bool) -> Answer {
        let body = json!({"is_consent_given": given, "user_fullname": user});
        answer(self.post(&format!("/api-consent/{path}")).json(&body)).await
    }

    pub async fn both_consents(&self, user: &str) {
        assert_eq!(self.consent("consent", user, true).await.status, 200);
        assert_eq!(self.consent("strg-consent", user, true).await.status, 200);
    }

    /// Returns a process-video request for `user` with a fixture file; headers can be added to the builder.
    pub fn video(&self, user: &str, file: &str, phrase: &str) -> RequestBuilder {
        let bytes = std::fs::read(crate::world::fixture(file)).expect("fixtures are readable");
        self.video_bytes(user, bytes, phrase)
    }

    pub fn video_bytes(&self, user: &str, bytes: Vec<u8>, phrase: &str) -> RequestBuilder {
        let form =
            multipart::Form::new().text("phrase", phrase).file("video", "video.mp4", "video/mp4", bytes);
        form.send(self.post("/api-gateway/process-video").header("X-User-Fullname", user))
    }
}

/// Sends a request and reads the whole response, which must be JSON.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response: Response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.expect("the answer is whole");
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|e| {
        panic!("{status} with a body that is not JSON ({e}): {}", String::from_utf8_lossy(&bytes))
    });
    Answer { status, headers, body }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().expect("ASCII"))
    }

    pub fn error(&self) -> &str {
        let error = &self.body["error"];
        // Some dialects return an object.
        error
            .as_str()
            .or_else(|| error["message"].as_str())
            .unwrap_or_else(|| panic!("no error text in {}", self.body))
    }

    pub fn verdict(&self) -> &str {
        self.body["scoring_result"]["status"]
            .as_str()
            .unwrap_or_else(|| panic!("no verdict in {}", self.body))
    }

    pub fn reasons(&self) -> Vec<&str> {
        let reasons = self.body["decision_reasons"].as_array().expect("decision_reasons is a list");
        reasons.iter().filter_map(Value::as_str).collect()
    }

    pub fn service(&self, name: &str) -> &Value {
        &self.body["data"][name]
    }
}
