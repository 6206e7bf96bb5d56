//! svc-projects: who may. Organisations, their projects, API keys and the keys that sign them, scoring rules, how long a
//! project keeps what it records, and the receipts of what was erased.
//!
//! An API key is a JWT (EdDSA) that says which key it is and of which project. It is shown once and not kept: what is
//! kept is its row, and the state in that row is asked on every call of the product ([`AuthorizeApiKey`]), so that a
//! revocation counts at the next call in every process. Nothing here is cached for that reason.
//!
//! Invariants: exactly one signing key signs, every public key ever used verifies; a private key is stored only
//! encrypted under the master key, and destroyed when it stops signing; a key, rule set or project of another project
//! answers as an unknown one does; every version of a rule set is kept.
//!
//! Callers: the gateway (authorising a call, keys and rules by API) and the command line (`bootstrap`).
//!
//! [`AuthorizeApiKey`]: proto::projects::projects_server::Projects::authorize_api_key

mod api_key;
mod config;
mod erasure;
mod error;
mod retention;
mod rules;
mod service;
mod signing;
mod store;

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use proto::projects::projects_server::ProjectsServer;
use tonic::service::Routes;

pub use config::Config;

/// The tables of this service.
static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Opens the database and the master key and answers the service.
///
/// # Errors
/// When the database cannot be opened, or the master key is missing or not the one the signing keys were sealed with.
pub async fn routes(config: Config) -> anyhow::Result<Routes> {
    let ring = KeyRing::open(&config.keys).context("the master key")?;
    let db = Db::open(&config.db, &MIGRATIONS).await?;
    let projects = service::Projects::new(store::Store::new(db), ring).await.context("the signing key")?;
    Ok(Routes::new(ProjectsServer::new(projects).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
