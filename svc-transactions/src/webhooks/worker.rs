//! Claims what is due and sends it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use blob::KeyRing;
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    Config, Store,
    attempt::{self, Attempt, Destination, Sender},
    deliveries::{Claimed, Outcome},
    endpoint::Keeper,
    endpoints::EndpointRow,
    finish,
    lanes::Lanes,
    retry::Retry,
};
use crate::{error::Error, outbox::Outbox};

/// How long to wait, once woken, for more of what is just being committed: each look costs a commit of its own.
const GATHER: Duration = Duration::from_millis(5);

pub struct Worker {
    store: Store,
    keeper: Keeper,
    outbox: Outbox,
    poll: Duration,
    lease_ms: i64,
    lanes: Lanes,
    under_way: UnderWay,
    delivering: Arc<Delivering>,
}

/// Attempts under way, and the endpoint of each.
#[derive(Default)]
struct UnderWay {
    attempts: JoinSet<bool>,
    endpoints: HashMap<Id, String>,
}

/// What an attempt needs.
struct Delivering {
    sender: Sender,
    ring: KeyRing,
    outbox: Outbox,
    retry: Retry,
    outcomes: mpsc::Sender<Outcome>,
    _finishing: AbortOnDropHandle<()>,
}

impl Worker {
    /// Starts the task that writes outcomes down, so a runtime must be there.
    pub fn new(config: &Config, store: Store, sender: Sender, ring: KeyRing, outbox: Outbox) -> Self {
        let (outcomes, ended) = mpsc::channel(finish::QUEUE);
        let finishing = AbortOnDropHandle::new(tokio::spawn(finish::run(store.clone(), ended)));
        let delivering = Delivering {
            sender,
            ring: ring.clone(),
            outbox: outbox.clone(),
            retry: config.retry(),
            outcomes,
            _finishing: finishing,
        };
        Self {
            store,
            keeper: Keeper::new(ring),
            outbox,
            poll: Duration::from_millis(config.poll_ms),
            lease_ms: i64::try_from(config.lease_ms).unwrap_or(i64::MAX / 2),
            lanes: Lanes::new(config.concurrency, config.per_endpoint),
            under_way: UnderWay::default(),
            delivering: Arc::new(delivering),
        }
    }

    /// Works until its handle is dropped. What was under way then is sent again when its lease has ended.
    pub fn start(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(mut self) {
        let mut ticks = interval(self.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let look = tokio::select! {
                () = self.outbox.woken() => {
                    sleep(GATHER).await;
                    true
                }
                _ = ticks.tick() => true,
                Some(ended) = self.under_way.attempts.join_next_with_id() => self.ended(ended),
            };
            if look
                && !self.lanes.full()
                && let Err(error) = self.look().await
            {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "due webhooks could not be claimed"
                );
            }
        }
    }

    /// Takes down all attempts that have ended; true when there is room for more.
    fn ended(&mut self, first: Result<(Id, bool), JoinError>) -> bool {
        let mut look = self.end(first);
        while let Some(next) = self.under_way.attempts.try_join_next_with_id() {
            look |= self.end(next);
        }
        look
    }

    fn end(&mut self, ended: Result<(Id, bool), JoinError>) -> bool {
        let (id, succeeded) = ended.unwrap_or_else(|panicked| (panicked.id(), false));
        let endpoint = self.under_way.endpoints.remove(&id).unwrap_or_default();
        self.lanes.ended(&endpoint, succeeded)
    }

    /// Claims what is due and begins to send it.
    async fn look(&mut self) -> Result<(), Error> {
        let now = boot::now_ms();
        let ready = self.store.ready(now).await?;
        let ids: Vec<&str> = ready.iter().map(|endpoint| endpoint.id.as_str()).collect();
        let shares = self.lanes.share(&ids);
        if shares.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = shares
            .iter()
            .map(|(id, share)| ((*id).to_owned(), i64::try_from(*share).unwrap_or(i64::MAX)))
            .collect();
        let claim: Arc<str> = Uuid::now_v7().to_string().into();
        let claimed = self.store.claim(&wanted, now, now + self.lease_ms, &claim).await?;
        let mut lots: HashMap<String, Vec<Claimed>> = HashMap::new();
        for delivery in claimed {
            lots.entry(delivery.endpoint_id.clone()).or_default().push(delivery);
        }
        for (endpoint, share) in shares {
            let lot = lots.remove(endpoint).unwrap_or_default();
            self.lanes.began(endpoint, lot.len(), lot.len() == share);
            let row = ready.iter().find(|row| row.id == endpoint);
            let destination = row.map(|row| self.destination(row));
            for delivery in lot {
                self.begin(delivery, destination.clone().flatten(), Arc::clone(&claim));
            }
        }
        Ok(())
    }

