//! svc-transactions: the record of calls. One record for each gateway operation, written before its answer is sent.
//!
//! A record is durable when [`RecordTransaction`] answers; concurrent records share a commit (`writer.rs`). The id is the
//! request id its caller sees, so recording it twice is refused rather than counted twice.
//!
//! Invariants: a record of another project answers as an unknown one does; whatever may name a person or a place (user,
//! device, location, results, error text) is stored only encrypted, and users are found by a keyed hash; every field has
//! a limit; records hold no media and no vectors. Media are samples: kept only with storage consent (the caller's duty),
//! encrypted, until they expire, and opened by links signed under the master key, so that any process of a deployment
//! opens what another one signed.
//!
//! Erasing a subject leaves of its records when, what kind, verdict, score, reasons, durations and what a reviewer decided: the user and its hash,
//! session, device, place, results, evidence, error text, trigger, tags and samples are gone for good.
//!
//! What a reviewer may change afterwards are the tags and the flag; all else stays as it was recorded. What people decide
//! about a transaction stands beside it, with who decided (`reviews.rs`). Lists are read from
//! an index of their own for each filter, so a page costs the same however many records there are.
//!
//! The fraud rules look at each transaction a moment after it was recorded (`fraud.rs`); what they find is kept with it. What
//! transactions have in common is stored as keyed hashes (`links.rs`), and so is what a project blocks (`blocklist.rs`).
//! Events are sent to the customer's own servers as well: `outbox.rs` queues them with the record, `webhooks.rs` delivers.
//!
//! The responses to calls with an `Idempotency-Key` are kept here too (`answers.rs`), sealed by the gateway.
//!
//! Callers: the gateway.
//!
//! [`RecordTransaction`]: proto::transactions::transactions_server::Transactions::record_transaction

mod answers;
mod backlog;
mod blocklist;
mod config;
mod error;
mod fraud;
mod keys;
mod links;
mod list;
mod names;
mod outbox;
mod record;
mod reviews;
mod samples;
mod seal;
mod service;
mod stats;
mod store;
mod sweeper;
mod webhooks;
mod writer;

use std::time::Duration;

use anyhow::Context;
use proto::transactions::{
    answers_server::AnswersServer, fraud_server::FraudServer, reviews_server::ReviewsServer,
    transactions_server::TransactionsServer,
};
use tonic::service::Routes;

pub use answers::AnswersConfig;
pub use boot::Clock;
pub use config::{Config, SamplesConfig};
pub use keys::named_subjects;
pub use outbox::EVENTS;
pub use webhooks::{Config as WebhooksConfig, sign_event};

/// The tables of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Returns what the records of a subject are found by, as the database holds it: what an erased subject must have left in
/// no file.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn subject_traces(config: &Config, project: &str, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    Ok(seal::subject_hashes(&ring, project, user)?)
}

/// Opens the database, the samples and the master key, starts the tasks beside the calls and answers the services. The
/// tasks end with the routes.
///
/// # Errors
/// When a setting is out of range, or the database, the storage or the master key cannot be used.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    config.validate()?;
    let clock = db::shared_clock(&config.db, boot::now_ms).await?;
    routes_at(config, clock).await
}

/// [`routes`] by another clock: what a test of expiry needs.
///
/// # Errors
/// As [`routes`].
pub async fn routes_at(config: Config, clock: Clock) -> anyhow::Result<Routes> {
    config.validate()?;
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let samples = samples::Samples::open(&config, ring.clone()).context("the storage of samples")?;
    let outbox = outbox::Outbox::new(ring.clone());
    let webhooks =
        webhooks::start(&config.webhooks, db.clone(), ring.clone(), outbox.clone(), clock.clone())?;
    let store = store::Store::new(db, outbox);
    let period = Duration::from_secs(config.samples.sweep_seconds.into());
    let sweeper = sweeper::start(store.clone(), samples.clone(), period, clock.clone());
    let rules = fraud::start(store.clone(), ring.clone(), clock.clone());
    let answers = answers::Answers::start(store.clone(), &config.answers, clock.clone());
    let answers = AnswersServer::new(answers).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    let backlog = backlog::start(store.clone(), clock.clone());
    let service = service::Transactions::new(store, ring, samples, clock, vec![sweeper, rules, backlog]);
    let reviews = ReviewsServer::new(reviews::Reviews::new(service.clone()))
        .max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    let fraud = FraudServer::new(fraud::Page::new(service.clone()));
    let transactions = TransactionsServer::new(service).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    Ok(Routes::new(transactions)
        .add_service(webhooks)
        .add_service(answers)
        .add_service(reviews)
        .add_service(fraud))
}
