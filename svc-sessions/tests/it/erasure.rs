//! Erasure of a subject: its sessions and their videos are deleted, and no one else's.

use proto::subjects::{Kept, Project, Remains, Subject};

use crate::{PROJECT, World, assert_unknown, each_world};

const ADA: &str = "Ada Lovelace";

fn subject(project: &str) -> Subject {
    Subject { project_id: project.into(), user_fullname: ADA.into() }
}

fn kept(sessions: u64, videos: u64) -> Remains {
    let kinds = [("session", sessions), ("session_video", videos)];
    let kept = kinds.into_iter().filter(|(_, count)| *count > 0);
    Remains { kept: kept.map(|(kind, count)| Kept { kind: kind.into(), count }).collect() }
}

async fn find(world: &World, project: &str) -> Remains {
    world.client.clone().find_subject(subject(project)).await.unwrap().into_inner()
}

async fn erase(world: &World, project: &str) -> Remains {
    world.client.clone().erase_subject(subject(project)).await.unwrap().into_inner()
}

/// Returns the stored videos, without the markers of their expiry (which name a session and nothing else).
fn videos(world: &World) -> Vec<std::path::PathBuf> {
    let expiry = world.config.blob.folder.join("expiry");
    world.blobs().into_iter().filter(|file| !file.starts_with(&expiry)).collect()
}

