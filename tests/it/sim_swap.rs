//! Sessions that end with a phone number, which the mobile operator is asked about.

use serde_json::{Value, json};
use testkit::{Operator, Play};

use crate::{
    both_modes,
    project::{Answer, Project, answer},
    world::World,
};

both_modes!(
    a_number_is_checked_as_its_session_ends,
    the_session_ends_for_every_response_of_the_operator,
    an_invalid_number_leaves_the_session_active,
    an_ended_session_accepts_nothing_more,
    the_operator_is_set_by_a_key_that_can_mint
);

const NUMBER: &str = "+61400000000";

async fn end(project: &Project, session: &str, body: &Value) -> Answer {
    answer(project.post(&format!("/api-gateway/sessions/end/{session}")).json(body)).await
}

async fn put(project: &Project, settings: &Value) -> Answer {
    answer(project.request(reqwest::Method::PUT, "/api-projects/sim-swap").json(settings)).await
}

/// Ends a new session with the number and returns the evidence of it.
async fn checked(project: &Project) -> Value {
    let session = project.start_session().await;
    let ended = end(project, &session, &json!({"phone_number": NUMBER})).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    assert_eq!(ended.body["message"], "session ended successfully");
    assert_eq!(end(project, &session, &json!({})).await.error(), "session has ended");
    ended.body["data"]["sim_swap"].clone()
}

async fn a_number_is_checked_as_its_session_ends(world: &'static World) {
    let project = Project::new(world);
    let not_checked = checked(&project).await;
    assert_eq!(not_checked["status"], "not_checked");
    assert_eq!(not_checked["description"], "no mobile operator is configured for this project");

    let operator = Operator::start().await;
    assert_eq!(put(&project, &operator.settings()).await.status, 200);
    operator.plays(NUMBER, Play::Changed { at: "2026-11-20T09:00:00+01:00", hours: 30 });
    let swapped = checked(&project).await;
    assert_eq!((&swapped["status"], &swapped["swapped"]), (&json!("swapped"), &json!(true)));
    assert_eq!(swapped["latest_sim_change"], "2026-11-20T08:00:00Z");
    let correlator = operator.known().calls[0].1.clone();
    let record = project.get(&format!("/api-transactions/transactions/{correlator}")).await;
    assert_eq!(record.body["data"]["kind"], "session_end", "the correlator is the call's own id");
    assert_eq!(record.body["data"]["services"]["SIM Swap"]["status"], "swapped");
    assert!(!record.body.to_string().contains(&NUMBER[1..]), "{}", record.body);

    operator.plays(NUMBER, Play::Unchanged { monitored_days: Some(120) });
    let unchanged = checked(&project).await;
    assert_eq!((&unchanged["status"], &unchanged["monitored_period"]), (&json!("not_swapped"), &json!(120)));
    assert!(unchanged.get("latest_sim_change").is_none() && unchanged.get("error").is_none());
    assert_eq!(operator.known().tokens, 1, "one token for all");
}

async fn the_session_ends_for_every_response_of_the_operator(world: &'static World) {
    let project = Project::new(world);
    let operator = Operator::start().await;
    put(&project, &operator.settings()).await;
    let table = [
        (Play::Error(400, "INVALID_ARGUMENT"), "invalid_argument"),
        (Play::Error(401, "UNAUTHENTICATED"), "unauthenticated"),
        (Play::Error(403, "PERMISSION_DENIED"), "permission_denied"),
        (Play::Error(404, "IDENTIFIER_NOT_FOUND"), "identifier_not_found"),
        (Play::Error(422, "SERVICE_NOT_APPLICABLE"), "service_not_applicable"),
        (Play::Error(422, "UNNECESSARY_IDENTIFIER"), "unnecessary_identifier"),
        (Play::Error(429, "TOO_MANY_REQUESTS"), "too_many_requests"),
        (Play::Error(503, "UNAVAILABLE"), "operator_unavailable"),
        (Play::Garbage, "operator_answer_unreadable"),
        (Play::Redirect("http://127.0.0.1:1/".into()), "operator_redirected"),
        (Play::Silent, "operator_timeout"),
    ];
    for (play, word) in table {
        operator.plays(NUMBER, play.clone());
        let seen = checked(&project).await;
        assert_eq!((&seen["status"], &seen["error"]), (&json!("error"), &json!(word)), "{play:?}");
        assert!(seen.get("swapped").is_none());
    }
}

