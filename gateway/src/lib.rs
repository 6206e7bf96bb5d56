//! HTTP in, gRPC out: the public face of the suite. Owns no state.
//!
//! Three layers, arrows only downward (`gateway/tests/it/layers.rs`):
//! - [`dialects`]: one folder per API; routes, parsing, rendering, errors. Pure translation.
//! - [`http`]: listener, limits, extractors, idempotency, recording, the route table.
//! - [`core`]: typed operations over a caller; enforces the user lock, consent and the record, and alone calls services.
//!
//! Invariants:
//! - every response carries `X-Request-Id`, made here, which is also the id of the call's transaction;
//! - every authenticated call of a recorded route leaves one transaction, written before its response is sent; a call the
//!   client abandons is abandoned here too and leaves none;
//! - a call with an `Idempotency-Key` is the exception: it runs to its end, and its response is stored for the retry;
//! - the state of the API key is read on every request, so a revoked key is rejected at once;
//! - uploads are stored in unnamed files, so nothing is left behind;
//! - no name, phrase, token or body is logged.

mod app;
mod config;
mod core;
mod dialects;
mod http;

pub use crate::core::{
    check_document::decide_document_alone,
    data_holders::{DataHolder, SubjectDataServices},
    retention::{Swept, sweep},
    services::Peers,
    user_name::parse_any_user_name,
};
#[doc(hidden)]
pub use crate::http::fuzzing;
pub use crate::http::listener::serve;
pub use config::{Config, ConnectionLimits, DuplicateIdentity, RateLimit, ServiceName};

/// Builds the whole HTTP application. Serve it with [`serve`], which also limits headers, connections and slow clients.
///
/// # Errors
/// When the configuration cannot be used.
pub async fn app(config: Config, peers: Peers) -> anyhow::Result<axum::Router> {
    config.validate()?;
    Ok(app::router(crate::http::state::Gateway::new(config, peers)?))
}
