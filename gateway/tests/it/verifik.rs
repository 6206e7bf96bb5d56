//! Verifik, by the acceptance cases of its contract: the models are played, the journeys are the real service.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use gateway::{Config, Peers};
use proto::{
    ml::{
        ComparePicturesResponse, EnrollFaceResponse, EnrollmentState, FaceMatch, JudgeStillResponse, Outcome,
    },
    projects::{ApiKeyState, DialectSetting},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::MailServer;

use crate::{
    customer::{Answer, Customer},
    documents::passport,
    fakes::{KEY, PROJECT, Stage},
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

fn outcome(code: i32, error: &str) -> Option<Outcome> {
    Some(Outcome { code, error: error.into(), ..Outcome::default() })
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
        let (folder, mail) = (tempfile::tempdir().unwrap(), MailServer::start().await);
        let mut settings = svc_journeys::Config::embedded(folder.path());
        settings.mail =
            mail::Config { smtp_url: Some(mail.url.clone().into()), from: "checks@example.org".into() };
        let routes = svc_journeys::routes(settings).await.unwrap();
        let journeys = rpc::local(routes, Duration::from_secs(5));
        let config = Config::default();
        let app = gateway::app(config.clone(), Peers { journeys, ..stage.peers() }).await.unwrap();
        let key = stage.token("kid-1", KEY);
        Self { customer: Customer { stage, app, key, config }, mail, _folder: folder }
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

#[tokio::test]
async fn case_01_the_whole_chain_ends_completed() {
    let mut world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({"signUpForm": {"emailGateway": "smtp"}})).await;
    let of = world.register(&project, &flow, "user@example.com").await;
    let path = format!("/v2/app-registrations/{}/sync", of.id);
    let early = world.own(&of, "PUT", &path, &json!({"step": "signUpForm", "status": "ONGOING"})).await;
    assert_eq!(
        seen(&early),
        (409, &json!({"code": "Conflict", "message": "signUpForm_validation_not_passed"}))
    );

    let sent = world.own(&of, "POST", "/v2/email-validations/app-registration", &json!({})).await;
    assert_eq!((sent.status.as_u16(), &sent.body["data"]["status"]), (200, &"sent".into()), "{}", sent.body);
    let mail = world.mail.next().await;
    assert_eq!(mail.to, "user@example.com");
    let code: String = mail.data.split("code is ").nth(1).unwrap().chars().take(6).collect();
    assert!(!sent.body.to_string().contains(&code), "the code is in no response");
    let validate = "/v2/email-validations/app-registration/validate";
    let other = if code == "000000" { "000001" } else { "000000" };
    let wrong = world.own(&of, "POST", validate, &json!({"email": "user@example.com", "otp": other})).await;
    assert_eq!(
        seen(&wrong),
        (403, &json!({"code": "otp_does_not_match", "message": "403:otp_does_not_match"}))
    );
    let right = world.own(&of, "POST", validate, &json!({"email": "user@example.com", "otp": code})).await;
    assert_eq!(right.body["data"]["status"], "validated", "{}", right.body);

    let signed = world.own(&of, "PUT", &path, &json!({"step": "signUpForm", "status": "ONGOING"})).await;
    let data = &signed.body["data"];
    assert_eq!(
        (&data["status"], &data["step"], &data["fullName"], &data["steps"]["liveness"]),
        (&"ONGOING".into(), &"signUpForm".into(), &"Ada Lovelace".into(), &"mandatory".into()),
        "{}",
        signed.body
    );
    let judged = world.face(&of, &face()).await;
    assert_eq!(
        (judged.status.as_u16(), &judged.body["data"]["status"]),
        (200, &"ONGOING".into()),
        "{}",
        judged.body
    );
    let end = world.own(&of, "PUT", &path, &json!({"step": "end", "status": "COMPLETED"})).await;
    assert_eq!(end.body["data"]["status"], "COMPLETED", "{}", end.body);
    let list = world.client("GET", "/v2/app-registrations?in_status[]=COMPLETED&page=1", &Value::Null).await;
    assert_eq!(
        (&list.body["total"], &list.body["data"][0]["_id"]),
        (&json!(1), &json!(of.id)),
        "{}",
        list.body
    );
    let record = world.customer.last_record();
    assert_eq!(record.kind, "verifik.app_registration_sync");
    assert_eq!(record.user_fullname, Some(format!("registration:{}", of.id)));
}

#[tokio::test]
async fn case_01_the_documents_answer_has_their_fields_in_their_order() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let judged = world.face(&of, &face()).await;
    assert_eq!(judged.status, 200, "{}", judged.body);
    let data = judged.body["data"].as_object().unwrap();
    let fields: Vec<&str> = data.keys().map(String::as_str).collect();
    let mut expected = vec![
        "_id",
        "client",
        "project",
        "projectFlow",
        "status",
        "email",
        "biometricValidation",
        "person",
        "informationValidation",
        "assignedCollection",
        "createdAt",
        "updatedAt",
    ];
    expected.sort_unstable();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(
        (&data["_id"], &data["client"], &data["project"], &data["projectFlow"], &data["status"]),
        (&json!(of.id), &json!(PROJECT), &json!(of.project), &json!(of.flow), &json!("STARTED"))
    );
    for id in ["_id", "biometricValidation", "person", "informationValidation", "assignedCollection"] {
        let id = data[id].as_str().unwrap();
        assert!(id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
    let record = world.customer.last_record();
    assert_eq!(
        (record.kind.as_str(), record.verdict.as_deref()),
        ("verifik.app_registration_face", Some("pass"))
    );
    let (header, picture) = world.customer.stage.set().enrollments[0].clone();
    assert_eq!((header.user_fullname, picture), (format!("registration:{}", of.id), JPEG.to_vec()));
}

#[tokio::test]
async fn case_02_three_ways_to_send_a_token_agree() {
    let world = World::new("attested").await;
    for authorization in ["Bearer ", "JWT ", ""] {
        let of = format!("{authorization}{}", world.customer.key);
        let answer = world.send("GET", "/v2/projects", &of, &Value::Null).await;
        assert_eq!(answer.status, 200, "{authorization:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn case_03_the_wrong_kind_of_token_is_denied() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let denied = json!({"code": "access_denied", "message": "403:access_denied"});
    let by_client = world.post(FACE, &face()).await;
    assert_eq!(seen(&by_client), (403, &denied));
    for (method, path) in [
        ("POST", "/v2/app-registrations"),
        ("GET", "/v2/app-registrations"),
        ("POST", "/v2/projects"),
        ("POST", "/v2/face-recognition/compare"),
    ] {
        let by_registration = world.own(&of, method, path, &json!({})).await;
        assert_eq!(seen(&by_registration), (403, &denied), "{method} {path}");
    }
    let other = world.register(&of.project, &of.flow, "other@example.com").await;
    let path = format!("/v2/app-registrations/{}/sync", other.id);
    let foreign = world.own(&of, "PUT", &path, &json!({"step": "form"})).await;
    assert_eq!(seen(&foreign), (403, &denied));
    // Other APIs of this server do not know it at all.
    let elsewhere = world.own(&of, "POST", "/api-gateway/sessions/start", &json!({})).await;
    assert_eq!(elsewhere.status, 401, "{}", elsewhere.body);
}

#[tokio::test]
async fn case_04_no_expired_revoked_and_other_tokens() {
    let world = World::new("attested").await;
    let forbidden = json!({"code": "Forbidden", "message": "Access forbidden"});
    let none = world.customer.raw(Request::get("/v2/projects").body(Body::empty()).unwrap()).await;
    assert_eq!(seen(&none), (401, &forbidden));
    let none = Request::post("/v2/face-recognition/liveness").body(Body::empty()).unwrap();
    let none = world.customer.raw(none).await;
    assert_eq!(seen(&none), (401, &json!({"code": "UNAUTHORIZED", "message": "Authentication required"})));
    let stage = &world.customer.stage;
    let claims =
        json!({"id": KEY, "project_id": PROJECT, "session_id": "674de8df21c72be3cc42b8a7", "exp": 1});
    let expired = format!("Bearer {}", stage.sign_as("app-registration+jwt", "kid-1", &claims));
    assert_eq!(seen(&world.send("POST", FACE, &expired, &face()).await), (403, &forbidden));
    let of = world.registered().await;
    stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["idv".into()];
    assert_eq!(seen(&world.face(&of, &face()).await), (401, &forbidden), "a key of another dialect");
    stage.set().keys.get_mut(KEY).unwrap().key_dialects.clear();
    stage.set().keys.get_mut(KEY).unwrap().state = ApiKeyState::Revoked.into();
    assert_eq!(seen(&world.face(&of, &face()).await), (403, &forbidden), "dead with its key");
    let liveness = world.post("/v2/face-recognition/liveness", &face()).await;
    assert_eq!(seen(&liveness), (403, &json!({"code": "FORBIDDEN", "message": "token_expired"})));
}

#[tokio::test]
async fn case_05_a_printed_face_fails_and_nothing_is_kept() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.customer.stage.set().still = still(0.459);
    let failed = world.face(&of, &face()).await;
    let body = json!({"code": "liveness_failed", "message": "409:liveness_failed@0.45"});
    assert_eq!(seen(&failed), (409, &body));
    assert_eq!(world.enrolled(), 0);
    assert!(world.customer.stage.set().samples.is_empty());
    let me = world.own(&of, "POST", "/v2/app-registrations/me", &json!({})).await;
    assert_eq!((&me.body["data"]["status"], me.body["data"].get("person")), (&"STARTED".into(), None));
    for _ in 0..2 {
        assert_eq!(seen(&world.face(&of, &face()).await), (409, &body));
    }
    let spent = world.face(&of, &face()).await;
    assert_eq!(
        seen(&spent),
        (409, &json!({"code": "attempts_exceeded", "message": "409:attempts_exceeded"}))
    );
}

#[tokio::test]
async fn case_06_a_second_face_is_refused_and_force_begins_anew() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let first = world.face(&of, &face()).await;
    let again = world.face(&of, &face()).await;
    let set = json!({"code": "person_already_set", "message": "409:person_already_set"});
    assert_eq!(seen(&again), (409, &set));
    assert_eq!(world.enrolled(), 1);
    let forced = world.face(&of, &json!({"image": image(), "os": "IOS", "force": true})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    assert_eq!(forced.body["data"]["person"], first.body["data"]["person"], "its own person is replaced");
    assert!(world.customer.stage.set().enrollments[1].0.replace);
}

#[tokio::test]
async fn case_07_a_face_known_elsewhere_is_refused_and_force_leaves_its_template() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let first = world.face(&of, &face()).await;
    let other = world.register(&of.project, &of.flow, "other@example.com").await;
    world.known_as(&format!("registration:{}", of.id));
    let refused = world.face(&other, &face()).await;
    assert_eq!(refused.body["code"], "person_already_set", "{}", refused.body);
    let forced = world.face(&other, &json!({"image": image(), "os": "IOS", "force": true})).await;
    assert_eq!(forced.body["data"]["person"], first.body["data"]["person"], "{}", forced.body);
    assert_eq!(world.enrolled(), 1, "the template of the other one is as it was");
    let header = world.customer.stage.set().stills.last().unwrap().clone();
    assert_eq!((header.search, header.min_probability), (true, 0.9));
    assert_eq!(header.user_fullname, format!("registration:{}", other.id), "its own face is passed over");
}

#[tokio::test]
async fn case_08_without_its_collection_no_face_is_registered() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let project = world.client("GET", &format!("/v2/projects/{}", of.project), &Value::Null).await;
    let collection = project.body["data"]["assignedCollection"].as_str().unwrap();
    let path = format!("/v2/face-recognition/collections/{collection}");
    assert_eq!(world.client("DELETE", &path, &Value::Null).await.status, 200);
    let refused = world.face(&of, &face()).await;
    assert_eq!(
        seen(&refused),
        (409, &json!({"code": "collection_not_set", "message": "409:collection_not_set"}))
    );
}

#[tokio::test]
async fn case_09_an_ended_registration_is_not_found() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let path = format!("/v2/app-registrations/{}/sync", of.id);
    world.own(&of, "PUT", &path, &json!({"step": "end", "status": "FAILED"})).await;
    let ended = world.face(&of, &face()).await;
    let body = json!({"code": "appRegistration_not_found", "message": "404:appRegistration_not_found"});
    assert_eq!(seen(&ended), (404, &body));
    let unknown = world.client("GET", "/v2/app-registrations/674de8df21c72be3cc42b8a7", &Value::Null).await;
    assert_eq!(seen(&unknown), (404, &json!({"code": "NotFound", "message": "AppRegistration_not_found"})));
}

#[tokio::test]
async fn case_10_wrong_bodies_have_their_answers() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let text = STANDARD.encode("just a text");
    let large = STANDARD.encode([&JPEG[..], &vec![0; 11 * 1024 * 1024]].concat());
    let no_image = json!({"code": "ERROR", "message": "only_images_in_base64"});
    let too_large = json!({"code": "image_too_large", "message": "413:image_too_large"});
    let os = "\"os\" must be one of [DESKTOP, IOS, ANDROID]";
    let parameter = |message: &str| json!({"code": "MissingParameter", "message": message});
    for (body, status, expected) in [
        (json!({"image": image()}), 409, parameter("missing os")),
        (json!({}), 409, parameter("missing image\n. missing os")),
        (json!({"image": image(), "os": "LINUX"}), 409, parameter(os)),
        (json!({"image": "abc", "os": "IOS"}), 412, no_image.clone()),
        (json!({"image": text, "os": "IOS"}), 412, no_image.clone()),
        (json!({"image": "https://example.org/face.jpg", "os": "IOS"}), 412, no_image),
        (json!({"image": large, "os": "IOS"}), 413, too_large),
    ] {
        assert_eq!(seen(&world.face(&of, &body).await), (status, &expected));
    }
    for (word, message) in
        [("no_face", "face_not_found"), ("more_than_one_face", "the image has more than one face")]
    {
        let unusable = JudgeStillResponse { outcome: outcome(461, word), ..JudgeStillResponse::default() };
        world.customer.stage.set().still = unusable;
        let refused = world.face(&of, &face()).await;
        assert_eq!(seen(&refused), (409, &json!({"code": "ERROR", "message": message})));
    }
    for body in ["", "[]", "{"] {
        let request = Request::post(FACE).header(header::AUTHORIZATION, format!("Bearer {}", of.token));
        let refused = world.customer.raw(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["code"]),
            (409, &"MissingParameter".into()),
            "{body}"
        );
    }
    assert_eq!(world.enrolled(), 0);
    let unknown = world.post("/v2/human-id/encrypt", &json!({})).await;
    assert_eq!(seen(&unknown), (404, &json!({"code": "route_not_found", "message": "404:route_not_found"})));
    let method = world.client("PATCH", FACE, &json!({})).await;
    assert_eq!((method.status.as_u16(), &method.body["code"]), (405, &"ERROR".into()));
}

