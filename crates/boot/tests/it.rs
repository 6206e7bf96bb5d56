//! Metrics of a process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::SocketAddr, time::Duration};

use boot::{Telemetry, TelemetryConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{body::Body, service::Routes};

async fn scrape(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_call_is_counted_and_timed_on_the_metrics_listener() {
    let config =
        TelemetryConfig { metrics_listen: Some(([127, 0, 0, 1], 0).into()), ..TelemetryConfig::default() };
    let telemetry = Telemetry::start("test", &config).await.unwrap();
    let routes = Routes::from(
        axum::Router::new()
            .route("/biometry.test.v1.Test/Call", axum::routing::post(|| async { [("grpc-status", "5")] })),
    );
    let transport = rpc::local(routes, Duration::from_secs(60));
    for path in ["/biometry.test.v1.Test/Call", "/made.up/Path"] {
        let request = http::Request::post(path).body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(transport.clone(), request).await.unwrap();
        drop(response);
    }
    let metrics = scrape(telemetry.metrics_address().unwrap()).await;
    let counted =
        r#"biometry_rpc_server_calls_total{method="/biometry.test.v1.Test/Call",code="NotFound"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("biometry_rpc_client_duration_seconds_bucket"), "{metrics}");
    // Unknown paths must not become time series.
    assert!(!metrics.contains("/made.up/Path"), "{metrics}");
}

#[tokio::test]
async fn a_trace_ratio_beyond_one_is_rejected_at_start() {
    let config = TelemetryConfig {
        otlp_endpoint: Some("http://127.0.0.1:1".into()),
        trace_ratio: 1.5,
        ..TelemetryConfig::default()
    };
    let error = Telemetry::start("test", &config).await.err().unwrap().to_string();
    assert!(error.contains("trace_ratio"), "{error}");
}
