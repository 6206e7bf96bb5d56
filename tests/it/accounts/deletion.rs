//! Deletion of an organisation: calls are rejected at once, and in the end no data are left.

use reqwest::Method;
use serde_json::json;

use super::{Organisation, PASSWORD};
use crate::{
    both_modes,
    project::{Project, SPEECH, answer},
    world::World,
};

both_modes!(a_deleted_organisation_is_refused_at_once_and_nothing_of_it_is_left);

async fn a_deleted_organisation_is_refused_at_once_and_nothing_of_it_is_left(world: &'static World) {
    let organisation = Organisation::new(world);
    let owner = organisation.owner().await;
    let admin = organisation.member(&owner, "admin").await;
    let project = Project::of(world, &organisation.project, &organisation.key);
    let user = "joan.clarke@example.org";
    project.both_consents(user).await;
    project.start_session().await;
    let seen = answer(project.video(user, "speaker_crop.mp4", SPEECH)).await;
    assert_eq!(seen.header("x-auto-enroll"), Some("true"), "{:#}", seen.body);
    let left = || {
        let mut command = world.biometry(&["erasure", "verify", "--project", &project.id, "--user", user]);
        command.output().expect("the CLI runs").status.code()
    };
    assert_eq!(left(), Some(1));

    let path = "/api-auth/organisation";
    let name = owner.get("/api-auth/me").await.body["organisation"]["name"].as_str().unwrap().to_owned();
    let deletion_request = |name: &str| Some(json!({"name": name, "password": PASSWORD}));
    assert_eq!(admin.send(Method::DELETE, path, deletion_request(&name)).await.status, 403);
    let wrong = owner.send(Method::DELETE, path, deletion_request("Something else")).await;
    assert_eq!((wrong.status.as_u16(), wrong.body["fields"]["name"].is_string()), (400, true));
    let begun = owner.send(Method::DELETE, path, deletion_request(&name)).await;
    assert_eq!((begun.status.as_u16(), &begun.body["data"]["status"]), (202, &json!("deleting")));

    assert_eq!(project.get("/api-transactions/transactions").await.error(), "api key is not active");
    assert_eq!(admin.get("/api-auth/me").await.status, 401);
    let mut browser = organisation.browser();
    assert_eq!(browser.sign_in(&organisation.email("owner"), PASSWORD).await.status, 401);
    let receipt = format!("/api-auth/deletions/{}", begun.body["data"]["id"].as_str().unwrap());
    let mut ended = serde_json::Value::Null;
    testkit::wait_until("the organisation is deleted", async || {
        let read = browser.get(&receipt).await;
        assert_eq!(read.status, 200, "{}", read.body);
        ended = read.body["data"].clone();
        ended["status"] == "deleted"
    })
    .await;
    let kinds: Vec<_> = ended["destroyed"].as_array().unwrap().iter().map(|line| &line["kind"]).collect();
    for kind in ["transaction", "sample", "session", "face_template"] {
        assert!(kinds.contains(&&json!(kind)), "{kind} in {ended:#}");
    }
    assert!(ended["signature"].as_str().unwrap().split('.').count() == 3, "{ended}");
    assert!(!ended.to_string().contains("joan"), "{ended}");
    assert_eq!(left(), Some(0), "something is left");
    assert_eq!(project.get("/api-transactions/transactions").await.status, 401);
}