fn validation(project: &str, flow: &str) -> Value {
    json!({"project": project, "projectFlow": flow, "identifier": "user@example.com", "type": "validation"})
}

#[tokio::test]
async fn case_11_unknown_paused_and_foreign_flows() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    let (_, paused) = world.project("q", json!({"status": "paused"})).await;
    let (_, foreign) = world.project("r", json!({})).await;
    let refused = json!({"success": false, "error": "Invalid project flow", "code": "INVALID_PROJECT_FLOW"});
    for flow in ["flow_123456789", &paused, &foreign] {
        let answer = world.post(VALIDATIONS, &validation(&project, flow)).await;
        assert_eq!(seen(&answer), (400, &refused), "{flow}");
    }
    let unknown = world.post(VALIDATIONS, &validation("project_123456789", &flow)).await;
    let word = "404:Project_not_found_or_featured_disabled";
    assert_eq!((unknown.status.as_u16(), &unknown.body["message"]), (404, &word.into()), "{}", unknown.body);

    let body = json!({"project": project, "projectFlow": flow, "identifier": "user@example.com",
        "type": "validation", "expiresAt": "2099-01-15T11:30:00Z", "redirectUrl": "https://example.com/success",
        "webhookUrl": "https://example.com/webhook", "requires2FA": false, "ipAddress": "192.168.1.1",
        "language": "en"});
    let made = world.post(VALIDATIONS, &body).await;
    assert_eq!((made.status.as_u16(), &made.body["success"]), (200, &true.into()), "{}", made.body);
    let data = &made.body["data"];
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&data[field], value, "{field} is echoed");
    }
    assert_eq!((&data["status"], &data["client"]), (&"new".into(), &PROJECT.into()));
    let all = json!({"success": false, "code": "MissingParameter",
        "error": "missing projectFlow\n. missing identifier\n. missing type",
        "message": "missing projectFlow\n. missing identifier\n. missing type"});
    assert_eq!(seen(&world.post(VALIDATIONS, &json!({"project": project})).await), (409, &all));
    for (field, value) in [
        ("type", "other"),
        ("expiresAt", "2024-01-15T11:30:00Z"),
        ("expiresAt", "tomorrow"),
        ("redirectUrl", "http://example.com"),
        ("language", "de"),
    ] {
        let mut wrong = validation(&project, &flow);
        wrong[field] = value.into();
        let refused = world.post(VALIDATIONS, &wrong).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["code"]),
            (409, &"MissingParameter".into()),
            "{field}"
        );
    }
}

