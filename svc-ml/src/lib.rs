//! svc-ml: biometric models and templates.
//!
//! One video is decoded once and passes through the models in one straight line (`pipeline`): frames are tracked
//! while they are decoded and never stored, then the sound, then both together. Each service has a result or a reason
//! why not, independently of the others. Videos come in through bounded admission (`intake`): a full queue is
//! rejected at once, before a byte is read. Templates are sealed under a key of their subject (`templates`); a search
//! uses the vectors of one project only (`gallery`), and decides by the stored templates.
//!
//! Invariants: services that were not requested do not run; no vector leaves the process unsealed; templates are
//! made, changed or replaced only by the rules of `template_update`; a video is spooled to a nameless file, decoded
//! in a separate process (`sandbox`), and deleted with the call; a panic affects one call.
//!
//! Caller: the gateway.

mod answer;
mod calibration;
mod calibrations;
mod candidate;
mod config;
mod engines;
mod enroll;
pub mod error;
mod face_template;
mod gallery;
mod identity;
mod interruption;
pub mod judge;
mod judged;
mod keys;
mod matching;
mod open_set;
mod pair;
mod pictures;
mod pipeline;
mod portrait;
mod prints;
mod reasons;
mod recording;
mod recordings;
pub mod replay;
mod request;
mod service;
mod services;
mod stages;
mod still;
mod store;
mod template_update;
mod templates;
mod voice_template;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use intake::Workers;
use models::Pack;
use proto::ml::ml_server::MlServer;
use sandbox::Sandbox;
use tonic::service::Routes;

use crate::{
    calibrations::Calibrations,
    engines::{Shared, template_models},
    error::Error,
    service::Ml,
    store::Store,
    templates::{Galleries, Templates},
};

pub use calibrations::Calibrated;
pub use config::Config;
pub use keys::named_subjects;

/// The tables of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Returns the values that identify a subject's templates and key in the database; after an erasure no file may
/// contain them.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn subject_traces(config: &Config, project: &str, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    Ok(templates::name_hashes(&ring, project, user)?.into_iter().map(String::into_bytes).collect())
}

/// Opens the database, the master key and the model pack, loads the models for every worker, and returns the service.
///
/// # Errors
/// When one of them cannot be used; the text says which, and which command to run.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let media = Sandbox::of(config.media_worker.as_deref());
    routes_with(config, media).await
}

/// Like [`routes`], with files decoded by `media`, which may be shared with other services of the process.
///
/// # Errors
/// As [`routes`].
pub async fn routes_with(config: Config, media: Sandbox) -> anyhow::Result<Routes> {
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let pack = Pack::open(config.models.as_deref())?;
    let calibrations = Calibrations::load(&config, &pack)?;
    let galleries = Galleries::new(config.gallery_bytes);
    let templates = Templates::new(Store::new(db), ring, template_models(&pack)?, galleries)
        .comparing_prints_in(media.clone());
    let (of, deadline) = (pack.clone(), Duration::from_secs(config.deadline_s.into()));
    let load = move || {
        media.probe().map_err(Error::from)?;
        let shared = Shared::load(&of, media)?;
        Workers::start(config.workers.max(1), config.queue, deadline, move || shared.worker())
    };
    let workers = tokio::task::spawn_blocking(load).await.context("the models could not be loaded")??;
    let ml = Ml::new(&config, workers, templates, pack, calibrations, Arc::new(boot::now_ms));
    Ok(Routes::new(MlServer::new(ml).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
