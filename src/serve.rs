//! `biometry serve`: builds every service in dependency order, wires them, serves.

use std::time::Duration;

use anyhow::Context;
use gateway::Peers;
use rpc::{ClientTls, Remote, Transport};
use sandbox::Sandbox;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    cli::ServeArgs,
    config::{Config, DEADLINE, DOCAUTH_DEADLINE, ML_DEADLINE},
    data_folder,
    welcome::{self, Started},
};

/// Runs until SIGTERM or SIGINT, then completes the requests in progress.
pub async fn serve_until_shutdown(args: ServeArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let _locked = data_folder::lock(&args.place.data_dir)?;
    let _telemetry = boot::Telemetry::start("biometry", &config.telemetry).await?;
    let listen = args.listen.unwrap_or(config.listen);
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let gateway = config.gateway.clone();
    let models = config.urls.ml.is_none().then(|| config.ml.models.clone());
    let app =
        gateway::app(gateway.clone(), peers(config).await?).await.context("the gateway could not start")?;
    let address = listener.local_addr()?;
    boot::announce("biometry", address)?;
    welcome::print(&Started {
        address,
        public_url: gateway.public_url.as_deref(),
        data_dir: &args.place.data_dir,
        models: models.as_ref().map(Option::as_deref),
    });
    gateway::serve(listener, app, &gateway, boot::shutdown_signal()).await
}

/// Connects to the services with a url, and builds the others in this process.
async fn peers(config: Config) -> anyhow::Result<Peers> {
    let credentials = Credentials::of(&config)?;
    let peer = |url, deadline| credentials.peer(url, deadline);
    let urls = config.urls;
    // One zygote of media workers, unless the settings name different programs.
    let media = Sandbox::of(config.ml.media_worker.as_deref());
    let is_shared = config.ml.media_worker == config.docauth.media_worker;
    let pictures =
        if is_shared { media.clone() } else { Sandbox::of(config.docauth.media_worker.as_deref()) };
    Ok(Peers {
        projects: peer(urls.projects, DEADLINE).or("projects", svc_projects::routes(config.projects)).await?,
        sessions: peer(urls.sessions, DEADLINE).or("sessions", svc_sessions::routes(config.sessions)).await?,
        consent: peer(urls.consent, DEADLINE).or("consent", svc_consent::routes(config.consent)).await?,
        ml: peer(urls.ml, ML_DEADLINE).or("ml", svc_ml::routes_with(config.ml, media)).await?,
        docauth: peer(urls.docauth, DOCAUTH_DEADLINE)
            .or("docauth", svc_docauth::routes_with(config.docauth, pictures))
            .await?,
        transactions: peer(urls.transactions, DEADLINE)
            .or("transactions", svc_transactions::routes(config.transactions))
            .await?,
        journeys: peer(urls.journeys, DEADLINE).or("journeys", svc_journeys::routes(config.journeys)).await?,
    })
}

/// The credentials of this process for remote services.
pub struct Credentials {
    token: Option<SecretString>,
    tls: Option<ClientTls>,
}

impl Credentials {
    /// # Errors
    /// When the certificate's files cannot be read.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let tls = config.tls.as_ref().map(ClientTls::load).transpose()?;
        Ok(Self { token: config.service_token.clone(), tls })
    }

    /// Connects to a service at `url`, or in this process without one.
    pub fn peer(&self, url: Option<String>, deadline: Duration) -> Peer {
        Peer { url, deadline, token: self.token.clone(), tls: self.tls.clone() }
    }
}

/// How one service is reached.
pub struct Peer {
    url: Option<String>,
    deadline: Duration,
    token: Option<SecretString>,
    tls: Option<ClientTls>,
}

impl Peer {
    /// Connects to the configured url, otherwise calls `here`.
    pub async fn or(
        self,
        name: &str,
        here: impl Future<Output = anyhow::Result<Routes>>,
    ) -> anyhow::Result<Transport> {
        match self.url {
            Some(url) => {
                let remote = Remote::new(url, self.deadline).token(self.token).tls(self.tls);
                remote.idempotent(proto::is_idempotent).connect().with_context(|| format!("urls.{name}"))
            }
            None => {
                Ok(rpc::local(here.await.with_context(|| format!("{name} could not start"))?, self.deadline))
            }
        }
    }
}
