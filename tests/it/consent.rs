//! The consent ledger as a customer sees it.

use serde_json::json;

use crate::{
    both_modes,
    project::{ADA, Project, answer},
    world::World,
};

both_modes!(
    consent_is_answered_in_both_shapes,
    the_newest_entry_counts_and_all_are_kept,
    consent_stays_in_its_project,
    wrong_shapes_are_refused
);

async fn consent_is_answered_in_both_shapes(world: &'static World) {
    let project = Project::new(world);
    for path in ["consent", "strg-consent"] {
        let given = project.consent(path, ADA, true).await;
        assert_eq!(given.status, 200, "{}", given.body);
        for part in [&given.body, &given.body["data"]] {
            assert_eq!(part["is_consent_given"], true);
            assert_eq!(part["user_fullname"], ADA);
        }
    }
}

async fn the_newest_entry_counts_and_all_are_kept(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    project.consent("strg-consent", ADA, false).await;

    let state = project.get(&format!("/api-consent/consent/{ADA}")).await;
    assert_eq!(state.status, 200, "{}", state.body);
    let text = state.body.to_string();
    assert_eq!(text.matches("\"recorded_at\"").count(), 3, "{text}");
    assert_eq!(state.body["data"]["authorization"], true, "{text}");
    assert_eq!(state.body["data"]["storage"], false, "{text}");
}

async fn consent_stays_in_its_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    theirs.both_consents(ADA).await;
    assert_eq!(mine.get(&format!("/api-consent/consent/{ADA}")).await.status, 404);
}

async fn wrong_shapes_are_refused(world: &'static World) {
    let project = Project::new(world);
    let bodies = [
        json!({}),
        json!([]),
        json!({"is_consent_given": "yes", "user_fullname": ADA}),
        json!({"is_consent_given": true, "user_fullname": ""}),
    ];
    for body in bodies {
        let refused = answer(project.post("/api-consent/consent").json(&body)).await;
        assert!(refused.status.is_client_error(), "{body} was answered {}", refused.status);
        assert!(!refused.error().is_empty());
    }
    assert_eq!(project.get(&format!("/api-consent/consent/{ADA}")).await.status, 404, "nothing was recorded");
}
