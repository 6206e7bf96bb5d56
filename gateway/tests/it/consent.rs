//! Consent over HTTP.

use proto::consent::ConsentKind;
use serde_json::json;

use crate::customer::{ADA, Customer};

#[tokio::test]
async fn consent_is_recorded_and_answered_in_both_shapes() {
    let customer = Customer::new().await;
    let id = customer.session().await;
    let headers = [("x-session-id", id.as_str()), ("x-device-info", r#"{"os":"x"}"#)];
    let body = json!({"is_consent_given": true, "user_fullname": ADA}).to_string();
    let given = customer.post("/api-consent/consent", &headers, body).await;
    insta::assert_json_snapshot!(given.body, @r#"
    {
      "data": {
        "is_consent_given": true,
        "user_fullname": "ada@example.org"
      },
      "is_consent_given": true,
      "message": "consent recorded",
      "user_fullname": "ada@example.org"
    }
    "#);
    let withdrawn = json!({"is_consent_given": false, "user_fullname": ADA}).to_string();
    customer.post("/api-consent/strg-consent", &[], withdrawn).await;

    let entries = customer.stage.set().consent_entries.clone();
    assert_eq!((entries[0].kind(), entries[0].given), (ConsentKind::Authorization, true));
    assert_eq!(entries[0].session_id.as_deref(), Some(id.as_str()));
    assert_eq!(entries[0].device_info_json.as_deref(), Some(r#"{"os":"x"}"#));
    assert_eq!(Some(entries[0].transaction_id.as_str()), given.header("x-request-id"));
    assert_eq!((entries[1].kind(), entries[1].given), (ConsentKind::Storage, false));
}

#[tokio::test]
async fn a_wrong_body_is_refused_recorded_as_refused_and_not_repeated() {
    let customer = Customer::new().await;
    let secret = "Jane Secret";
    for body in [
        json!([]).to_string(),
        json!({"user_fullname": secret}).to_string(),
        json!({"is_consent_given": secret, "user_fullname": ADA}).to_string(),
        json!({"is_consent_given": true, "user_fullname": 7}).to_string(),
        json!({"is_consent_given": true, "user_fullname": ""}).to_string(),
        "not json".into(),
        String::new(),
    ] {
        let refused = customer.post("/api-consent/consent", &[], body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        let record = customer.last_record();
        assert_eq!((record.http_status, record.error.as_deref()), (400, refused.body["error"].as_str()));
        assert!(!record.error.unwrap().contains("Secret"));
    }
    let large = customer.post("/api-consent/consent", &[], vec![b' '; 100_000]).await;
    assert_eq!(large.error(), (413, "request body is too large"));
    assert!(customer.stage.set().consent_entries.is_empty());
}

#[tokio::test]
async fn the_state_and_the_history_are_read_together() {
    let customer = Customer::new().await;
    let path = format!("/api-consent/consent/{ADA}");
    assert_eq!(customer.get(&path).await.error(), (404, "no consent is recorded for this user"));
    let body = json!({"is_consent_given": true, "user_fullname": ADA}).to_string();
    customer.post("/api-consent/consent", &[], body).await;
    customer.consents(ADA, true, false);
    let found = customer.get(&path).await;
    insta::assert_json_snapshot!(found.body, {".data.history[].transaction_id" => "[id]"}, @r#"
    {
      "data": {
        "authorization": true,
        "history": [
          {
            "api_key_id": "key-1",
            "hash": "00ff",
            "id": "c-1",
            "is_consent_given": true,
            "kind": "authorization",
            "recorded_at": "2023-11-14T22:13:20.123Z",
            "session_id": null,
            "transaction_id": "[id]"
          }
        ],
        "storage": false,
        "user_fullname": "ada@example.org"
      },
      "message": "consent found"
    }
    "#);
    assert_eq!(customer.last_record().kind, "consent_read");
}
