//! `biometry serve`: builds every service in dependency order, wires them, serves.

use std::time::Duration;

use anyhow::Context;
use gateway::Peers;
use rpc::Transport;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    cli::ServeArgs,
    config::{Config, DEADLINE, DOCAUTH_DEADLINE, ML_DEADLINE},
};

/// Runs until SIGTERM or SIGINT, then finishes the requests under way.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let _telemetry = boot::Telemetry::start("biometry", &config.telemetry)?;
    let listen = args.listen.unwrap_or(config.listen);
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let gateway = config.gateway.clone();
    let app = gateway::app(gateway, peers(config).await?).await.context("the gateway could not start")?;
    boot::announce("biometry", listener.local_addr()?)?;
    gateway::serve(listener, app, boot::shutdown_signal()).await
}

/// The services the gateway calls: those with a url where they are, the others here.
async fn peers(config: Config) -> anyhow::Result<Peers> {
    let Config { urls, service_token: token, .. } = config;
    let peer = |url: Option<String>, deadline| Peer { url, deadline, token: token.clone() };
    Ok(Peers {
        projects: peer(urls.projects, DEADLINE).or("projects", svc_projects::routes(config.projects)).await?,
        sessions: peer(urls.sessions, DEADLINE).or("sessions", svc_sessions::routes(config.sessions)).await?,
        consent: peer(urls.consent, DEADLINE).or("consent", svc_consent::routes(config.consent)).await?,
        ml: peer(urls.ml, ML_DEADLINE).or("ml", svc_ml::routes(config.ml)).await?,
        docauth: peer(urls.docauth, DOCAUTH_DEADLINE)
            .or("docauth", svc_docauth::routes(config.docauth))
            .await?,
        transactions: peer(urls.transactions, DEADLINE)
            .or("transactions", svc_transactions::routes(config.transactions))
            .await?,
    })
}

/// How one service is reached.
pub struct Peer {
    pub url: Option<String>,
    pub deadline: Duration,
    pub token: Option<SecretString>,
}

impl Peer {
    /// The service at the configured url, else `here`, which is only built then.
    pub async fn or(
        self,
        name: &str,
        here: impl Future<Output = anyhow::Result<Routes>>,
    ) -> anyhow::Result<Transport> {
        match self.url {
            Some(url) => rpc::remote(&url, self.deadline, self.token).with_context(|| format!("urls.{name}")),
            None => {
                Ok(rpc::local(here.await.with_context(|| format!("{name} could not start"))?, self.deadline))
            }
        }
    }
}