async fn an_invalid_number_leaves_the_session_active(world: &'static World) {
    let project = Project::new(world);
    let session = project.start_session().await;
    for bad in
        [json!("0400"), json!("+61 400 000 000"), json!("+0123456"), json!(""), json!(61_400_000_000_i64)]
    {
        let refused = end(&project, &session, &json!({"phone_number": bad})).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.body);
        assert!(!refused.error().contains("0400 "), "{}", refused.body);
    }
    assert_eq!(end(&project, &session, &json!({})).await.status, 200);
}

async fn an_ended_session_accepts_nothing_more(world: &'static World) {
    let project = Project::new(world);
    let session = project.start_session().await;
    end(&project, &session, &json!({})).await;
    let consent = json!({"is_consent_given": true, "user_fullname": "ada@example.org"});
    let calls = [
        project.post(&format!("/api-gateway/sessions/end/{session}")).json(&json!({"phone_number": NUMBER})),
        project.post("/api-consent/consent").header("X-Session-ID", &session).json(&consent),
        project.post("/api-consent/strg-consent").header("X-Session-ID", &session).json(&consent),
        project.video("ada@example.org", "small.mp4", "one two").header("X-Session-ID", &session),
    ];
    for call in calls {
        let refused = answer(call).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (409, "session has ended"));
    }
}

async fn the_operator_is_set_by_a_key_that_can_mint(world: &'static World) {
    let (project, other) = (Project::new(world), Project::new(world));
    let path = "/api-projects/sim-swap";
    assert_eq!(project.get(path).await.status, 404);
    let operator = Operator::start().await;
    let saved = put(&project, &operator.settings()).await;
    assert_eq!(
        (saved.status.as_u16(), &saved.body["data"]["max_age_hours"]),
        (200, &json!(240)),
        "{}",
        saved.body
    );
    let read = project.get(path).await;
    assert_eq!(read.body["data"]["client_id"], "client");
    assert!(!read.body.to_string().contains("s3cret") && !saved.body.to_string().contains("s3cret"));
    assert_eq!(other.get(path).await.status, 404, "another project has its own");

    for (field, value, words) in [
        ("base_url", json!("https://169.254.169.254/latest"), "base_url: the url leads to an address"),
        (
            "token_url",
            json!("ftp://operator.example/"),
            "token_url: the url is not an absolute https address",
        ),
        ("max_age_hours", json!(0), "max_age_hours must be from 1 to 2400"),
        ("client_id", json!("a\r\nb"), "client_id must be"),
    ] {
        let mut settings = operator.settings();
        settings[field] = value;
        let refused = put(&project, &settings).await;
        assert_eq!(refused.status, 400, "{field}");
        assert!(refused.error().starts_with(words), "{}", refused.body);
        assert_eq!(refused.body["message"], refused.body["error"]);
    }

    let minted = project.post("/api-projects/public/apikeys").json(&json!({"name": "kiosk"}));
    let kiosk = answer(minted).await.body["data"].as_str().unwrap().to_owned();
    let refused = answer(reqwest::Client::new().get(format!("{}{path}", world.url)).bearer_auth(kiosk)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.error()),
        (403, "this call needs a key with the scope project.admin")
    );

    let removed = answer(project.request(reqwest::Method::DELETE, path)).await;
    assert_eq!(
        (removed.status.as_u16(), &removed.body["message"]),
        (200, &json!("sim swap operator removed"))
    );
    assert_eq!(checked(&project).await["status"], "not_checked");
}
