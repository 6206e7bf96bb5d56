//! The gateway as a process of its own, in front of services that run elsewhere.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use gateway::Peers;
use rpc::{ClientTls, Remote, TlsFiles};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Longest a service may take. The models get minutes: a long video on a busy machine is slow, not broken.
const DEADLINE: Duration = Duration::from_secs(10);
const DOCAUTH_DEADLINE: Duration = Duration::from_secs(60);
const ML_DEADLINE: Duration = Duration::from_secs(120);

/// Where each service is; all are required here. Several addresses are separated by commas; a name with several addresses
/// is asked for them again every 5 seconds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Urls {
    sessions: String,
    consent: String,
    ml: String,
    docauth: String,
    transactions: String,
    projects: String,
    journeys: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Process {
    /// Where HTTP is served. Port 0 takes a free one, and the ready line names it.
    listen: SocketAddr,
    /// The token the services ask for.
    #[serde(serialize_with = "boot::expose")]
    service_token: Option<SecretString>,
    /// Certificate, key and authority for services that are reached over https.
    tls: Option<TlsFiles>,
    telemetry: boot::TelemetryConfig,
    urls: Urls,
    gateway: gateway::Config,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            service_token: None,
            tls: None,
            telemetry: boot::TelemetryConfig::default(),
            urls: Urls::default(),
            // As long as the services accept calls after SIGTERM.
            gateway: gateway::Config { drain_seconds: 2, ..gateway::Config::default() },
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::restrict_new_files();
    let file = std::env::var_os("BIOMETRY_CONFIG").map(PathBuf::from);
    let process: Process = boot::load(Process::default(), file.as_deref())?;
    let _telemetry = boot::Telemetry::start("gateway", &process.telemetry).await?;
    let tls = process.tls.as_ref().map(ClientTls::load).transpose()?;
    let peers = peers(&process.urls, process.service_token.as_ref(), tls.as_ref())?;
    let app = gateway::app(process.gateway.clone(), peers).await?;
    let listener = TcpListener::bind(process.listen)
        .await
        .with_context(|| format!("cannot listen on {}", process.listen))?;
    boot::announce("gateway", listener.local_addr()?)?;
    gateway::serve(listener, app, &process.gateway, boot::shutdown_signal()).await
}

fn peers(urls: &Urls, token: Option<&SecretString>, tls: Option<&ClientTls>) -> anyhow::Result<Peers> {
    let remote = |name: &str, url: &str, deadline| {
        anyhow::ensure!(!url.is_empty(), "urls.{name} is not set (BIOMETRY_URLS__{})", name.to_uppercase());
        let remote = Remote::new(url, deadline).token(token.cloned()).tls(tls.cloned());
        remote.idempotent(proto::is_idempotent).connect().with_context(|| format!("urls.{name}"))
    };
    Ok(Peers {
        sessions: remote("sessions", &urls.sessions, DEADLINE)?,
        consent: remote("consent", &urls.consent, DEADLINE)?,
        ml: remote("ml", &urls.ml, ML_DEADLINE)?,
        docauth: remote("docauth", &urls.docauth, DOCAUTH_DEADLINE)?,
        transactions: remote("transactions", &urls.transactions, DEADLINE)?,
        projects: remote("projects", &urls.projects, DEADLINE)?,
        journeys: remote("journeys", &urls.journeys, DEADLINE)?,
    })
}
