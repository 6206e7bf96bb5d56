//! How a call travels: in process or over a socket, behind one type.
//!
//! A generated tonic client is generic over its transport. Every service exports [`tonic::service::Routes`]; the
//! caller holds a [`Transport`] and cannot tell where the service runs. [`local`] calls in process, [`remote`] over
//! HTTP/2. Both put the same middleware ([`guard`]) and the same deadline around a call, so that an embedded and a
//! split deployment behave alike. This crate knows no service.
//!
//! Invariants: every outgoing call has a deadline (expiry answers `DEADLINE_EXCEEDED`); a panic in a service becomes
//! `INTERNAL`; between processes a shared token is required when one is configured.

mod auth;
mod context;
mod serve;
mod transport;

pub use context::{CallContext, current, scope};
pub use serve::{guard, serve};
pub use transport::{MAX_MESSAGE_BYTES, Transport, local, remote};
