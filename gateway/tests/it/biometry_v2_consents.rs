//! Texts that users approve, by the acceptance cases of version 2 of the Biometry API.

use serde_json::{Value, json};

use crate::{
    biometry_v2::{VIDEO, code, customer, post},
    customer::{ADA, Customer},
};

const TEXT: &str = "/api-gateway/v2/consents/face-terms";

async fn with_a_text(grants: Value) -> Customer {
    let customer = customer("ledger").await;
    customer.stage.administer();
    let text = json!({"title": "Face", "text": "I agree.", "grants": grants}).to_string();
    let put = customer.send("PUT", TEXT, &[], text).await;
    assert_eq!((put.status.as_u16(), &put.body["data"]["grants"]), (200, &grants), "{}", put.body);
    customer
}

async fn approvals(customer: &Customer, user: &str) -> Value {
    customer.get(&format!("/api-gateway/v2/consents/my-approvals/{user}")).await.body["data"].clone()
}

#[tokio::test]
async fn case_11_a_user_approves_a_text_and_finds_it_again() {
    let customer = with_a_text(json!(["authorization", "storage"])).await;
    assert_eq!(approvals(&customer, "a%2Fb").await, json!([]));
    let approved = customer.post(&format!("{TEXT}/approve/a%2Fb"), &[], "").await;
    assert_eq!((approved.status.as_u16(), &approved.body["data"]), (200, &json!({})), "{}", approved.body);
    assert_eq!(approved.body["meta"]["request_id"].as_str(), approved.header("x-request-id"));
    let entries = customer.stage.set().consent_entries.clone();
    let given: Vec<_> =
        entries.iter().map(|e| (e.user_fullname.as_str(), e.given, e.basis.as_str())).collect();
    assert_eq!(given, [("a/b", true, "approved:face-terms"); 2]);
    let found = approvals(&customer, "a%2Fb").await;
    assert_eq!(
        found,
        json!([{"consent_id": "face-terms", "user_id": "a/b", "approved_at": found[0]["approved_at"]}])
    );
    assert_eq!(approvals(&customer, "somebody").await, json!([]));

    let unknown = customer.post("/api-gateway/v2/consents/unknown/approve/a%2Fb", &[], "").await;
    assert_eq!(code(&unknown), (404, "consent_not_found"));
    let changes: Vec<_> = customer.stage.set().audit.iter().map(|change| change.action.clone()).collect();
    assert_eq!(changes, ["consent_text.changed"]);
    for wrong in [json!({"title": "a", "text": "b", "grants": ["all"]}), json!({"title": "a"}), json!([])] {
        let refused = customer.send("PUT", TEXT, &[], wrong.to_string()).await;
        assert_eq!(code(&refused), (400, "invalid_request"), "{wrong}");
    }
}

#[tokio::test]
async fn case_15_an_approval_opens_and_a_withdrawal_closes() {
    let customer = with_a_text(json!(["authorization"])).await;
    let refused = post(&customer, "/face-verify", json!({"user_id": ADA}), VIDEO).await;
    assert_eq!(code(&refused), (403, "consent_required"));
    customer.post(&format!("{TEXT}/approve/{ADA}"), &[], "").await;
    let judged = post(&customer, "/face-verify", json!({"user_id": ADA}), VIDEO).await;
    assert_ne!(judged.status, 403, "{}", judged.body);
    let withdrawal = json!({"is_consent_given": false, "user_fullname": ADA}).to_string();
    let withdrawn = customer.post("/api-consent/consent", &[], withdrawal).await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    let refused = post(&customer, "/face-verify", json!({"user_id": ADA}), VIDEO).await;
    assert_eq!(code(&refused), (403, "consent_required"));
    assert_eq!(approvals(&customer, ADA).await, json!([]), "what was withdrawn is approved no more");
}
