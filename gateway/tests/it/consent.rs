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
    // Base64 of "signed\n".
    assert_eq!(given.headers["consent-promise"], "c2lnbmVkCg==");
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

#[tokio::test]
async fn the_log_answers_signed_notes_and_proofs() {
    let customer = Customer::new().await;
    let found = customer.get("/api-consent/log/inclusion?entry=c-1").await;
    insta::assert_json_snapshot!(found.body, @r#"
    {
      "data": {
        "checkpoint": {
          "note": "signed\n",
          "origin": "biometry/consent/p",
          "root_hash": "cm9vdA==",
          "size": 2
        },
        "index": 1,
        "leaf": "c-1",
        "leaf_hash": "bGVhZg==",
        "proof": [
          "cGFydA=="
        ]
      },
      "message": "entry found"
    }
    "#);
    assert_eq!(customer.get("/api-consent/log/inclusion?index=7").await.body["data"]["index"], 7);
    let grown = customer.get("/api-consent/log/consistency?from=1&to=2").await.body;
    assert_eq!((&grown["data"]["from"], &grown["data"]["checkpoint"]["size"]), (&json!(1), &json!(2)));
    let ends = customer.get("/api-consent/log/checkpoint").await.body;
    assert_eq!(ends["data"], found.body["data"]["checkpoint"]);
    let keys = customer.get("/api-consent/log/keys").await.body;
    let key = json!({"verifier": "a+b+c", "is_signing": true, "is_trusted": true});
    assert_eq!(keys["data"]["keys"], json!([key]));
    for bad in
        ["inclusion", "inclusion?entry=a&index=1", "inclusion?index=-1", "consistency", "consistency?from=x"]
    {
        assert_eq!(customer.get(&format!("/api-consent/log/{bad}")).await.status, 400, "{bad}");
    }
}

fn exported(user: &str) -> proto::consent::ExportedConsent {
    let entry = proto::consent::ConsentEntry {
        id: "01938c5e-7f1e-7000-8000-000000000001".into(),
        kind: ConsentKind::Storage.into(),
        given: true,
        recorded_at_ms: 1_700_000_000_123,
        api_key_id: "key-1".into(),
        device_info_json: Some(r#"{"os":"x"}"#.into()),
        transaction_id: "t-1".into(),
        hash: "00ff".into(),
        ..proto::consent::ConsentEntry::default()
    };
    proto::consent::ExportedConsent { user_fullname: user.into(), entry: Some(entry) }
}

async fn file(customer: &Customer, path: &str) -> (u16, String, Result<String, axum::Error>) {
    use http_body_util::BodyExt;
    let request = axum::http::Request::get(path).header("authorization", format!("Bearer {}", customer.key));
    let request = request.body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(customer.app.clone(), request).await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await;
    (status, kind, body.map(|body| String::from_utf8(body.to_bytes().to_vec()).unwrap()))
}

#[tokio::test]
async fn the_ledger_is_exported_as_lines_and_as_a_table() {
    let customer = Customer::new().await;
    let path = "/api-consent/consents/export";
    let refused = customer.get(path).await;
    assert_eq!(refused.error(), (403, "this call needs a key with the scope project.admin"));

    customer.stage.administer();
    customer.stage.set().exported = vec![Ok(exported(ADA)), Ok(exported("=cmd()"))];
    let (status, kind, body) = file(&customer, path).await;
    assert_eq!((status, kind.as_str()), (200, "application/x-ndjson"));
    let body = body.unwrap();
    let lines: Vec<serde_json::Value> =
        body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["user_fullname"], ADA);
    assert_eq!((&lines[0]["kind"], &lines[0]["device_info"]["os"]), (&json!("storage"), &json!("x")));

    let (_, kind, body) = file(&customer, &format!("{path}?format=csv")).await;
    assert_eq!(kind, "text/csv; charset=utf-8; header=present");
    assert_eq!(
        body.unwrap(),
        "\"id\",\"recorded_at\",\"user_fullname\",\"kind\",\"is_consent_given\",\"api_key_id\",\"session_id\",\"transaction_id\",\"device_info\",\"hash\"\r\n\
         \"01938c5e-7f1e-7000-8000-000000000001\",\"2023-11-14T22:13:20.123Z\",\"ada@example.org\",\"storage\",\"true\",\"key-1\",\"\",\"t-1\",\"{\"\"os\"\":\"\"x\"\"}\",\"00ff\"\r\n\
         \"01938c5e-7f1e-7000-8000-000000000001\",\"2023-11-14T22:13:20.123Z\",\"'=cmd()\",\"storage\",\"true\",\"key-1\",\"\",\"t-1\",\"{\"\"os\"\":\"\"x\"\"}\",\"00ff\"\r\n"
    );
    assert_eq!(customer.get(&format!("{path}?format=xml")).await.error().0, 400);
}

#[tokio::test]
async fn an_export_that_fails_is_refused_at_once_or_breaks_off() {
    let customer = Customer::new().await;
    customer.stage.administer();
    let away = || Err(tonic::Status::unavailable("away"));
    customer.stage.set().exported = vec![away()];
    assert_eq!(customer.get("/api-consent/consents/export").await.error().0, 503);
    customer.stage.set().exported = vec![Ok(exported(ADA)), away()];
    let (status, _, body) = file(&customer, "/api-consent/consents/export").await;
    assert!(status == 200 && body.is_err(), "a part is not taken for the whole");
}

#[tokio::test]
async fn the_list_continues_from_its_cursor() {
    let customer = Customer::new().await;
    customer.stage.administer();
    customer.stage.set().exported = vec![Ok(exported(ADA))];
    let last = customer.get("/api-consent/consents?limit=2").await;
    assert_eq!((last.status.as_u16(), &last.body["next_cursor"]), (200, &json!("")), "{}", last.body);
    // What a client that copies `next_cursor` sends for the first page.
    assert_eq!(customer.get("/api-consent/consents?limit=2&cursor=").await.status, 200);
    let full = customer.get("/api-consent/consents?limit=1").await;
    assert_eq!(full.body["next_cursor"], full.body["data"][0]["id"]);
    for bad in ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=%00"] {
        assert_eq!(customer.get(&format!("/api-consent/consents?{bad}")).await.error().0, 400, "{bad}");
    }
}
