//! Sessions and their videos move to a new master key.

use ledger::Rewrap;

use crate::{PROJECT, World, each_world};

fn keyed(world: &World, active: &str, retired: &[&str]) -> svc_sessions::Config {
    let mut config = world.config.clone();
    config.blob.keys.secret = Some(active.repeat(32).into());
    config.blob.keys.retired = retired.iter().map(|key| key.repeat(32).into()).collect();
    config
}

async fn left(config: &svc_sessions::Config) -> Vec<String> {
    let (keys, usage) = ledger::key_usage(config, boot::now_ms()).await.unwrap();
    usage.into_iter().filter(|used| used.key_id != keys[0]).map(|used| used.column).collect()
}

#[tokio::test]
async fn sessions_and_videos_are_read_without_the_old_key_after_a_rewrap() {
    each_world(async |world: World| {
        let session = world.start().await.id;
        world.bind(PROJECT, &session, "Ada").await.unwrap();
        world.put_video(PROJECT, &session, &[b"a video"]).await.unwrap();
        let both = keyed(&world, "08", &["07"]);
        assert_eq!(left(&both).await, ["sessions.user_sealed", "session videos"]);
        let mut report = |_: &str, _: u64| ();
        ledger::rewrap(&both, &mut Rewrap { batch: 1, report: &mut report }, boot::now_ms()).await.unwrap();
        assert_eq!(left(&both).await, [""; 0]);
        let alone = World::open(keyed(&world, "08", &[]), world.clock.clone()).await;
        assert_eq!(alone.get(PROJECT, &session).await.unwrap().user_fullname.as_deref(), Some("Ada"));
        alone.bind(PROJECT, &session, "Ada").await.expect("the same user, by the hash of the old key");
        alone.bind(PROJECT, &session, "Bob").await.unwrap_err();
        assert_eq!(alone.video(PROJECT, &session).await.unwrap(), b"a video");
        let old_id = ledger::key_usage(&both, boot::now_ms()).await.unwrap().0[1].clone();
        ledger::distrust_master_key(&both, &old_id, boot::now_ms()).await.unwrap();
        assert!(svc_sessions::routes(keyed(&world, "07", &["08"])).await.is_err());
    })
    .await;
}
