//! Storage that is full: what would be stored is refused, nothing is left of it, and every API says so in its own words.

use axum::{body::Body, http::Request};
use proto::projects::DialectSetting;
use rpc::StorageLimit;
use serde_json::json;
use tonic::Status;

use crate::{
    customer::{ADA, Answer, Customer, Form},
    documents::passport,
    enroll::{post, same_person},
    fakes::{KEY, State},
    process_video::{first_visit, genuine},
};

const USER: (&str, &str) = ("x-user-fullname", ADA);

async fn customer() -> Customer {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    let mut stage = customer.stage.set();
    stage.seen = Some(Ok(genuine()));
    stage.matched = same_person();
    stage.document = Some(passport());
    drop(stage);
    customer
}

/// Every route of the API that stores a file, with a form it takes.
fn routes() -> [(&'static str, Form); 5] {
    let form = Form::default;
    [
        ("/api-gateway/process-video", Form::video()),
        ("/api-gateway/match-faces", form().file("image", b"picture").file("video", b"a video")),
        ("/api-gateway/enroll/face", form().file("face", b"picture")),
        ("/api-gateway/enroll/voice", form().text("phrase", "one two three").file("voice", b"a recording")),
        ("/api-gateway/docauth/check", form().file("document", b"picture")),
    ]
}

fn has_asked_no_model(stage: &State) -> bool {
    stage.analyzed.is_empty()
        && stage.matches.is_empty()
        && stage.enrollments.is_empty()
        && stage.documents.is_empty()
}

fn is_refused(answer: &Answer, limit: StorageLimit) {
    let (status, sentence) = answer.error();
    assert_eq!((status, sentence), (507, limit.to_string().as_str()), "{}", answer.body);
    assert_eq!(answer.body["code"], limit.word());
    assert!(answer.body["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{}", answer.body);
}

#[tokio::test]
async fn calls_that_store_media_are_rejected_before_any_work() {
    for limit in [StorageLimit::Full, StorageLimit::QuotaUsedUp] {
        let customer = customer().await;
        customer.stage.set().sample_room = Some(limit.status());
        for (path, form) in routes() {
            is_refused(&post(&customer, path, &[USER], form).await, limit);
            let stage = customer.stage.set();
            assert!(has_asked_no_model(&stage) && stage.samples.is_empty(), "{path}");
            assert_eq!(stage.records.last().unwrap().http_status, 507, "{path}");
        }
    }
}

#[tokio::test]
async fn a_call_that_stores_nothing_succeeds() {
    let customer = customer().await;
    customer.consents(ADA, true, false);
    customer.stage.set().sample_room = Some(StorageLimit::Full.status());
    customer.stage.set().video_room = Some(StorageLimit::Full.status());
    for (path, form) in routes().into_iter().filter(|(path, _)| !path.contains("enroll")) {
        let answer = post(&customer, path, &[USER], form).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_session_without_room_for_its_video_keeps_its_challenge() {
    let customer = customer().await;
    customer.consents(ADA, true, false);
    let session = customer.session().await;
    let challenge = format!("/api-gateway/sessions/{session}/challenge");
    let issued = customer.post(&challenge, &[USER], Body::empty()).await;
    assert_eq!(issued.status, 200, "{}", issued.body);
    customer.stage.set().video_room = Some(StorageLimit::Full.status());
    let headers = [USER, ("x-session-id", session.as_str())];
    is_refused(&customer.video(&headers, Form::video()).await, StorageLimit::Full);
    let stage = customer.stage.set();
    assert!(has_asked_no_model(&stage) && stage.last_videos.is_empty());
    assert!(stage.sessions[&session].challenge.as_ref().is_some_and(Option::is_some), "it can still be used");
}

#[tokio::test]
async fn storage_that_fills_up_during_a_call_leaves_nothing_of_the_call() {
    for (path, form) in routes() {
        let customer = customer().await;
        customer.stage.set().seen = Some(Ok(first_visit()));
        customer.stage.set().samples_fit = Some((0, StorageLimit::Full.status()));
        let session = customer.session().await;
        let headers = [USER, ("x-session-id", session.as_str())];
        is_refused(&post(&customer, path, &headers, form).await, StorageLimit::Full);
        let stage = customer.stage.set();
        assert!(stage.samples.is_empty() && stage.last_videos.is_empty(), "{path}");
        assert!(stage.enrolled.is_empty() && stage.enrollments.is_empty(), "{path}: a template was made");
    }
}

#[tokio::test]
async fn of_two_files_neither_is_left_when_there_is_room_for_one() {
    let customer = customer().await;
    customer.stage.set().samples_fit = Some((1, StorageLimit::QuotaUsedUp.status()));
    let form = Form::default().file("image", b"picture").file("video", b"a video");
    let refused = post(&customer, "/api-gateway/match-faces", &[USER], form).await;
    is_refused(&refused, StorageLimit::QuotaUsedUp);
    assert!(customer.stage.set().samples.is_empty());
}

#[tokio::test]
async fn no_sample_and_no_template_is_left_of_a_video_its_session_has_no_room_for() {
    let customer = customer().await;
    customer.stage.set().seen = Some(Ok(first_visit()));
    customer.stage.set().last_video_fails = Some(StorageLimit::Full.status());
    let session = customer.session().await;
    let refused = customer.video(&[USER, ("x-session-id", &session)], Form::video()).await;
    is_refused(&refused, StorageLimit::Full);
    let stage = customer.stage.set();
    assert!(stage.samples.is_empty() && stage.last_videos.is_empty() && stage.enrolled.is_empty());
}

#[tokio::test]
async fn a_failed_enrollment_leaves_no_sample() {
    let customer = customer().await;
    customer.stage.set().enroll_fails = Some(Status::invalid_argument("the file is no picture"));
    for (path, form) in routes().into_iter().filter(|(path, _)| path.contains("enroll")) {
        assert_eq!(post(&customer, path, &[USER], form).await.status, 400, "{path}");
        assert!(customer.stage.set().samples.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_record_there_is_no_room_for_fails_its_call() {
    let customer = customer().await;
    customer.stage.set().refuse_records = Some(StorageLimit::Full.status());
    is_refused(&customer.video(&[USER], Form::video()).await, StorageLimit::Full);
}

async fn with_dialect(name: &str) -> Customer {
    let customer = customer().await;
    let setting = DialectSetting { name: name.into(), consent: "attested".into() };
    customer.stage.set().keys.get_mut(KEY).unwrap().dialects = vec![setting];
    customer.stage.set().sample_room = Some(StorageLimit::Full.status());
    customer.stage.set().refuse_records = Some(StorageLimit::Full.status());
    customer
}

#[tokio::test]
async fn version_2_says_it_with_its_codes() {
    let customer = with_dialect("biometry_v2").await;
    let request = json!({"user_id": ADA}).to_string();
    let form = Form::default().part("name=\"request\"", request.as_bytes()).file("image", b"picture");
    let answer = post(&customer, "/api-gateway/v2/enrollments/face", &[], form).await;
    assert_eq!(answer.status, 507, "{}", answer.body);
    assert_eq!(answer.body["error"]["code"], "storage_full");
}

#[tokio::test]
async fn identity_verification_says_it_in_a_sentence() {
    let customer = with_dialect("idv").await;
    let form = Form::default().text("user_identifier", "user123").text("api_key", &customer.key);
    let form = form.file("selfie_video", b"a video").file("id_photo", b"a photo").end();
    let request = Request::post("/verif/submit").header("content-type", Form::TYPE);
    let answer = customer.raw(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(answer.status, 507, "{}", answer.body);
    assert_eq!(answer.body, json!({"success": false, "error": "the server's storage is full"}));
    assert!(has_asked_no_model(&customer.stage.set()));
}

#[tokio::test]
async fn neuroid_says_it_as_a_detail() {
    let customer = with_dialect("neuroid").await;
    let form = Form::default().text("mobile_number", "923001234567").file("fingerprint", b"picture f");
    let form = form.file("selfie", b"picture s").file("id_card", b"picture c");
    let answer = post(&customer, "/v2/verify", &[], form).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body),
        (507, &json!({"detail": "the server's storage is full"}))
    );
}

#[tokio::test]
async fn verifik_says_it_as_a_word() {
    let customer = with_dialect("verifik").await;
    let body = json!({"probe": ["data:image/jpeg;base64,/9j/4AECAwQ="], "gallery": ["data:image/jpeg;base64,/9j/4AECAwQ="]}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = customer.post("/v2/face-recognition/compare", &headers, body).await;
    assert_eq!(answer.status, 507, "{}", answer.body);
    assert_eq!(
        (&answer.body["code"], &answer.body["message"]),
        (&json!("storage_full"), &json!("507:storage_full"))
    );
}
