//! svc-sessions: sessions of a project, their user lock, their last video.
//!
//! Invariants: a session is locked to at most one user, by one conditional statement, so that exactly one of two
//! concurrent calls wins; an ended session never becomes active again; an expired one, and one of another project, is
//! reported as unknown; the last video never outlives its session (removed at its end, and at its expiry by the
//! sweeper, which also removes the row); names, videos, phrases and operator settings are stored sealed; a phrase is
//! answered at most once, by one conditional statement; a phone number is neither stored nor logged.
//!
//! Caller: the gateway, on every call within a session.

mod challenge;
mod challenges;
mod checks;
mod config;
mod erasure;
mod error;
mod keys;
mod operator;
mod service;
mod session;
mod sim_swap;
mod sim_swaps;
mod store;
mod subjects;
mod sweeper;
mod videos;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use proto::sessions::sessions_server::SessionsServer;
use tonic::service::Routes;

pub use boot::Clock;
pub use config::Config;
pub use keys::named_subjects;

/// The tables of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Returns the values that identify a subject's sessions in the database; after an erasure no file may contain them.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn subject_traces(config: &Config, project: &str, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    let hashes = subjects::Subjects::new(ring).hashes(project, &session::UserName::parse(user)?)?;
    Ok(hashes.into_iter().map(Vec::from).collect())
}

/// Opens the database, the blobs and the master key, starts the sweeper and returns the service. The sweeper ends
/// with the routes.
///
/// # Errors
/// When a setting is out of range, or the database, the storage or the master key cannot be used.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    config.validate()?;
    let clock = db::shared_clock(&config.db, boot::now_ms).await?;
    routes_at(config, clock).await
}

/// Like [`routes`], with a given clock, for tests of expiry.
///
/// # Errors
/// As [`routes`].
pub async fn routes_at(config: Config, clock: Clock) -> anyhow::Result<Routes> {
    config.validate()?;
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let blobs = blob::Store::open_with(&config.blob, ring.clone()).context("the blob storage")?;
    let store = store::Store::new(db);
    let videos = videos::Videos::new(blobs, config.max_video_bytes);
    let period = Duration::from_secs(config.sweep_seconds.into());
    let sweeper = sweeper::start_sweeper(store.clone(), videos.clone(), period, clock.clone());
    let service = service::Sessions {
        store,
        videos,
        subjects: subjects::Subjects::new(ring.clone()),
        sim_swaps: sim_swaps::SimSwaps {
            ring,
            operators: operator::Operators::new(&config.egress).context("the client of mobile operators")?,
        },
        lifetime_ms: i64::from(config.lifetime_seconds) * 1000,
        clock,
        _sweeper: Arc::new(sweeper),
    };
    Ok(Routes::new(SessionsServer::new(service).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
