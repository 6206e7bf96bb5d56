//! `GET /api-gateway/operations`: the state of the installation.

use axum::{Json, extract::State};
use futures::{StreamExt, stream};
use proto::{docauth, ml, transactions::StatsRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::error::Error,
    core::health::{ServiceHealth, probe_services},
    http::{dashboard_session::DashboardUser, envelope::Envelope, state::Gateway},
};

const MINUTE_MS: i64 = 60_000;
const MINUTES: i64 = 60;
/// Projects whose calls are counted, and how many at a time.
const PROJECTS: usize = 200;
const AT_ONCE: usize = 4;

#[derive(Debug, Serialize, ToSchema)]
pub struct Operations {
    services: Vec<ServiceHealth>,
    /// Null while the ML service does not respond.
    model_pack: Option<ModelPack>,
    /// Both queues together; null while neither service responds.
    queue: Option<Queue>,
    queues: Vec<Queue>,
    /// Null while the transactions service does not respond.
    errors: Option<Errors>,
    /// Of this server.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ModelPack {
    #[schema(example = "biometry-models")]
    name: &'static str,
    version: String,
    models: Vec<ModelFile>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ModelFile {
    #[schema(example = "yunet")]
    name: String,
    version: String,
    #[schema(example = "MIT")]
    licence: String,
    source: String,
    sha256: String,
}

/// The queue of a service. With several processes of a service, that of the one that responded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queue {
    #[schema(example = "ml")]
    name: &'static str,
    /// Waiting for a worker.
    depth: u32,
    /// Size of the queue; beyond it calls are rejected with 503.
    capacity: u32,
    /// Calls in progress, and how many can be at once.
    working: u32,
    workers: u32,
}

/// Recorded calls of the organisation's projects, and those that failed by the server's fault.
#[derive(Debug, Serialize, ToSchema)]
pub struct Errors {
    total: u64,
    failed: u64,
    /// 0 to 1; 0 without calls.
    rate: f64,
    #[schema(example = 60)]
    minutes: i64,
}

/// Health of every service, the models in use, queues, and the share of calls of the last hour that failed.
#[utoipa::path(get, path = "/api-gateway/operations", tag = "health",
    responses((status = 200, body = Envelope<Operations>), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn get_operations(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<Envelope<Operations>>, Error> {
    let (services, model_pack, ml, docauth, errors) = tokio::join!(
        probe_services(gateway.core()),
        model_pack(&gateway),
        of_models(&gateway),
        of_documents(&gateway),
        errors(&gateway, &user)
    );
    let queues: Vec<Queue> = ml.into_iter().chain(docauth).collect();
    let data = Operations {
        services: services.into(),
        model_pack,
        queue: together(&queues),
        queues,
        errors: errors.ok(),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(Json(Envelope { data, message: "operations found" }))
}

async fn model_pack(gateway: &Gateway) -> Option<ModelPack> {
    let pack = gateway.core().services().ml().list_models(ml::ListModelsRequest {}).await.ok()?.into_inner();
    let file = |model: ml::Model| ModelFile {
        name: model.name,
        version: model.version,
        licence: model.licence,
        source: model.source,
        sha256: model.sha256,
    };
    let models = pack.models.into_iter().map(file).collect();
    Some(ModelPack { name: "biometry-models", version: pack.version, models })
}

async fn of_models(gateway: &Gateway) -> Option<Queue> {
    let load = gateway.core().services().ml().load(ml::LoadRequest {}).await.ok()?.into_inner();
    Some(Queue::new("ml", load.working, load.workers, load.places))
}

async fn of_documents(gateway: &Gateway) -> Option<Queue> {
    let load = gateway.core().services().docauth().load(docauth::LoadRequest {}).await.ok()?.into_inner();
    Some(Queue::new("docauth", load.working, load.workers, load.places))
}

impl Queue {
    fn new(name: &'static str, admitted: u32, workers: u32, places: u32) -> Self {
        Self {
            name,
            depth: admitted.saturating_sub(workers),
            capacity: places.saturating_sub(workers),
            working: admitted.min(workers),
            workers,
        }
    }
}

fn together(queues: &[Queue]) -> Option<Queue> {
    let sum = |of: fn(&Queue) -> u32| queues.iter().map(of).sum();
    (!queues.is_empty()).then(|| Queue {
        name: "all",
        depth: sum(|queue| queue.depth),
        capacity: sum(|queue| queue.capacity),
        working: sum(|queue| queue.working),
        workers: sum(|queue| queue.workers),
    })
}

/// Each project is counted by itself, as the transactions service keeps projects apart.
async fn errors(gateway: &Gateway, user: &DashboardUser) -> Result<Errors, Error> {
    let projects = gateway
        .core()
        .services()
        .accounts()
        .list_projects(user.who().unwrap_or_default())
        .await?
        .into_inner();
    let until_ms = boot::now_ms();
    let counts = stream::iter(projects.projects.into_iter().take(PROJECTS)).map(|project| async move {
        let request = StatsRequest {
            project_id: project.id,
            from_ms: until_ms - MINUTES * MINUTE_MS,
            until_ms,
            bucket_ms: MINUTE_MS,
        };
        gateway.core().services().transactions().stats(request).await
    });
    let (mut total, mut failed) = (0, 0);
    let mut counts = counts.buffer_unordered(AT_ONCE);
    while let Some(counted) = counts.next().await {
        for bucket in counted?.into_inner().buckets {
            total += bucket.total;
            failed += bucket.errors;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "an hour has far fewer than 2^52 calls")]
    let rate = if total == 0 { 0.0 } else { failed as f64 / total as f64 };
    Ok(Errors { total, failed, rate, minutes: MINUTES })
}
