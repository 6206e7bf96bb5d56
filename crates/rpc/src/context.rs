//! What travels beside a call: the request id, so that one id finds the log lines of every service.

use std::future::Future;

use http::{HeaderMap, HeaderValue};

const REQUEST_ID: &str = "x-request-id";

tokio::task_local! {
    static CONTEXT: CallContext;
}

/// Identifies the operation a call belongs to.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    /// The id the caller of the product sees as `X-Request-Id`.
    pub request_id: String,
}

/// Runs `work` as part of the operation `context`.
pub async fn scope<F: Future>(context: CallContext, work: F) -> F::Output {
    CONTEXT.scope(context, work).await
}

/// The operation the current task works for; empty outside of one.
pub fn current() -> CallContext {
    CONTEXT.try_with(Clone::clone).unwrap_or_default()
}

pub(crate) fn inject(headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(&current().request_id)
        && !value.is_empty()
    {
        headers.insert(REQUEST_ID, value);
    }
    inject_trace(headers);
}

pub(crate) fn extract(headers: &HeaderMap) -> CallContext {
    let request_id = headers.get(REQUEST_ID).and_then(|v| v.to_str().ok()).unwrap_or_default();
    CallContext { request_id: request_id.to_owned() }
}

/// Writes the W3C `traceparent` of the current span (nothing when no exporter is configured).
fn inject_trace(headers: &mut HeaderMap) {
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    let context = tracing::Span::current().context();
    opentelemetry::global::get_text_map_propagator(|p| {
        p.inject_context(&context, &mut HeaderCarrier(headers));
    });
}

/// Makes the caller's span the parent of `span`.
pub(crate) fn adopt_trace(span: &tracing::Span, headers: &HeaderMap) {
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    let parent = opentelemetry::global::get_text_map_propagator(|p| p.extract(&HeaderReader(headers)));
    // Fails only when the span is disabled, and then there is no trace to join.
    let _ = span.set_parent(parent);
}

struct HeaderCarrier<'a>(&'a mut HeaderMap);

impl opentelemetry::propagation::Injector for HeaderCarrier<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

struct HeaderReader<'a>(&'a HeaderMap);

impl opentelemetry::propagation::Extractor for HeaderReader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|v| v.to_str().ok())
    }
    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
