//! Every gateway call leaves one record.

use crate::{
    both_modes,
    project::{ADA, Project, answer},
    world::World,
};

both_modes!(a_call_leaves_a_record_under_its_request_id, records_stay_in_their_project);

async fn a_call_leaves_a_record_under_its_request_id(world: &'static World) {
    let project = Project::new(world);
    let session = project.start_session().await;
    let call = project
        .video(ADA, "small.mp4", "one two")
        .header("X-Session-ID", &session)
        .header("X-Action-Trigger", "authentication")
        .header("X-Device-Info", r#"{"os":"test"}"#)
        .header("X-Geo-Location", r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Vienna"}"#)
        .header("X-Request-Tags", "first,second");
    let call = answer(call).await;
    let id = call.header("x-request-id").expect("every answer carries its id");

    let record = project.get(&format!("/api-transactions/transactions/{id}")).await;
    assert_eq!(record.status, 200, "{}", record.body);
    let data = &record.body["data"];
    assert_eq!(data["id"], id);
    assert_eq!(data["session_id"], session);
    assert_eq!(data["user_fullname"], ADA);
    assert_eq!(data["kind"], "process_video");
    assert_eq!(data["verdict"], call.body["scoring_result"]["status"]);
    assert_eq!(data["action_trigger"], "authentication");
    assert_eq!(data["tags"][1], "second");
    assert_eq!(data["device_info"]["os"], "test");
    assert_eq!(data["geo"]["country"], "AT");
}

async fn records_stay_in_their_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    let started = answer(theirs.post("/api-gateway/sessions/start")).await;
    let id = started.header("x-request-id").unwrap();
    let path = format!("/api-transactions/transactions/{id}");
    assert_eq!(theirs.get(&path).await.status, 200);
    assert_eq!(mine.get(&path).await.status, 404);
}