#[tokio::test]
async fn case_12_mail_without_an_address_or_a_page_to_open() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    let mut body = validation(&project, &flow);
    body["sendViaEmail"] = true.into();
    let missing = world.post(VALIDATIONS, &body).await;
    assert_eq!((missing.status.as_u16(), &missing.body["message"]), (409, &"missing email".into()));
    body["email"] = "user@example.com".into();
    let refused = world.post(VALIDATIONS, &body).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (409, &"email_not_configured".into()));
    let list = world.client("GET", VALIDATIONS, &Value::Null).await;
    assert_eq!(list.body["pagination"]["total"], 0, "nothing is left of it");
}

#[tokio::test]
async fn case_13_a_validation_is_judged_once() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    let made = world.post(VALIDATIONS, &validation(&project, &flow)).await;
    let token = format!("Bearer {}", made.body["data"]["token"].as_str().unwrap());
    let judge = async || world.send("POST", "/v2/biometric-validations/validate", &token, &face()).await;
    let done = judge().await;
    let data = &done.body["data"];
    assert_eq!((done.status.as_u16(), &data["status"]), (200, &"completed".into()), "{}", done.body);
    assert_eq!(data["verificationResults"]["identityMatch"], Value::Null, "nobody is enrolled by this name");
    let again = judge().await;
    assert_eq!((again.status.as_u16(), &again.body["code"]), (409, &"biometricValidation_has_ended".into()));

    let id = made.body["data"]["_id"].as_str().unwrap();
    let restarted = world.client("DELETE", &format!("{VALIDATIONS}/{id}"), &Value::Null).await;
    assert_eq!(restarted.body["data"]["status"], "new", "{}", restarted.body);
    world.customer.stage.set().still = still(0.2);
    let failed = judge().await;
    assert_eq!((failed.status.as_u16(), &failed.body["error"]), (400, &"LIVENESS_DETECTION_FAILED".into()));

    let mut login = validation(&project, &flow);
    login["type"] = "login".into();
    let made = world.post(VALIDATIONS, &login).await;
    let token = format!("Bearer {}", made.body["data"]["token"].as_str().unwrap());
    world.customer.stage.set().still = still(0.97);
    let stranger = world.send("POST", "/v2/biometric-validations/validate", &token, &face()).await;
    assert_eq!(
        (stranger.status.as_u16(), &stranger.body["error"]),
        (400, &"IDENTITY_VERIFICATION_FAILED".into())
    );
}

