//! The review workspace as HTTP: what reaches the service, what is audited, who sees the notes.

use proto::transactions::{
    DecideReviewRequest, ReviewDecision, ReviewQueue, ReviewReason, Reviewer, ReviewerKind, Transaction,
};
use serde_json::json;

use crate::{
    customer::Customer,
    fakes::{KEY, PROJECT},
    projects::administrator,
};

const REVIEW: &str = "/api-transactions/transactions/7/review";

fn key() -> Option<Reviewer> {
    Some(Reviewer { kind: ReviewerKind::ApiKey.into(), id: KEY.into(), name: String::new() })
}

#[tokio::test]
async fn a_decision_reaches_the_service_and_the_audit_log_without_its_note() {
    let customer = Customer::new().await;
    let body = r#"{"decision":"reject","reason":"different_person","note":"Ada's sister"}"#;
    let decided = customer.post(REVIEW, &[], body).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
    let data = &decided.body["data"];
    assert_eq!((&data["status"], &data["decision"]), (&json!("rejected"), &json!("reject")));
    assert_eq!(data["decided_by"], json!({"kind": "api_key", "id": KEY, "name": ""}));
    let state = customer.stage.set();
    let expected = DecideReviewRequest {
        project_id: PROJECT.into(),
        transaction_id: "7".into(),
        reviewer: key(),
        decision: ReviewDecision::Reject.into(),
        reason: ReviewReason::DifferentPerson.into(),
        note: "Ada's sister".into(),
    };
    assert_eq!(state.decided, [expected]);
    let noted = &state.audit[0];
    assert_eq!((noted.action.as_str(), noted.target.as_str()), ("review.decided", "7"));
    let after = noted.after_json.as_deref().unwrap();
    assert_eq!(after, r#"{"decision":"reject","final":true,"reason":"different_person"}"#);
}

#[tokio::test]
async fn an_invalid_decision_is_rejected_and_a_late_one_conflicts() {
    let customer = Customer::new().await;
    for (body, sentence) in [
        ("{}", "request body: decision is required"),
        (r#"{"decision":"maybe","reason":"other"}"#, "request body at decision: not what this call takes"),
        (r#"{"decision":"approve","reason":"?"}"#, "request body at reason: not what this call takes"),
    ] {
        assert_eq!(customer.post(REVIEW, &[], body).await.error(), (400, sentence));
    }
    let body = r#"{"decision":"approve","reason":"false_alarm"}"#;
    let late = customer.post("/api-transactions/transactions/taken/review", &[], body).await;
    assert_eq!(late.error(), (409, "another reviewer holds this review"));
    assert!(customer.stage.set().audit.is_empty(), "what was refused did not happen");
}

#[tokio::test]
async fn a_claim_is_audited_and_the_queue_is_read_for_the_caller() {
    let customer = Customer::new().await;
    let claimed = customer.send("PUT", &format!("{REVIEW}/claim"), &[], "").await;
    assert_eq!(claimed.body["data"]["claimed_by"]["id"], KEY);
    assert_eq!(customer.stage.set().audit[0].action, "review.claimed");

    customer.stage.set().records.push(Transaction { id: "7".into(), ..Transaction::default() });
    let page = customer.get("/api-transactions/reviews?queue=mine&limit=20&cursor=c").await;
    assert_eq!((&page.body["data"][0]["id"], &page.body["next_cursor"]), (&json!("7"), &json!("more")));
    let asked = customer.stage.set().review_lists[0].clone();
    assert_eq!((asked.queue(), asked.page_size, asked.cursor.as_str()), (ReviewQueue::Mine, 20, "c"));
    assert_eq!(asked.reviewer, key());
    let refused = customer.get("/api-transactions/reviews?queue=all").await;
    assert_eq!(refused.error(), (400, "queue must be unassigned, mine, waiting or done"));
    let refused = customer.get("/api-transactions/reviews?queue=mine&limit=101").await;
    assert_eq!(refused.error(), (400, "limit must be a whole number from 1 to 100"));
}

#[tokio::test]
async fn notes_are_shown_to_reviewers_only() {
    let customer = Customer::new().await;
    customer.stage.give_scopes(&["records.read", "review.write"]);
    assert_eq!(customer.get(REVIEW).await.body["data"]["steps"][0]["note"], "seen in person");
    customer.stage.give_scopes(&["records.read"]);
    assert_eq!(customer.get(REVIEW).await.body["data"]["steps"][0]["note"], "");
}

#[tokio::test]
async fn settings_are_stored_with_what_they_were_in_the_audit_log() {
    let customer = administrator().await;
    let path = "/api-projects/review-settings";
    let body = r#"{"four_eyes":true,"target_minutes":60,"lease_minutes":10}"#;
    let stored = customer.send("PUT", path, &[], body).await;
    assert_eq!((stored.status.as_u16(), &stored.body["data"]["four_eyes"]), (200, &json!(true)));
    let noted = customer.stage.set().audit[0].clone();
    assert_eq!(noted.action, "review_settings.set");
    assert!(noted.before_json.unwrap().contains("\"four_eyes\":false"));
    let refused = customer.send("PUT", path, &[], r#"{"four_eyes":true}"#).await;
    assert_eq!(refused.error(), (400, "request body: target_minutes is required"));
}
