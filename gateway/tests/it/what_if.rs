//! Past decisions, made again.

use proto::ml::{AnalyzeVideoResponse, Service};
use serde_json::{Value, json};

use crate::{
    customer::{ADA, Customer, Form},
    fakes::{KEY, PROJECT},
    process_video::{judged, of},
    projects::administrator,
};

const PATH: &str = "/api-projects/scoring-rules/what-if";

pub fn live(score: f64) -> AnalyzeVideoResponse {
    of(vec![judged(Service::FaceLiveness, score >= 0.5, score)])
}

/// A key for liveness alone that has seen videos of these scores.
pub async fn past(scores: &[f64]) -> Customer {
    let customer = administrator().await;
    customer.stage.set().keys.get_mut(KEY).unwrap().selected_services =
        vec!["Face Liveness Detection".into()];
    for score in scores {
        customer.stage.set().seen = Some(Ok(live(*score)));
        let seen = customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
    }
    customer
}

async fn ask(customer: &Customer, question: Value) -> Value {
    let answer = customer.post(PATH, &[], question.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].clone()
}

pub fn strict(pass: f64) -> Value {
    json!({"version": 1, "services": {"face_liveness": {"mode": "required", "pass": pass, "refer": 0.3}}})
}

#[tokio::test]
async fn the_rules_in_force_change_nothing() {
    let customer = past(&[0.1, 1.0 / 3.0, 0.499_999_9, 0.5, 2.0 / 3.0, 0.999_999_99]).await;
    customer.stage.set().rules.insert(("r-1".into(), 2), strict(0.6).to_string());
    {
        let mut stage = customer.stage.set();
        let key = stage.keys.get_mut(KEY).unwrap();
        key.rules_json = Some(strict(0.6).to_string());
        (key.rules_source, key.rules_scores_id, key.rules_version) =
            ("project".into(), Some("r-1".into()), 2);
    }
    customer.stage.set().seen = Some(Ok(live(0.55)));
    customer.video(&[("x-user-fullname", ADA)], Form::video()).await;

    let replayed = ask(&customer, json!({})).await;
    assert_eq!(replayed["considered"], 7);
    assert_eq!((&replayed["replayed"], &replayed["changed"]), (&json!(7), &json!(0)), "{replayed}");
    assert_eq!(
        replayed["verdicts"],
        json!({"fail": {"fail": 2}, "refer": {"refer": 2}, "pass": {"pass": 3}})
    );
}

#[tokio::test]
async fn other_rules_are_reported_verdict_by_verdict() {
    let customer = past(&[0.2, 0.6, 0.9]).await;
    let refused = customer.video(&[], Form::video()).await;
    assert_eq!(refused.status, 400, "a call without a decision");
    let replayed = ask(&customer, json!({"rules": strict(0.8)})).await;
    assert_eq!(replayed["not_replayed"], json!({"no_decision": 1}));
    assert_eq!(replayed["verdicts"], json!({"fail": {"fail": 1}, "pass": {"pass": 1, "refer": 1}}));
    let change =
        &replayed["changes"].as_array().unwrap().iter().find(|c| c["new"]["verdict"] == "refer").unwrap();
    assert_eq!((&change["old"]["verdict"], &change["user_fullname"]), (&json!("pass"), &json!(ADA)));
    assert!(change["old"]["score"].as_f64() > change["new"]["score"].as_f64());
    assert_eq!(change["new"]["reasons"], json!(["liveness_referred"]));
}

#[tokio::test]
async fn a_long_history_is_read_in_pages_by_cursor() {
    let customer = past(&[0.9]).await;
    let one = customer.last_record();
    customer.stage.set().records.extend(std::iter::repeat_n(one, 449));
    let first = ask(&customer, json!({"scores_id": "default", "limit": 300})).await;
    assert_eq!((&first["considered"], &first["next_cursor"]), (&json!(300), &json!("300")));
    let rest = ask(&customer, json!({"scores_id": "default", "limit": 300, "cursor": "300"})).await;
    assert_eq!((&rest["considered"], &rest["next_cursor"]), (&json!(150), &Value::Null));
}

#[tokio::test]
async fn evidence_holds_scores_and_words_and_nothing_else() {
    let customer = past(&[1.0 / 3.0]).await;
    let evidence: Value = serde_json::from_str(&customer.last_record().evidence_json.unwrap()).unwrap();
    assert_eq!(
        evidence,
        json!({"selected": ["face_liveness"], "found": {"face_liveness": {"judged": {"score": 0.333_333}}},
            "challenge": "challenge_missing", "decided_by": ["liveness_failed"],
            "applied": {"face_liveness": {"mode": "required", "pass": 0.5, "refer": 0.4}}})
    );
    assert_eq!(customer.last_record().project_id, PROJECT);
}

#[tokio::test]
async fn an_invalid_query_is_rejected_with_the_reason() {
    let customer = administrator().await;
    for (question, sentence) in [
        (json!({"rules": {}, "scores_id": "x"}), "give either rules or scores_id, not both"),
        (json!({"version": 1}), "a version needs the scores_id it is of"),
        (json!({"limit": 0}), "limit must be 1 to 10000"),
        (json!({"from": "today"}), "from must be a time as 2026-01-31T12:00:00Z"),
        (json!({"user": "ada"}), "request body at user: not what this call takes"),
    ] {
        let refused = customer.post(PATH, &[], question.to_string()).await;
        assert_eq!(refused.error(), (400, sentence));
    }
    let unknown = customer.post(PATH, &[], r#"{"scores_id":"x"}"#).await;
    assert_eq!(unknown.error(), (404, "scoring rules not found"));
}
