//! svc-docauth: identity documents, read and cross-checked with evidence for each check.
//!
//! A picture comes in through a bounded admission (`intake`): a call beyond its limit is refused before a byte is read. It is
//! read and checked by the in-house provider (the `document` crate) or by the external one that is configured
//! (`provider`); both answer a [`document::Report`], which `service` puts on the wire.
//!
//! Files that the caller's app read from the document's chip come before the picture (`chip`); they are authenticated first,
//! against the authorities the operator configured.
//!
//! Invariants: nothing is kept, the picture lies in a file without a name, is decoded in a process of its own (`sandbox`)
//! and is gone with the call; a picture leaves this machine only where the caller asks for the external provider and one is configured; a panic costs one call; of large
//! files one is in memory at a time, so that the service stays below 500 MB whatever it is sent (`tests/it/memory.rs`).
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

/// No caller waits this long: what somebody waits for is never given up here.
const DEADLINE: Duration = Duration::from_secs(600);

/// Opens the model pack, loads the networks for every worker, and answers the service.
///
/// # Errors
/// When the pack cannot be used or the external provider is configured wrongly; the text says what to do.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let media = Sandbox::of(config.media_worker.as_deref());
    routes_with(config, media).await
}

/// The same, with pictures decoded by `media`, which other services of this process may use as well.
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
