//! Webhooks: events are delivered to a customer's endpoints, at least once each.
//!
//! [`crate::outbox`] queues a delivery in the database transaction of its event. The worker claims due deliveries by
//! moving their due time to the end of a lease, so of several processes one sends it, and if it dies, the delivery is
//! sent again. A receiver detects repeats by `webhook-id`, as [Standard Webhooks] specifies; order is not guaranteed.
//!
//! Invariants: urls, headers, secrets, payloads and responses are stored sealed; a secret is returned once; nothing
//! is sent to an address that is not public unless configured, whatever name resolves to it; redirects are not
//! followed; a slow or unreachable endpoint does not delay others.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod address;
mod attempt;
mod concurrency;
mod config;
mod direct;
mod endpoint;
mod finish;
mod retry;
mod secret;
mod service;
mod store;
mod sweep;
mod worker;

use std::sync::Arc;

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use proto::transactions::webhooks_server::WebhooksServer;

use crate::{Clock, outbox::Outbox};

pub use attempt::LOG;
pub use config::Config;
pub use direct::DirectEndpoints;
pub use endpoint::{SECRETS, TARGET};

use store::Store;

/// Returns the value of `webhook-signature` under a secret as shown to customers, to test receivers.
///
/// # Errors
/// When the secret is malformed.
pub fn sign_event(secret: &str, id: &str, now_ms: i64, body: &[u8]) -> anyhow::Result<String> {
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let signed = secret::sign(key, id, now_ms / 1000, body);
    signed.map_err(|_| {
        anyhow::anyhow!("a webhook secret is `whsec_` and base64, as the endpoint was made with")
    })
}

/// Starts the worker and returns the service; the worker ends with the service.
///
/// # Errors
/// When a setting is out of range or the system's certificates cannot be read.
pub fn start_service(
    config: &Config,
    db: Db,
    ring: KeyRing,
    outbox: Outbox,
    clock: Clock,
) -> anyhow::Result<WebhooksServer<service::Webhooks>> {
    config.validate()?;
    let store = Store { db };
    let addresses = address::Addresses::new(config);
    let sender = attempt::Sender::new(config, addresses.clone()).context("the webhook client")?;
    let worker =
        worker::Worker::new(config, store.clone(), sender, ring.clone(), outbox.clone(), clock.clone());
    let tasks =
        [worker.start_deliveries(), sweep::start_sweeper(store.clone(), config.keep_days, clock.clone())];
    let service = service::Webhooks {
        store,
        cipher: endpoint::EndpointCipher::new(ring),
        rules: endpoint::Rules { addresses, allow_http: config.allow_http },
        retry: config.retry(),
        outbox,
        clock,
        _tasks: Arc::new(tasks),
    };
    Ok(WebhooksServer::new(service).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES))
}
