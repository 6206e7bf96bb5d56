//! State shared by several gateways: Redis, where one is configured.
//!
//! Redis is optional at any time: while it does not respond, every process uses its own state. A circuit breaker logs
//! an outage once and pauses calls, so that an outage delays only one caller.

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

/// Timeout of Redis, which usually responds in less than a millisecond.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(300);
/// How long calls pause after a failure.
const COOLDOWN: Duration = Duration::from_secs(2);

/// A Redis client; clones share one connection.
#[derive(Clone)]
pub struct SharedState {
    connection: ConnectionManager,
    breaker: Arc<CircuitBreaker>,
}

/// Pauses calls after a failure.
struct CircuitBreaker {
    began: Instant,
    lost: AtomicBool,
    /// Milliseconds after `began`.
    open_until_ms: AtomicU64,
}

impl SharedState {
    /// Connects lazily: a Redis that is unavailable at start is treated like one that is unavailable later.
    ///
    /// # Errors
    /// When the address is none.
    pub fn open(url: &SecretString) -> anyhow::Result<Self> {
        // The library's error contains the address with its password.
        let client =
            Client::open(url.expose_secret()).map_err(|_| anyhow::anyhow!("not a redis:// address"))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).context("the connection to Redis")?;
        let breaker = CircuitBreaker {
            began: Instant::now(),
            lost: AtomicBool::new(false),
            open_until_ms: AtomicU64::new(0),
        };
        Ok(Self { connection, breaker: Arc::new(breaker) })
    }

    /// Runs a script and returns its result; `None` while Redis is unavailable.
    pub async fn eval<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        if self.breaker.is_open() {
            return None;
        }
        let mut connection = self.connection.clone();
        match tokio::time::timeout(RESPONSE_TIMEOUT, script.invoke_async(&mut connection)).await {
            Ok(Ok(answer)) => {
                self.breaker.record_success();
                Some(answer)
            }
            Ok(Err(error)) => {
                self.breaker.record_failure(&error);
                None
            }
            Err(late) => {
                self.breaker.record_failure(&late);
                None
            }
        }
    }
}

impl CircuitBreaker {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_open(&self) -> bool {
        self.now() < self.open_until_ms.load(Ordering::Relaxed)
    }

    fn record_failure(&self, error: &dyn std::fmt::Display) {
        let cooldown_ms = u64::try_from(COOLDOWN.as_millis()).unwrap_or(u64::MAX);
        self.open_until_ms.store(self.now().saturating_add(cooldown_ms), Ordering::Relaxed);
        if !self.lost.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "Redis is unavailable; rate limits are per process until it responds");
        }
    }

    fn record_success(&self) {
        if self.lost.load(Ordering::Relaxed) && self.lost.swap(false, Ordering::Relaxed) {
            tracing::info!("Redis responds again");
        }
    }
}
