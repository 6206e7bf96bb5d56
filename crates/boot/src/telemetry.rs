//! Logs and traces. Traces are exported over OTLP when an endpoint is configured, else not collected at all.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// How a process reports on itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// `tracing` filter, e.g. `info,svc_ml=debug`.
    pub log: String,
    /// One JSON object a line instead of text.
    pub json: bool,
    /// OTLP gRPC endpoint for traces, e.g. `http://collector:4317`.
    pub otlp_endpoint: Option<String>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        // The runtime logs each model it loads at info; that is noise to an operator.
        Self { log: "info,ort=warn,sqlx=warn,symphonia=warn".into(), json: false, otlp_endpoint: None }
    }
}

/// Keeps the exporter alive; spans still queued are sent when it is dropped.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Installs the process-wide subscriber. Logs go to standard error; standard output belongs to the product.
    ///
    /// # Errors
    /// When the filter or the endpoint does not parse, or a subscriber is installed already.
    pub fn start(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<Self> {
        let filter = EnvFilter::try_new(&config.log)?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = if config.json { lines.json().boxed() } else { lines.boxed() };
        let provider = config.otlp_endpoint.as_deref().map(|url| exporter(service, url)).transpose()?;
        let traces = provider.as_ref().map(|p| tracing_opentelemetry::layer().with_tracer(p.tracer(service)));
        tracing_subscriber::registry().with(filter).with(lines).with(traces).try_init()?;
        Ok(Self { provider })
    }
}

fn exporter(service: &'static str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let exporter =
        opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
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
