//! Rate, errors and duration of requests by route, as Prometheus reads them. Without a recorder the macros do nothing.

use std::time::Instant;

use axum::http::{Method, StatusCode};

/// What the route of a request that no route matches is called: made-up paths must not become time series.
pub const NO_ROUTE: &str = "none";

/// One request from its head until its response is ready, or its client gone.
pub struct ObservedRequest {
    route: String,
    method: Method,
    started: Instant,
    status: Option<StatusCode>,
}

impl ObservedRequest {
    pub fn start(route: String, method: Method) -> Self {
        metrics::gauge!("biometry_http_requests_in_flight").increment(1.0);
        Self { route, method: known(method), started: Instant::now(), status: None }
    }

    /// Ends the request with a response.
    pub fn finish(mut self, status: StatusCode) {
        self.status = Some(status);
        tracing::info!(
            method = %self.method,
            route = self.route,
            status = status.as_u16(),
            duration_ms = self.started.elapsed().as_millis(),
            "request completed"
        );
    }
}

impl Drop for ObservedRequest {
    fn drop(&mut self) {
        // As nginx counts a client that closed the connection.
        let status = self.status.map_or_else(|| "499".to_owned(), |status| status.as_str().to_owned());
        let labels = [
            ("route", std::mem::take(&mut self.route)),
            ("method", self.method.to_string()),
            ("status", status),
        ];
        metrics::gauge!("biometry_http_requests_in_flight").decrement(1.0);
        metrics::counter!("biometry_http_requests_total", &labels).increment(1);
        metrics::histogram!("biometry_http_request_duration_seconds", &labels[..2])
            .record(self.started.elapsed());
    }
}

/// A client may send any word as its method; only those of HTTP become time series.
fn known(method: Method) -> Method {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if known.contains(&method) { method } else { Method::TRACE }
}
