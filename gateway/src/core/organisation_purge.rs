//! Purges the data of deleted organisations.
//!
//! The projects service knows the organisations being deleted, the other services store the data of their projects;
//! the purge runs here, in every gateway. Concurrent purges are harmless, and an interrupted one is continued by the
//! next. Calls admitted before the deletion began may still store data, so a purge ends no sooner than such a call
//! can last.

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

use crate::{
    config::Config,
    core::{
        data_holders::{DataHolder, SubjectDataServices},
        services::Peers,
    },
};

/// Polling interval for deletions of this process or another.
const IDLE_POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Polling interval while a deletion is in progress.
const ACTIVE_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Background task that purges data of deleted organisations; aborted on drop.
pub struct OrganisationPurger {
    begun: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl OrganisationPurger {
    pub fn start(config: &Config, peers: &Peers) -> Self {
        let begun = Arc::new(Notify::new());
        let work = Work {
            accounts: AccountsClient::new(peers.projects.clone()),
            holders: SubjectDataServices::new(peers),
            quiet_ms: i64::try_from(config.deletion_quiet_seconds.saturating_mul(1000)).unwrap_or(i64::MAX),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(work.run(begun.clone())));
        Self { begun, _task: task }
    }

    /// Polls at once, because a deletion has just begun.
    pub fn wake(&self) {
        self.begun.notify_one();
    }
}

struct Work {
    accounts: AccountsClient<Transport>,
    holders: SubjectDataServices,
    quiet_ms: i64,
}

impl Work {
    async fn run(mut self, begun: Arc<Notify>) {
        let mut pause = IDLE_POLL_INTERVAL;
        loop {
            // Woken or timed out, there may be work.
            let _ = timeout(pause, begun.notified()).await;
            pause = match self.purge_all().await {
                Ok(true) => ACTIVE_POLL_INTERVAL,
                Ok(false) => IDLE_POLL_INTERVAL,
                Err(status) => {
                    tracing::error!(code = ?status.code(), "purge of a deleted organisation failed");
                    IDLE_POLL_INTERVAL
                }
            };
        }
    }

    /// Returns whether any purge is still in progress.
    async fn purge_all(&mut self) -> Result<bool, Status> {
        let open = self.accounts.list_deletions(ListDeletionsRequest {}).await?.into_inner().deletions;
        let mut under_way = false;
        for deletion in open {
            under_way |= !self.purge(deletion).await?;
        }
        Ok(under_way)
    }

    /// Purges every project completely; returns whether the purge has ended.
    async fn purge(&mut self, deletion: Deletion) -> Result<bool, Status> {
        let asked_at = boot::now_ms();
        for project in &deletion.project_ids {
            for holder in DataHolder::ALL {
                while self.erase_batch(&deletion.id, holder, project).await? {}
            }
        }
        // Calls from before the deletion have ended, and nothing was left afterwards.
        let last = asked_at.saturating_sub(deletion.begun_at_ms) >= self.quiet_ms;
        if last {
            let id = deletion.id;
            let end = AdvanceDeletionRequest { id, nothing_is_left: true, ..Default::default() };
            self.accounts.advance_deletion(end).await?;
        }
        Ok(last)
    }

    /// Erases one batch; returns whether there was anything to erase.
    async fn erase_batch(&mut self, id: &str, holder: DataHolder, project_id: &str) -> Result<bool, Status> {
        let project = Project { project_id: project_id.to_owned() };
        let destroyed = destroyed(holder, self.holders.erase_project(holder, project).await?);
        let some = !destroyed.is_empty();
        if some {
            let request = AdvanceDeletionRequest { id: id.to_owned(), destroyed, nothing_is_left: false };
            self.accounts.advance_deletion(request).await?;
        }
        Ok(some)
    }
}

fn destroyed(holder: DataHolder, remains: Remains) -> Vec<Destroyed> {
    let some = remains.kept.into_iter().filter(|kept| kept.count > 0);
    some.map(|kept| Destroyed { service: holder.name().to_owned(), kind: kept.kind, count: kept.count })
        .collect()
}
