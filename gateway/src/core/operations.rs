//! The state of the installation: models, queues, failed calls.

use futures::{StreamExt, stream};
use proto::{accounts::Who, docauth, ml};

use crate::core::{Core, accounts, error::Error, transactions::transaction_stats};

const MINUTE_MS: i64 = 60_000;
/// Projects whose calls are counted, and how many at a time.
const MAX_PROJECTS: usize = 200;
const CONCURRENT_PROJECTS: usize = 4;

/// The load of a service; with several processes, that of the one that responded.
pub struct QueueLoad {
    pub service: &'static str,
    /// Calls waiting or in progress.
    pub admitted: u32,
    pub workers: u32,
    /// Calls that may wait or be in progress.
    pub places: u32,
}

/// Recorded calls, and server errors among them.
pub struct ErrorCounts {
    pub total: u64,
    pub failed: u64,
}

/// The models in use; none while the ML service does not respond.
pub async fn list_models(core: &Core) -> Option<ml::ListModelsResponse> {
    let pack = core.services().ml().list_models(ml::ListModelsRequest {}).await.ok()?;
    Some(pack.into_inner())
}

/// The queues of the services that respond.
pub async fn queue_loads(core: &Core) -> Vec<QueueLoad> {
    let (mut ml, mut docauth) = (core.services().ml(), core.services().docauth());
    let (ml, docauth) = tokio::join!(ml.load(ml::LoadRequest {}), docauth.load(docauth::LoadRequest {}));
    let load = |service, admitted, workers, places| QueueLoad { service, admitted, workers, places };
    let ml = ml.ok().map(tonic::Response::into_inner);
    let ml = ml.map(|l| load("ml", l.working, l.workers, l.places));
    let docauth = docauth.ok().map(tonic::Response::into_inner);
    let docauth = docauth.map(|l| load("docauth", l.working, l.workers, l.places));
    ml.into_iter().chain(docauth).collect()
}

/// Counts the calls of the last minutes in the projects of the user's organisation, project by project.
///
/// # Errors
/// When a service does not answer.
pub async fn error_counts(core: &Core, who: Who, minutes: i64) -> Result<ErrorCounts, Error> {
    let projects = accounts::list_projects(core, who).await?.projects;
    let until_ms = boot::now_ms();
    let from_ms = until_ms - minutes * MINUTE_MS;
    let counts = stream::iter(projects.into_iter().take(MAX_PROJECTS))
        .map(|project| transaction_stats(core, project.id, from_ms, until_ms, MINUTE_MS));
    let mut counts = counts.buffer_unordered(CONCURRENT_PROJECTS);
    let (mut total, mut failed) = (0, 0);
    while let Some(counted) = counts.next().await {
        for bucket in counted?.buckets {
            total += bucket.total;
            failed += bucket.errors;
        }
    }
    Ok(ErrorCounts { total, failed })
}
