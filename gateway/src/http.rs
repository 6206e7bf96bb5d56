//! The HTTP side, whatever the API: listener, limits, extractors, idempotency, recording, error responses, the route
//! table.

pub mod auth;
mod body_time;
mod charging;
mod content_encoding;
pub mod cookies;
pub mod cors;
pub mod dashboard_session;
mod drain;
pub mod embedded_files;
pub mod envelope;
pub mod error;
pub mod error_body;
pub mod file_export;
pub mod fuzzing;
mod geo;
pub mod headers;
pub mod hosted_page;
pub mod idempotency;
pub mod json;
pub mod listener;
pub mod log_proofs;
pub mod middleware;
pub mod multipart;
pub mod observe;
pub mod openapi;
mod rate_limit;
pub mod recording;
mod redis_state;
pub mod route;
pub mod security_headers;
pub mod shutdown;
pub mod state;
