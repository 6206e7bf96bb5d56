//! `/metrics` for Prometheus, on a separate listener: for operators, not for customers.

use std::net::SocketAddr;

use anyhow::Context;
use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::{net::TcpListener, task::AbortHandle};

/// Upper bounds of duration histograms in seconds, from an in-process read to the longest deadline.
const DURATION_BUCKETS_SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// The metrics listener of a process; it ends on drop.
pub struct MetricsServer {
    pub address: SocketAddr,
    serving: AbortHandle,
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Installs the process-wide recorder and serves it on `listen`.
///
/// # Errors
/// When a recorder is installed already or the address cannot be listened on.
pub async fn serve(listen: SocketAddr) -> anyhow::Result<MetricsServer> {
    let recorder = PrometheusBuilder::new().set_buckets(&DURATION_BUCKETS_SECONDS)?.install_recorder()?;
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("cannot serve metrics on {listen}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "metrics are served at /metrics");
    let render = move || async move {
        recorder.run_upkeep();
        recorder.render()
    };
    let app = Router::new().route("/metrics", get(render));
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the metrics listener stopped");
        }
    });
    Ok(MetricsServer { address, serving: serving.abort_handle() })
}
