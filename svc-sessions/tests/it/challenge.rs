//! The phrase of a session: chosen by the service, answered once.

use futures::future::join_all;
use proto::sessions::{
    Challenge, ChallengeKind, IssueChallengeRequest, UseChallengeRequest, UseChallengeResponse,
};
use std::sync::atomic::Ordering;
use tonic::{Code, Status};

use crate::{PROJECT, World, assert_refused, assert_unknown, each_world};

const USED: &str = "the challenge of this session was used: ask for another one";

pub async fn issue(world: &World, id: &str, kind: ChallengeKind) -> Result<Challenge, Status> {
    let request =
        IssueChallengeRequest { project_id: PROJECT.into(), session_id: id.into(), kind: kind.into() };
    world.client.clone().issue_challenge(request).await.map(tonic::Response::into_inner)
}

async fn answer(world: &World, id: &str, phrase: Option<&str>) -> Result<UseChallengeResponse, Status> {
    let request = UseChallengeRequest {
        project_id: PROJECT.into(),
        session_id: id.into(),
        phrase: phrase.map(str::to_owned),
    };
    world.client.clone().use_challenge(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_phrase_is_answered_once_and_no_other_is() {
    each_world(async |world| {
        let id = world.start().await.id;
        assert_eq!(answer(&world, &id, None).await.unwrap().challenge, None, "none was issued");
        let digits = issue(&world, &id, ChallengeKind::Digits).await.unwrap();
        assert_eq!((digits.phrase.split(' ').count(), digits.vocabulary.as_str()), (7, "en_digits"));
        assert_refused(
            answer(&world, &id, Some("one two three")).await,
            Code::InvalidArgument,
            "phrase is not the one of this session's challenge",
        );
        let used = answer(&world, &id, Some(&digits.phrase.to_uppercase())).await.unwrap();
        assert_eq!(used.challenge.unwrap(), digits, "the wrong phrase used up nothing");
        assert_refused(answer(&world, &id, Some(&digits.phrase)).await, Code::FailedPrecondition, USED);

        let words = issue(&world, &id, ChallengeKind::Words).await.unwrap();
        assert_eq!((words.phrase.split(' ').count(), words.vocabulary.as_str()), (4, ""));
        let newer = issue(&world, &id, ChallengeKind::Words).await.unwrap();
        assert_eq!(
            answer(&world, &id, Some(&words.phrase)).await.unwrap_err().code(),
            Code::InvalidArgument,
            "the newer one took its place"
        );
        assert_eq!(answer(&world, &id, None).await.unwrap().challenge.unwrap().phrase, newer.phrase);
    })
    .await;
}

#[tokio::test]
async fn of_concurrent_answers_one_wins() {
    each_world(async |world| {
        let other = world.second_process().await;
        for _ in 0..10 {
            let id = world.start().await.id;
            let phrase = issue(&world, &id, ChallengeKind::Digits).await.unwrap().phrase;
            let race = (0..8).map(|n| {
                let (world, id) = (if n % 2 == 0 { world.clone() } else { other.clone() }, id.clone());
                let phrase = phrase.clone();
                tokio::spawn(async move { answer(&world, &id, Some(&phrase)).await })
            });
            let answers = join_all(race).await.into_iter().map(|joined| joined.expect("no call panics"));
            let (won, lost): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
            assert_eq!((won.len(), lost.len()), (1, 7));
            lost.into_iter().for_each(|lost| assert_refused(lost, Code::FailedPrecondition, USED));
        }
    })
    .await;
}

#[tokio::test]
async fn a_phrase_is_for_minutes_and_a_session_has_a_few() {
    each_world(async |world| {
        let id = world.start().await.id;
        let issued = issue(&world, &id, ChallengeKind::Digits).await.unwrap();
        let now = world.clock.load(Ordering::SeqCst);
        assert_eq!(issued.expires_at_ms, now + 3 * 60 * 1000);
        world.clock.store(issued.expires_at_ms, Ordering::SeqCst);
        assert_refused(
            answer(&world, &id, None).await,
            Code::FailedPrecondition,
            "the challenge of this session has expired: ask for another one",
        );
        for _ in 1..5 {
            issue(&world, &id, ChallengeKind::Digits).await.unwrap();
        }
        assert_refused(
            issue(&world, &id, ChallengeKind::Digits).await,
            Code::FailedPrecondition,
            "this session has had its most challenges: start another one",
        );
        world.end(PROJECT, &id).await.unwrap();
        let over = issue(&world, &id, ChallengeKind::Digits).await;
        assert_refused(over, Code::FailedPrecondition, "session has ended");
        assert_refused(answer(&world, &id, None).await, Code::FailedPrecondition, "session has ended");
        let unknown = "sess_00000000-0000-4000-8000-000000000000";
        assert_unknown(issue(&world, unknown, ChallengeKind::Digits).await);
        assert_unknown(answer(&world, unknown, None).await);
    })
    .await;
}

#[tokio::test]
async fn no_phrase_is_readable_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let config = svc_sessions::Config::embedded(folder.path());
    let world = World::open(config, std::sync::Arc::new(crate::START_MS.into())).await;
    let id = world.start().await.id;
    let phrase = issue(&world, &id, ChallengeKind::Words).await.unwrap().phrase;
    let files = crate::files(folder.path());
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(phrase.len()).any(|window| window == phrase.as_bytes());
        assert!(!found, "{} holds it in the clear", file.display());
    }
}
