//! Shadow rules decide on each call, are recorded, compared, and change nothing.

use proto::transactions::Verdict;
use serde_json::{Value, json};

use crate::{
    customer::{ADA, Customer, Form},
    fakes::KEY,
    what_if::{live, past, strict},
};

const PATH: &str = "/api-projects/scoring-rules/shadow";

/// Has `rules` decide beside those in force.
fn assign(customer: &Customer, version: u32, rules: &str) {
    let mut stage = customer.stage.set();
    stage.rules.insert(("r-9".into(), version), rules.to_owned());
    let key = stage.keys.get_mut(KEY).unwrap();
    key.shadow_rules_json = Some(rules.to_owned());
    (key.shadow_scores_id, key.shadow_version) = ("r-9".into(), version);
}

async fn seen(customer: &Customer, score: f64) -> Value {
    customer.stage.set().seen = Some(Ok(live(score)));
    let seen = customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.body
}

fn recorded(customer: &Customer) -> Value {
    serde_json::from_str(&customer.last_record().evidence_json.unwrap()).unwrap()
}

async fn report(customer: &Customer, query: &str) -> Value {
    let answer = customer.get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].clone()
}

#[tokio::test]
async fn they_are_recorded_beside_the_decision_and_compared_with_it() {
    let customer = past(&[0.9]).await;
    assign(&customer, 1, &strict(0.8).to_string());
    for score in [0.2, 0.35, 0.6, 0.9] {
        let answer = seen(&customer, score).await;
        assert!(!answer.to_string().contains("r-9"), "the answer of the call has no word of them: {answer}");
    }
    seen(&customer, 0.6).await;
    assert_eq!(customer.last_record().verdict(), Verdict::Pass, "they change nothing");
    let shadow = recorded(&customer)["shadow"].clone();
    assert_eq!(shadow["rules"], json!({"scores_id": "r-9", "version": 1}));
    assert_eq!((&shadow["verdict"], &shadow["reasons"]), (&json!("refer"), &json!(["liveness_referred"])));

    let data = report(&customer, "").await;
    assert_eq!((&data["rules"]["scores_id"], &data["rules"]["shadow"]), (&json!("r-9"), &json!(true)));
    assert_eq!(data["rules"]["rules"], strict(0.8));
    let calls = &data["calls"];
    assert_eq!((&calls["considered"], &calls["replayed"]), (&json!(6), &json!(5)), "{calls}");
    assert_eq!(calls["not_replayed"], json!({"no_shadow_decision": 1}), "the call before them");
    assert_eq!((&calls["stricter"], &calls["looser"]), (&json!(2), &json!(1)));
    assert_eq!(calls["verdicts"], json!({"fail": {"fail": 1, "refer": 1}, "pass": {"pass": 1, "refer": 2}}));
    let moved = calls["changes"].as_array().unwrap().iter().find(|c| c["new"]["verdict"] == "refer").unwrap();
    assert_eq!((&moved["old"]["verdict"], &moved["user_fullname"]), (&json!("pass"), &json!(ADA)));
}

#[tokio::test]
async fn only_decisions_of_their_newest_version_are_compared() {
    let customer = past(&[]).await;
    assign(&customer, 1, &strict(0.8).to_string());
    seen(&customer, 0.6).await;
    assign(&customer, 2, &strict(0.5).to_string());
    seen(&customer, 0.6).await;
    let calls = report(&customer, "").await["calls"].clone();
    assert_eq!(calls["not_replayed"], json!({"no_shadow_decision": 1}));
    assert_eq!(calls["verdicts"], json!({"pass": {"pass": 1}}));
    let newest = report(&customer, "?limit=1").await["calls"].clone();
    assert_eq!((&newest["considered"], &newest["next_cursor"]), (&json!(1), &json!("1")));
}

#[tokio::test]
async fn rules_that_cannot_be_read_cost_no_call_and_test_keys_have_none() {
    let customer = past(&[]).await;
    assign(&customer, 1, "{");
    seen(&customer, 0.9).await;
    assert_eq!(recorded(&customer)["shadow"], Value::Null);
    assign(&customer, 2, &strict(0.8).to_string());
    customer.stage.set().keys.get_mut(KEY).unwrap().is_test = true;
    seen(&customer, 0.9).await;
    assert_eq!(recorded(&customer)["shadow"], Value::Null);
}

#[tokio::test]
async fn a_report_needs_shadow_rules_and_a_filter_that_makes_sense() {
    let customer = past(&[]).await;
    assert_eq!(customer.get(PATH).await.error(), (404, "the project has no shadow rules"));
    assign(&customer, 1, &strict(0.8).to_string());
    for (query, sentence) in [
        ("?limit=0", "limit must be 1 to 10000"),
        ("?from=today", "from must be a time as 2026-01-31T12:00:00Z"),
    ] {
        assert_eq!(customer.get(&format!("{PATH}{query}")).await.error(), (400, sentence));
    }
    let absent = customer.send("PUT", PATH, &[], "{}").await;
    assert_eq!(absent.status, 400, "{}", absent.body);
    let none = customer.post("/api-projects/scoring-rules/x/rollback", &[], r#"{"version":0}"#).await;
    assert_eq!(none.error(), (400, "version must be 1 or more"));
}
