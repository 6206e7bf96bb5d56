//! Version 2 of the Biometry API, by the acceptance cases of its contract.

mod documents;

use proto::{
    ml::{
        AnalyzeVideoResponse, EnrollFaceResponse, EnrollVoiceResponse, EnrollmentState, MatchFacesResponse,
        Service, ServiceResult,
    },
    projects::DialectSetting,
};
use serde_json::{Value, json};

use crate::{
    customer::{ADA, Answer, Customer, Form},
    documents::passport,
    enroll::same_person,
    fakes::{KEY, outcome},
    process_video::{first_visit, genuine, judged, of, only, unrecognised},
};

pub async fn customer(consent: &str) -> Customer {
    let customer = Customer::new().await;
    let setting = DialectSetting { name: "biometry_v2".into(), consent: consent.into() };
    customer.stage.set().keys.get_mut(KEY).unwrap().dialects = vec![setting];
    customer
}

/// A customer whose user has consented to everything.
pub async fn consenting() -> Customer {
    let customer = customer("ledger").await;
    customer.consents(ADA, true, true);
    customer
}

pub async fn post(customer: &Customer, path: &str, request: Value, files: &[(&str, &[u8])]) -> Answer {
    let form = Form::default().part("name=\"request\"", request.to_string().as_bytes());
    let form = files.iter().fold(form, |form, (name, bytes)| form.file(name, bytes));
    customer.post(&format!("/api-gateway/v2{path}"), &[("content-type", Form::TYPE)], form.end()).await
}

pub const VIDEO: &[(&str, &[u8])] = &[("video", b"a video")];

pub fn code(answer: &Answer) -> (u16, &str) {
    let id = answer.body["meta"]["request_id"].as_str().unwrap_or_else(|| panic!("no id in {}", answer.body));
    assert_eq!(Some(id), answer.header("x-request-id"));
    let code = answer.body["error"]["code"].as_str().unwrap_or_else(|| panic!("no code in {}", answer.body));
    (answer.status.as_u16(), code)
}

fn user(request: Value) -> Value {
    let Value::Object(mut request) = request else { panic!("an object") };
    request.insert("user_id".into(), ADA.into());
    request.insert("phrase".into(), "one two three".into());
    Value::Object(request)
}

