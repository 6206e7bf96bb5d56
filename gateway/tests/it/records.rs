//! One transaction for each call.

use axum::body::Body;
use tonic::Status;

use crate::customer::{ADA, Customer, Form};

#[tokio::test]
async fn a_call_is_recorded_with_all_it_said_about_itself() {
    let customer = Customer::new().await;
    let headers = [
        ("x-user-fullname", ADA),
        ("x-action-trigger", "authentication"),
        ("x-device-info", r#"{"os":"test"}"#),
        ("x-geo-location", r#"{"lat":48.2,"lng":16.4,"country":"AT"}"#),
        ("x-request-tags", "first, second,first"),
        ("x-client-app", "shop"),
        ("x-client-app-version", "1.2"),
    ];
    let answer = customer.video(&headers, Form::video().text("trigger", "registration")).await;
    let id = answer.header("x-request-id").unwrap();
    let found = customer.get(&format!("/api-transactions/transactions/{id}")).await;
    insta::assert_json_snapshot!(found.body["data"], {
        ".id" => "[id]", ".created_at" => "[time]", ".duration_ms" => "[ms]", ".durations" => "[durations]",
        ".services" => "[services]",
    }, @r#"
    {
      "action_trigger": "authentication",
      "api_key_id": "key-1",
      "client_app": "shop",
      "client_app_version": "1.2",
      "created_at": "[time]",
      "decision_reasons": [
        "face_match_missing",
        "voice_match_missing",
        "liveness_missing",
        "active_speaker_missing",
        "lip_reading_missing",
        "spoken_phrase_missing"
      ],
      "device_info": {
        "os": "test"
      },
      "duration_ms": "[ms]",
      "durations": "[durations]",
      "error": null,
      "evidence": {
        "applied": {
          "active_speaker": {
            "mode": "required",
            "pass": 0.5,
            "refer": 0.1
          },
          "face_liveness": {
            "mode": "required",
            "pass": 0.5,
            "refer": 0.4
          },
          "face_recognition": {
            "mode": "required",
            "pass": 0.5,
            "refer": 0.4
          },
          "spoken_phrase": {
            "mode": "required",
            "pass": 0.5,
            "refer": 0.4
          },
          "visual_speech": {
            "mode": "advisory",
            "pass": 0.5,
            "refer": 0.4
          },
          "voice_recognition": {
            "mode": "required",
            "pass": 0.5,
            "refer": 0.4
          }
        },
        "challenge": "challenge_missing",
        "decided_by": [
          "face_match_missing",
          "voice_match_missing",
          "liveness_missing",
          "active_speaker_missing",
          "spoken_phrase_missing"
        ],
        "found": {},
        "selected": [
          "face_recognition",
          "voice_recognition",
          "face_liveness",
          "active_speaker",
          "visual_speech"
        ]
      },
      "flag": null,
      "fraud": [],
      "geo": {
        "country": "AT",
        "lat": 48.2,
        "lng": 16.4,
        "source": "device"
      },
      "http_status": 200,
      "id": "[id]",
      "kind": "process_video",
      "mode": "live",
      "project_id": "project-1",
      "review": null,
      "rules": "default",
      "score": 50.0,
      "services": "[services]",
      "session_id": null,
      "tags": [
        "first",
        "second"
      ],
      "user_fullname": "ada@example.org",
      "verdict": "refer"
    }
    "#);
    assert_eq!(found.body["data"]["id"], id);
    assert_eq!(customer.stage.set().records.len(), 1, "reading a record leaves none");
}

#[tokio::test]
async fn a_record_of_another_project_is_not_found_under_both_error_names() {
    let customer = Customer::new().await;
    let missing = customer.get("/api-transactions/transactions/nothing").await;
    assert_eq!(missing.error(), (404, "transaction not found"));
    assert_eq!(missing.body["message"], "transaction not found");
    let unauthorized = customer
        .send("GET", "/api-transactions/transactions/x", &[("authorization", "x")], Body::empty())
        .await;
    assert_eq!(unauthorized.body["message"], "invalid api key format");
}

#[tokio::test]
async fn a_refused_call_is_recorded_with_its_sentence_and_nothing_of_its_body() {
    let customer = Customer::new().await;
    let no_user = customer.video(&[], Form::video().text("vocabulary", "secret-words")).await;
    assert_eq!(no_user.error(), (400, "X-User-Fullname header is required"));
    let record = customer.last_record();
    assert_eq!((record.kind.as_str(), record.http_status), ("process_video", 400));
    assert_eq!(record.error.as_deref(), Some("X-User-Fullname header is required"));
    assert_eq!(record.verdict, 0);
    assert!(!format!("{record:?}").contains("secret-words"));

    let bad_header = customer.post("/api-gateway/sessions/start", &[("x-device-info", "no json")], "").await;
    assert_eq!(bad_header.error(), (400, "X-Device-Info header is not a JSON object"));
    assert_eq!(customer.last_record().error.as_deref(), Some("X-Device-Info header is not a JSON object"));
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_fails() {
    let customer = Customer::new().await;
    customer.stage.set().refuse_records = Some(Status::unavailable("down"));
    let answer = customer.post("/api-gateway/sessions/start", &[], "").await;
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn every_kind_of_call_has_its_name() {
    let customer = Customer::new().await;
    let id = customer.session().await;
    let consent = format!(r#"{{"is_consent_given":true,"user_fullname":"{ADA}"}}"#);
    customer.post("/api-consent/consent", &[], consent.clone()).await;
    customer.post("/api-consent/strg-consent", &[], consent).await;
    customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
    customer.post(&format!("/api-gateway/sessions/end/{id}"), &[], "").await;
    let kinds: Vec<_> = customer.stage.set().records.iter().map(|record| record.kind.clone()).collect();
    assert_eq!(kinds, ["session_start", "consent", "storage_consent", "process_video", "session_end"]);
}
