//! Stored responses to calls with an `Idempotency-Key`, kept for a day, shared by all processes of the gateway and
//! across restarts.
//!
//! Invariants: a key is held by one call at a time; a response is on disk before it is sent (with `db.durable`); it
//! is sealed by the gateway and cannot be read here; one project's responses never displace another's.

use std::{sync::Arc, time::Duration};

use proto::transactions::{self as wire, answers_server, claim_answer_response::Outcome};
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    Clock,
    error::Error,
    record::text,
    store::{Claim, Store},
};

/// Lifetime of a response.
const RESPONSE_TTL_MS: i64 = 24 * 60 * 60 * 1000;
/// The lease of a dead process ends after this; a running one renews it.
const LEASE_MS: i64 = 30_000;
const SWEEP_PERIOD: Duration = Duration::from_secs(60);
/// Rows per statement: bounds how long it holds the database.
const BATCH: u32 = 200;

/// Limits of stored responses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswersConfig {
    /// Bytes of one project's responses; beyond it the oldest are deleted early.
    pub max_project_bytes: u64,
}

impl Default for AnswersConfig {
    fn default() -> Self {
        Self { max_project_bytes: 256 * 1024 * 1024 }
    }
}

/// A key, and the call that holds it.
#[derive(Debug)]
pub struct Held {
    pub id: Vec<u8>,
    pub project_id: String,
    pub owner: String,
}

impl TryFrom<Option<wire::HeldAnswer>> for Held {
    type Error = Error;

    fn try_from(held: Option<wire::HeldAnswer>) -> Result<Self, Error> {
        let held = held.ok_or_else(|| Error::Invalid("held is required".into()))?;
        let owner =
            Uuid::parse_str(&held.owner).map_err(|_| Error::Invalid("owner must be a UUID".into()))?;
        if held.id.len() != 32 {
            return Err(Error::Invalid("id must be 32 bytes".into()));
        }
        let project_id = text("project_id", held.project_id)?;
        Ok(Self { id: held.id.into(), project_id, owner: owner.to_string() })
    }
}

#[derive(Clone)]
pub struct Answers {
    store: Store,
    clock: Clock,
    _sweeping: Arc<AbortOnDropHandle<()>>,
}

impl Answers {
    /// Also starts the sweep, so it must be called within a runtime.
    pub fn start(store: Store, config: &AnswersConfig, clock: Clock) -> Self {
        let most_bytes = i64::try_from(config.max_project_bytes).unwrap_or(i64::MAX);
        let sweeping = tokio::spawn(sweep_always(store.clone(), most_bytes, clock.clone()));
        Self { store, clock, _sweeping: Arc::new(AbortOnDropHandle::new(sweeping)) }
    }
}

#[tonic::async_trait]
impl answers_server::Answers for Answers {
    async fn claim_answer(
        &self,
        request: Request<wire::ClaimAnswerRequest>,
    ) -> Result<Response<wire::ClaimAnswerResponse>, Status> {
        let held = Held::try_from(request.into_inner().held)?;
        let now_ms = (self.clock)();
        let outcome = match self.store.claim_answer(&held, now_ms, now_ms + LEASE_MS).await? {
            Claim::Acquired => Outcome::Acquired(true),
            Claim::InProgress => Outcome::InProgress(true),
            Claim::Completed(sealed) => Outcome::Completed(sealed.into()),
        };
        Ok(Response::new(wire::ClaimAnswerResponse { outcome: Some(outcome) }))
    }

    async fn renew_answer(
        &self,
        request: Request<wire::HeldAnswer>,
    ) -> Result<Response<wire::HeldAnswerResponse>, Status> {
        let held = Held::try_from(Some(request.into_inner()))?;
        let held = self.store.renew_answer(&held, (self.clock)() + LEASE_MS).await?;
        Ok(Response::new(wire::HeldAnswerResponse { held }))
    }

