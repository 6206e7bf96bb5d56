//! A server whose disk has less free space than media must leave for the databases.

use crate::{
    project::{ADA, Project, SPEECH, answer},
    world,
};

/// More than any disk has.
const NO_ROOM: &str = "9000000000000000000";

#[tokio::test]
async fn below_the_low_water_mark_only_media_are_rejected() {
    let world = world::alone(&[
        ("BIOMETRY_TRANSACTIONS__SAMPLES__LIMITS__MIN_FREE_BYTES", NO_ROOM),
        ("BIOMETRY_SESSIONS__BLOB__LIMITS__MIN_FREE_BYTES", NO_ROOM),
    ]);
    let project = Project::new(world);
    project.both_consents(ADA).await;
    let video = || project.video(ADA, "speaker_crop.mp4", SPEECH);
    let refused = answer(video()).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (507, &"storage_full".into()),
        "{}",
        refused.body
    );
    let templates = project.get(&format!("/api-projects/subjects/{ADA}")).await;
    assert_eq!(templates.body["data"]["templates"], serde_json::json!([]), "nobody was enrolled");

    // Without storage consent only a session's video is stored.
    assert_eq!(project.consent("strg-consent", ADA, false).await.status, 200);
    let judged = answer(video()).await;
    assert_eq!(judged.status, 200, "{}", judged.body);
    let session = project.start_session().await;
    let refused = answer(video().header("X-Session-ID", &session)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (507, &"storage_full".into()),
        "{}",
        refused.body
    );

    let id = refused.header("x-request-id").unwrap();
    let record = project.get(&format!("/api-transactions/transactions/{id}")).await;
    assert_eq!(
        (record.status.as_u16(), &record.body["data"]["http_status"]),
        (200, &507.into()),
        "{}",
        record.body
    );
    for folder in ["samples", "session-videos"] {
        let blobs = world.data_dir.join(folder).join("blobs");
        assert!(std::fs::read_dir(&blobs).map_or(0, Iterator::count) == 0, "{}", blobs.display());
    }
}
