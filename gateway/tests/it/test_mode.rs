//! Test keys: what a call comes to is chosen by the user's name, and nothing live is touched.

use axum::body::Body;
use proto::projects::Authorization;
use serde_json::{Value, json};

use crate::{
    customer::{Answer, Customer, Form},
    fakes::{KEY, authorization},
};

async fn tester() -> Customer {
    let customer = Customer::new().await;
    let key = Authorization { is_test: true, ..authorization() };
    customer.stage.set().keys.insert(KEY.into(), key);
    customer
}

async fn post(customer: &Customer, path: &str, user: &str, form: Form) -> Answer {
    customer.post(path, &[("x-user-fullname", user), ("content-type", Form::TYPE)], form.end()).await
}

fn verdict(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.body["scoring_result"]["status"].clone())
}

#[tokio::test]
async fn every_verdict_can_be_had_of_every_call_without_a_model() {
    let customer = tester().await;
    let image = || Form::default().file("image", b"picture").file("video", b"video");
    let document = || Form::default().file("document", b"picture");
    for (user, expected) in [("Test Pass", "pass"), ("Test Fail", "fail"), ("Test Refer", "refer")] {
        for (path, form) in [
            ("/api-gateway/process-video", Form::video()),
            ("/api-gateway/match-faces", image()),
            ("/api-gateway/docauth/check", document()),
        ] {
            let answer = post(&customer, path, user, form).await;
            assert_eq!(verdict(&answer), (200, json!(expected)), "{path} {user}: {}", answer.body);
        }
    }
    let stage = customer.stage.set();
    assert!(
        stage.analyzed.is_empty() && stage.matches.is_empty() && stage.documents.is_empty(),
        "a model was asked"
    );
    assert!(stage.samples.is_empty() && stage.last_videos.is_empty(), "something was kept");
    assert!(stage.records.iter().all(|record| record.is_test), "a record counts as live");
}

#[tokio::test]
async fn reasons_states_and_failures_come_by_name() {
    let customer = tester().await;
    let answer =
        post(&customer, "/api-gateway/process-video", "test reason liveness_failed", Form::video()).await;
    assert_eq!(verdict(&answer), (200, json!("fail")));
    assert!(answer.body["decision_reasons"].as_array().unwrap().contains(&json!("liveness_failed")));
    let answer =
        post(&customer, "/api-gateway/process-video", "Test Reason face_match_missing", Form::video()).await;
    assert_eq!(verdict(&answer), (200, json!("refer")));
    assert_eq!(answer.header("x-removed-services"), Some("true"));
    let face = || Form::default().file("face", b"picture");
    let answer = post(&customer, "/api-gateway/enroll/face", "Test Reason face_not_sharp", face()).await;
    let result = &answer.body["data"]["enrollment_result"];
    assert_eq!((&result["code"], &result["error"]), (&json!(468), &json!("face_not_sharp")));
    let answer = post(&customer, "/api-gateway/enroll/face", "Test Pass", face()).await;
    assert_eq!(answer.body["data"]["enrollment_result"]["state"], "enrolled");
    let answer = post(&customer, "/api-gateway/enroll/face", "Test Reason no_consent", face()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (403, &json!("enrollment_consent_required")));
    let answer = post(&customer, "/api-gateway/process-video", "Test Unavailable", Form::video()).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
    let answer =
        post(&customer, "/api-gateway/process-video", "Test Reason no_such_code", Form::video()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["param"]), (400, &json!("X-User-Fullname")));
    let stage = customer.stage.set();
    assert!(stage.last_videos.is_empty() && stage.samples.is_empty());
}

#[tokio::test]
async fn consents_and_warm_ups_of_test_keys_reach_no_service() {
    let customer = tester().await;
    let consent = json!({"is_consent_given": true, "user_fullname": "Test Pass"}).to_string();
    let answer = customer.post("/api-consent/consent", &[], consent).await;
    assert_eq!(answer.status.as_u16(), 200);
    customer.post("/api-gateway/sessions/start?warmup=true", &[], Body::empty()).await;
    let stage = customer.stage.set();
    assert_eq!((stage.consents.len(), stage.warmups), (0, 0));
}
