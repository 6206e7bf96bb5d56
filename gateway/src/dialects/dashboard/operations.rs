//! `GET /api-gateway/operations`: the state of the installation.

use axum::{Json, extract::State};
use proto::ml;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::{
        error::Error,
        health::{ServiceHealth, probe_services},
        operations::{ErrorCounts, QueueLoad, error_counts, list_models, queue_loads},
    },
    http::{dashboard_session::DashboardUser, envelope::Envelope, state::Gateway},
};

/// The period over which failed calls are counted.
const MINUTES: i64 = 60;

#[derive(Debug, Serialize, ToSchema)]
pub struct Operations {
    services: Vec<ServiceHealth>,
    /// Null while the ML service does not respond.
    model_pack: Option<ModelPack>,
    /// Both queues together; null while neither service responds, and for organisations that do not operate the server.
    queue: Option<Queue>,
    queues: Vec<Queue>,
    /// Null while the transactions service does not respond.
    errors: Option<Errors>,
    /// The version of this server.
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

/// The queue of a service. With several processes of a service, the queue of the one that responded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queue {
    #[schema(example = "ml")]
    name: &'static str,
    /// Calls that wait for a worker.
    depth: u32,
    /// Size of the queue; further calls are rejected with 503.
    capacity: u32,
    /// Calls in progress, and their maximum.
    working: u32,
    workers: u32,
}

/// Recorded calls of the organisation's projects, and those that failed because of a server error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Errors {
    total: u64,
    failed: u64,
    /// 0 to 1; 0 without calls.
    rate: f64,
    #[schema(example = 60)]
    minutes: i64,
}

/// Returns the health of every service, the models in use, queues, and the share of failed calls of the last hour.
#[utoipa::path(get, path = "/api-gateway/operations", tag = "health",
    responses((status = 200, body = Envelope<Operations>), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn get_operations(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<Envelope<Operations>>, Error> {
    let core = gateway.core();
    let who = user.who().unwrap_or_default();
    let (services, pack, load, errors) = tokio::join!(
        probe_services(core),
        list_models(core),
        queue_loads(core),
        error_counts(core, who, MINUTES)
    );
    let sees_installation = gateway.config().is_operator(&user.session().organisation_id);
    let queues: Vec<Queue> = load.into_iter().filter(|_| sees_installation).map(Queue::from).collect();
    let data = Operations {
        services: services.into(),
        model_pack: pack.map(model_pack),
        queue: together(&queues),
        queues,
        errors: errors.ok().map(Errors::from),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(Json(Envelope { data, message: "operations found" }))
}

fn model_pack(pack: ml::ListModelsResponse) -> ModelPack {
    let file = |model: ml::Model| ModelFile {
        name: model.name,
        version: model.version,
        licence: model.licence,
        source: model.source,
        sha256: model.sha256,
    };
    let models = pack.models.into_iter().map(file).collect();
    ModelPack { name: "biometry-models", version: pack.version, models }
}

impl From<QueueLoad> for Queue {
    fn from(load: QueueLoad) -> Self {
        Self {
            name: load.service,
            depth: load.admitted.saturating_sub(load.workers),
            capacity: load.places.saturating_sub(load.workers),
            working: load.admitted.min(load.workers),
            workers: load.workers,
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

impl From<ErrorCounts> for Errors {
    fn from(counts: ErrorCounts) -> Self {
        let ErrorCounts { total, failed } = counts;
        #[expect(clippy::cast_precision_loss, reason = "an hour has far fewer than 2^52 calls")]
        let rate = if total == 0 { 0.0 } else { failed as f64 / total as f64 };
        Self { total, failed, rate, minutes: MINUTES }
    }
}
