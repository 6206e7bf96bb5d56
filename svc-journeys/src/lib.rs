//! svc-journeys: the journeys of people through a customer's forms: projects with their flows and collections,
//! registrations, persons, validations, and mailed codes. It handles no pictures and no templates: the caller passes
//! the results of checks.
//!
//! Invariants: addresses, names and identifiers are sealed under a key of their row and found by keyed hashes, so
//! that a deleted row leaves nothing; of concurrent calls that set the person of a registration, take one attempt too
//! many, end one validation or use one code, exactly one succeeds, by one conditional statement; the status of a
//! registration follows from its flow and the results of checks, whatever its token claims; no code is in any
//! response or log; a record of another tenant is reported as unknown.
//!
//! Caller: the gateway, for the Verifik API.

mod config;
mod emails;
mod erasure;
mod error;
mod flow;
mod id;
mod keys;
mod links;
mod page_themes;
mod projects;
mod registration;
mod registrations;
mod sealing;
mod service;
mod store;
mod validations;
mod words;

use std::sync::Arc;

use mail::Mailer;
use proto::journeys::journeys_server::JourneysServer;
use tonic::service::Routes;

pub use config::Config;
pub use keys::named_subjects;

/// The tables of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// A clock of the service: milliseconds since 1970, UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Returns the values that identify a subject's records in the database; after an erasure no file may contain them.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn subject_traces(config: &Config, project: &str, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    Ok(sealing::Sealer::new(ring).subject_hashes(project, user)?)
}

/// Opens the database, the master key and the connection to the mail server, and returns the service.
///
/// # Errors
/// When the database or the master key cannot be used, or a setting for mail is wrong.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    routes_at(config, Arc::new(boot::now_ms)).await
}

/// Like [`routes`], with the given clock; for tests of expiry.
///
/// # Errors
/// As [`routes`].
pub async fn routes_at(config: Config, clock: Clock) -> anyhow::Result<Routes> {
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let service = service::Journeys {
        store: store::Store::new(db),
        sealer: sealing::Sealer::new(ring),
        mailer: Mailer::open(&config.mail)?,
        clock,
    };
    Ok(Routes::new(JourneysServer::new(service).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
