//! Who did not get in, in the audit log. Written off the path of the call, so that how long a refusal takes does not tell
//! whether there is such an account, and once an hour for each account and kind, so that nobody can fill the log from
//! outside.

use std::sync::Arc;

use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{Accounts, change};
use crate::{
    audit::{Actor, Change},
    store::{Store, UserRow},
};

/// Entries that may wait; one more is left out, as the next attempt brings another.
const WAITING: usize = 256;
/// A door that closes for so long is worth an entry of its own.
const LOCKED_MS: i64 = 60 * 1000;

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
                if let Err(error) = store.note_refusal(&user, change).await {
                    tracing::error!(%error, "a refused sign-in could not be written to the audit log");
                }
            }
        });
        Self(Arc::new(Shared { send, writer }))
    }
}

impl Accounts {
    /// Somebody was refused who wanted to be this user, from an address; none: they are in and were asked again.
    /// `closes_for`: for how many milliseconds that closes the door.
    pub(super) fn refused(&self, user: &UserRow, action: &str, closes_for: i64, from: Option<&str>) {
        let told = from.filter(|address| !address.is_empty());
        let refusal = |action: &str, after| Change {
            actor: if from.is_some() { Actor::anonymous() } else { Actor::current() },
            after: Some(after),
            ..change(&user.organisation_id, action, &user.id)
        };
        let mut entries = vec![refusal(action, json!({ "address": told }))];
        if closes_for >= LOCKED_MS {
            entries.push(refusal("user.locked_out", json!({"address": told, "seconds": closes_for / 1000})));
        }
        for entry in entries {
            // Full: many are refused just now, and more will come.
            let _ = self.refusals.0.send.try_send((user.id.clone(), entry));
        }
    }
}
