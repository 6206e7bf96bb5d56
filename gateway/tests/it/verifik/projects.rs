//! Projects, flows and collections.

use super::*;

#[tokio::test]
async fn projects_flows_and_collections_are_changed_by_their_rules() {
    let world = World::new("attested").await;
    let (project, flow) =
        world.project("p", json!({"onboardingSettings": {"liveness": {"minScore": 0.7}}})).await;
    let flow_path = format!("/v2/project-flows/{flow}");
    let found = world.client("GET", &flow_path, &Value::Null).await;
    assert_eq!(found.body["data"]["liveness"]["minScore"], 0.7, "older names count: {}", found.body);
    let taken = world.post("/v2/projects", &json!({"name": "p"})).await;
    assert_eq!((taken.status.as_u16(), &taken.body["error"]), (409, &"PROJECT_NAME_EXISTS".into()));
    let country = world.post("/v2/projects", &json!({"name": "q", "allowedCountries": ["Utopia"]})).await;
    assert_eq!((country.status.as_u16(), &country.body["error"]), (400, &"INVALID_COUNTRY_CODE".into()));
    let version_3 = world.post("/v3/projects", &json!({})).await;
    assert_eq!((version_3.status.as_u16(), &version_3.body["code"]), (422, &"UnprocessableEntity".into()));
    assert_eq!(version_3.body["details"], json!([{"field": "name", "message": "\"name\" is required"}]));
    let made = world.post("/v3/projects", &json!({"name": "q"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/v3/project-flows/{flow}");
    let changed = world.client("PUT", &path, &json!({"status": "paused"})).await;
    assert_eq!(
        (&changed.body["data"]["status"], &changed.body["data"]["liveness"]["minScore"]),
        (&"paused".into(), &json!(0.7)),
        "what is not named stays: {}",
        changed.body
    );
    let wrong = world.client("PUT", &path, &json!({"liveness": {"minScore": 0.1}})).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let paused = json!({"project": project, "projectFlow": flow, "email": "a@example.com"});
    assert_eq!(world.post("/v2/app-registrations", &paused).await.status, 404, "only active flows run");
    let none = json!({"project": project, "projectFlow": flow});
    let none = world.post("/v2/app-registrations", &none).await;
    assert_eq!(none.body["message"], "Needs an email or a phone at least");
}