#[tokio::test]
async fn case_14_an_end_that_is_claimed_early_waits_for_a_person() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let path = format!("/v2/app-registrations/{}", of.id);
    let sync = format!("{path}/sync");
    let skipped = world.own(&of, "PUT", &sync, &json!({"step": "skipKYC"})).await;
    let body = json!({"code": "Conflict", "message": "mandatory_steps_not_passed"});
    assert_eq!(seen(&skipped), (409, &body));
    let unknown = world.own(&of, "PUT", &sync, &json!({"step": "dance"})).await;
    assert_eq!(
        seen(&unknown),
        (500, &json!({"code": "step_not_supported", "message": "500:step_not_supported"}))
    );
    let early = world.own(&of, "PUT", &sync, &json!({"step": "end", "status": "COMPLETED"})).await;
    assert_eq!(early.body["data"]["status"], "NEEDS_MANUAL_VERIFICATION", "{}", early.body);
    let settled = world.client("PUT", &path, &json!({"status": "COMPLETED"})).await;
    assert_eq!(settled.body["data"]["status"], "COMPLETED", "{}", settled.body);
    let back = world.client("PUT", &path, &json!({"status": "STARTED"})).await;
    assert_eq!((back.status.as_u16(), &back.body["code"]), (409, &"MissingParameter".into()));
}

