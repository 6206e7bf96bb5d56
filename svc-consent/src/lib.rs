//! svc-consent: the consent ledger.
//!
//! Invariants: an entry is never changed, and removed only by the erasure of its subject, which leaves a mark without
//! a name; every entry and erasure has its mark in the project's journal ([`verify`] finds violations), which is also
//! a Merkle tree with signed checkpoints and promises; the newest entry of a kind is the state, so a withdrawal
//! applies to the next call; the entries of a subject form one hash chain without gaps or forks, whichever processes
//! write; a subject of another project is unknown here; names are stored sealed and indexed by a keyed hash.
//!
//! Caller: the gateway, before anything biometric is processed and when a customer records or reads consent.

mod audit;
mod config;
mod entry;
mod error;
mod journal;
mod keys;
mod log;
mod service;
mod store;
mod texts;
mod writer;

use std::sync::Arc;

use proto::consent::consent_server::ConsentServer;
use tonic::service::Routes;

pub use audit::{Audit, Finding, Known, KnownHead, verify};
pub use config::Config;
pub use entry::{Break, Entry, verify_chain};
pub use keys::named_subjects;

/// The tables of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Returns the values that identify a subject's entries in the database; after an erasure no file may contain them.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn subject_traces(config: &Config, project: &str, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    let hashes = service::subject_hashes(&ring, project, user)?;
    Ok(hashes.into_iter().map(String::into_bytes).collect())
}

/// Opens the database and the master key and returns the service.
///
/// # Errors
/// When the database cannot be opened, or the master key is missing or malformed.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let store = store::Store::new(db);
    let log = log::ConsentLog::new(store.clone(), &ring)?;
    let anchoring = {
        let (store, log) = (store.clone(), log.clone());
        let read = move || {
            let (store, log) = (store.clone(), log.clone());
            async move {
                let heads = store.heads().await?.iter().map(ToString::to_string).collect();
                Ok::<_, error::Error>(ledger::Ends { heads, checkpoints: log.checkpoints().await? })
            }
        };
        ledger::start_anchoring(&config.anchor, audit::LEDGER, boot::now_ms, read)
    };
    let clock = Arc::new(boot::now_ms);
    let consent = service::Consent::new(store, ring, log, config.db.max_connections, clock, anchoring);
    Ok(Routes::new(ConsentServer::new(consent).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
