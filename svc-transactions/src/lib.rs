//! svc-transactions: one record for each gateway operation, written before its response is sent.
//!
//! A record is durable when [`RecordTransaction`] returns; concurrent records share a commit (`writer.rs`). The id is
//! the request id of the caller, so recording it twice is rejected.
//!
//! Invariants: a record of another project is reported as unknown; personal data (user, device, location, results,
//! error text) is stored sealed, and users are found by a keyed hash; every field has a limit; records contain no
//! media and no vectors. Media are samples: stored only with storage consent (checked by the caller), encrypted,
//! until they expire, and opened by links signed under the master key, which every process of the deployment accepts.
//!
//! Erasing a subject leaves the time, kind, verdict, score, reasons, durations and the reviewer's decision of its
//! records: the user and its hash, session, device, location, results, evidence, error text, trigger, tags and
//! samples are destroyed.
//!
//! Reviewers can change tags and flag; everything else is immutable. Reviews are stored separately (`reviews.rs`).
//! Every filter of a list has its own index, so the cost of a page does not depend on the number of records.
//!
//! The fraud rules evaluate each transaction shortly after it is recorded (`fraud.rs`); hits are stored with it.
//! Links between transactions are stored as keyed hashes (`links.rs`), and so are block lists (`blocklist.rs`).
//! Events are also sent to the customer's servers: `outbox.rs` queues them with the record, `webhooks.rs` delivers.
//!
//! The responses to calls with an `Idempotency-Key` are stored here too (`answers.rs`), sealed by the gateway.
//!
//! Callers: the gateway.
//!
//! [`RecordTransaction`]: proto::transactions::transactions_server::Transactions::record_transaction

mod answers;
mod backlog;
mod blocklist;
mod config;
mod credits;
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
    answers_server::AnswersServer, credits_server::CreditsServer, fraud_server::FraudServer,
    reviews_server::ReviewsServer, transactions_server::TransactionsServer,
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

/// Returns the values that identify a subject's records in the database; after an erasure no file may contain them.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn subject_traces(config: &Config, project: &str, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    Ok(seal::subject_hashes(&ring, project, user)?)
}

/// Opens the database, the samples and the master key, starts the background tasks and returns the services. The
/// tasks end with the routes.
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
    let samples = samples::Samples::open(&config, ring.clone()).context("the storage of samples")?;
    let outbox = outbox::Outbox::new(ring.clone());
    let webhooks =
        webhooks::start_service(&config.webhooks, db.clone(), ring.clone(), outbox.clone(), clock.clone())?;
    let direct = webhooks::DirectEndpoints::new(&config.webhooks, db.clone(), ring.clone(), clock.clone());
    let store = store::Store::new(db, outbox);
    let period = Duration::from_secs(config.samples.sweep_seconds.into());
    let sweeper = sweeper::start_sweeper(store.clone(), samples.clone(), period, clock.clone());
    let rules = fraud::start_worker(store.clone(), ring.clone(), clock.clone());
    let answers = answers::Answers::start(store.clone(), &config.answers, clock.clone());
    let answers = AnswersServer::new(answers).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    let backlog = backlog::start_reporting(store.clone(), clock.clone());
    let credits = CreditsServer::new(credits::Credits { store: store.clone(), clock: clock.clone() });
    let service =
        service::Transactions::new(store, ring, samples, direct, clock, vec![sweeper, rules, backlog]);
    let reviews = ReviewsServer::new(reviews::Reviews::new(service.clone()))
        .max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    let fraud = FraudServer::new(fraud::Page::new(service.clone()));
    let transactions = TransactionsServer::new(service).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    Ok(Routes::new(transactions)
        .add_service(webhooks)
        .add_service(answers)
        .add_service(credits)
        .add_service(reviews)
        .add_service(fraud))
}