#[tokio::test]
async fn case_15_a_face_of_another_collection_is_a_stranger() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.face(&of, &face()).await;
    let (project, flow) = world.project("elsewhere", json!({})).await;
    let other = world.register(&project, &flow, "user@example.com").await;
    world.known_as(&format!("registration:{}", of.id));
    let judged = world.face(&other, &face()).await;
    assert_eq!(judged.status, 200, "{}", judged.body);
    assert_eq!(world.enrolled(), 2);
}

#[tokio::test]
async fn case_17_without_consent_in_the_ledger_nobody_is_judged() {
    let world = World::new("ledger").await;
    let of = world.registered().await;
    let refused = json!({"code": "consent_required", "message": "403:consent_required"});
    assert_eq!(seen(&world.face(&of, &face()).await), (403, &refused));
    for path in ["liveness", "compare"] {
        let body = json!({"image": image(), "os": "IOS", "probe": image(), "gallery": image()});
        let answer = world.post(&format!("/v2/face-recognition/{path}"), &body).await;
        assert_eq!(seen(&answer), (403, &refused), "{path}");
    }
    assert!(world.customer.stage.set().stills.is_empty() && world.enrolled() == 0);
    let subject = format!("registration:{}", of.id);
    world.customer.consents(&subject, true, false);
    assert_eq!(seen(&world.face(&of, &face()).await), (403, &refused), "nothing is kept without storage");
    world.customer.consents(&subject, true, true);
    assert_eq!(world.face(&of, &face()).await.status, 200);
}

