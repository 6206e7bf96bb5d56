//! Checks of videos: queued, leased once, restarted when their worker crashed, abandoned after the third time.

use proto::{
    sessions::{self as wire, DeepfakeCheckState},
    subjects::{Kept, Subject},
};
use tonic::Code;

use crate::{PROJECT, World, each_world};

const LEASE_SECONDS: u32 = 60;

async fn queued(world: &World, id: &str) -> String {
    queued_for(world, id, "ada").await
}

async fn queued_for(world: &World, id: &str, user: &str) -> String {
    let session = world.start().await;
    world.bind(PROJECT, &session.id, user).await.unwrap();
    world.put_video(PROJECT, &session.id, &[b"a video"]).await.unwrap();
    let request = wire::CreateDeepfakeCheckRequest {
        project_id: PROJECT.into(),
        id: id.into(),
        session_id: session.id.clone(),
        api_key_id: "key_1".into(),
    };
    let made = world.client.clone().create_deepfake_check(request).await.unwrap().into_inner();
    assert_eq!(made.state(), DeepfakeCheckState::Pending);
    session.id
}

async fn lease(world: &World) -> Option<wire::DeepfakeCheck> {
    let request = wire::LeaseDeepfakeCheckRequest { lease_seconds: LEASE_SECONDS };
    world.client.clone().lease_deepfake_check(request).await.unwrap().into_inner().check
}

fn named(project: &str, id: &str) -> wire::DeepfakeCheckRequest {
    wire::DeepfakeCheckRequest { project_id: project.into(), id: id.into() }
}

async fn found(world: &World, id: &str) -> wire::DeepfakeCheck {
    world.client.clone().get_deepfake_check(named(PROJECT, id)).await.unwrap().into_inner()
}

fn finish(of: &wire::DeepfakeCheck, result: &str) -> wire::FinishDeepfakeCheckRequest {
    wire::FinishDeepfakeCheckRequest {
        project_id: of.project_id.clone(),
        id: of.id.clone(),
        lease: of.lease,
        result_json: result.into(),
        error: String::new(),
    }
}

/// A check of the user that ends with this result.
pub async fn complete(world: &World, id: &str, user: &str, result: &str) {
    queued_for(world, id, user).await;
    let check = lease(world).await.expect("it waits");
    world.client.clone().finish_deepfake_check(finish(&check, result)).await.unwrap();
}

#[tokio::test]
async fn a_check_is_leased_once_and_its_video_is_deleted_at_its_end() {
    each_world(async |world| {
        let session = queued(&world, "c1").await;
        let second = world.second_process().await;
        let both = tokio::join!(lease(&world), lease(&second));
        let leased: Vec<_> = [both.0, both.1].into_iter().flatten().collect();
        assert_eq!(leased.len(), 1);
        let check = &leased[0];
        assert_eq!((check.user_fullname.as_str(), check.session_id.as_str()), ("ada", session.as_str()));
        assert_eq!(found(&world, "c1").await.state(), DeepfakeCheckState::Processing);
        let done = world.client.clone().finish_deepfake_check(finish(check, "{}")).await.unwrap();
        assert_eq!(
            (done.get_ref().state(), done.get_ref().result_json.as_str()),
            (DeepfakeCheckState::Completed, "{}")
        );
        assert_eq!(world.get(PROJECT, &session).await.unwrap().state(), wire::SessionState::Ended);
        assert!(!world.get(PROJECT, &session).await.unwrap().has_video);
        let again = world.client.clone().finish_deepfake_check(finish(check, "{}")).await.unwrap_err();
        assert_eq!(again.code(), Code::FailedPrecondition);
        let foreign = world.client.clone().get_deepfake_check(named("prj_2", "c1")).await.unwrap_err();
        assert_eq!(foreign.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_check_that_crashes_its_worker_is_retried_and_abandoned_after_the_third_time() {
    each_world(async |world| {
        let session = queued(&world, "c1").await;
        let mut leases = Vec::new();
        for _ in 0..3 {
            leases.push(lease(&world).await.expect("it waits"));
            assert!(lease(&world).await.is_none(), "it is leased");
            world.clock.fetch_add(i64::from(LEASE_SECONDS) * 1000, std::sync::atomic::Ordering::SeqCst);
        }
        let late = world.client.clone().finish_deepfake_check(finish(&leases[0], "{}")).await.unwrap_err();
        assert_eq!(late.code(), Code::FailedPrecondition, "its lease is another's by now");
        assert!(lease(&world).await.is_none());
        let check = found(&world, "c1").await;
        assert_eq!((check.state(), check.error.as_str()), (DeepfakeCheckState::Failed, "given_up"));
        assert!(!world.get(PROJECT, &session).await.unwrap().has_video);
    })
    .await;
}

#[tokio::test]
async fn checks_go_with_their_subject() {
    each_world(async |world| {
        queued(&world, "c1").await;
        let subject = Subject { project_id: PROJECT.into(), user_fullname: "ada".into() };
        let one = Kept { kind: "deepfake_check".into(), count: 1 };
        let kept = world.client.clone().find_subject(subject.clone()).await.unwrap().into_inner();
        assert!(kept.kept.contains(&one), "{kept:?}");
        let gone = world.client.clone().erase_subject(subject.clone()).await.unwrap().into_inner();
        assert!(gone.kept.contains(&one), "{gone:?}");
        assert!(world.client.clone().find_subject(subject).await.unwrap().into_inner().kept.is_empty());
        assert!(lease(&world).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn an_id_that_no_database_can_hold_is_refused() {
    each_world(async |world| {
        for id in ["\0", "c\0d"] {
            let refused = world.client.clone().get_deepfake_check(named(PROJECT, id)).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        }
    })
    .await;
}
