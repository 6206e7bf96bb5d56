//! svc-projects: access control. Organisations, their users and projects, API keys and signing keys, scoring rules,
//! retention periods, erasure receipts, and the audit log.
//!
//! An API key is a JWT (EdDSA) with the ids of the key and its project. It is returned once and not stored: its row
//! is, and the state in that row is checked on every call of the product ([`AuthorizeApiKey`]), so that a revocation
//! takes effect at the next call in every process. For this reason nothing is cached here.
//!
//! Invariants: exactly one signing key signs, every public key ever used verifies; a private key is stored only
//! encrypted under the master key, and destroyed when it stops signing; a key, rule set or project of another project
//! is reported as unknown; every version of a rule set is kept.
//!
//! Users sign in to a dashboard session, whose token only their browser has; their permissions are decided here
//! ([`Accounts`]). Every change and its entry in the audit log are one database transaction.
//!
//! Callers: the gateway (authorising a call, keys and rules by API, the dashboard) and the command line (`bootstrap`,
//! `owner`, `audit verify`).
//!
//! [`Accounts`]: proto::accounts::accounts_server::Accounts
//! [`AuthorizeApiKey`]: proto::projects::projects_server::Projects::authorize_api_key

mod accounts;
mod api_key;
mod audit;
mod config;
mod deletion;
mod dialects;
mod erasure;
mod error;
mod keys;
mod last_used;
mod master_keys;
mod password;
mod person;
mod project;
mod retention;
mod rules;
mod scope;
mod secret;
mod service;
mod signing;
mod signing_admin;
mod store;
mod tombstones;
mod video_settings;

use std::sync::Arc;

use anyhow::Context;
use proto::{accounts::accounts_server::AccountsServer, projects::projects_server::ProjectsServer};
use tonic::service::Routes;

pub use audit::verify::{Finding, Known, KnownEnd, Verified, verify as verify_audit};
pub use config::Config;
pub use signing_admin::{SigningKeyState, distrust_signing_key, rotate_signing_key, signing_keys};
pub use tombstones::{Tombstone, read_tombstones};

/// The tables of this service.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Returns the end of the audit log; empty while it has no entry.
async fn audit_ends(
    store: &store::Store,
    tree: &audit::tree::AuditTree,
) -> Result<ledger::Ends, error::Error> {
    let head = store.audit_head().await?.filter(|head| head.seq > 0);
    let heads = head.map(|head| KnownEnd { seq: head.seq, mac: head.mac }.to_string()).into_iter().collect();
    let checkpoints = tree.checkpoint().await?.map(|checkpoint| checkpoint.note).into_iter().collect();
    Ok(ledger::Ends { heads, checkpoints })
}

/// Opens the database and the master key and returns the service.
///
/// # Errors
/// When the database cannot be opened, or the master key is missing or not the one the signing keys were sealed with.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let store = store::Store::new(
        db,
        audit::Log::new(ring.clone(), Arc::new(boot::now_ms)),
        ledger::RowMacs::new(ring.clone()),
    );
    store.guard_audit().await.context("the audit log's triggers")?;
    store.make_missing_macs(store.now_ms()).await.context("the MACs of rows")?;
    let tree = audit::tree::AuditTree::new(store.clone(), &ring)?;
    let accounts = accounts::Accounts::new(store.clone(), ring.clone(), tree.clone());
    let anchoring = {
        let store = store.clone();
        let read = move || {
            let (store, tree) = (store.clone(), tree.clone());
            async move { audit_ends(&store, &tree).await }
        };
        ledger::start_anchoring(&config.anchor, audit::verify::LEDGER, boot::now_ms, read)
    };
    let projects =
        service::Projects::new(store, ring, config.tombstones, anchoring).await.context("the signing key")?;
    let accounts = AccountsServer::new(accounts).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    let projects = ProjectsServer::new(projects).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES);
    Ok(Routes::new(projects).add_service(accounts))
}
