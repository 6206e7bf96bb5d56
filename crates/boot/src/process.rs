//! A service process from start to end.

use std::{
    future::Future,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use rpc::{Callers, ServerTls, TlsFiles};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use tonic::service::Routes;

use crate::{Telemetry, TelemetryConfig, config};

/// Shortest token that authenticates callers from other machines.
const MIN_TOKEN_BYTES: usize = 32;

/// Configuration of every service process; `service` is the section of the service itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process<C> {
    /// Address that gRPC is served on. Port 0 takes a free port, printed in the ready line.
    pub listen: SocketAddr,
    /// Shared by all services of a deployment; calls without it are rejected. Empty: none.
    #[serde(serialize_with = "expose")]
    pub service_token: Option<SecretString>,
    /// Certificate, key and authority: with them only TLS is served, to callers with a certificate.
    pub tls: Option<TlsFiles>,
    /// Allowed methods by the name in the caller's certificate; used with `tls`.
    pub callers: Callers,
    /// How long calls are accepted after SIGTERM while health answers NOT_SERVING; milliseconds.
    pub drain_ms: u64,
    /// Answer gRPC server reflection.
    pub reflection: bool,
    pub telemetry: TelemetryConfig,
    pub service: C,
}

impl<C: Default> Default for Process<C> {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            service_token: None,
            tls: None,
            callers: Callers::default(),
            drain_ms: 2_000,
            reflection: false,
            telemetry: TelemetryConfig::default(),
            service: C::default(),
        }
    }
}

/// `serialize_with` for a secret of a configuration, which is serialised only to merge its sources, never into an
/// output.
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
    require_authentication(process.listen, process.service_token.as_ref(), process.tls.as_ref())?;
    let _telemetry = Telemetry::start(name, &process.telemetry).await?;
    let mut server = rpc::Server::default()
        .token(process.service_token)
        .drain(Duration::from_millis(process.drain_ms))
        .reflection(process.reflection.then_some(proto::FILE_DESCRIPTOR_SET));
    if let Some(files) = &process.tls {
        server = server.tls(ServerTls::load(files)?, process.callers);
    }
    let routes = build(process.service).await.with_context(|| format!("{name} could not start"))?;
    let listener = TcpListener::bind(process.listen)
        .await
        .with_context(|| format!("cannot listen on {}", process.listen))?;
    announce(name, listener.local_addr()?)?;
    server.serve(listener, routes, shutdown_signal()).await.map_err(anyhow::Error::from_boxed)
}

/// Rejects a configuration in which other machines could call this process without authentication.
fn require_authentication(
    listen: SocketAddr,
    token: Option<&SecretString>,
    tls: Option<&TlsFiles>,
) -> anyhow::Result<()> {
    let token_bytes = token.map_or(0, |token| token.expose_secret().len());
    if listen.ip().is_loopback() || tls.is_some() || token_bytes >= MIN_TOKEN_BYTES {
        return Ok(());
    }
    anyhow::bail!(
        "{listen} can be reached from other machines: set BIOMETRY_SERVICE_TOKEN to at least {MIN_TOKEN_BYTES} bytes \
         (openssl rand -hex 32) or the tls section"
    )
}

/// Prints the line that says a process is ready, with its address.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str, token: Option<&str>) -> Result<(), String> {
        let token = token.map(SecretString::from);
        let listen = listen.parse().expect("an address");
        require_authentication(listen, token.as_ref(), None).map_err(|error| error.to_string())
    }

    #[test]
    fn on_loopback_a_service_needs_no_token() {
        assert_eq!(check("127.0.0.1:7000", None), Ok(()));
        assert_eq!(check("[::1]:7000", Some("")), Ok(()));
    }

    #[test]
    fn beyond_loopback_it_needs_a_long_token_or_tls() {
        for (listen, token) in
            [("0.0.0.0:7000", None), ("10.0.0.1:7000", Some("")), ("[::]:7000", Some("short"))]
        {
            let refused = check(listen, token).expect_err("an open service");
            assert!(refused.contains(listen) && refused.contains("BIOMETRY_SERVICE_TOKEN"), "{refused}");
        }
        assert_eq!(check("0.0.0.0:7000", Some("0123456789abcdef0123456789abcdef")), Ok(()));
        let files = TlsFiles { ca: "ca".into(), certificate: "cert".into(), key: "key".into() };
        assert!(require_authentication(([0, 0, 0, 0], 7000).into(), None, Some(&files)).is_ok());
    }
}
