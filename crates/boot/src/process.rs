//! A service process from start to end.

use std::{
    future::Future,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use tonic::service::Routes;

use crate::{Telemetry, TelemetryConfig, config};

/// What every service process is configured with; `service` is its own section.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process<C> {
    /// Where gRPC is served. Port 0 takes a free one, and the ready line names it.
    pub listen: SocketAddr,
    /// Shared by all services of a deployment; calls without it are refused.
    #[serde(serialize_with = "expose")]
    pub service_token: Option<SecretString>,
    pub telemetry: TelemetryConfig,
    pub service: C,
}

impl<C: Default> Default for Process<C> {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            service_token: None,
            telemetry: TelemetryConfig::default(),
            service: C::default(),
        }
    }
}

/// `serialize_with` for a secret of a configuration, which is serialised only into the merge of its own sources, never
/// into an output.
///
/// # Errors
/// Those of the serializer.
pub fn expose<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

/// Runs a service process: `BIOMETRY_CONFIG` names an optional TOML file, `BIOMETRY_*` override it.
///
/// # Errors
/// When the configuration, the service or its listener fails; the text says which.
pub async fn run_service<C, F, Fut>(name: &'static str, build: F) -> anyhow::Result<()>
where
    C: Default + Serialize + DeserializeOwned,
    F: FnOnce(C) -> Fut,
    Fut: Future<Output = anyhow::Result<Routes>>,
{
    let file = std::env::var_os("BIOMETRY_CONFIG").map(PathBuf::from);
    let process: Process<C> = config::load(Process::default(), file.as_deref())?;
    let _telemetry = Telemetry::start(name, &process.telemetry)?;
    let routes = build(process.service).await.with_context(|| format!("{name} could not start"))?;
    let listener = TcpListener::bind(process.listen)
        .await
        .with_context(|| format!("cannot listen on {}", process.listen))?;
    announce(name, listener.local_addr()?)?;
    rpc::serve(listener, routes, process.service_token, shutdown_signal()).await?;
    Ok(())
}

/// Prints the one line that says a process is ready, and where.
///
/// # Errors
/// When standard output is closed.
pub fn announce(name: &str, address: SocketAddr) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{name} listening on {address}")
}

/// Completes at SIGTERM or SIGINT.
pub async fn shutdown_signal() {
    let mut term = tokio::signal::unix::signal(SignalKind::terminate()).ok();
    let term = async {
        match term.as_mut() {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = term => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