    /// Where to send to; None when what is kept of the endpoint cannot be read.
    fn destination(&self, row: &EndpointRow) -> Option<Arc<Destination>> {
        let read = || {
            let target = self.keeper.target(&row.id, &row.sealed_target)?;
            Destination::new(&target, self.keeper.secrets(&row.id, &row.sealed_secrets)?)
        };
        match read() {
            Ok(destination) => Some(Arc::new(destination)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(webhook.id = row.id, error, "a webhook cannot be read");
                None
            }
        }
    }

    fn begin(&mut self, delivery: Claimed, to: Option<Arc<Destination>>, claim: Arc<str>) {
        let (delivering, endpoint) = (Arc::clone(&self.delivering), delivery.endpoint_id.clone());
        let task =
            self.under_way.attempts.spawn(async move { delivering.deliver(delivery, to, &claim).await });
        self.under_way.endpoints.insert(task.id(), endpoint);
    }
}

impl Delivering {
    /// Makes one attempt and hands in what became of it; whether it succeeded.
    async fn deliver(&self, delivery: Claimed, to: Option<Arc<Destination>>, claim: &str) -> bool {
        let attempt = match self.attempt(&delivery, to.as_deref()).await {
            Ok(attempt) => attempt,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(delivery.id = delivery.id, error, "a webhook delivery cannot be read");
                unreadable()
            }
        };
        let succeeded = attempt.succeeded();
        match self.outcome(delivery, attempt, claim) {
            // The other end is there as long as this one.
            Ok(outcome) => drop(self.outcomes.send(outcome).await),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the outcome of a webhook attempt is lost; it will be repeated");
            }
        }
        succeeded
    }

    async fn attempt(&self, delivery: &Claimed, to: Option<&Destination>) -> Result<Attempt, Error> {
        let Some(to) = to else { return Ok(unreadable()) };
        let payload = self.outbox.open(&delivery.id, &delivery.sealed)?;
        self.sender.send(to, (&delivery.id, &delivery.event), boot::now_ms(), payload).await
    }

    fn outcome(&self, delivery: Claimed, attempt: Attempt, claim: &str) -> Result<Outcome, Error> {
        let attempts = delivery.attempts + 1;
        let (succeeded, gone) = (attempt.succeeded(), attempt.gone());
        let wait = self.retry.wait_ms(u32::try_from(attempts).unwrap_or(u32::MAX), &delivery.id);
        let due_at = wait
            .filter(|_| !succeeded && !gone)
            .map(|wait| boot::now_ms().saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)));
        let status = match due_at {
            Some(_) => "pending",
            None if succeeded => "delivered",
            None => {
                tracing::warn!(
                    webhook.id = delivery.endpoint_id,
                    delivery.id = delivery.id,
                    attempts,
                    gone,
                    "a webhook delivery was given up"
                );
                "dead"
            }
        };
        let sealed_log = attempt::log(&self.ring, &delivery.id, delivery.sealed_log.as_deref(), attempt)?;
        Ok(Outcome {
            id: delivery.id,
            endpoint_id: delivery.endpoint_id,
            claim: claim.into(),
            status,
            attempts,
            due_at,
            sealed_log,
            succeeded,
            gone,
        })
    }
}

/// Sealed under a master key that is not there any more, most likely; it may come back.
fn unreadable() -> Attempt {
    Attempt {
        at_ms: boot::now_ms(),
        duration_ms: 0,
        status_code: None,
        error: Some("unreadable".into()),
        response_excerpt: None,
    }
}