    async fn complete_answer(
        &self,
        request: Request<wire::CompleteAnswerRequest>,
    ) -> Result<Response<wire::HeldAnswerResponse>, Status> {
        let wire::CompleteAnswerRequest { held, sealed } = request.into_inner();
        let held = Held::try_from(held)?;
        let held = self.store.complete_answer(&held, &sealed, (self.clock)() + RESPONSE_TTL_MS).await?;
        Ok(Response::new(wire::HeldAnswerResponse { held }))
    }

    async fn release_answer(
        &self,
        request: Request<wire::HeldAnswer>,
    ) -> Result<Response<wire::HeldAnswerResponse>, Status> {
        let held = Held::try_from(Some(request.into_inner()))?;
        Ok(Response::new(wire::HeldAnswerResponse { held: self.store.release_answer(&held).await? }))
    }
}

async fn sweep_always(store: Store, most_bytes: i64, clock: Clock) {
    let mut ticks = interval(SWEEP_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(&store, most_bytes, clock()).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "cannot remove expired responses to idempotent calls");
        }
    }
}

/// Deletes expired responses, and the oldest of projects above the limit.
pub async fn sweep(store: &Store, most_bytes: i64, now_ms: i64) -> Result<(), Error> {
    while store.delete_expired_answers(now_ms, BATCH).await? > 0 {}
    loop {
        let projects = store.projects_with_many_answers(most_bytes).await?;
        let mut deleted = 0;
        for project in projects {
            // A few at a time, so that little more is deleted than necessary.
            deleted += store.delete_oldest_answers(&project, 10).await?;
            tracing::warn!(project.id = project, "deleted responses of a project early: it has too many");
        }
        if deleted == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use blob::KeyRing;

    use super::*;
    use crate::outbox::Outbox;

    const SECRET: &str = "0707070707070707070707070707070707070707070707070707070707070707";

    async fn store(db: db::Config) -> Store {
        let keys = blob::KeyConfig { secret: Some(SECRET.into()), ..blob::KeyConfig::default() };
        let ring = KeyRing::open(&keys).unwrap();
        Store::new(db::Db::open(&db, &crate::MIGRATIONS).await.unwrap(), Outbox::new(ring))
    }

    fn held(project: &str, number: usize) -> Held {
        let mut id = vec![0; 32];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        id[31] = project.len() as u8;
        Held { id, project_id: project.into(), owner: Uuid::new_v4().to_string() }
    }

    async fn keep(store: &Store, project: &str, number: usize, expires_at: i64) {
        let held = held(project, number);
        assert_eq!(store.claim_answer(&held, 0, 1).await.unwrap(), Claim::Acquired);
        assert!(store.complete_answer(&held, &[0; 1000], expires_at).await.unwrap());
    }

    async fn is_kept(store: &Store, project: &str, number: usize) -> bool {
        let claim = store.claim_answer(&held(project, number), 100, 200).await.unwrap();
        matches!(claim, Claim::Completed(_))
    }

    #[tokio::test]
    async fn a_project_with_too_many_loses_its_own_oldest_and_no_neighbours() {
        testkit::each_config(async |db| {
            let store = store(db).await;
            keep(&store, "neighbour", 0, 1_000).await;
            for number in 0..100 {
                keep(&store, "greedy", number, 2_000 + number as i64).await;
            }
            sweep(&store, 50_000, 100).await.unwrap();
            assert!(is_kept(&store, "neighbour", 0).await);
            assert!(!is_kept(&store, "greedy", 0).await && is_kept(&store, "greedy", 99).await);
            assert!(store.projects_with_many_answers(50_000).await.unwrap().is_empty());
            assert_eq!(
                store.projects_with_many_answers(30_000).await.unwrap(),
                ["greedy"],
                "little more went than had to"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn expired_data_and_erased_projects_are_deleted() {
        testkit::each_config(async |db| {
            let store = store(db).await;
            keep(&store, "p", 1, 100).await;
            keep(&store, "p", 2, 101).await;
            assert_eq!(store.delete_expired_answers(100, 10).await.unwrap(), 1);
            assert_eq!(store.delete_answers("q", 10).await.unwrap(), 0);
            assert_eq!(store.delete_answers("p", 10).await.unwrap(), 1);
        })
        .await;
    }
}
