//! HTTP in, gRPC out: the public face of the suite. Owns no state and no business rule.
//!
//! A request goes `routes.rs` -> `<resource>.rs` -> a service behind an [`rpc::Transport`]; refusals come back as a
//! `Status` and become HTTP in one table (`error.rs`). Who calls is settled by [`auth`] in the handlers' signatures.
//!
//! Invariants:
//! - every answer carries `X-Request-Id`, made here, which is also the id of the call's transaction;
//! - every authenticated call of `/api-gateway` and `/api-consent` but those that manage webhooks leaves one transaction, written before its answer is
//!   sent (`record.rs`); a call the client abandons before its answer is abandoned here too and leaves none;
//! - a call with an `Idempotency-Key` is the exception: it is finished, and its answer kept for the client that returns;
//! - the state of the API key is asked on every request, so a revoked key is refused at once;
//! - uploads lie in files without a name, so nothing is left behind whatever happens;
//! - no name, phrase, token or body is logged.
//!
//! The gateway is called by customers' backends and by browsers; it calls every service and nobody else does all that.

mod accounts;
mod answer;
mod api_keys;
mod auth;
mod config;
mod consent;
mod cors;
mod dashboard;
mod deletions;
mod docauth;
mod drain;
mod enroll;
mod error;
mod evidence;
mod export;
mod geo;
mod headers;
mod health;
mod idempotency;
mod json;
mod live;
mod match_faces;
mod measured;
mod middleware;
mod openapi;
mod operations;
mod process_video;
mod rate_limit;
mod record;
mod retention;
mod routes;
mod rules;
mod samples;
mod server;
mod sessions;
mod shared;
mod sim_swap;
mod subjects;
mod transactions;
mod try_it;
mod upload;
mod webhooks;
mod what_if;
mod whose;

use std::sync::{Arc, Mutex};

use anyhow::Context;
use idempotency::Answers;
use proto::{
    accounts::accounts_client::AccountsClient,
    consent::consent_client::ConsentClient,
    docauth::doc_auth_client::DocAuthClient,
    ml::ml_client::MlClient,
    projects::projects_client::ProjectsClient,
    sessions::sessions_client::SessionsClient,
    transactions::{transactions_client::TransactionsClient, webhooks_client::WebhooksClient},
};
use rate_limit::RateLimits;
use rpc::Transport;
use shared::Shared;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

pub use config::{Config, DuplicateIdentity, RateLimit};
pub use docauth::decide_alone as decide_document;
pub use retention::{Swept, sweep};
pub use server::serve;
pub use subjects::{Keeper, Keepers};

/// How each service is reached.
#[derive(Clone)]
pub struct Peers {
    pub sessions: Transport,
    pub consent: Transport,
    pub ml: Transport,
    pub docauth: Transport,
    pub transactions: Transport,
    pub projects: Transport,
}

/// The whole HTTP application. Serve it with [`serve`], which also bounds headers, connections and slow clients.
///
/// # Errors
/// When the configuration cannot be used.
pub async fn app(config: Config, peers: Peers) -> anyhow::Result<axum::Router> {
    anyhow::ensure!(config.max_uploads > 0, "gateway.max_uploads must be at least 1");
    anyhow::ensure!(config.retention_sweep_seconds > 0, "gateway.retention_sweep_seconds must be at least 1");
    anyhow::ensure!(config.live_check_seconds > 0, "gateway.live_check_seconds must be at least 1");
    anyhow::ensure!(config.upload_seconds > 0, "gateway.upload_seconds must be at least 1");
    if let Some(dir) = &config.spool_dir {
        anyhow::ensure!(dir.is_dir(), "gateway.spool_dir is not a folder: {}", dir.display());
    }
    if let Some(url) = &config.public_url {
        let fits = url.starts_with("https://") || url.starts_with("http://");
        anyhow::ensure!(
            fits && !url.ends_with('/'),
            "gateway.public_url must be http(s)://HOST without a slash at its end"
        );
    }
    Ok(routes::router(Gateway::new(config, peers)?))
}

/// The handles every handler works with.
#[derive(Clone)]
struct Gateway(Arc<Handles>);

struct Handles {
    peers: Peers,
    keys: auth::Keys,
    uploads: Arc<Semaphore>,
    rate_limits: RateLimits,
    answers: Answers,
    geo: geo::Geo,
    live: live::Live,
    config: Config,
    warmup: Mutex<sessions::Warmup>,
    /// Both end with the last handle.
    _sweeper: AbortOnDropHandle<()>,
    emptier: deletions::Emptier,
}

impl Gateway {
    fn new(config: Config, peers: Peers) -> anyhow::Result<Self> {
        let shared = config.redis_url.as_ref().map(Shared::open).transpose().context("gateway.redis_url")?;
        Ok(Self(Arc::new(Handles {
            keys: auth::Keys::new(peers.projects.clone()),
            uploads: Arc::new(Semaphore::new(config.max_uploads)),
            warmup: Mutex::default(),
            _sweeper: retention::start(&config, &peers),
            emptier: deletions::Emptier::start(&config, &peers),
            rate_limits: RateLimits::new(&config.rate_limit, shared.clone())?,
            answers: Answers::new(shared),
            geo: geo::Geo::open(&config)?,
            live: live::Live::default(),
            peers,
            config,
        })))
    }

    fn rate_limits(&self) -> &RateLimits {
        &self.0.rate_limits
    }

    fn geo(&self) -> &geo::Geo {
        &self.0.geo
    }

    fn live(&self) -> &live::Live {
        &self.0.live
    }

    fn answers(&self) -> &Answers {
        &self.0.answers
    }

    fn peers(&self) -> &Peers {
        &self.0.peers
    }

    fn emptier(&self) -> &deletions::Emptier {
        &self.0.emptier
    }

    fn keys(&self) -> &auth::Keys {
        &self.0.keys
    }

    fn config(&self) -> &Config {
        &self.0.config
    }

    fn sessions(&self) -> SessionsClient<Transport> {
        SessionsClient::new(self.0.peers.sessions.clone())
    }

    fn consent(&self) -> ConsentClient<Transport> {
        ConsentClient::new(self.0.peers.consent.clone())
    }

    fn ml(&self) -> MlClient<Transport> {
        MlClient::new(self.0.peers.ml.clone())
    }

    fn docauth(&self) -> DocAuthClient<Transport> {
        DocAuthClient::new(self.0.peers.docauth.clone())
    }

    fn transactions(&self) -> TransactionsClient<Transport> {
        TransactionsClient::new(self.0.peers.transactions.clone())
    }

    fn keepers(&self) -> Keepers {
        Keepers::of(&self.0.peers)
    }

    fn webhooks(&self) -> WebhooksClient<Transport> {
        WebhooksClient::new(self.0.peers.transactions.clone())
    }

    /// The people of the dashboard live with the projects.
    fn accounts(&self) -> AccountsClient<Transport> {
        AccountsClient::new(self.0.peers.projects.clone())
    }

    fn projects(&self) -> ProjectsClient<Transport> {
        ProjectsClient::new(self.0.peers.projects.clone())
    }
}
