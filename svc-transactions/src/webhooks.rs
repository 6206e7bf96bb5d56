//! Webhooks: events are delivered to a customer's endpoints, at least once each.
//!
//! [`crate::outbox`] queues a delivery in the database transaction of what it tells about. The worker claims what is due
//! by moving its due time behind a lease, so of several processes one sends it, and one that dies leaves it to be sent
//! again. A receiver therefore tells repeats by `webhook-id`, as [Standard Webhooks] says; order is not promised.
//!
//! Invariants: urls, headers, secrets, payloads and answers are stored only encrypted; a secret is shown once; nothing is
//! sent to an address that is not public unless configured, whatever name it hides behind; redirects are not followed;
//! an endpoint that is slow or away delays no other.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod address;
mod attempt;
mod concurrency;
mod config;
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
pub use endpoint::{SECRETS, TARGET};

use store::Store;

/// The value of `webhook-signature` under a secret as customers are shown it, for trying receivers out.
///
/// # Errors
/// When the secret is none.
pub fn sign_event(secret: &str, id: &str, now_ms: i64, body: &[u8]) -> anyhow::Result<String> {
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let signed = secret::sign(key, id, now_ms / 1000, body);
    signed.map_err(|_| {
        anyhow::anyhow!("a webhook secret is `whsec_` and base64, as the endpoint was made with")
    })
}

/// Starts the worker and answers the service, with which the worker ends.
///
/// # Errors
/// When a setting is out of range or the system's certificates cannot be read.
pub fn start(
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
    let tasks = [worker.start(), sweep::start(store.clone(), config.keep_days, clock.clone())];
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
