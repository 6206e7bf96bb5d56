//! Context of a call: the request id, which is in the log lines of every service, and the actor, which services
//! record with changes.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use http::{HeaderMap, HeaderValue};

const REQUEST_ID: &str = "x-request-id";
const ACTOR: &str = "x-actor";

tokio::task_local! {
    static CONTEXT: CallContext;
}

/// Identifies the operation a call belongs to.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    /// The id the caller of the product sees as `X-Request-Id`.
    pub request_id: String,
    /// Set once the caller is authenticated, which is after the operation began.
    actor: Arc<OnceLock<String>>,
}

impl CallContext {
    /// Builds the context of an operation whose caller is not known yet.
    pub fn new(request_id: impl Into<String>) -> Self {
        Self { request_id: request_id.into(), actor: Arc::default() }
    }

    /// Sets the actor: a kind and an id, `user:0199..`; never a name. Later calls have no effect.
    pub fn act_as(&self, actor: &str) {
        let _ = self.actor.set(actor.to_owned());
    }

    /// Returns the actor; empty when not set.
    pub fn actor(&self) -> &str {
        self.actor.get().map_or("", String::as_str)
    }
}

/// Runs `work` as part of the operation `context`.
pub async fn scope<F: Future>(context: CallContext, work: F) -> F::Output {
    CONTEXT.scope(context, work).await
}

/// Returns the context of the current task; empty outside an operation.
pub fn current() -> CallContext {
    CONTEXT.try_with(Clone::clone).unwrap_or_default()
}

pub(crate) fn inject(headers: &mut HeaderMap) {
    let context = current();
    for (name, text) in [(REQUEST_ID, context.request_id.as_str()), (ACTOR, context.actor())] {
        if let Ok(value) = HeaderValue::from_str(text)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
    inject_trace(headers);
}

pub(crate) fn extract(headers: &HeaderMap) -> CallContext {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let context = CallContext::new(text(REQUEST_ID));
    if !text(ACTOR).is_empty() {
        context.act_as(text(ACTOR));
    }
    context
}

/// Writes the W3C `traceparent` of the current span (nothing when no exporter is configured).
fn inject_trace(headers: &mut HeaderMap) {
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    let context = tracing::Span::current().context();
    opentelemetry::global::get_text_map_propagator(|p| {
        p.inject_context(&context, &mut HeaderCarrier(headers));
    });
}

/// Sets the span of the W3C `traceparent` in `headers` as the parent of `span`.
pub fn join_trace(span: &tracing::Span, headers: &HeaderMap) {
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
