//! From start to end, or to expiry.

use std::collections::HashSet;

use futures::future::join_all;
use proto::sessions::{SessionState, StartSessionRequest};
use tonic::Code;

use crate::{LIFETIME_MS, PROJECT, START_MS, World, assert_refused, assert_unknown, each_world};

#[tokio::test]
async fn a_new_session_is_active_unbound_and_lives_half_an_hour() {
    each_world(async |world| {
        let session = world.start().await;
        let id = session.id.strip_prefix("sess_").expect("the prefix of a session");
        assert_eq!(uuid::Uuid::try_parse(id).unwrap().get_version_num(), 7);
        assert_eq!(session.state(), SessionState::Active);
        assert_eq!((session.created_at_ms, session.expires_at_ms), (START_MS, START_MS + LIFETIME_MS));
        assert_eq!((session.user_fullname.as_deref(), session.has_video), (None, false));
        assert_eq!(world.get(PROJECT, &session.id).await.unwrap(), session);
    })
    .await;
}

#[tokio::test]
async fn sessions_started_together_by_two_processes_are_all_there() {
    each_world(async |world| {
        let other = world.second_process().await;
        let started =
            join_all((0..100).map(|n| if n % 2 == 0 { world.start() } else { other.start() })).await;
        let ids: HashSet<_> = started.iter().map(|session| session.id.clone()).collect();
        assert_eq!(ids.len(), 100);
        for session in started {
            assert_eq!(world.get(PROJECT, &session.id).await.unwrap(), session);
        }
    })
    .await;
}

#[tokio::test]
async fn an_ended_session_takes_no_more_calls() {
    each_world(async |world| {
        let id = world.start().await.id;
        let ended = world.end(PROJECT, &id).await.unwrap();
        assert_eq!((ended.state(), ended.ended_at_ms), (SessionState::Ended, Some(START_MS)));
        let text = "session has ended";
        assert_refused(world.end(PROJECT, &id).await, Code::FailedPrecondition, text);
        assert_refused(world.bind(PROJECT, &id, "Jane Doe").await, Code::FailedPrecondition, text);
        assert_refused(world.put_video(PROJECT, &id, &[b"video"]).await, Code::FailedPrecondition, text);
        assert_refused(world.video(PROJECT, &id).await, Code::FailedPrecondition, text);
        assert_eq!(world.get(PROJECT, &id).await.unwrap(), ended);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_once_however_many_end_it() {
    each_world(async |world| {
        let other = world.second_process().await;
        let id = world.start().await.id;
        let ends = join_all(
            (0..10).map(|n| if n % 2 == 0 { world.end(PROJECT, &id) } else { other.end(PROJECT, &id) }),
        );
        let (won, lost): (Vec<_>, Vec<_>) = ends.await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_refused(answer, Code::FailedPrecondition, "session has ended");
        }
    })
    .await;
}

/// Every call on a missing session has the same response.
async fn assert_not_there(world: &World, project: &str, id: &str) {
    assert_unknown(world.get(project, id).await);
    assert_unknown(world.bind(project, id, "Jane Doe").await);
    assert_unknown(world.put_video(project, id, &[b"video"]).await);
    assert_unknown(world.video(project, id).await);
    assert_unknown(world.end(project, id).await);
}

#[tokio::test]
async fn a_session_is_gone_from_the_millisecond_it_expires() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"video"]).await.unwrap();
        world.move_to_expiry(-1);
        world.bind(PROJECT, &id, "Jane Doe").await.unwrap();
        world.move_to_expiry(0);
        assert_not_there(&world, PROJECT, &id).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_of_another_project_is_as_unknown_as_one_that_never_was() {
    each_world(async |world| {
        let id = world.start().await.id;
        world.put_video(PROJECT, &id, &[b"video"]).await.unwrap();
        assert_not_there(&world, "prj_2", &id).await;
        assert_not_there(&world, PROJECT, "sess_0190b5f4-0000-7000-8000-000000000000").await;
        assert_not_there(&world, PROJECT, "' OR '1'='1").await;
        assert_eq!(world.video(PROJECT, &id).await.unwrap(), b"video");
    })
    .await;
}

#[tokio::test]
async fn a_project_that_is_no_id_starts_nothing() {
    each_world(async |world| {
        for project in ["", "../escape", "a b"] {
            let request = StartSessionRequest { project_id: project.into(), api_key_id: "key_1".into() };
            let answer = world.client.clone().start_session(request).await;
            assert_refused(answer, Code::InvalidArgument, "project_id is not an id");
        }
    })
    .await;
}
