//! Responses to calls with an `Idempotency-Key`: held by one call at a time, stored for a day, also after a restart.

use proto::transactions::{
    ClaimAnswerRequest, CompleteAnswerRequest, HeldAnswer, answers_client::AnswersClient,
    claim_answer_response::Outcome,
};
use rpc::Transport;
use tonic::Code;

use crate::{Service, new_id};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const LEASE_MS: i64 = 30_000;

fn held(id: u8) -> HeldAnswer {
    HeldAnswer { project_id: "project-1".into(), id: vec![id; 32].into(), owner: new_id() }
}

async fn claim(client: &AnswersClient<Transport>, held: &HeldAnswer) -> Outcome {
    let request = ClaimAnswerRequest { held: Some(held.clone()) };
    client.clone().claim_answer(request).await.unwrap().into_inner().outcome.unwrap()
}

async fn complete(client: &AnswersClient<Transport>, held: &HeldAnswer, sealed: &[u8]) -> bool {
    let request = CompleteAnswerRequest { held: Some(held.clone()), sealed: sealed.to_vec().into() };
    client.clone().complete_answer(request).await.unwrap().into_inner().held
}

#[tokio::test]
async fn a_key_is_free_then_held_then_answered_for_a_day_also_by_another_process() {
    testkit::each_config(async |db| {
        let service = Service::open(db).await;
        let (first, other) = (held(1), held(1));
        assert_eq!(claim(&service.answers, &first).await, Outcome::Acquired(true));
        assert_eq!(
            claim(&service.answers, &first).await,
            Outcome::Acquired(true),
            "the same call asks again"
        );
        assert_eq!(claim(&service.answers, &other).await, Outcome::InProgress(true));
        assert_eq!(claim(&service.answers, &held(2)).await, Outcome::Acquired(true));
        assert!(complete(&service.answers, &first, b"sealed").await);
        let second = service.second().await;
        assert_eq!(claim(&second.answers, &other).await, Outcome::Completed(b"sealed".as_slice().into()));
        service.advance(DAY_MS - 1);
        assert_eq!(claim(&second.answers, &other).await, Outcome::Completed(b"sealed".as_slice().into()));
        service.advance(1);
        assert_eq!(claim(&second.answers, &other).await, Outcome::Acquired(true));
    })
    .await;
}

#[tokio::test]
async fn the_lease_of_a_dead_gateway_ends_and_a_living_one_renews_it() {
    testkit::each_config(async |db| {
        let service = Service::open(db).await;
        let (dying, living, next) = (held(1), held(2), new_id());
        claim(&service.answers, &dying).await;
        claim(&service.answers, &living).await;
        service.advance(LEASE_MS - 1);
        let renewed = service.answers.clone().renew_answer(living.clone()).await.unwrap().into_inner();
        assert!(renewed.held);
        service.advance(1);
        let taken = HeldAnswer { owner: next, ..dying.clone() };
        assert_eq!(claim(&service.answers, &taken).await, Outcome::Acquired(true));
        assert_eq!(claim(&service.answers, &held(2)).await, Outcome::InProgress(true));
        // The process was only slow: its response is rejected.
        assert!(!complete(&service.answers, &dying, b"late").await);
        assert!(complete(&service.answers, &taken, b"sealed").await);
        let release = service.answers.clone().release_answer(taken.clone()).await.unwrap().into_inner();
        assert!(!release.held, "a response is not released");
        service.answers.clone().release_answer(living).await.unwrap();
        assert_eq!(claim(&service.answers, &held(2)).await, Outcome::Acquired(true));
    })
    .await;
}

#[tokio::test]
async fn malformed_claims_are_rejected() {
    testkit::each_config(async |db| {
        let service = Service::open(db).await;
        let bad = [
            None,
            Some(HeldAnswer { id: vec![1; 31].into(), ..held(1) }),
            Some(HeldAnswer { owner: "me".into(), ..held(1) }),
            Some(HeldAnswer { project_id: String::new(), ..held(1) }),
        ];
        for held in bad {
            let refused = service.answers.clone().claim_answer(ClaimAnswerRequest { held }).await;
            assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
        }
    })
    .await;
}
