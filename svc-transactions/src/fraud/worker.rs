//! Background task that applies the fraud rules to recorded transactions.
//!
//! A transaction waits in `fraud_pending` from the commit that recorded it until the commit of its hits, so neither a
//! restart nor a kill loses one. A worker claims transactions; the claim of a dead worker expires.

use std::{collections::HashSet, time::Duration};

use blob::KeyRing;
use tokio_util::task::AbortOnDropHandle;

use super::{
    History, Observation, Scene, Seen,
    observation::{Country, Identity},
    rules,
};
use crate::{
    Clock,
    error::Error,
    links, names,
    outbox::Event,
    record::{Record, TransactionId},
    seal,
    store::{Around, Evaluation, Found, Row, Store, Trait},
};

/// Transactions claimed at a time.
const BATCH: u32 = 32;
/// Lifetime of a claim. Far longer than a batch takes.
const CLAIM_MS: i64 = 60_000;
/// How often expired claims are searched. New transactions of this process wake the worker at once.
const PERIOD: Duration = Duration::from_secs(5);

/// Starts the worker. It ends with its handle; unfinished transactions are claimed again.
pub fn start_worker(store: Store, ring: KeyRing, clock: Clock) -> AbortOnDropHandle<()> {
    let worker = Worker { store, ring, clock };
    AbortOnDropHandle::new(tokio::spawn(worker.run()))
}

struct Worker {
    store: Store,
    ring: KeyRing,
    clock: Clock,
}

impl Worker {
    async fn run(self) {
        loop {
            let woken = self.store.fraud_woken();
            match self.work().await {
                // There may be more.
                Ok(true) => {}
                Ok(false) => _ = tokio::time::timeout(PERIOD, woken).await,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot run the fraud rules; the transactions will be evaluated again"
                    );
                    tokio::time::sleep(PERIOD).await;
                }
            }
        }
    }

    /// Evaluates a batch; false when nothing waits.
    async fn work(&self) -> Result<bool, Error> {
        let now_ms = (self.clock)();
        let claimed = self.store.claim_pending(now_ms, now_ms + CLAIM_MS, BATCH).await?;
        let (mut evaluations, mut users) = (Vec::with_capacity(claimed.len()), HashSet::new());
        for row in claimed {
            // A user's history includes a call only once it is written.
            if row.subject_hash.as_ref().is_some_and(|user| !users.insert(user.clone())) {
                self.store.settle(&std::mem::take(&mut evaluations)).await?;
            }
            let evaluation = match self.evaluate(&row).await {
                Err(Error::Database(error)) => return Err(error.into()),
                Err(error) => {
                    // It would fail repeatedly, and block the others.
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        transaction.id = row.id,
                        "a transaction cannot be read by the fraud rules"
                    );
                    None
                }
                Ok(evaluation) => Some(evaluation),
            };
            evaluations.push((row.id, evaluation));
        }
        if evaluations.is_empty() {
            return Ok(false);
        }
        self.store.settle(&evaluations).await?;
        Ok(true)
    }

    async fn evaluate(&self, row: &Row) -> Result<Evaluation, Error> {
        let record = self.record(row)?;
        let now = Observation::from_record(&record);
        let subjects = match &record.personal.user_fullname {
            Some(user) => seal::subject_hashes(&self.ring, &record.project_id, user)?,
            None => Vec::new(),
        };
        let prefixes = match &record.personal.user_fullname {
            Some(user) => names::prefix_hashes(&self.ring, &record.project_id, user)?,
            None => Vec::new(),
        };
        // Devices and countries of another person are not added to the user's history.
        let traits = self.traits(&now)?;
        let learns = now.identity != Identity::Refuted;
        let blocked = self.blocked(row, &record).await?;
        let device_id = now.device_id.clone();
        let history = self.history(row, &subjects, &traits).await?;
        let user = self.store.around_subject(row, &subjects).await?;
        let session = self.store.around_session(row).await?;
        let (before, after) = self.observed(user)?;
        let (session_before, session_after) = self.observed(session)?;
        let found =
            rules::hits(&Scene { now, before, after, session_before, session_after, history, blocked });
        let now_ms = (self.clock)();
        let at_ms = record.created_at_ms;
        let hits = found
            .iter()
            .map(|hit| {
                let id = &record.id;
                let sealed = seal::seal_evidence(&self.ring, &record.project_id, id, &hit.evidence)?;
                Ok(Found { rule: hit.rule.as_str(), sealed })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let event = match &found[..] {
            [] => None,
            found => {
                let to_json = |hit: &super::Hit| serde_json::json!({ "rule": hit.rule.as_str(), "evidence": hit.evidence });
                let findings = found.iter().map(to_json).collect();
                Some(Event::fraud_flagged(&record, row.subject_hash.as_deref(), now_ms, findings)?)
            }
        };
        Ok(Evaluation {
            project_id: record.project_id,
            subject_hash: subjects.into_iter().next(),
            at_ms,
            found_at_ms: now_ms,
            hits,
            traits: if learns { traits } else { Vec::new() },
            device: self.device(device_id.as_deref())?,
            prefixes,
            event,
        })
    }

    fn record(&self, row: &Row) -> Result<Record, Error> {
        let id = TransactionId::parse(&row.id)?;
        let personal = seal::open(&self.ring, &row.project_id, &id, &row.sealed)?;
        row.clone().into_record(personal)
    }

    fn observed(&self, around: Around) -> Result<(Vec<Observation>, Vec<Observation>), Error> {
        let all = |rows: Vec<Row>| {
            rows.iter()
                .map(|row| Ok(Observation::from_record(&self.record(row)?)))
                .collect::<Result<Vec<_>, Error>>()
        };
        Ok((all(around.before)?, all(around.after)?))
    }

    /// Returns the kinds of block lists a transaction is on. Its address and document number are known only from its
    /// stored links.
    async fn blocked(&self, row: &Row, record: &Record) -> Result<Vec<&'static str>, Error> {
        let mut links = links::of_record(&self.ring, record)?;
        links.extend(self.store.stored_links(&row.id).await?);
        let found = self.store.find_blocked(&record.project_id, &links).await?;
        let mut kinds: Vec<_> = found.iter().map(|kind| kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    /// Returns the device and the country of a transaction, as stored in the user's history.
    fn traits(&self, now: &Observation) -> Result<Vec<Trait>, Error> {
        let country = now.country.as_ref().map(|country| match country {
            Country::Code(code) => ("country_code", code.as_str()),
            Country::Name(name) => ("country_name", name.as_str()),
        });
        let device = now.device.as_deref().map(|device| ("device", device));
        let seen = device.into_iter().chain(country);
        seen.map(|(name, value)| Ok(Trait { name, hashes: seal::trait_hashes(&self.ring, name, value)? }))
            .collect()
    }

    /// Returns the link of the same device. A description of a model is not a device.
    fn device(&self, id: Option<&str>) -> Result<Option<Vec<u8>>, Error> {
        let Some(id) = id else { return Ok(None) };
        Ok(seal::trait_hashes(&self.ring, "device_id", id)?.into_iter().next())
    }

    async fn history(&self, row: &Row, subjects: &[Vec<u8>], traits: &[Trait]) -> Result<History, Error> {
        let mut history = History::default();
        for one in traits {
            let seen = match self.store.seen_before(row, subjects, one).await? {
                (false, _) => Seen::Nothing,
                (true, false) => Seen::Others,
                (true, true) => Seen::This,
            };
            if one.name == "device" { history.device = seen } else { history.country = seen }
        }
        Ok(history)
    }
}