#[tokio::test]
async fn case_02_a_session_starts_and_ends_with_an_empty_body() {
    let customer = customer("ledger").await;
    let started = customer.post("/api-gateway/v2/sessions?warmup=true", &[], "").await;
    let id = started.body["data"]["session_id"].as_str().unwrap().to_owned();
    assert_eq!(started.body["meta"]["request_id"].as_str(), started.header("x-request-id"));
    let end = format!("/api-gateway/v2/sessions/{id}/end");
    let checked = customer.post(&end, &[], r#"{"phone_number":"+61400000000"}"#).await;
    assert_eq!(
        (checked.status.as_u16(), checked.body["data"]["sim_swap"]["status"].as_str()),
        (200, Some("not_checked"))
    );
    let kinds: Vec<_> = customer.stage.set().records.iter().map(|record| record.kind.clone()).collect();
    assert_eq!(kinds, ["biometry_v2.session_start", "biometry_v2.session_end"]);
    let second = customer.post("/api-gateway/v2/sessions", &[], "").await;
    let id = second.body["data"]["session_id"].as_str().unwrap().to_owned();
    let ended = customer.post(&format!("/api-gateway/v2/sessions/{id}/end"), &[], "").await;
    assert_eq!((ended.status.as_u16(), &ended.body["data"]), (200, &json!({})));
}

#[tokio::test]
async fn case_03_a_request_that_is_missing_or_broken_names_its_fields() {
    let customer = customer("attested").await;
    let form = Form::default().file("video", b"a video").end();
    let missing = customer.post("/api-gateway/v2/liveness", &[("content-type", Form::TYPE)], form).await;
    assert_eq!(code(&missing), (400, "invalid_request"));
    assert_eq!(missing.body["error"]["message"], json!([{"field": "request", "message": "is required"}]));
    for broken in ["{", "[]", "\"text\"", "{\"user_id\":\"a\"} more"] {
        let form = Form::default().text("request", broken).file("video", b"a video").end();
        let answer = customer.post("/api-gateway/v2/liveness", &[("content-type", Form::TYPE)], form).await;
        assert_eq!(answer.body["error"]["message"][0]["field"], "request", "{broken}");
    }
    let nobody = post(&customer, "/liveness", json!({"phrase": "one"}), VIDEO).await;
    assert_eq!(nobody.body["error"]["message"], json!([{"field": "user_id", "message": "is required"}]));
    for (request, field) in
        [(json!({"user_id": 7, "phrase": "one"}), "user_id"), (json!({"user_id": ADA}), "phrase")]
    {
        let answer = post(&customer, "/liveness", request, VIDEO).await;
        assert_eq!(
            (code(&answer), &answer.body["error"]["message"][0]["field"]),
            ((400, "invalid_request"), &field.into())
        );
    }
    assert!(customer.stage.set().analyzed.is_empty() && customer.stage.set().consent_entries.is_empty());
}

#[tokio::test]
async fn case_04_a_picture_without_a_face_is_422() {
    let customer = consenting().await;
    for (error, word) in [
        ("no_face", "face_not_detected"),
        ("more_than_one_face", "multiple_faces_detected"),
        ("too_dark", "too_dark"),
    ] {
        customer.stage.set().face = EnrollFaceResponse {
            outcome: outcome(461, error),
            state: EnrollmentState::Refused.into(),
            ..EnrollFaceResponse::default()
        };
        let refused =
            post(&customer, "/enrollments/face", json!({"user_id": ADA}), &[("face", b"picture")]).await;
        assert_eq!(code(&refused), (422, word));
    }
    let faceless = judged(Service::FaceLiveness, false, 0.0);
    let faceless = ServiceResult { outcome: outcome(461, "no_face"), evidence: None, ..faceless };
    customer.stage.set().seen = Some(Ok(of(vec![faceless])));
    assert_eq!(code(&post(&customer, "/liveness", user(json!({})), VIDEO).await), (422, "face_not_detected"));
    assert_eq!(customer.last_record().http_status, 422);
}

#[tokio::test]
async fn an_enrollment_answers_whether_there_is_a_template() {
    let customer = customer("attested").await;
    customer.stage.set().face = EnrollFaceResponse {
        outcome: outcome(200, ""),
        state: EnrollmentState::Enrolled.into(),
        ..EnrollFaceResponse::default()
    };
    let enrolled =
        post(&customer, "/enrollments/face", json!({"user_id": ADA}), &[("face", b"picture")]).await;
    assert_eq!(
        (enrolled.status.as_u16(), &enrolled.body["data"]),
        (200, &json!({"enrolled": true, "user_id": ADA}))
    );
    // Both consents were declared by the project.
    assert_eq!(customer.stage.set().consent_entries.len(), 2);
    customer.stage.set().voice = EnrollVoiceResponse {
        outcome: outcome(200, ""),
        state: EnrollmentState::Partial.into(),
        ..EnrollVoiceResponse::default()
    };
    let partial = post(&customer, "/enrollments/voice", user(json!({})), &[("voice", b"sound")]).await;
    assert_eq!(partial.body["data"]["enrolled"], false);
}

#[tokio::test]
async fn case_05_excluded_services_do_not_run() {
    let customer = consenting().await;
    customer.stage.set().seen = Some(Ok(genuine()));
    let request = user(json!({"services": {"exclude": ["voice_recognition"]}, "trigger": "authentication"}));
    let answer = post(&customer, "/liveness", request, VIDEO).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let asked = customer.stage.set().analyzed[0].0.clone();
    assert_eq!(asked.services.len(), 4);
    assert!(!asked.services().any(|service| service == proto::ml::Service::VoiceRecognition));
    let data = answer.body["data"].as_object().unwrap();
    assert!(data.contains_key("face_liveness_detection") && data.contains_key("visual_speech_recognition"));
    let decision = &answer.body["decision"];
    assert!((0.0..=1.0).contains(&decision["score"].as_f64().unwrap()) && decision["reasons"].is_array());
    assert_eq!(customer.last_record().action_trigger.as_deref(), Some("authentication"));
}

#[tokio::test]
async fn case_06_an_unknown_service_is_refused() {
    let customer = consenting().await;
    let answer = post(&customer, "/liveness", user(json!({"services": {"include": ["gait"]}})), VIDEO).await;
    assert_eq!(
        (code(&answer), &answer.body["error"]["message"][0]["field"]),
        ((400, "invalid_request"), &"services".into())
    );
}

#[tokio::test]
async fn case_07_a_user_without_a_template_is_not_enrolled() {
    let customer = consenting().await;
    customer.stage.set().seen = Some(Ok(only(first_visit(), Service::FaceRecognition)));
    assert_eq!(
        code(&post(&customer, "/face-verify", json!({"user_id": ADA}), VIDEO).await),
        (404, "not_enrolled")
    );
    customer.stage.set().seen = Some(Ok(only(first_visit(), Service::VoiceRecognition)));
    let answer = post(&customer, "/voice-verify", json!({"user_id": ADA}), &[("voice", b"sound")]).await;
    assert_eq!(code(&answer), (404, "not_enrolled"));
    assert_eq!(customer.stage.set().analyzed[1].0.services, [proto::ml::Service::VoiceRecognition as i32]);
}

#[tokio::test]
async fn case_08_another_user_in_the_session_is_refused() {
    let customer = consenting().await;
    customer.consents("eve", true, true);
    customer.stage.set().seen = Some(Ok(genuine()));
    let session = customer.session().await;
    let first = post(&customer, "/liveness", user(json!({"session_id": session})), VIDEO).await;
    assert_eq!(first.status, 200);
    let request = json!({"user_id": "eve", "phrase": "one", "session_id": session});
    assert_eq!(code(&post(&customer, "/liveness", request, VIDEO).await), (403, "session_user_mismatch"));
    let unknown = user(json!({"session_id": "sess_unknown"}));
    assert_eq!(code(&post(&customer, "/liveness", unknown, VIDEO).await), (404, "session_not_found"));
}

#[tokio::test]
async fn case_09_the_sessions_video_is_used_again_where_there_is_one() {
    let customer = consenting().await;
    customer.stage.set().matched = same_person();
    let session = customer.session().await;
    let request = json!({"user_id": ADA, "session_id": session, "use_session_video": true});
    let none = post(&customer, "/face-match", request.clone(), &[("reference_image", b"picture")]).await;
    assert_eq!(code(&none), (404, "session_video_not_found"));
    customer.stage.set().last_video = Some(Ok(b"video".to_vec()));
    let matched = post(&customer, "/face-match", request, &[("reference_image", b"picture")]).await;
    assert_eq!(
        (matched.status.as_u16(), &matched.body["data"]["face_recognition"]["result"]),
        (200, &1.into())
    );
    let sent = post(
        &customer,
        "/face-match",
        json!({"user_id": ADA}),
        &[("reference_image", b"picture"), ("video", b"video")],
    )
    .await;
    assert_eq!(sent.status, 200);
    customer.stage.set().matched = MatchFacesResponse {
        outcome: outcome(461, "no_face"),
        anchor: outcome(461, "no_face"),
        target: outcome(200, ""),
        ..MatchFacesResponse::default()
    };
    let faceless = post(
        &customer,
        "/face-match",
        json!({"user_id": ADA}),
        &[("reference_image", b"picture"), ("video", b"video")],
    )
    .await;
    assert_eq!(code(&faceless), (422, "face_not_detected"));
}

/// Consents under a full name in a session, then calls about the client's own id.
#[tokio::test]
async fn case_10_consent_under_a_full_name_opens_the_session_for_the_users_id() {
    let customer = customer("ledger").await;
    customer.stage.set().seen = Some(Ok(genuine()));
    let started = customer.post("/api-gateway/v2/sessions", &[], "").await;
    let session = started.body["data"]["session_id"].as_str().unwrap().to_owned();
    let consent = json!({"is_consent_given": true, "user_fullname": "John Doe"}).to_string();
    let headers = [("x-session-id", session.as_str())];
    let given = customer.post("/api-consent/consent", &headers, consent).await;
    assert_eq!(given.status, 200, "{}", given.body);

    let request = |user: &str| json!({"user_id": user, "phrase": "one two", "session_id": session});
    let elsewhere = json!({"user_id": "user-123", "phrase": "one two"});
    let without = post(&customer, "/face-verify", elsewhere, VIDEO).await;
    assert_eq!(code(&without), (403, "consent_required"), "the consent is that of the session");
    let judged = post(&customer, "/liveness", request("user-123"), VIDEO).await;
    assert_eq!(judged.status, 200, "{}", judged.body);
    assert_eq!(judged.header("x-removed-services"), None, "the recognisers ran");
    let entries = customer.stage.set().consent_entries.clone();
    let copied = entries.last().unwrap();
    assert_eq!(
        (entries.len(), copied.user_fullname.as_str(), copied.given, copied.basis.as_str()),
        (2, "user-123", true, session.as_str()),
        "authorization alone was given"
    );
    assert_eq!(copied.session_id.as_deref(), Some(session.as_str()));
    let again = post(&customer, "/liveness", request("user-123"), VIDEO).await;
    assert_eq!((again.status.as_u16(), customer.stage.set().consent_entries.len()), (200, 2));
    for other in ["John Doe", "eve"] {
        let refused = post(&customer, "/liveness", request(other), VIDEO).await;
        assert_eq!(code(&refused), (403, "session_user_mismatch"), "{other}");
    }
}

#[tokio::test]
async fn case_10_a_withdrawal_of_the_user_themselves_is_not_undone() {
    let customer = customer("ledger").await;
    customer.consents("user-123", false, false);
    let session = customer.session().await;
    let consent = json!({"is_consent_given": true, "user_fullname": "John Doe"}).to_string();
    customer.post("/api-consent/consent", &[("x-session-id", session.as_str())], consent).await;
    let request = json!({"user_id": "user-123", "phrase": "one two", "session_id": session});
    let refused = post(&customer, "/face-verify", request, VIDEO).await;
    assert_eq!(code(&refused), (403, "consent_required"));
}

/// The golden answers of version 1 (`golden.rs`) were recorded before there was a version 2; here they are asked for by a project
/// that has switched it on.
#[tokio::test]
async fn case_17_version_1_answers_the_same_where_version_2_is_on() {
    let answers = async |customer: Customer| {
        customer.consents(ADA, true, true);
        customer.stage.set().seen = Some(Ok(genuine()));
        let video = customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
        let refused = customer.video(&[], Form::video()).await;
        let consent = json!({"is_consent_given": true, "user_fullname": "John Doe"}).to_string();
        let consent = customer.post("/api-consent/consent", &[], consent).await;
        [video, refused, consent].map(|answer| {
            let id = answer.header("x-request-id").unwrap();
            (answer.status, answer.body.to_string().replace(id, "[id]"))
        })
    };
    let (without, with) = (answers(Customer::new().await).await, answers(customer("ledger").await).await);
    assert_eq!(without, with);
    assert_eq!(with.clone().map(|(status, _)| status.as_u16()), [200, 400, 200], "{with:?}");
}

#[tokio::test]
async fn case_13_files_that_are_too_large_or_no_video() {
    let customer = consenting().await;
    let large = vec![0; 51 * 1024 * 1024];
    assert_eq!(
        code(&post(&customer, "/liveness", user(json!({})), &[("video", &large)]).await),
        (413, "file_too_large")
    );
    customer.stage.set().seen = Some(Err(tonic::Status::invalid_argument("the file is no video")));
    assert_eq!(code(&post(&customer, "/liveness", user(json!({})), VIDEO).await), (415, "unsupported_media"));
    let empty = post(&customer, "/liveness", user(json!({})), &[("video", b"")]).await;
    assert_eq!(code(&empty), (400, "invalid_request"));
}

#[tokio::test]
async fn case_14_an_ended_session_takes_no_calls() {
    let customer = consenting().await;
    let session = customer.session().await;
    let end = format!("/api-gateway/v2/sessions/{session}/end");
    assert_eq!(customer.post(&end, &[], "").await.status, 200);
    assert_eq!(code(&customer.post(&end, &[], "").await), (409, "session_ended"));
    let late = post(&customer, "/liveness", user(json!({"session_id": session})), VIDEO).await;
    assert_eq!(code(&late), (409, "session_ended"));
}

#[tokio::test]
async fn case_15_without_consent_nobody_is_recognised() {
    for customer in [customer("ledger").await, customer("attested").await] {
        customer.consents(ADA, false, false);
        assert_eq!(
            code(&post(&customer, "/face-verify", json!({"user_id": ADA}), VIDEO).await),
            (403, "consent_required")
        );
        let enroll =
            post(&customer, "/enrollments/face", json!({"user_id": ADA}), &[("face", b"picture")]).await;
        assert_eq!(code(&enroll), (403, "consent_required"));
        customer.stage.set().seen = Some(Ok(unrecognised()));
        let liveness = post(&customer, "/liveness", user(json!({})), VIDEO).await;
        assert_eq!((liveness.status.as_u16(), liveness.header("x-removed-services")), (200, Some("true")));
        assert!(customer.stage.set().consent_entries.is_empty());
    }
}

#[tokio::test]
async fn case_16_liveness_leaves_no_template() {
    let customer = consenting().await;
    let candidate = AnalyzeVideoResponse { candidate: b"sealed".to_vec().into(), ..first_visit() };
    customer.stage.set().seen = Some(Ok(candidate));
    assert_eq!(post(&customer, "/liveness", user(json!({})), VIDEO).await.status, 200);
    let stage = customer.stage.set();
    assert!(!stage.analyzed[0].0.want_candidate && stage.enrolled.is_empty());
}

#[tokio::test]
async fn errors_outside_of_the_handlers_have_the_same_shape() {
    let customer = customer("ledger").await;
    assert_eq!(code(&customer.get("/api-gateway/v2/nothing").await), (404, "not_found"));
    assert_eq!(code(&customer.get("/api-gateway/v2/liveness").await), (405, "method_not_allowed"));
    let json = customer.post("/api-gateway/v2/liveness", &[("content-type", "application/json")], "{}").await;
    assert_eq!(code(&json), (415, "unsupported_media"));
    for (authorization, expected) in [("", (401, "missing_token")), ("Bearer x", (401, "invalid_api_key"))] {
        let mut request =
            axum::http::Request::post("/api-gateway/v2/sessions").body(axum::body::Body::empty()).unwrap();
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        assert_eq!(code(&customer.raw(request).await), expected);
    }
    customer.stage.set().keys.get_mut(KEY).unwrap().set_state(proto::projects::ApiKeyState::Revoked);
    assert_eq!(code(&customer.post("/api-gateway/v2/sessions", &[], "").await), (403, "api_key_not_active"));
    let off = Customer::new().await;
    assert_eq!(code(&off.post("/api-gateway/v2/sessions", &[], "").await), (404, "not_found"));
}
