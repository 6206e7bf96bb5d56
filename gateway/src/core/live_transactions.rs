//! New transactions of a project, as they are recorded.
//!
//! While a project has listeners, one task of this process polls it once a second and broadcasts to all. Calls are
//! found by the time they ended, which is when they are recorded; because clocks of several gateways differ a little,
//! each poll overlaps the previous one by some seconds and skips what was sent before.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use proto::transactions::{
    RecentRequest, RecentResponse, Transaction, transactions_client::TransactionsClient,
};
use rpc::Transport;
use shares::{FairPlace, FairPool};
use tokio::{
    sync::broadcast,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::core::{Core, caller::Caller, error::Error};

/// Listeners of this process, and of one project.
const MAX_LISTENERS: usize = 256;
const MAX_LISTENERS_PER_PROJECT: usize = 32;
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How far back a poll reaches.
const OVERLAP_MS: i64 = 10_000;
/// Lifetime and number of the ids remembered as sent.
const SENT_TTL: Duration = Duration::from_secs(120);
const MAX_SENT_IDS: usize = 5000;
/// Transactions sent at a time, and to a listener that reconnects; further ones are in the list.
const MAX_PER_POLL: u32 = 100;
const MAX_MISSED: u32 = 200;
/// Transactions a listener may lag behind; a slower one is disconnected.
const CHANNEL_CAPACITY: usize = 256;

/// The listeners of each project.
pub struct LiveTransactions {
    projects: Arc<Mutex<Projects>>,
    places: FairPool,
}

type Projects = HashMap<String, broadcast::Sender<Arc<Transaction>>>;

impl Default for LiveTransactions {
    fn default() -> Self {
        Self { projects: Arc::default(), places: FairPool::new(MAX_LISTENERS) }
    }
}

fn locked(projects: &Mutex<Projects>) -> MutexGuard<'_, Projects> {
    projects.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A subscription; while it lives it takes one of the listeners' permits, which projects share fairly.
pub struct Listener {
    pub transactions: broadcast::Receiver<Arc<Transaction>>,
    _place: FairPlace,
}

/// Subscribes to transactions of the caller's project from now on.
///
/// # Errors
/// 503 when there are too many listeners.
pub fn listen(core: &Core, caller: &Caller) -> Result<Listener, Error> {
    let live = core.live();
    let place = live.places.admit(&caller.project_id).ok_or(Error::Busy)?;
    let mut projects = locked(&live.projects);
    if let Some(sender) = projects.get(&caller.project_id) {
        if sender.receiver_count() >= MAX_LISTENERS_PER_PROJECT {
            return Err(Error::Busy);
        }
        return Ok(Listener { transactions: sender.subscribe(), _place: place });
    }
    let (sender, transactions) = broadcast::channel(CHANNEL_CAPACITY);
    projects.insert(caller.project_id.clone(), sender.clone());
    let poller = ProjectPoller {
        project_id: caller.project_id.clone(),
        client: core.services().transactions(),
        sender,
        sent: HashMap::new(),
        polled_until_ms: boot::now_ms(),
        since_ms: boot::now_ms(),
    };
    tokio::spawn(poller.run(live.projects.clone()));
    Ok(Listener { transactions, _place: place })
}

/// Returns transactions recorded after the last one a listener read, 200 at most.
///
/// # Errors
/// When the transactions service does not answer.
pub async fn missed_since(core: &Core, caller: &Caller, last_id: &str) -> Result<Vec<Transaction>, Error> {
    let request = RecentRequest {
        project_id: caller.project_id.clone(),
        after_id: Some(last_id.to_owned()),
        limit: MAX_MISSED,
        ..RecentRequest::default()
    };
    Ok(core.services().transactions().recent(request).await?.into_inner().transactions)
}

/// Polls new transactions once per project and broadcasts them; ends with the last listener.
struct ProjectPoller {
    project_id: String,
    client: TransactionsClient<Transport>,
    sender: broadcast::Sender<Arc<Transaction>>,
    sent: HashMap<String, Instant>,
    /// Transactions that ended earlier are not sent.
    since_ms: i64,
    /// When the last successful poll began.
    polled_until_ms: i64,
}

impl ProjectPoller {
    async fn run(mut self, projects: Arc<Mutex<Projects>>) {
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            {
                // Under the lock, so that nobody subscribes to a poller that ends.
                let mut projects = locked(&projects);
                if self.sender.receiver_count() == 0 {
                    projects.remove(&self.project_id);
                    return;
                }
            }
            self.poll().await;
        }
    }

    async fn poll(&mut self) {
        let began_ms = boot::now_ms();
        self.sent.retain(|_, sent_at| sent_at.elapsed() < SENT_TTL);
        let request = RecentRequest {
            project_id: self.project_id.clone(),
            since_ms: self.since_ms.max(self.polled_until_ms - OVERLAP_MS),
            known: self.sent.keys().take(MAX_SENT_IDS).cloned().collect(),
            after_id: None,
            limit: MAX_PER_POLL,
        };
        match self.client.recent(request).await {
            Ok(response) => self.broadcast(response.into_inner(), began_ms),
            // The next poll reaches as far back as this one.
            Err(status) => tracing::warn!(code = ?status.code(), "poll of new transactions failed"),
        }
    }

    fn broadcast(&mut self, response: RecentResponse, began_ms: i64) {
        self.polled_until_ms = began_ms;
        let now = Instant::now();
        self.sent.extend(response.ids.into_iter().map(|id| (id, now)));
        for transaction in response.transactions {
            // Without listeners the poller ends at its next tick.
            let _ = self.sender.send(Arc::new(transaction));
        }
    }
}
