//! svc-consent: who consented to what, when, under which key. A ledger, not a flag.
//!
//! Invariants: an entry is never changed, and removed only by the erasure of its subject, which leaves a mark without a
//! name; every entry and erasure has its mark in the project's journal ([`verify`] finds what does not hold); the newest entry of a kind is the state, so a withdrawal counts at
//! the next call; the entries of a subject form one hash chain without gaps or forks, whichever processes write; a
//! subject of another project is unknown here; names are stored encrypted and found by a keyed hash.
//!
//! Caller: the gateway, before anything biometric is processed and when a customer records or reads consent.

mod audit;
mod config;
mod error;
mod journal;
mod ledger;
mod service;
mod store;

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use proto::consent::consent_server::ConsentServer;
use tonic::service::Routes;

pub use audit::{Audit, Finding, KnownHead, verify};
pub use config::Config;
pub use ledger::{Break, Entry, verify_chain};

/// The tables of this service.
static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Opens the database and the master key and answers the service.
///
/// # Errors
/// When the database cannot be opened, or the master key is missing or malformed.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let ring = KeyRing::open(&config.keys).context("the master key")?;
    let db = Db::open(&config.db, &MIGRATIONS).await?;
    let consent = service::Consent::new(store::Store::new(db), ring);
    Ok(Routes::new(ConsentServer::new(consent).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
