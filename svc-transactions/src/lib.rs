//! svc-transactions: what happened. One record for each gateway operation, written before its answer is sent.
//!
//! A record is durable when [`RecordTransaction`] answers; concurrent records share a commit (`writer.rs`). The id is the
//! request id its caller sees, so recording it twice is refused rather than counted twice.
//!
//! Invariants: a record of another project answers as an unknown one does; whatever may name a person or a place (user,
//! device, location, results, error text) is stored only encrypted, and users are found by a keyed hash; every field has
//! a limit; records hold no media and no vectors.
//!
//! Erasing a subject leaves of its records when, what kind, verdict, score, reasons and durations: the user and its hash,
//! session, device, place, results, evidence, error text, trigger and tags are gone for good.
//!
//! What a reviewer may change afterwards are the tags and the flag; all else stays as it was recorded. Lists are read from
//! an index of their own for each filter, so a page costs the same however many records there are.
//!
//! Callers: the gateway.
//!
//! [`RecordTransaction`]: proto::transactions::transactions_server::Transactions::record_transaction

mod config;
mod error;
mod list;
#[expect(dead_code, reason = "what delivers is built on it next")]
mod outbox;
mod record;
mod seal;
mod service;
mod store;
mod writer;

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use proto::transactions::transactions_server::TransactionsServer;
use tonic::service::Routes;

pub use config::Config;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Opens the database and the master key, starts the writing task and answers the service.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let ring = KeyRing::open(&config.keys).context("the master key")?;
    let db = Db::open(&config.db, &MIGRATIONS).await?;
    let outbox = outbox::Outbox::new(ring.clone());
    let service = service::Transactions::new(store::Store::new(db, outbox), ring);
    Ok(Routes::new(TransactionsServer::new(service).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
