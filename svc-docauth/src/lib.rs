//! svc-docauth: identity documents: reading and cross-checks, with evidence for each check.
//!
//! A picture comes in through bounded admission (`intake`): a call beyond its limit is rejected before a byte is
//! read. It is read and checked by the in-house provider (the `document` crate) or by the configured external one
//! (`provider`); both return a [`document::Report`], which `service` encodes.
//!
//! Files that the caller's app read from the document's chip come before the picture (`chip`); they are authenticated
//! first, against the operator's authorities.
//!
//! Invariants: nothing is stored; the picture is spooled to a nameless file, decoded in a separate process
//! (`sandbox`), and deleted with the call; a picture leaves this machine only if the caller requests the external
//! provider and one is configured; a panic affects one call; one large file is in memory at a time, so that the
//! service stays below 500 MB (`tests/it/memory.rs`).
//!
//! Caller: the gateway.

mod chip;
mod config;
mod error;
mod idscan;
pub mod judge;
mod provider;
mod service;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use document::Engine;
use intake::Workers;
use models::{Pack, Runtime};
use proto::docauth::doc_auth_server::DocAuthServer;
use sandbox::Sandbox;
use tonic::service::Routes;

use crate::{error::Error, idscan::IdScan, provider::LargeFileLimit, service::Documents};

pub use config::Config;

/// Longer than every caller's deadline, so no awaited work is cancelled here.
const DEADLINE: Duration = Duration::from_secs(600);

/// Opens the model pack, loads the networks for every worker, and returns the service.
///
/// # Errors
/// When the pack cannot be used or the external provider is misconfigured; the text says what to do.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let media = Sandbox::of(config.media_worker.as_deref());
    routes_with(config, media).await
}

/// Like [`routes`], with pictures decoded by `media`, which may be shared with other services of the process.
///
/// # Errors
/// As [`routes`].
pub async fn routes_with(config: Config, media: Sandbox) -> anyhow::Result<Routes> {
    let large_files = Arc::new(LargeFileLimit::new());
    let external = IdScan::from_config(&config, large_files.clone())?;
    let trust = chip::load_authorities(config.chip_authorities.as_deref())?;
    let pack = Pack::open(config.models.as_deref())?;
    let (workers, queue) = (config.workers.max(1), config.queue);
    let probed = media.clone();
    let load = move || {
        probed.probe().map_err(Error::from)?;
        let runtime = Runtime::load(&pack)?;
        let first = Engine::load(&runtime)?;
        Workers::start(workers, queue, DEADLINE, move || Ok::<_, Error>(first.twin(&runtime)?))
    };
    let workers = tokio::task::spawn_blocking(load).await.context("the networks could not be loaded")??;
    let workers = Arc::new(workers);
    intake::report_load("documents", &workers);
    let documents =
        Documents::new(&config, workers, large_files, external, media, trust, Arc::new(boot::now_ms));
    Ok(Routes::new(DocAuthServer::new(documents).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
