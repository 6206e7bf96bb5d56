//! Who may administer a project, and what a key may grant.

use serde_json::json;

use crate::{customer::Customer, fakes::KEY};

const ADMINISTRATIVE: [(&str, &str); 19] = [
    ("POST", "/api-projects/public/apikeys"),
    ("GET", "/api-projects/public/apikeys"),
    ("GET", "/api-projects/public/apikeys/x"),
    ("DELETE", "/api-projects/public/apikeys/x"),
    ("POST", "/api-projects/scoring-rules"),
    ("GET", "/api-projects/scoring-rules"),
    ("GET", "/api-projects/scoring-rules/x"),
    ("PUT", "/api-projects/scoring-rules/x"),
    ("PUT", "/api-projects/scoring-rules/assignment"),
    ("POST", "/api-projects/scoring-rules/validate"),
    ("POST", "/api-projects/scoring-rules/what-if"),
    ("GET", "/api-projects/scoring-rules/shadow"),
    ("PUT", "/api-projects/scoring-rules/shadow"),
    ("POST", "/api-projects/scoring-rules/x/publish"),
    ("POST", "/api-projects/scoring-rules/x/rollback"),
    ("DELETE", "/api-projects/subjects/ada"),
    ("GET", "/api-projects/erasures/x"),
    ("GET", "/api-projects/retention"),
    ("PUT", "/api-projects/retention"),
];

pub async fn administrator() -> Customer {
    let customer = Customer::new().await;
    customer.stage.administer();
    customer
}

#[tokio::test]
async fn a_key_without_the_scope_administers_nothing() {
    let customer = Customer::new().await;
    for (method, path) in ADMINISTRATIVE {
        let refused = customer.send(method, path, &[], "{}").await;
        let scope = if path.contains("apikeys") { "keys.admin" } else { "project.admin" };
        let sentence = format!("this call needs a key with the scope {scope}");
        assert_eq!(refused.error(), (403, sentence.as_str()), "{method} {path}");
        assert_eq!(refused.body["message"], refused.body["error"]);
    }
    assert!(customer.stage.set().records.is_empty(), "administration leaves no transaction");
}

#[tokio::test]
async fn errors_of_administration_carry_both_names_even_without_a_handler() {
    let customer = administrator().await;
    for (method, path, status) in [
        ("PATCH", "/api-projects/public/apikeys", 405),
        ("GET", "/api-projects/nothing", 404),
        ("POST", "/api-projects/scoring-rules", 400),
    ] {
        let refused = customer.send(method, path, &[], "no json").await;
        assert_eq!(refused.status, status, "{path}");
        assert_eq!(refused.body["message"], refused.body["error"]);
        assert!(refused.header("x-request-id").is_some());
    }
}

#[tokio::test]
async fn a_key_grants_what_it_has_and_no_more() {
    let customer = administrator().await;
    customer.stage.set().keys.get_mut(KEY).unwrap().selected_services =
        vec!["Face Recognition".into(), "Voice Recognition".into()];
    let all = customer.post("/api-projects/public/apikeys", &[], r#"{"name":"kiosk"}"#).await;
    assert_eq!((all.status.as_u16(), &all.body["data"]), (200, &json!("a.new.key")));
    assert_eq!(all.body["message"], "api key created");
    assert_eq!(
        customer.stage.set().created_keys[0].selected_services,
        ["Face Recognition", "Voice Recognition"],
        "no selection is what the minter has, not everything there is"
    );

    let more = json!({"name": "kiosk", "selected_services": ["Face Liveness Detection"]}).to_string();
    let refused = customer.post("/api-projects/public/apikeys", &[], more).await;
    let sentence = "this key does not have Face Liveness Detection itself, so it cannot grant it";
    assert_eq!(refused.error(), (403, sentence));
    assert_eq!(customer.stage.set().created_keys.len(), 1);
}

#[tokio::test]
async fn rules_are_not_taken_away_by_an_empty_assignment() {
    let customer = administrator().await;
    for body in ["{}", r#"{"api_key_id":"x"}"#] {
        let refused = customer.send("PUT", "/api-projects/scoring-rules/assignment", &[], body).await;
        assert_eq!(refused.error(), (400, "request body: scores_id is required"));
    }
}

#[tokio::test]
async fn a_receipts_signature_opens_nothing() {
    let customer = administrator().await;
    let header = jsonwebtoken::Header {
        kid: Some("kid-1".into()),
        typ: Some("erasure-receipt+jwt".into()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
    };
    let claims = json!({"id": KEY, "project_id": crate::fakes::PROJECT});
    let signed = jsonwebtoken::encode(&header, &claims, &customer.stage.set().signing["kid-1"]).unwrap();
    let bearer = format!("Bearer {signed}");
    let refused =
        customer.send("GET", "/api-projects/public/apikeys", &[("authorization", &bearer)], "").await;
    assert_eq!(refused.error(), (401, "invalid api key"));
}

#[tokio::test]
async fn a_dry_run_says_where_rules_are_wrong() {
    let customer = administrator().await;
    let validate = async |rules: serde_json::Value| {
        let body = json!({ "rules": rules }).to_string();
        customer.post("/api-projects/scoring-rules/validate", &[], body).await.body["data"].clone()
    };
    let wrong =
        validate(json!({"version": 1, "services": {"face_liveness": {"mode": "required", "pass": 2}}})).await;
    assert_eq!(wrong["valid"], false);
    assert_eq!(wrong["path"], "services.face_liveness.pass");
    let right = validate(json!({"version": 1, "services": {"face_liveness": {"mode": "required"}}})).await;
    assert_eq!(
        (&right["valid"], &right["rules"]["services"]["face_liveness"]["pass"]),
        (&json!(true), &json!(0.5))
    );
}
