//! Configuration of webhooks.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::retry::Retry;

/// Allowed addresses, timeouts and retries. By default only public addresses over https.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Also deliver to private, shared (RFC 6598), unique local and loopback addresses. Link-local addresses, which
    /// serve cloud credentials, need `allow_networks`.
    pub allow_private: bool,
    /// Networks to deliver to although they are not public, like `10.1.0.0/16`.
    pub allow_networks: Vec<IpNet>,
    /// Also accept `http://` URLs: then names and verdicts can be read on the network path.
    pub allow_http: bool,
    /// Attempts after the first one.
    pub max_retries: u32,
    /// Milliseconds before the first retry; doubles with each.
    pub initial_delay_ms: u64,
    /// Longest wait between two attempts.
    pub max_delay_ms: u64,
    /// Timeout of an attempt, from name resolution to the end of the response.
    pub timeout_ms: u64,
    /// Time after which the attempt of a dead process is repeated.
    pub lease_ms: u64,
    /// Attempts in progress, in total and for one endpoint.
    pub concurrency: usize,
    pub per_endpoint: usize,
    /// Interval of polling for deliveries queued by other processes and for due retries.
    pub poll_ms: u64,
    /// Retention of a delivery in days, with payload and log.
    pub keep_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_private: false,
            allow_networks: Vec::new(),
            allow_http: false,
            // A day and more, as Standard Webhooks suggests.
            max_retries: 18,
            initial_delay_ms: 5_000,
            max_delay_ms: 14_400_000,
            timeout_ms: 10_000,
            lease_ms: 60_000,
            concurrency: 256,
            per_endpoint: 64,
            poll_ms: 500,
            keep_days: 30,
        }
    }
}

impl Config {
    pub fn validate(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.timeout_ms > 0 && self.lease_ms >= 2 * self.timeout_ms,
            "webhooks.lease_ms must be at least twice webhooks.timeout_ms, which must not be 0"
        );
        anyhow::ensure!(
            self.concurrency > 0 && self.per_endpoint > 0,
            "webhooks.concurrency and webhooks.per_endpoint must be at least 1"
        );
        anyhow::ensure!(self.poll_ms > 0, "webhooks.poll_ms must be at least 1");
        anyhow::ensure!(self.keep_days > 0, "webhooks.keep_days must be at least 1");
        Ok(())
    }

    pub fn retry(&self) -> Retry {
        Retry {
            max_retries: self.max_retries,
            initial_ms: self.initial_delay_ms,
            max_ms: self.max_delay_ms.max(self.initial_delay_ms),
        }
    }
}
