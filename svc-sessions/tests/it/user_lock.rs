//! The first call of a session locks its user.

use futures::future::join_all;
use tonic::Code;

use proto::sessions::{BindReason, BindUserRequest, Session};
use tonic::Status;

use crate::{PROJECT, World, assert_refused, each_world};

const ANOTHER: &str = "session is bound to another user";

#[tokio::test]
async fn the_first_user_stays_and_every_other_is_refused() {
    each_world(async |world| {
        let id = world.start().await.id;
        let bound = world.bind(PROJECT, &id, "Jané Doe").await.unwrap();
        assert_eq!(bound.user_fullname.as_deref(), Some("Jané Doe"));
        assert_eq!(world.bind(PROJECT, &id, "Jané Doe").await.unwrap(), bound);
        for other in ["John Roe", "jané doe", "Jané Doe "] {
            assert_refused(world.bind(PROJECT, &id, other).await, Code::PermissionDenied, ANOTHER);
        }
        assert_eq!(world.get(PROJECT, &id).await.unwrap(), bound);
    })
    .await;
}

#[tokio::test]
async fn of_users_that_race_exactly_one_wins() {
    each_world(async |world| {
        let other = world.second_process().await;
        for _ in 0..10 {
            let id = world.start().await.id;
            let race = (0..8).map(|n| {
                let (world, id) = (if n % 2 == 0 { world.clone() } else { other.clone() }, id.clone());
                // Separate tasks, so that they run concurrently.
                tokio::spawn(async move { world.bind(PROJECT, &id, &format!("user {n}")).await })
            });
            let answers = join_all(race).await.into_iter().map(|joined| joined.expect("no call panics"));
            let (won, lost): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
            assert_eq!((won.len(), lost.len()), (1, 7));
            for answer in lost {
                assert_refused(answer, Code::PermissionDenied, ANOTHER);
            }
            let winner = won.into_iter().next().unwrap().unwrap();
            assert_eq!(other.get(PROJECT, &id).await.unwrap(), winner);
        }
    })
    .await;
}

async fn bind(world: &World, id: &str, user: &str, reason: BindReason) -> Result<Session, Status> {
    let request = BindUserRequest {
        project_id: PROJECT.into(),
        session_id: id.into(),
        user_fullname: user.into(),
        reason: reason.into(),
    };
    world.client.clone().bind_user(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn v2_case_10_consents_alone_leave_a_session_to_be_renamed_once() {
    each_world(async |world| {
        let id = world.start().await.id;
        for _ in 0..2 {
            let bound = bind(&world, &id, "Jané Doe", BindReason::Consent).await.unwrap();
            assert_eq!(bound.former_user_fullname, None);
        }
        assert_refused(bind(&world, &id, "eve", BindReason::Consent).await, Code::PermissionDenied, ANOTHER);
        assert_refused(world.bind(PROJECT, &id, "eve").await, Code::PermissionDenied, ANOTHER);
        let race = (0..4).map(|n| {
            let (world, id) = (world.clone(), id.clone());
            tokio::spawn(async move { bind(&world, &id, &format!("user-{n}"), BindReason::Rename).await })
        });
        let answers = join_all(race).await.into_iter().map(|joined| joined.expect("no call panics"));
        let (won, lost): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 3));
        let won = won.into_iter().next().unwrap().unwrap();
        assert_eq!(won.former_user_fullname.as_deref(), Some("Jané Doe"));
        let user = won.user_fullname.unwrap();
        let again = bind(&world, &id, &user, BindReason::Rename).await.unwrap();
        assert_eq!((again.user_fullname, again.former_user_fullname), (Some(user), None));
        assert_refused(
            bind(&world, &id, "Jané Doe", BindReason::Rename).await,
            Code::PermissionDenied,
            ANOTHER,
        );

        // Another call about the user makes it theirs for good.
        let id = world.start().await.id;
        bind(&world, &id, "Jané Doe", BindReason::Consent).await.unwrap();
        world.bind(PROJECT, &id, "Jané Doe").await.unwrap();
        assert_refused(
            bind(&world, &id, "user-1", BindReason::Rename).await,
            Code::PermissionDenied,
            ANOTHER,
        );
    })
    .await;
}

#[tokio::test]
async fn a_user_has_a_name_of_at_most_256_bytes() {
    each_world(async |world| {
        let id = world.start().await.id;
        assert_refused(
            world.bind(PROJECT, &id, "").await,
            Code::InvalidArgument,
            "user_fullname is required",
        );
        let long = "x".repeat(257);
        let text = "user_fullname is longer than 256 bytes";
        assert_refused(world.bind(PROJECT, &id, &long).await, Code::InvalidArgument, text);
        world.bind(PROJECT, &id, &long[1..]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_name_outlives_a_change_of_the_master_key() {
    each_world(async |mut world| {
        let id = world.start().await.id;
        world.bind(PROJECT, &id, "Jane Doe").await.unwrap();
        let old = world.config.blob.keys.secret.replace("08".repeat(32).into()).unwrap();
        world.config.blob.keys.retired.push(old);
        let rotated = world.second_process().await;
        assert_eq!(
            rotated.bind(PROJECT, &id, "Jane Doe").await.unwrap().user_fullname.as_deref(),
            Some("Jane Doe")
        );
        assert_refused(rotated.bind(PROJECT, &id, "John Roe").await, Code::PermissionDenied, ANOTHER);
    })
    .await;
}

#[tokio::test]
async fn no_name_and_no_video_is_readable_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let config = svc_sessions::Config::embedded(folder.path());
    let world = crate::World::open(config, std::sync::Arc::new(crate::START_MS.into())).await;
    let id = world.start().await.id;
    world.bind(PROJECT, &id, "Jane Unmistakable").await.unwrap();
    world.put_video(PROJECT, &id, &[b"an unmistakable video"]).await.unwrap();
    let files = crate::files(folder.path());
    assert!(files.len() >= 4, "database, key, video and its expiry: {files:?}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(12).any(|window| window.eq_ignore_ascii_case(b"unmistakable"));
        assert!(!found, "{} holds it in the clear", file.display());
    }
}
