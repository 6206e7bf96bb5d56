//! svc-ml: what the models see and hear in a video, and who is enrolled.
//!
//! One video is decoded once and goes through the models in one straight line (`pipeline`): frames are followed as they
//! are decoded and never kept, then the sound, then what both say together. Each service judges or says why it could
//! not; the others still answer. Videos come in through a bounded admission (`intake`): a full queue is answered at
//! once, before a byte is read. Templates are kept encrypted under a key of their subject (`templates`); a search opens
//! the gallery of one project and no other.
//!
//! Invariants: services that were not asked for do not run; no vector leaves the process unsealed; no
//! template is made, changed or replaced but by the rules of `strengthen`; a video lies in a file without a name and is gone with the call; a panic costs one call.
//!
//! Caller: the gateway.

mod answer;
mod calibration;
mod calibrations;
mod candidate;
mod config;
mod engines;
mod enrol;
mod error;
mod gallery;
mod identity;
pub mod judge;
mod judged;
mod matching;
mod open_set;
mod pipeline;
mod portrait;
mod recording;
mod service;
mod spooled;
mod stages;
mod store;
mod strengthen;
mod templates;

use std::time::Duration;

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use intake::Workers;
use models::Pack;
use proto::ml::ml_server::MlServer;
use tonic::service::Routes;

use crate::{
    calibrations::Calibrations,
    engines::{Shared, template_models},
    service::Ml,
    store::Store,
    templates::Templates,
};

pub use calibrations::Calibrated;
pub use config::Config;

/// The tables of this service.
static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Opens the database, the master key and the model pack, loads the models for every worker, and answers the service.
///
/// # Errors
/// When one of them cannot be used; the text says which, and what to run.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let ring = KeyRing::open(&config.keys).context("the master key")?;
    let db = Db::open(&config.db, &MIGRATIONS).await?;
    let pack = Pack::open(config.models.as_deref())?;
    let calibrations = Calibrations::load(&config, &pack)?;
    let templates = Templates::new(Store::new(db), ring, template_models(&pack)?);
    let (of, deadline) = (pack.clone(), Duration::from_secs(config.deadline_s.into()));
    let load = move || {
        let shared = Shared::load(&of)?;
        Workers::start(config.workers.max(1), config.queue, deadline, move || shared.worker())
    };
    let workers = tokio::task::spawn_blocking(load).await.context("the models could not be loaded")??;
    let ml = Ml::new(&config, workers, templates, pack, calibrations);
    Ok(Routes::new(MlServer::new(ml).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
