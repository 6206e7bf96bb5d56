//! What an operator can set.

use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use crate::rate_limit::RateLimit;

/// Limits of the HTTP side. The defaults suit one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Videos received or analysed at the same time; one more is answered 503 at once. Each keeps at most
    /// 256 KiB in memory and 50 MiB on disk.
    pub max_uploads: usize,
    /// Seconds a client has to send one upload in full.
    pub upload_seconds: u64,
    /// Where uploads lie while they are worked on, as files without a name. None: the system's temporary folder.
    pub spool_dir: Option<PathBuf>,
    /// Seconds between two sweeps of what projects keep only for a time.
    pub retention_sweep_seconds: u64,
    /// What to do about an enrolment that looks or sounds like another enrolled user of the project.
    pub duplicate_identity: DuplicateIdentity,
    /// A database of places by address (MaxMind DB, City or Country), for calls whose client does not say where it is;
    /// held in memory. None: such calls have no place.
    pub geoip_file: Option<PathBuf>,
    /// Proxies in front of this server, as networks: `X-Forwarded-For` is believed from them alone.
    pub trusted_proxies: Vec<IpNet>,
    /// How much each API key may ask.
    pub rate_limit: RateLimit,
    /// Where several gateways count together: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS. None:
    /// rate limits and idempotency keys are this process's own.
    #[serde(serialize_with = "boot::expose")]
    pub redis_url: Option<SecretString>,
    /// Seconds after which a live list of transactions is asked again whether its session or key is still good.
    pub live_check_seconds: u64,
    /// Seconds for which a deleted organisation is emptied again and again: as long as a call can last that was let in
    /// before.
    pub deletion_quiet_seconds: u64,
    /// Where customers reach this API, `https://api.example.org`: what the links to samples start with. None: links are
    /// relative.
    pub public_url: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_uploads: 32,
            upload_seconds: 120,
            spool_dir: None,
            retention_sweep_seconds: 3600,
            duplicate_identity: DuplicateIdentity::Flag,
            geoip_file: None,
            trusted_proxies: Vec::new(),
            rate_limit: RateLimit::default(),
            redis_url: None,
            live_check_seconds: 5,
            deletion_quiet_seconds: 300,
            public_url: None,
        }
    }
}

/// A duplicate identity may be fraud, a twin or a second account the customer allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateIdentity {
    /// Enrol, with the reason `duplicate_identity` in the transaction.
    Flag,
    /// Do not enrol.
    Refuse,
}