#[tokio::test]
async fn case_18_an_erased_registration_leaves_nothing() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.face(&of, &face()).await;
    let path = format!("/api-projects/subjects/registration:{}", of.id);
    let erased = world.client("DELETE", &path, &Value::Null).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let destroyed = erased.body["data"]["destroyed"].as_array().unwrap();
    for kind in ["registration", "person"] {
        let is_it =
            |gone: &Value| gone["service"] == "journeys" && gone["kind"] == kind && gone["count"] == 1;
        assert!(destroyed.iter().any(is_it), "{kind}: {destroyed:?}");
    }
    assert_eq!(world.face(&of, &face()).await.body["code"], "appRegistration_not_found");
}

#[tokio::test]
async fn a_withdrawal_wins_over_an_attesting_project() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.customer.consents(&format!("registration:{}", of.id), false, false);
    let refused = world.face(&of, &face()).await;
    assert_eq!(refused.body["code"], "consent_required", "{}", refused.body);
}

#[tokio::test]
async fn pictures_are_judged_and_compared() {
    let world = World::new("attested").await;
    let live = world.post("/v2/face-recognition/liveness", &face()).await;
    assert_eq!(live.body["data"], json!({"passed": true, "min_score": 0.6, "liveness_score": 0.97}));
    let id = live.body["id"].as_str().unwrap();
    assert!(id.len() == 5 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
    let low = json!({"image": image(), "os": "IOS", "liveness_min_score": 0.5});
    let low = world.post("/v2/face-recognition/liveness", &low).await;
    assert_eq!(low.body["message"], "\"liveness_min_score\" must be greater than or equal to 0.52");
    let none = world.post("/v2/face-recognition/liveness", &json!({})).await;
    assert_eq!(none.body["message"], "\"os\" is required, \"image\" is required");

    let alike = |probability| ComparePicturesResponse {
        outcome: outcome(200, ""),
        first: outcome(200, ""),
        second: outcome(200, ""),
        matched: true,
        score: 0.7,
        probability,
        ..ComparePicturesResponse::default()
    };
    world.customer.stage.set().pictures_alike = alike(0.99);
    let body = json!({"probe": [image()], "gallery": [image(), image()], "os": "IOS"});
    let same = world.post("/v2/face-recognition/compare", &body).await;
    let result = json!({"score": 0.99, "passed": true, "compare_min_score": 0.85});
    assert_eq!(same.body["data"], json!({"score": 0.99, "result": result}), "{}", same.body);
    assert_eq!(world.customer.stage.set().compared.len(), 2, "each pair");
    let both = world.post("/v2/face-recognition/compare-live", &body).await;
    assert_eq!(both.body["data"]["liveness"]["passed"], true, "{}", both.body);
    world.customer.stage.set().pictures_alike = alike(0.5);
    let other = world.post("/v2/face-recognition/compare-with-liveness", &body).await;
    assert_eq!(
        (&other.body["data"]["liveness"], &other.body["data"]["result"]["passed"]),
        (&Value::Null, &false.into()),
        "{}",
        other.body
    );
    assert_eq!(world.customer.last_record().verdict.as_deref(), Some("fail"));
    let four = json!({"probe": [image(), image(), image(), image()], "gallery": image()});
    let four = world.post("/v2/face-recognition/compare", &four).await;
    assert_eq!(four.body["message"], "\"probe\" must contain 1 to 3 items");
}

#[tokio::test]
async fn projects_flows_and_collections_are_changed_by_their_rules() {
    let world = World::new("attested").await;
    let (project, flow) =
        world.project("p", json!({"onboardingSettings": {"liveness": {"minScore": 0.7}}})).await;
    let flow_path = format!("/v2/project-flows/{flow}");
    let found = world.client("GET", &flow_path, &Value::Null).await;
    assert_eq!(found.body["data"]["liveness"]["minScore"], 0.7, "older names count: {}", found.body);
    let taken = world.post("/v2/projects", &json!({"name": "p"})).await;
    assert_eq!((taken.status.as_u16(), &taken.body["error"]), (409, &"PROJECT_NAME_EXISTS".into()));
    let country = world.post("/v2/projects", &json!({"name": "q", "allowedCountries": ["Utopia"]})).await;
    assert_eq!((country.status.as_u16(), &country.body["error"]), (400, &"INVALID_COUNTRY_CODE".into()));
    let version_3 = world.post("/v3/projects", &json!({})).await;
    assert_eq!((version_3.status.as_u16(), &version_3.body["code"]), (422, &"UnprocessableEntity".into()));
    assert_eq!(version_3.body["details"], json!([{"field": "name", "message": "\"name\" is required"}]));
    let made = world.post("/v3/projects", &json!({"name": "q"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/v3/project-flows/{flow}");
    let changed = world.client("PUT", &path, &json!({"status": "paused"})).await;
    assert_eq!(
        (&changed.body["data"]["status"], &changed.body["data"]["liveness"]["minScore"]),
        (&"paused".into(), &json!(0.7)),
        "what is not named stays: {}",
        changed.body
    );
    let wrong = world.client("PUT", &path, &json!({"liveness": {"minScore": 0.1}})).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let paused = json!({"project": project, "projectFlow": flow, "email": "a@example.com"});
    assert_eq!(world.post("/v2/app-registrations", &paused).await.status, 404, "only active flows run");
    let none = json!({"project": project, "projectFlow": flow});
    let none = world.post("/v2/app-registrations", &none).await;
    assert_eq!(none.body["message"], "Needs an email or a phone at least");
}

#[tokio::test]
async fn switched_off_it_is_not_there() {
    let world = World::new("attested").await;
    world.customer.stage.set().keys.get_mut(KEY).unwrap().dialects.clear();
    let off = world.client("GET", "/v2/projects", &Value::Null).await;
    assert_eq!(seen(&off), (404, &json!({"code": "route_not_found", "message": "404:route_not_found"})));
}

#[tokio::test]
async fn case_01_a_document_passes_its_step() {
    let world = World::new("attested").await;
    let steps = json!({"steps": {"document": "mandatory", "liveness": "optional", "signUpForm": "optional"}});
    let (project, flow) = world.project("p", steps).await;
    let body = json!({"project": project, "projectFlow": flow, "email": "user@example.com",
                      "fullName": "Erika Mustermann"});
    let made = world.post("/v2/app-registrations", &body).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = Registered {
        project,
        flow,
        id: text(&made.body["data"]["appRegistration"]["_id"]),
        token: text(&made.body["data"]["token"]),
    };
    let path = "/v2/document-validations/app-registration";
    let none = world.own(&of, "POST", path, &json!({})).await;
    assert_eq!(seen(&none), (422, &json!({"code": "MissingParameter", "message": "missing image"})));
    let (mut document, name) = (passport(), |name: &str, value: &str| proto::docauth::DocumentField {
        name: name.into(),
        value: value.into(),
        ..proto::docauth::DocumentField::default()
    });
    document.fields = vec![name("first_name", "ERIKA"), name("last_name", "MUSTERMANN")];
    world.customer.stage.set().document = Some(document);
    let judged = world.own(&of, "POST", path, &json!({"image": image()})).await;
    let data = &judged.body["data"]["documentValidation"];
    assert_eq!(
        (&data["status"], &data["namesMatch"], &data["fullNameMatchPercentage"], &data["validationMethod"]),
        (&"VALIDATED".into(), &true.into(), &json!(100), &"OCR".into()),
        "{}",
        judged.body
    );
    let again = world.own(&of, "POST", path, &json!({"image": image()})).await;
    assert_eq!(seen(&again), (409, &json!({"code": "already_exists", "message": "409:already_exists"})));
    let sync = format!("/v2/app-registrations/{}/sync", of.id);
    let end = world.own(&of, "PUT", &sync, &json!({"step": "end", "status": "COMPLETED"})).await;
    assert_eq!(end.body["data"]["status"], "COMPLETED", "{}", end.body);
    assert_eq!(world.customer.stage.set().documents.len(), 1);
}

#[tokio::test]
async fn case_15_a_search_honours_its_collection_and_consents() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let person = world.face(&of, &face()).await.body["data"]["person"].clone();
    let subject = format!("registration:{}", of.id);
    world.customer.consents(&subject, true, true);
    world.known_as(&subject);
    let path = "/v2/face-recognition/search";
    let body = json!({"images": [image()], "min_score": 0.9});
    let found = world.post(path, &body).await;
    let expected = json!([{"id": person, "name": "Ada Lovelace", "score": 0.97, "thumbnails": []}]);
    assert_eq!(found.body["data"], expected, "{}", found.body);
    let made = world.post("/v2/face-recognition/collections", &json!({"name": "other"})).await;
    let other = json!({"images": [image()], "collection_id": made.body["data"]["code"]});
    let elsewhere = world.post(path, &other).await;
    assert_eq!(elsewhere.body["data"], json!([]), "{}", elsewhere.body);
    let unknown = json!({"images": [image()], "collection_id": "no such"});
    assert_eq!(world.post(path, &unknown).await.status, 404);

    let live = json!({"image": image(), "os": "IOS"});
    let live = world.post("/v2/face-recognition/search-live-face", &live).await;
    assert_eq!(
        (&live.body["data"]["persons"][0]["id"], &live.body["data"]["liveness_score"]),
        (&person, &json!(0.97)),
        "{}",
        live.body
    );
    let own = FaceMatch { probability: 0.95, score: 0.8, matched: true, ..FaceMatch::default() };
    world.customer.stage.set().still = JudgeStillResponse { own: Some(own), ..still(0.2) };
    let verify = json!({"id": person, "images": image()});
    let same = world.post("/v2/face-recognition/verify", &verify).await;
    assert_eq!(same.body["data"]["match"]["score"], 0.95, "{}", same.body);
    let nobody = json!({"id": "674de8df21c72be3cc42b8a9", "images": image()});
    let nobody = world.post("/v2/face-recognition/verify", &nobody).await;
    assert_eq!(seen(&nobody), (404, &json!({"error": "Person not found", "message": "PERSON_NOT_FOUND"})));
    world.customer.consents(&subject, false, false);
    world.known_as(&subject);
    assert_eq!(world.post(path, &body).await.body["data"], json!([]), "who withdrew is not found");
    assert_eq!(world.post("/v2/face-recognition/verify", &verify).await.body["code"], "consent_required");
}
