//! What several gateways keep together: Redis, where one is configured.
//!
//! It is a help, never a condition: while it does not answer, every process goes by what it knows itself. An outage is
//! logged once, and for a moment nobody asks again, so that it costs one caller a wait and not all of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use redis::{
    Client, FromRedisValue, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

/// Longest a call waits for Redis, which answers in well under a millisecond.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long it is left alone after it did not answer.
const REST: Duration = Duration::from_secs(2);

/// A way to Redis; clones share one connection.
#[derive(Clone)]
pub struct Shared {
    connection: ConnectionManager,
    outage: Arc<Outage>,
}

/// Whether Redis answered last, and until when not to ask.
struct Outage {
    began: Instant,
    lost: AtomicBool,
    /// Milliseconds after `began`.
    rest_until: AtomicU64,
}

impl Shared {
    /// Nothing is connected yet: a Redis that is away at start is one that is away.
    ///
    /// # Errors
    /// When the address is none.
    pub fn open(url: &SecretString) -> anyhow::Result<Self> {
        // The error of a bad address repeats it, password and all.
        let client =
            Client::open(url.expose_secret()).map_err(|_| anyhow::anyhow!("not a redis:// address"))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).context("the connection to Redis")?;
        let outage =
            Outage { began: Instant::now(), lost: AtomicBool::new(false), rest_until: AtomicU64::new(0) };
        Ok(Self { connection, outage: Arc::new(outage) })
    }

    /// The answer of a script; none while Redis does not give one.
    pub async fn ask<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        if self.outage.resting() {
            return None;
        }
        let mut connection = self.connection.clone();
        match tokio::time::timeout(PATIENCE, script.invoke_async(&mut connection)).await {
            Ok(Ok(answer)) => {
                self.outage.over();
                Some(answer)
            }
            Ok(Err(error)) => {
                self.outage.met(&error);
                None
            }
            Err(late) => {
                self.outage.met(&late);
                None
            }
        }
    }
}

impl Outage {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn resting(&self) -> bool {
        self.now() < self.rest_until.load(Ordering::Relaxed)
    }

    fn met(&self, error: &dyn std::fmt::Display) {
        let rest = u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        self.rest_until.store(self.now().saturating_add(rest), Ordering::Relaxed);
        if !self.lost.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "Redis does not answer; limits and idempotency keys count per process until it does");
        }
    }

    fn over(&self) {
        if self.lost.load(Ordering::Relaxed) && self.lost.swap(false, Ordering::Relaxed) {
            tracing::info!("Redis answers again");
        }
    }
}
