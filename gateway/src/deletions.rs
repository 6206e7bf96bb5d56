//! Emptying the projects of organisations that are being deleted.
//!
//! That an organisation is being deleted is the projects service's to know, what is kept of its projects the other
//! services'; what brings them together runs here, in every gateway. Several at once do no harm, and one that is stopped
//! is gone on with by the next: each step destroys what is there, whoever asks. Calls that were let in before the deletion
//! began may still leave something; so it ends no sooner than such a call can last.

use std::{sync::Arc, time::Duration};

use proto::{
    accounts::{
        AdvanceDeletionRequest, Deletion, Destroyed, ListDeletionsRequest, accounts_client::AccountsClient,
    },
    subjects::{Project, Remains},
};
use rpc::Transport;
use tokio::{sync::Notify, time::timeout};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use crate::{Config, Keeper, Keepers, Peers};

/// Between two looks for deletions under way, of this process or another.
const EVERY: Duration = Duration::from_secs(15);
/// Between two looks while one is under way.
const SOON: Duration = Duration::from_secs(1);

/// The one who empties. It stops with its handle.
pub struct Emptier {
    begun: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl Emptier {
    pub fn start(config: &Config, peers: &Peers) -> Self {
        let begun = Arc::new(Notify::new());
        let work = Work {
            accounts: AccountsClient::new(peers.projects.clone()),
            keepers: Keepers::of(peers),
            quiet_ms: i64::try_from(config.deletion_quiet_seconds.saturating_mul(1000)).unwrap_or(i64::MAX),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(work.run(begun.clone())));
        Self { begun, _task: task }
    }

    /// A deletion has just begun.
    pub fn wake(&self) {
        self.begun.notify_one();
    }
}

struct Work {
    accounts: AccountsClient<Transport>,
    keepers: Keepers,
    quiet_ms: i64,
}

impl Work {
    async fn run(mut self, begun: Arc<Notify>) {
        let mut pause = EVERY;
        loop {
            // Woken or not, there may be something to do.
            let _ = timeout(pause, begun.notified()).await;
            pause = match self.round().await {
                Ok(true) => SOON,
                Ok(false) => EVERY,
                Err(status) => {
                    tracing::error!(code = ?status.code(), "a deleted organisation could not be emptied");
                    EVERY
                }
            };
        }
    }

    /// Whether any is still under way.
    async fn round(&mut self) -> Result<bool, Status> {
        let open = self.accounts.list_deletions(ListDeletionsRequest {}).await?.into_inner().deletions;
        let mut under_way = false;
        for deletion in open {
            under_way |= !self.empty(deletion).await?;
        }
        Ok(under_way)
    }

    /// Empties every project, in full; answers whether that was the end of it.
    async fn empty(&mut self, deletion: Deletion) -> Result<bool, Status> {
        let asked_at = boot::now_ms();
        for project in &deletion.project_ids {
            for keeper in Keeper::ALL {
                while self.step(&deletion.id, keeper, project).await? {}
            }
        }
        // What began before the deletion is over, and nothing was left after that.
        let last = asked_at.saturating_sub(deletion.begun_at_ms) >= self.quiet_ms;
        if last {
            let id = deletion.id;
            let end = AdvanceDeletionRequest { id, nothing_is_left: true, ..Default::default() };
            self.accounts.advance_deletion(end).await?;
        }
        Ok(last)
    }

    /// Whether there was anything to destroy.
    async fn step(&mut self, id: &str, keeper: Keeper, project_id: &str) -> Result<bool, Status> {
        let project = Project { project_id: project_id.to_owned() };
        let destroyed = lines(keeper, self.keepers.erase_project(keeper, project).await?);
        let some = !destroyed.is_empty();
        if some {
            let request = AdvanceDeletionRequest { id: id.to_owned(), destroyed, nothing_is_left: false };
            self.accounts.advance_deletion(request).await?;
        }
        Ok(some)
    }
}

fn lines(keeper: Keeper, remains: Remains) -> Vec<Destroyed> {
    let some = remains.kept.into_iter().filter(|kept| kept.count > 0);
    some.map(|kept| Destroyed { service: keeper.name().to_owned(), kind: kept.kind, count: kept.count })
        .collect()
}
