//! svc-docauth: identity documents, read and cross-checked with evidence for each check.
//!
//! Not built yet: the contract and the process are here, and every call is answered UNIMPLEMENTED, which the gateway
//! passes on as 501. Nothing pretends to have looked at a document.

mod config;
mod service;

use proto::docauth::doc_auth_server::DocAuthServer;
use tonic::service::Routes;

pub use config::Config;

/// Answers the service.
///
/// # Errors
/// None today; the signature is that of every service.
#[expect(clippy::unused_async, reason = "every service is built the same way")]
pub async fn routes(_config: Config) -> anyhow::Result<Routes> {
    Ok(Routes::new(DocAuthServer::new(service::Documents).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)))
}
