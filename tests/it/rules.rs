//! Scoring rules by API: they apply from the next call on, every version is stored, and what-if reports what they would
//! have changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    both_modes,
    project::{ADA, Answer, Project, answer},
    world::World,
};

both_modes!(
    rules_of_a_key_change_its_verdict_as_what_if_had_said,
    shadow_rules_report_what_publishing_them_changes,
    rules_stay_in_their_project
);

const RULES: &str = "/api-projects/scoring-rules";

/// The video shows no face: the rules determine the result.
fn when_nothing_is_judged(verdict: &str) -> Value {
    json!({"version": 1, "services": {"face_liveness": {"mode": "required", "cannot_judge": verdict}}})
}

async fn send(project: &Project, method: Method, path: &str, body: Value) -> Answer {
    answer(project.request(method, path).json(&body)).await
}

async fn faceless(project: &Project) -> Answer {
    let seen = answer(project.video(ADA, "small.mp4", "one two")).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen
}

async fn rules_of_a_key_change_its_verdict_as_what_if_had_said(world: &'static World) {
    let admin = Project::new(world);
    let kiosk = admin.mint(json!({"name": "kiosk", "selected_services": ["Face Liveness Detection"]})).await;
    let before = faceless(&kiosk).await;
    assert_eq!(before.verdict(), "fail", "{:#}", before.body);
    assert_eq!(before.body["scoring_result"]["rules"], "default");

    let question = json!({"rules": when_nothing_is_judged("refer")});
    let would = send(&admin, Method::POST, &format!("{RULES}/what-if"), question).await;
    assert_eq!(would.body["data"]["verdicts"], json!({"fail": {"refer": 1}}), "{:#}", would.body);
    assert_eq!(would.body["data"]["changes"][0]["id"], before.header("x-request-id").unwrap());

    let new = json!({"name": "lenient", "rules": when_nothing_is_judged("refer")});
    let made = send(&admin, Method::POST, RULES, new).await;
    assert_eq!((made.status.as_u16(), &made.body["data"]["version"]), (200, &json!(1)), "{:#}", made.body);
    let id = made.body["data"]["scores_id"].as_str().unwrap().to_owned();
    let assign = json!({"scores_id": id, "api_key_id": kiosk.key_id()});
    assert_eq!(send(&admin, Method::PUT, &format!("{RULES}/assignment"), assign).await.status, 200);
    let after = faceless(&kiosk).await;
    assert_eq!((after.verdict(), &after.body["scoring_result"]["rules"]), ("refer", &json!(id)));

    let strict = json!({"rules": when_nothing_is_judged("fail")});
    let second = send(&admin, Method::PUT, &format!("{RULES}/{id}"), strict).await;
    assert_eq!(
        (&second.body["data"]["version"], &second.body["data"]["name"]),
        (&json!(2), &json!("lenient"))
    );
    assert_eq!(faceless(&kiosk).await.verdict(), "fail");

    let record = format!("/api-transactions/transactions/{}", after.header("x-request-id").unwrap());
    let decided_by = admin.get(&record).await.body["data"]["evidence"]["rules"].clone();
    assert_eq!(decided_by, json!({"scores_id": id, "version": 1}));
    let explained = admin.get(&format!("{RULES}/{id}/versions/1")).await;
    assert_eq!(explained.body["data"]["rules"], when_nothing_is_judged("refer"));
    let history = admin.get(&format!("{RULES}/{id}")).await;
    assert_eq!(history.body["data"]["versions"].as_array().unwrap().len(), 2);

    let replay = send(&admin, Method::POST, &format!("{RULES}/what-if"), json!({})).await;
    assert_eq!(replay.body["data"]["replayed"], 3, "{:#}", replay.body);
    assert_eq!(replay.body["data"]["changed"], 0, "the rules that decided, decide alike: {:#}", replay.body);

    let none = json!({"scores_id": null, "api_key_id": kiosk.key_id()});
    assert_eq!(send(&admin, Method::PUT, &format!("{RULES}/assignment"), none).await.status, 200);
    assert_eq!(faceless(&kiosk).await.body["scoring_result"]["rules"], "default");
}

