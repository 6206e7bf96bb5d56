//! Verifik, by the acceptance cases of its contract: the models are played, the journeys are the real service.

mod credits;
mod faces;
mod links;
mod projects;
mod registrations;
mod tokens;
mod validations;

use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use gateway::Config;
use proto::{
    ml::{ComparePicturesResponse, EnrollFaceResponse, EnrollmentState, FaceMatch, JudgeStillResponse},
    projects::{ApiKeyState, DialectSetting},
    transactions::Verdict,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::MailServer;

use crate::{
    customer::{Answer, Customer},
    documents::passport,
    fakes::{KEY, PROJECT, Stage, outcome},
    real_journeys::RealJourneys,
};

const FACE: &str = "/v2/biometric-validations/app-registration";
const VALIDATIONS: &str = "/v2/biometric-validations";
const JPEG: [u8; 8] = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4];

/// A customer whose project has switched Verifik on; every picture shows a live stranger, who can be enrolled.
struct World {
    customer: Customer,
    mail: MailServer,
    _folder: TempDir,
}

/// A project with an active flow, and a registration with its token.
struct Registered {
    project: String,
    flow: String,
    id: String,
    token: String,
}

fn still(liveness: f64) -> JudgeStillResponse {
    JudgeStillResponse { outcome: outcome(200, ""), liveness, ..JudgeStillResponse::default() }
}

fn image() -> String {
    format!("data:image/jpeg;base64,{}", STANDARD.encode(JPEG))
}

fn face() -> Value {
    json!({"image": image(), "os": "DESKTOP"})
}

impl World {
    async fn new(consent: &str) -> Self {
        Self::with(consent, Config::default()).await
    }

    async fn with(consent: &str, config: Config) -> Self {
        let stage = Stage::new();
        stage.administer();
        {
            let mut state = stage.set();
            let setting = DialectSetting { name: "verifik".into(), consent: consent.into() };
            state.keys.get_mut(KEY).unwrap().dialects = vec![setting];
            state.still = still(0.97);
            state.face = EnrollFaceResponse {
                outcome: outcome(200, ""),
                state: EnrollmentState::Enrolled.into(),
                ..EnrollFaceResponse::default()
            };
        }
        let RealJourneys { customer, mail, folder } = RealJourneys::before(stage, config).await;
        Self { customer, mail, _folder: folder }
    }

    async fn send(&self, method: &str, path: &str, authorization: &str, body: &Value) -> Answer {
        let request =
            Request::builder().method(method).uri(path).header(header::AUTHORIZATION, authorization);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.customer.raw(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// With the client token.
    async fn client(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &format!("Bearer {}", self.customer.key), body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.client("POST", path, body).await
    }

    /// With the token of a registration.
    async fn own(&self, of: &Registered, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &format!("Bearer {}", of.token), body).await
    }

    async fn face(&self, of: &Registered, body: &Value) -> Answer {
        self.own(of, "POST", FACE, body).await
    }

    async fn project(&self, name: &str, flow: Value) -> (String, String) {
        let made = self.post("/v2/projects", &json!({"name": name})).await;
        assert_eq!((made.status.as_u16(), &made.body["success"]), (200, &true.into()), "{}", made.body);
        let project = made.body["data"]["_id"].as_str().unwrap().to_owned();
        let mut body = json!({"project": project, "name": "flow", "status": "active"});
        body.as_object_mut().unwrap().extend(flow.as_object().unwrap().clone());
        let made = self.post("/v2/project-flows", &body).await;
        assert_eq!(made.status, 200, "{}", made.body);
        (project, made.body["data"]["_id"].as_str().unwrap().to_owned())
    }

    async fn register(&self, project: &str, flow: &str, email: &str) -> Registered {
        let body = json!({"project": project, "projectFlow": flow, "email": email,
                          "firstName": "Ada", "lastName": "Lovelace"});
        let made = self.post("/v2/app-registrations", &body).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Registered {
            project: project.into(),
            flow: flow.into(),
            id: text(&made.body["data"]["appRegistration"]["_id"]),
            token: text(&made.body["data"]["token"]),
        }
    }

    async fn registered(&self) -> Registered {
        let (project, flow) = self.project("p", json!({})).await;
        self.register(&project, &flow, "user@example.com").await
    }

    fn enrolled(&self) -> usize {
        self.customer.stage.set().enrollments.len()
    }

    /// The picture shows somebody who is known by this subject.
    fn known_as(&self, subject: &str) {
        let nearest =
            FaceMatch { user_fullname: subject.into(), probability: 0.97, score: 0.8, matched: true };
        self.customer.stage.set().still = JudgeStillResponse { nearest: Some(nearest), ..still(0.97) };
    }
}

fn seen(answer: &Answer) -> (u16, &Value) {
    (answer.status.as_u16(), &answer.body)
}
