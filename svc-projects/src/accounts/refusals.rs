//! Audit events of failed sign-ins. They are written asynchronously, so that the duration of a rejection does not
//! reveal whether the account exists, and once an hour per account and kind, so that attackers cannot fill the log.

use std::sync::Arc;

use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{Accounts, change};
use crate::{
    audit::{Actor, Change},
    store::{Store, UserRow},
};

/// Queued entries; further ones are dropped, because the next attempt adds another.
const WAITING: usize = 256;
/// A lockout of this length has its own event.
const LOGGED_LOCKOUT_MS: i64 = 60 * 1000;

/// Cloning shares it; the writer ends with the last clone.
#[derive(Clone)]
pub struct Refusals(Arc<Shared>);

struct Shared {
    send: mpsc::Sender<(String, Change)>,
    writer: JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

impl Refusals {
    /// Starts the writer.
    pub fn new(store: Store) -> Self {
        let (send, mut receive) = mpsc::channel::<(String, Change)>(WAITING);
        let writer = tokio::spawn(async move {
            while let Some((user, change)) = receive.recv().await {
                if let Err(error) = store.log_failure(&user, change).await {
                    tracing::error!(%error, "cannot write a rejected sign-in to the audit log");
                }
            }
        });
        Self(Arc::new(Shared { send, writer }))
    }
}

impl Accounts {
    /// Logs a failed attempt on this user's account from an address; without one, in re-authentication. A long
    /// lockout is logged too.
    pub(super) fn log_failure(&self, user: &UserRow, action: &str, lockout_ms: i64, from: Option<&str>) {
        let address = from.filter(|address| !address.is_empty());
        let failure = |action: &str, after| Change {
            actor: if from.is_some() { Actor::anonymous() } else { Actor::current() },
            after: Some(after),
            ..change(&user.organisation_id, action, &user.id)
        };
        let mut entries = vec![failure(action, json!({ "address": address }))];
        if lockout_ms >= LOGGED_LOCKOUT_MS {
            entries
                .push(failure("user.locked_out", json!({"address": address, "seconds": lockout_ms / 1000})));
        }
        for entry in entries {
            // A full queue drops the entry: many attempts fail at the moment, and more will come.
            let _ = self.refusals.0.send.try_send((user.id.clone(), entry));
        }
    }
}
