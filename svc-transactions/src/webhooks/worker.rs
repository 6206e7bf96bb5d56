//! Claims due deliveries and sends them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use blob::KeyRing;
use shares::FairPlace;
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    Config,
    attempt::{self, Attempt, Destination, Sender},
    concurrency::ConcurrencyLimits,
    endpoint::EndpointCipher,
    finish,
    retry::Retry,
    store::{
        Store,
        deliveries::{Claimed, Outcome},
        endpoints::EndpointRow,
    },
};
use crate::{Clock, error::Error, outbox::Outbox};

/// How long a woken worker waits for more deliveries being committed: each claim costs a commit.
const GATHER: Duration = Duration::from_millis(5);

pub struct Worker {
    store: Store,
    cipher: EndpointCipher,
    outbox: Outbox,
    poll: Duration,
    lease_ms: i64,
    limits: ConcurrencyLimits,
    /// Endpoints with `Retry-After`, and until when. Each process knows those of its own attempts.
    resting: HashMap<String, i64>,
    clock: Clock,
    under_way: UnderWay,
    delivering: Arc<Delivering>,
}

/// Attempts in progress, and the endpoint of each.
#[derive(Default)]
struct UnderWay {
    attempts: JoinSet<Ended>,
    endpoints: HashMap<Id, (String, FairPlace)>,
}

/// The result of an attempt, for its endpoint.
#[derive(Clone, Copy, Default)]
struct Ended {
    succeeded: bool,
    not_before_ms: Option<i64>,
}

/// The dependencies of an attempt.
struct Delivering {
    sender: Sender,
    ring: KeyRing,
    outbox: Outbox,
    retry: Retry,
    clock: Clock,
    outcomes: mpsc::Sender<Outcome>,
    _finishing: AbortOnDropHandle<()>,
}

impl Worker {
    /// Starts the task that writes results, so it must be called within a runtime.
    pub fn new(
        config: &Config,
        store: Store,
        sender: Sender,
        ring: KeyRing,
        outbox: Outbox,
        clock: Clock,
    ) -> Self {
        let (outcomes, ended) = mpsc::channel(finish::QUEUE);
        let finishing = AbortOnDropHandle::new(tokio::spawn(finish::write_outcomes(store.clone(), ended)));
        let delivering = Delivering {
            sender,
            ring: ring.clone(),
            outbox: outbox.clone(),
            retry: config.retry(),
            clock: Arc::clone(&clock),
            outcomes,
            _finishing: finishing,
        };
        Self {
            store,
            cipher: EndpointCipher::new(ring),
            outbox,
            poll: Duration::from_millis(config.poll_ms),
            lease_ms: i64::try_from(config.lease_ms).unwrap_or(i64::MAX / 2),
            limits: ConcurrencyLimits::new(config.concurrency, config.per_endpoint),
            resting: HashMap::new(),
            clock,
            under_way: UnderWay::default(),
            delivering: Arc::new(delivering),
        }
    }

