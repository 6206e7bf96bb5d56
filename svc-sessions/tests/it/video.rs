//! The last video of a session.

use std::time::Duration;

use proto::sessions::{
    CheckVideoRoomRequest, GetLastVideoRequest, PutLastVideoHeader, PutLastVideoRequest, VideoLiveness,
    put_last_video_request::Part, video_liveness,
};
use rpc::StorageLimit;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::{PROJECT, World, assert_refused, chunk, each_world, header};

const NO_VIDEO: &str = "no video found for this session";

#[tokio::test]
async fn a_video_comes_back_as_it_was_sent() {
    each_world(async |world| {
        let id = world.start().await.id;
        assert_refused(world.video(PROJECT, &id).await, Code::NotFound, NO_VIDEO);
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let parts: Vec<&[u8]> = bytes.chunks(60_000).collect();
        assert_eq!(world.put_video(PROJECT, &id, &parts).await.unwrap(), 200_000);
        assert_eq!(world.video(PROJECT, &id).await.unwrap(), bytes);
        assert!(world.get(PROJECT, &id).await.unwrap().has_video);
        assert_eq!(
            world.second_process().await.video(PROJECT, &id).await.unwrap_or_default().len(),
            bytes.len()
        );
    })
    .await;
}

#[tokio::test]
async fn a_newer_video_replaces_the_one_before() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"a longer first video"]).await.unwrap();
        world.put_video(PROJECT, &id, &[b"second"]).await.unwrap();
        assert_eq!(world.video(PROJECT, &id).await.unwrap(), b"second");
    })
    .await;
}

#[tokio::test]
async fn how_the_liveness_check_ended_stays_with_the_video() {
    each_world(async |world| {
        let id = world.start().await.id;
        let live = |score| VideoLiveness { outcome: Some(video_liveness::Outcome::Score(score)) };
        for liveness in [Some(live(0.9)), Some(live(0.1)), None] {
            let part = Some(Part::Header(PutLastVideoHeader {
                project_id: PROJECT.into(),
                session_id: id.clone(),
                transaction_id: String::new(),
                liveness: liveness.clone(),
            }));
            let messages = vec![PutLastVideoRequest { part }, chunk(b"a video")];
            world.client.clone().put_last_video(futures::stream::iter(messages)).await.unwrap();
            let request = GetLastVideoRequest { project_id: PROJECT.into(), session_id: id.clone() };
            let mut chunks = world.client.clone().get_last_video(request).await.unwrap().into_inner();
            assert_eq!(chunks.message().await.unwrap().unwrap().liveness, liveness);
            assert_eq!(world.video(PROJECT, &id).await.unwrap(), b"a video");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_does_not_see_another_ones_video() {
    each_world(async |world| {
        let (one, two) = (world.start().await.id, world.start().await.id);
        world.put_video(PROJECT, &one, &[b"one"]).await.unwrap();
        assert_refused(world.video(PROJECT, &two).await, Code::NotFound, NO_VIDEO);
        world.end(PROJECT, &two).await.unwrap();
        assert_eq!(world.video(PROJECT, &one).await.unwrap(), b"one");
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_is_refused_leaves_the_video_before() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"first"]).await.unwrap();
        let empty = world.put_video(PROJECT, &id, &[b"", b""]).await;
        assert_refused(empty, Code::InvalidArgument, "the video is empty");
        let large = world.put_video(PROJECT, &id, &[&[0; 150_000], &[0; 150_001]]).await;
        assert_refused(large, Code::InvalidArgument, "video is larger than 300000 bytes");
        let headers = [header(PROJECT, &id), chunk(b"x"), header(PROJECT, &id)];
        let twice = world.client.clone().put_last_video(futures::stream::iter(headers)).await;
        assert_refused(twice, Code::InvalidArgument, "every message after the first must be a chunk");
        let headless = world.client.clone().put_last_video(futures::stream::iter([chunk(b"x")])).await;
        assert_refused(headless, Code::InvalidArgument, "the first message must be the header");
        assert_eq!(world.video(PROJECT, &id).await.unwrap(), b"first");
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_the_video_before() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"first"]).await.unwrap();
        let (sender, parts) = tokio::sync::mpsc::channel(1);
        let mut client = world.client.clone();
        let upload = tokio::spawn(async move { client.put_last_video(ReceiverStream::new(parts)).await });
        sender.send(header(PROJECT, &id)).await.unwrap();
        // The channel holds one message: when the last of these is accepted, the service has received the earlier ones.
        for _ in 0..3 {
            sender.send(chunk(&[7; 70_000])).await.unwrap();
        }
        upload.abort();
        assert!(upload.await.unwrap_err().is_cancelled());
        assert_eq!(world.video(PROJECT, &id).await.unwrap(), b"first");
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_session_removes_its_video() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"video"]).await.unwrap();
        assert_ne!(world.blobs(), Vec::<std::path::PathBuf>::new());
        assert!(!world.end(PROJECT, &id).await.unwrap().has_video);
        assert_eq!(world.blobs(), Vec::<std::path::PathBuf>::new());
    })
    .await;
}

#[tokio::test]
async fn an_upload_under_way_does_not_survive_the_end_of_its_session() {
    each_world(async |world| {
        let id = world.start().await.id;
        let (sender, parts) = tokio::sync::mpsc::channel(1);
        let mut client = world.client.clone();
        let upload = tokio::spawn(async move { client.put_last_video(ReceiverStream::new(parts)).await });
        for message in [header(PROJECT, &id), chunk(b"one"), chunk(b"two"), chunk(b"three")] {
            sender.send(message).await.unwrap();
        }
        world.end(PROJECT, &id).await.unwrap();
        drop(sender);
        assert_refused(upload.await.unwrap(), Code::FailedPrecondition, "session has ended");
        assert_eq!(world.blobs(), Vec::<std::path::PathBuf>::new());
    })
    .await;
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn the_sweeper_removes_what_expired_and_nothing_else() {
    each_world(async |world: World| {
        let old = world.start().await.id;
        world.put_video(PROJECT, &old, &[b"old"]).await.unwrap();
        let old_files = world.blobs();
        world.move_to_expiry(-1);
        let young = world.start().await.id;
        world.put_video(PROJECT, &young, &[b"young"]).await.unwrap();
        world.move_to_expiry(0);
        // A process sweeps as soon as it starts.
        let sweeping = world.second_process().await;
        until("the old video is removed", || old_files.iter().all(|file| !file.exists())).await;
        assert_eq!(sweeping.video(PROJECT, &young).await.unwrap(), b"young");
        // The row is removed after the video; once the clock is back, only a removed session is still unknown.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
        world.move_to_expiry(-1);
        while world.get(PROJECT, &old).await.is_ok() {
            assert!(tokio::time::Instant::now() < deadline, "the row is never removed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn without_room_a_video_is_refused_and_the_one_before_stays() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"first"]).await.unwrap();
        let mut config = world.config.clone();
        config.blob.limits.min_free_bytes = u64::MAX;
        let full = World::open(config, world.clock.clone()).await;
        let room = CheckVideoRoomRequest { project_id: PROJECT.into() };
        let refused = full.client.clone().check_video_room(room.clone()).await.unwrap_err();
        assert_eq!(StorageLimit::of(&refused), Some(StorageLimit::Full));
        let refused = full.put_video(PROJECT, &id, &[b"second"]).await.unwrap_err();
        assert_eq!(StorageLimit::of(&refused), Some(StorageLimit::Full));
        assert_eq!(full.video(PROJECT, &id).await.unwrap(), b"first");
        world.client.clone().check_video_room(room).await.unwrap();
    })
    .await;
}
