//! Last use of each key: recorded at most once a minute, asynchronously.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::mpsc, task::JoinHandle};

use crate::{api_key::ApiKeyId, store::Store};

const EVERY_MS: i64 = 60_000;
/// Cached keys; beyond that the cache is cleared, which costs one write per key.
const REMEMBERED: usize = 100_000;
/// Queued writes; further ones are dropped, and the key's next minute adds another.
const WAITING: usize = 1024;

/// Clones share the writer, which ends with the last clone.
#[derive(Clone)]
pub struct LastUsed(Arc<Shared>);

struct Shared {
    noted: Mutex<HashMap<String, i64>>,
    send: mpsc::Sender<(ApiKeyId, i64)>,
    writer: JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

impl LastUsed {
    /// Starts the writer.
    pub fn new(store: Store) -> Self {
        let (send, mut receive) = mpsc::channel::<(ApiKeyId, i64)>(WAITING);
        let writer = tokio::spawn(async move {
            while let Some((id, at_ms)) = receive.recv().await {
                if let Err(error) = store.touch_api_key(&id, at_ms).await {
                    tracing::warn!(%error, "cannot record the last use of a key");
                }
            }
        });
        Self(Arc::new(Shared { noted: Mutex::default(), send, writer }))
    }

    /// Records that the key is used now.
    pub fn note_use(&self, id: &ApiKeyId, now_ms: i64) {
        let mut noted = self.0.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(id.as_str()).is_some_and(|last| now_ms - last < EVERY_MS) {
            return;
        }
        if noted.len() >= REMEMBERED {
            noted.clear();
        }
        noted.insert(id.as_str().to_owned(), now_ms);
        drop(noted);
        let _ = self.0.send.try_send((id.clone(), now_ms));
    }
}