#[tokio::test]
async fn sessions_and_videos_of_the_subject_go_and_nobody_elses() {
    each_world(async |world| {
        let (first, second, bobs, unbound) =
            (world.start().await.id, world.start().await.id, world.start().await.id, world.start().await.id);
        for (id, user) in [(&first, ADA), (&second, ADA), (&bobs, "Bob")] {
            world.bind(PROJECT, id, user).await.unwrap();
        }
        for id in [&first, &bobs, &unbound] {
            world.put_video(PROJECT, id, &[b"a video"]).await.unwrap();
        }
        world.end(PROJECT, &second).await.unwrap();
        assert_eq!(find(&world, PROJECT).await, kept(2, 1));
        assert_eq!(erase(&world, "prj_2").await, kept(0, 0), "of another project, it is another subject");

        assert_eq!(erase(&world, PROJECT).await, kept(2, 1));
        assert_eq!(find(&world, PROJECT).await, kept(0, 0));
        assert_eq!(erase(&world, PROJECT).await, kept(0, 0), "a second call finds nothing");
        for id in [&first, &second] {
            assert_unknown(world.get(PROJECT, id).await);
            assert_unknown(world.put_video(PROJECT, id, &[b"late"]).await);
        }
        assert_eq!(world.video(PROJECT, &bobs).await.unwrap(), b"a video");
        assert_eq!(world.video(PROJECT, &unbound).await.unwrap(), b"a video");
        assert_eq!(videos(&world).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_erased_project_has_no_session_and_no_video() {
    each_world(async |world| {
        let (bound, unbound) = (world.start().await.id, world.start().await.id);
        world.bind(PROJECT, &bound, ADA).await.unwrap();
        for id in [&bound, &unbound] {
            world.put_video(PROJECT, id, &[b"a video"]).await.unwrap();
        }
        let erase = async |project: &str| {
            let request = Project { project_id: project.into() };
            world.client.clone().erase_project(request).await.unwrap().into_inner()
        };
        assert_eq!(erase("prj_2").await, kept(0, 0));
        assert_eq!(erase(PROJECT).await, kept(2, 2));
        assert_eq!(erase(PROJECT).await, kept(0, 0), "a second call finds nothing");
        for id in [&bound, &unbound] {
            assert_unknown(world.get(PROJECT, id).await);
        }
        assert_eq!(videos(&world), Vec::<std::path::PathBuf>::new());
    })
    .await;
}

#[tokio::test]
async fn a_video_that_arrives_during_the_erasure_does_not_stay() {
    each_world(async |world| {
        for _ in 0..10 {
            let id = world.start().await.id;
            world.bind(PROJECT, &id, ADA).await.unwrap();
            let chunk = [7; 90_000];
            let chunks: [&[u8]; 3] = [&chunk; 3];
            let (_, _) = tokio::join!(world.put_video(PROJECT, &id, &chunks), erase(&world, PROJECT));
            assert_eq!(find(&world, PROJECT).await, kept(0, 0));
            assert_eq!(videos(&world), Vec::<std::path::PathBuf>::new());
        }
    })
    .await;
}

/// The database's files and the blobs, in one piece.
fn bytes_on_disk(world: &World, database: &str) -> Vec<u8> {
    let files = ["", "-wal"].map(|suffix| format!("{database}{suffix}").into());
    let files = files.into_iter().chain(world.blobs());
    files.flat_map(|file: std::path::PathBuf| std::fs::read(file).unwrap()).collect()
}

/// A session of the user with a phrase that waits for its video.
async fn challenged(world: &World, user: &str) -> String {
    let id = world.start().await.id;
    world.bind(PROJECT, &id, user).await.unwrap();
    let kind = proto::sessions::ChallengeKind::Digits;
    crate::challenge::issue(world, &id, kind).await.unwrap();
    id
}

#[tokio::test]
async fn no_file_holds_a_key_or_a_sealed_value_of_an_erased_subject() {
    /// Where a blob has its wrapped key.
    const WRAPPED_KEY: std::ops::Range<usize> = 12..12 + 68;
    const SEALED: &str = "SELECT user_sealed FROM sessions WHERE user_hash = $1 \
        UNION ALL SELECT challenge_sealed FROM sessions WHERE user_hash = $1 AND challenge_sealed IS NOT NULL \
        UNION ALL SELECT result_sealed FROM deepfake_checks WHERE user_hash = $1";
    each_world(async |world| {
        let Some(database) = database_file(&world) else { return };
        let first = challenged(&world, ADA).await;
        world.put_video(PROJECT, &first, &[&[7; 90_000]]).await.unwrap();
        let video = std::fs::read(&videos(&world)[0]).unwrap();
        // Enough rows that pages are split.
        for number in 0..60 {
            let id = challenged(&world, if number % 3 == 0 { ADA } else { "Bob" }).await;
            if number == 1 {
                world.put_video(PROJECT, &id, &[&[8; 90_000]]).await.unwrap();
            }
        }
        crate::checks::complete(&world, "c1", ADA, r#"{"verdict":"long enough to be looked for"}"#).await;
        let hash = svc_sessions::subject_traces(&world.config, PROJECT, ADA).await.unwrap().remove(0);
        let db = db::Db::open(&world.config.db, &svc_sessions::MIGRATIONS).await.unwrap();
        let sealed: Vec<(Vec<u8>,)> = db.fetch_all(SEALED, db::params![&hash]).await.unwrap();
        db.close().await;
        assert_eq!(sealed.len(), 22 + 21 + 1, "the names, the phrases, the result");
        let sealed = sealed.into_iter().map(|(sealed,)| sealed);
        let secrets: Vec<Vec<u8>> = sealed.chain([hash, video[WRAPPED_KEY].to_vec()]).collect();
        let has = |files: &[u8], secret: &[u8]| files.windows(secret.len()).any(|part| part == secret);
        let before = bytes_on_disk(&world, &database);
        assert!(secrets.iter().all(|secret| has(&before, secret)), "the test looks for what is there");

        erase(&world, PROJECT).await;
        let after = bytes_on_disk(&world, &database);
        let left = secrets.iter().filter(|secret| has(&after, secret)).count();
        assert_eq!(left, 0, "of {}", secrets.len());
        assert_eq!(videos(&world).len(), 1, "Bob's");
    })
    .await;
}

/// None: PostgreSQL, which has its rows elsewhere.
fn database_file(world: &World) -> Option<String> {
    use secrecy::ExposeSecret;
    world.config.db.url.expose_secret().strip_prefix("sqlite://").map(str::to_owned)
}
