//! gRPC calls in process or over a socket, behind one type.
//!
//! A generated tonic client is generic over its transport. Every service exports [`tonic::service::Routes`]; the
//! caller holds a [`Transport`] and cannot tell where the service runs. [`local`] calls in process, [`remote`] over
//! HTTP/2. Both put the same middleware ([`guard`]) and the same deadline around a call, so that an embedded and a
//! split deployment behave alike. This crate knows no service.
//!
//! Invariants: every outgoing call has a deadline, which is sent to the service (expiry answers `DEADLINE_EXCEEDED`);
//! a panic in a service becomes `INTERNAL`; between processes a shared token is required when configured, and with
//! TLS a certificate with permission for the method. A call is retried only when it was never sent or its method is
//! idempotent, and only when its body is small.

mod accept;
mod auth;
mod callers;
mod context;
mod observe;
mod pool;
mod remote;
mod replay;
mod serve;
mod storage;
mod tls;
mod transport;

pub use callers::Callers;
pub use context::{CallContext, current, join_trace, scope};
pub use pool::is_connection_lost;
pub use remote::{Remote, remote};
pub use serve::{Server, guard};
pub use storage::{StorageLimit, is_storage_full};
pub use tls::{ClientTls, ServerTls, TlsError, TlsFiles};
pub use transport::{MAX_MESSAGE_BYTES, Transport, local};
