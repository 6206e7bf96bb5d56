//! What is answered is on disk, with the configuration an embedded server has.

use std::{path::Path, sync::Arc};

use testkit::SyncWatch;

use crate::{PROJECT, World};

#[tokio::test]
async fn sessions_and_videos_are_on_disk_before_they_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(svc_sessions::Config::embedded(folder.path()), Arc::default()).await;
    let log = Path::new("sessions.db-wal");
    let is_synced = |watch: &SyncWatch| watch.inside(folder.path()).iter().any(|path| path == log);
    let watch = SyncWatch::start();
    let id = world.start().await.id;
    assert!(is_synced(&watch), "the session");
    let watch = SyncWatch::start();
    world.bind(PROJECT, &id, "ada").await.unwrap();
    assert!(is_synced(&watch), "its user");
    let watch = SyncWatch::start();
    world.put_video(PROJECT, &id, &[&[7; 90_000]]).await.unwrap();
    assert!(is_synced(&watch), "that it has a video");
    let synced = watch.inside(&world.config.blob.folder);
    assert!(synced.iter().any(|path| path.starts_with("blobs")), "the video: {synced:?}");
    let watch = SyncWatch::start();
    world.end(PROJECT, &id).await.unwrap();
    assert!(is_synced(&watch), "its end");
}