async fn shadow_rules_report_what_publishing_them_changes(world: &'static World) {
    let admin = Project::new(world);
    let new = json!({"name": "candidate", "rules": when_nothing_is_judged("refer")});
    let made = send(&admin, Method::POST, RULES, new).await;
    let id = made.body["data"]["scores_id"].as_str().unwrap().to_owned();
    let kiosk = admin.mint(json!({"name": "kiosk", "selected_services": ["Face Liveness Detection"]})).await;
    let shadow = send(&admin, Method::PUT, &format!("{RULES}/shadow"), json!({"scores_id": id})).await;
    assert_eq!(shadow.status, 200, "{:#}", shadow.body);
    let decided = faceless(&kiosk).await;
    assert_eq!(decided.verdict(), "fail", "they change nothing: {:#}", decided.body);

    let report = admin.get(&format!("{RULES}/shadow")).await;
    let calls = &report.body["data"]["calls"];
    assert_eq!(calls["verdicts"], json!({"fail": {"refer": 1}}), "{:#}", report.body);
    assert_eq!((&calls["stricter"], &calls["looser"]), (&json!(0), &json!(1)));
    assert_eq!(calls["changes"][0]["id"], decided.header("x-request-id").unwrap());

    let published = send(&admin, Method::POST, &format!("{RULES}/{id}/publish"), json!({})).await;
    let data = &published.body["data"];
    assert_eq!((&data["rules"]["project_default"], &data["rules"]["shadow"]), (&json!(true), &json!(false)));
    assert_eq!(data["replaced_scores_id"], Value::Null);
    assert_eq!(faceless(&kiosk).await.verdict(), "refer");
    assert_eq!(admin.get(&format!("{RULES}/shadow")).await.status, 404);

    let strict = json!({"rules": when_nothing_is_judged("fail")});
    assert_eq!(send(&admin, Method::PUT, &format!("{RULES}/{id}"), strict).await.body["data"]["version"], 2);
    let restored = send(&admin, Method::POST, &format!("{RULES}/{id}/rollback"), json!({"version": 1})).await;
    assert_eq!(restored.body["data"]["version"], 3, "{:#}", restored.body);
    assert_eq!(restored.body["data"]["rules"], when_nothing_is_judged("refer"));
    assert_eq!(faceless(&kiosk).await.verdict(), "refer");
}

async fn rules_stay_in_their_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    let new = json!({"name": "theirs", "rules": when_nothing_is_judged("refer")});
    let made = send(&theirs, Method::POST, RULES, new).await;
    let id = made.body["data"]["scores_id"].as_str().unwrap();
    let rules = json!({"rules": when_nothing_is_judged("fail")});
    let refusals = [
        mine.get(&format!("{RULES}/{id}")).await,
        mine.get(&format!("{RULES}/{id}/versions/1")).await,
        send(&mine, Method::PUT, &format!("{RULES}/{id}"), rules).await,
        send(&mine, Method::PUT, &format!("{RULES}/assignment"), json!({"scores_id": id})).await,
        send(&mine, Method::POST, &format!("{RULES}/what-if"), json!({"scores_id": id})).await,
        send(&mine, Method::PUT, &format!("{RULES}/shadow"), json!({"scores_id": id})).await,
        send(&mine, Method::POST, &format!("{RULES}/{id}/publish"), json!({})).await,
        send(&mine, Method::POST, &format!("{RULES}/{id}/rollback"), json!({"version": 1})).await,
    ];
    for refused in refusals {
        assert_eq!((refused.status.as_u16(), refused.error()), (404, "scoring rules not found"));
        assert_eq!(refused.body["message"], "scoring rules not found");
    }
    let bad = json!({"name": "bad", "rules": {"version": 1, "services": {"face_liveness": {"mode": "required", "pass": 7}}}});
    let refused = send(&mine, Method::POST, RULES, bad).await;
    assert_eq!(refused.error(), "services.face_liveness.pass must be a number from 0 to 1");
}
