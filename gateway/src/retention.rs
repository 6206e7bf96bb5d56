//! How long a project keeps what it records, and the sweep that lets go of what is older.
//!
//! The periods are the projects service's, the records the transactions service's; what brings the two together runs
//! here, in every gateway. Several sweeps at once do no harm: each step deletes what is old, whoever asks.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use proto::{
    projects::{
        self, GetRetentionRequest, ListRetentionsRequest, PutRetentionRequest,
        projects_client::ProjectsClient,
    },
    transactions::{ApplyRetentionRequest, transactions_client::TransactionsClient},
};
use rpc::Transport;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use utoipa::ToSchema;

use crate::{Config, Gateway, Peers, auth::AdminKey, consent::rfc3339, error::Error, json};

const DAY_MS: i64 = 86_400_000;
/// The first sweep comes this soon after a start, so that one happens even where processes are restarted often.
const FIRST: Duration = Duration::from_secs(60);

/// Periods in days, 0 to 3650; 0 keeps nothing beyond the next sweep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// Stored media of transactions; not longer than the transactions themselves.
    #[schema(example = 30, maximum = 3650)]
    samples_days: u32,
    #[schema(example = 365, maximum = 3650)]
    transactions_days: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionData {
    #[schema(example = 30)]
    samples_days: u32,
    #[schema(example = 365)]
    transactions_days: u32,
    /// Null while the defaults (30 and 365 days) are in force.
    updated_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionFound {
    data: RetentionData,
    #[schema(example = "retention found")]
    message: &'static str,
}

/// How long the project keeps what it records.
#[utoipa::path(get, path = "/api-projects/retention", tag = "projects", responses((status = 200, body = RetentionFound)))]
pub async fn get(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
) -> Result<Json<RetentionFound>, Error> {
    let request = GetRetentionRequest { project_id: key.project_id };
    let found = gateway.projects().get_retention(request).await?.into_inner();
    Ok(Json(RetentionFound { data: found.into(), message: "retention found" }))
}

/// Sets how long the project keeps what it records. What is older goes with the next sweep, at most an hour later.
#[utoipa::path(put, path = "/api-projects/retention", tag = "projects", request_body = Periods,
    responses((status = 200, body = RetentionFound), (status = 400, description = "a period outside of its bounds")))]
pub async fn put(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RetentionFound>, Error> {
    let Periods { samples_days, transactions_days } = json::object(body)?;
    let request = PutRetentionRequest { project_id: key.project_id, samples_days, transactions_days };
    let put = gateway.projects().put_retention(request).await?.into_inner();
    tracing::info!(
        project.id = put.project_id,
        samples_days,
        transactions_days,
        by = key.id,
        "retention was set"
    );
    Ok(Json(RetentionFound { data: put.into(), message: "retention updated" }))
}

impl From<projects::Retention> for RetentionData {
    fn from(retention: projects::Retention) -> Self {
        Self {
            samples_days: retention.samples_days,
            transactions_days: retention.transactions_days,
            updated_at: retention.updated_at_ms.map(rfc3339),
        }
    }
}

/// What a sweep let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub projects: u64,
    pub samples: u64,
    pub transactions: u64,
}

/// Lets go of what is older at `now_ms` than its project keeps it, of every project.
///
/// # Errors
/// When a service does not answer; what was swept by then stays swept.
pub async fn sweep(projects: Transport, transactions: Transport, now_ms: i64) -> Result<Swept, Status> {
    let (mut projects, mut transactions) =
        (ProjectsClient::new(projects), TransactionsClient::new(transactions));
    let mut swept = Swept::default();
    let mut after = String::new();
    loop {
        let request = ListRetentionsRequest { page_size: 200, after };
        let page = projects.list_retentions(request).await?.into_inner().retentions;
        let Some(last) = page.last() else { return Ok(swept) };
        after = last.project_id.clone();
        for retention in page {
            sweep_project(&mut transactions, retention, now_ms, &mut swept).await?;
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

/// Starts sweeping. The task ends with its handle; each step it may be in leaves a consistent state.
pub fn start(config: &Config, peers: &Peers) -> AbortOnDropHandle<()> {
    let period = Duration::from_secs(config.retention_sweep_seconds);
    let (projects, transactions) = (peers.projects.clone(), peers.transactions.clone());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut ticks = interval_at(Instant::now() + FIRST.min(period), period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match sweep(projects.clone(), transactions.clone(), boot::now_ms()).await {
                Ok(Swept { samples: 0, transactions: 0, .. }) => {}
                Ok(Swept { projects, samples, transactions }) => {
                    tracing::info!(projects, samples, transactions, "what was kept long enough was let go");
                }
                Err(status) => tracing::error!(code = ?status.code(), "retention could not be applied"),
            }
        }
    }))
}
