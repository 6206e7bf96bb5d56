//! The retention sweep: deletes records older than their project's retention period.
//!
//! The periods belong to the projects service, the records to the transactions service; the sweep runs here, in every
//! gateway. Concurrent sweeps are harmless: each step only deletes expired records.

use std::time::Duration;

use proto::{
    ml::{self, ml_client::MlClient},
    projects::{self, ListRetentionsRequest, projects_client::ProjectsClient},
    transactions::{ApplyRetentionRequest, transactions_client::TransactionsClient},
};
use rpc::Transport;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Status};

use crate::{config::Config, core::services::Peers};

const DAY_MS: i64 = 86_400_000;
/// The first sweep runs soon after a start, so that one happens even if processes restart often.
const FIRST_SWEEP_AFTER: Duration = Duration::from_secs(60);

/// The deleted items of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub projects: u64,
    pub samples: u64,
    pub transactions: u64,
    /// Fingerprints of recordings.
    pub recordings: u64,
}

/// Deletes records past their project's retention period at `now_ms`, in every project.
///
/// # Errors
/// When a service does not respond; earlier deletions stay.
pub async fn sweep(
    projects: Transport,
    transactions: Transport,
    ml: Transport,
    now_ms: i64,
) -> Result<Swept, Status> {
    let (mut projects, mut transactions, mut ml) =
        (ProjectsClient::new(projects), TransactionsClient::new(transactions), MlClient::new(ml));
    let mut swept = Swept::default();
    let mut after = String::new();
    loop {
        let request = ListRetentionsRequest { page_size: 200, after };
        let page = projects.list_retentions(request).await?.into_inner().retentions;
        let Some(last) = page.last() else { return Ok(swept) };
        after = last.project_id.clone();
        for retention in page {
            let transactions_before_ms = now_ms - i64::from(retention.transactions_days) * DAY_MS;
            let project_id = retention.project_id.clone();
            sweep_project(&mut transactions, retention, now_ms, &mut swept).await?;
            // As long as the transactions, which samples never outlive: a stored sample is always recognised.
            let request = ml::ApplyRetentionRequest { project_id, before_ms: transactions_before_ms };
            swept.recordings += sweep_recordings(&mut ml, request).await?;
        }
    }
}

async fn sweep_project(
    transactions: &mut TransactionsClient<Transport>,
    retention: projects::Retention,
    now_ms: i64,
    swept: &mut Swept,
) -> Result<(), Status> {
    swept.projects += 1;
    let request = ApplyRetentionRequest {
        samples_before_ms: now_ms - i64::from(retention.samples_days) * DAY_MS,
        transactions_before_ms: now_ms - i64::from(retention.transactions_days) * DAY_MS,
        project_id: retention.project_id,
    };
    loop {
        let step = transactions.apply_retention(request.clone()).await?.into_inner();
        swept.samples += step.samples;
        swept.transactions += step.transactions;
        if !step.more {
            return Ok(());
        }
    }
}

async fn sweep_recordings(
    ml: &mut MlClient<Transport>,
    request: ml::ApplyRetentionRequest,
) -> Result<u64, Status> {
    let mut recordings = 0;
    loop {
        let step = match ml.apply_retention(request.clone()).await {
            Ok(step) => step.into_inner(),
            // A models service of the previous release has none.
            Err(status) if status.code() == Code::Unimplemented => return Ok(recordings),
            Err(status) => return Err(status),
        };
        recordings += step.recordings;
        if !step.more {
            return Ok(recordings);
        }
    }
}

/// Starts the retention sweep. The task ends with its handle; every step leaves a consistent state.
pub fn start_sweeper(config: &Config, peers: &Peers) -> AbortOnDropHandle<()> {
    let period = Duration::from_secs(config.retention_sweep_seconds);
    let (projects, transactions) = (peers.projects.clone(), peers.transactions.clone());
    let ml = peers.ml.clone();
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut ticks = interval_at(Instant::now() + FIRST_SWEEP_AFTER.min(period), period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match sweep(projects.clone(), transactions.clone(), ml.clone(), boot::now_ms()).await {
                Ok(Swept { samples: 0, transactions: 0, recordings: 0, .. }) => {}
                Ok(Swept { projects, samples, transactions, recordings }) => {
                    tracing::info!(
                        projects,
                        samples,
                        transactions,
                        recordings,
                        "retention sweep deleted expired records"
                    );
                }
                Err(status) => tracing::error!(code = ?status.code(), "retention sweep failed"),
            }
        }
    }))
}
