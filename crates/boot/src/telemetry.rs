//! Logs, traces and metrics. Traces are exported over OTLP when an endpoint is configured, otherwise not collected.

use std::{io::IsTerminal, net::SocketAddr};

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{
    EnvFilter, Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::metrics::{self, MetricsServer};

/// Telemetry of a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// `tracing` filter, e.g. `info,svc_ml=debug`.
    pub log: String,
    /// Writes one JSON object per line instead of text.
    pub json: bool,
    /// OTLP gRPC endpoint for traces, e.g. `http://collector:4317`.
    pub otlp_endpoint: Option<String>,
    /// Share of the traces that begin here and are exported, 0 to 1. A trace that began elsewhere keeps its decision.
    pub trace_ratio: f64,
    /// Address that `/metrics` is served on for Prometheus, separate from the product's listener, e.g. `127.0.0.1:9464`.
    pub metrics_listen: Option<SocketAddr>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        // The runtime logs each model it loads at info, which is noise to an operator.
        Self {
            log: "info,ort=warn,sqlx=warn,symphonia=warn".into(),
            json: false,
            otlp_endpoint: None,
            trace_ratio: 1.0,
            metrics_listen: None,
        }
    }
}

/// Keeps the exporters alive; flushes queued spans on drop.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    metrics: Option<MetricsServer>,
}

impl Telemetry {
    /// Installs the process-wide subscriber. Logs go to standard error; standard output is reserved for the product.
    ///
    /// # Errors
    /// When the filter or an address cannot be used, or a subscriber is installed already.
    pub async fn start(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<Self> {
        let filter = EnvFilter::try_new(&config.log)?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        // Colours are for terminals, not for files and journals.
        let lines = lines.with_ansi(std::io::stderr().is_terminal());
        let lines = if config.json { lines.json().boxed() } else { lines.boxed() };
        let provider = config.otlp_endpoint.as_deref();
        let provider = provider.map(|url| exporter(service, url, config.trace_ratio)).transpose()?;
        let traces = provider.as_ref().map(|p| tracing_opentelemetry::layer().with_tracer(p.tracer(service)));
        // Traces do not depend on the log level.
        let traces = traces.map(|layer| layer.with_filter(LevelFilter::INFO));
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).try_init()?;
        let metrics = match config.metrics_listen {
            Some(listen) => Some(metrics::serve(listen).await?),
            None => None,
        };
        Ok(Self { provider, metrics })
    }

    /// Returns the address of the metrics listener.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|metrics| metrics.address)
    }
}

fn exporter(service: &'static str, endpoint: &str, ratio: f64) -> anyhow::Result<SdkTracerProvider> {
    anyhow::ensure!(
        (0.0..=1.0).contains(&ratio),
        "telemetry.trace_ratio is {ratio}; it is a share from 0 to 1"
    );
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let exporter =
        opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
        .with_resource(Resource::builder().with_service_name(service).build())
        .build())
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.provider.take().map(|p| p.shutdown()) {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}