    /// Runs until its handle is dropped. Attempts in progress are repeated when their lease has ended.
    pub fn start_deliveries(self) -> AbortOnDropHandle<()> {
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
                && !self.limits.full()
                && let Err(error) = self.look().await
            {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot claim due webhooks");
            }
        }
    }

    /// Processes all ended attempts; true when more may begin.
    fn ended(&mut self, first: Result<(Id, Ended), JoinError>) -> bool {
        let mut look = self.end(first);
        while let Some(next) = self.under_way.attempts.try_join_next_with_id() {
            look |= self.end(next);
        }
        look
    }

    fn end(&mut self, ended: Result<(Id, Ended), JoinError>) -> bool {
        let (id, ended) = ended.unwrap_or_else(|panicked| (panicked.id(), Ended::default()));
        let Some((endpoint, _place)) = self.under_way.endpoints.remove(&id) else { return false };
        if let Some(until) = ended.not_before_ms {
            let resting = self.resting.entry(endpoint.clone()).or_default();
            *resting = until.max(*resting);
        }
        self.limits.ended(&endpoint, ended.succeeded)
    }

    /// Claims due deliveries and starts sending them.
    async fn look(&mut self) -> Result<(), Error> {
        let now = (self.clock)();
        self.resting.retain(|_, until| *until > now);
        let mut ready = self.store.ready(now).await?;
        ready.retain(|endpoint| !self.resting.contains_key(&endpoint.id));
        let ids: Vec<_> =
            ready.iter().map(|endpoint| (endpoint.id.as_str(), endpoint.project_id.as_str())).collect();
        let shares = self.limits.share(&ids);
        if shares.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = shares
            .iter()
            .map(|(id, places)| ((*id).to_owned(), i64::try_from(places.len()).unwrap_or(i64::MAX)))
            .collect();
        let claim: Arc<str> = Uuid::now_v7().to_string().into();
        let claimed = self.store.claim(&wanted, now, now + self.lease_ms, &claim).await?;
        let mut lots: HashMap<String, Vec<Claimed>> = HashMap::new();
        for delivery in claimed {
            lots.entry(delivery.endpoint_id.clone()).or_default().push(delivery);
        }
        for (endpoint, places) in shares {
            let lot = lots.remove(endpoint).unwrap_or_default();
            self.limits.began(endpoint, lot.len(), lot.len() == places.len());
            let row = ready.iter().find(|row| row.id == endpoint);
            let destination = row.and_then(|row| self.destination(row));
            // Unused permits are released with the rest.
            for (delivery, place) in lot.into_iter().zip(places) {
                self.begin(delivery, place, destination.clone(), Arc::clone(&claim));
            }
        }
        Ok(())
    }

    /// Returns the destination; `None` when the stored endpoint cannot be read.
    fn destination(&self, row: &EndpointRow) -> Option<Arc<Destination>> {
        let read = || {
            let target = self.cipher.target(&row.id, &row.sealed_target)?;
            Destination::new(&target, self.cipher.secrets(&row.id, &row.sealed_secrets)?)
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

    fn begin(&mut self, delivery: Claimed, place: FairPlace, to: Option<Arc<Destination>>, claim: Arc<str>) {
        let (delivering, endpoint) = (Arc::clone(&self.delivering), delivery.endpoint_id.clone());
        let task =
            self.under_way.attempts.spawn(async move { delivering.deliver(delivery, to, &claim).await });
        self.under_way.endpoints.insert(task.id(), (endpoint, place));
    }
}

impl Delivering {
    /// Makes one attempt and submits its result.
    async fn deliver(&self, delivery: Claimed, to: Option<Arc<Destination>>, claim: &str) -> Ended {
        let attempt = match self.attempt(&delivery, to.as_deref()).await {
            Ok(attempt) => attempt,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(delivery.id = delivery.id, error, "a webhook delivery cannot be read");
                self.unreadable()
            }
        };
        let ended = Ended { succeeded: attempt.succeeded(), not_before_ms: attempt.not_before_ms };
        match self.outcome(delivery, attempt, claim) {
            // The receiving end lives as long as this one.
            Ok(outcome) => drop(self.outcomes.send(outcome).await),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "lost the result of a webhook attempt; it will be repeated");
            }
        }
        ended
    }

    async fn attempt(&self, delivery: &Claimed, to: Option<&Destination>) -> Result<Attempt, Error> {
        let Some(to) = to else { return Ok(self.unreadable()) };
        let payload = self.outbox.open(&delivery.id, &delivery.sealed)?;
        self.sender.send(to, (&delivery.id, &delivery.event), (self.clock)(), payload).await
    }

    fn outcome(&self, delivery: Claimed, attempt: Attempt, claim: &str) -> Result<Outcome, Error> {
        let attempts = delivery.attempts + 1;
        let (succeeded, gone) = (attempt.succeeded(), attempt.gone());
        let made = u32::try_from(attempts).unwrap_or(u32::MAX);
        let due_at = self.retry.due_at(made, &delivery.id, (self.clock)(), attempt.not_before_ms);
        let due_at = due_at.filter(|_| !succeeded && !gone);
        let status = match due_at {
            Some(_) => "pending",
            None if succeeded => "delivered",
            None => {
                tracing::warn!(
                    webhook.id = delivery.endpoint_id,
                    delivery.id = delivery.id,
                    attempts,
                    gone,
                    "a webhook delivery became a dead letter"
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

    /// Probably sealed under a missing master key, which may be configured again.
    fn unreadable(&self) -> Attempt {
        Attempt { error: Some("unreadable".into()), ..Attempt::at((self.clock)()) }
    }
}
