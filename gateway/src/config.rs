//! The settings of the gateway.

use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Limits of the HTTP side. The defaults suit one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Videos received or analysed at the same time; one more is answered 503 at once. Each takes at most
    /// 256 KiB of memory and 50 MiB of disk.
    pub max_uploads: usize,
    /// Seconds a client has to send one upload in full.
    pub upload_seconds: u64,
    /// Where uploads are stored while they are processed, as unnamed files. None: the system's temporary folder.
    pub spool_dir: Option<PathBuf>,
    /// Seconds between two retention sweeps.
    pub retention_sweep_seconds: u64,
    /// What to do about an enrollment that looks or sounds like another enrolled user of the project.
    pub duplicate_identity: DuplicateIdentity,
    /// A GeoIP database (MaxMind DB, City or Country) for calls without `X-Geo-Location`; held in memory. None: such
    /// calls have no location.
    pub geoip_file: Option<PathBuf>,
    /// Proxies in front of this server, as networks: `X-Forwarded-For` is trusted from them alone.
    pub trusted_proxies: Vec<IpNet>,
    /// The rate limit of each API key.
    pub rate_limit: RateLimit,
    /// Redis shared by several gateways: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS. None:
    /// rate limits and idempotency keys are per process.
    #[serde(serialize_with = "boot::expose")]
    pub redis_url: Option<SecretString>,
    /// Seconds between checks whether the session or key of a live list of transactions is still valid.
    pub live_check_seconds: u64,
    /// Seconds for which a deleted organisation is purged repeatedly: as long as a call admitted before can last.
    pub deletion_quiet_seconds: u64,
    /// The public base URL of this API, `https://api.example.org`: the start of links to samples. None: links are
    /// relative.
    pub public_url: Option<String>,
    /// Web pages that may call with the keys and session tokens of any project, as `https://host[:port]`, besides those the
    /// key's project names. `*`: every page.
    pub cors_origins: Vec<String>,
    /// Ids of the organisations that run this installation: they alone see its queues at `/api-gateway/operations`, where the
    /// load other organisations make shows. Empty: every organisation does.
    pub operators: Vec<String>,
    /// Seconds a session token lives, 1 to 3600; it ends with its session in any case.
    pub session_token_seconds: u32,
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
            cors_origins: Vec::new(),
            session_token_seconds: 900,
            operators: Vec::new(),
        }
    }
}

/// The limit of one API key. The default only stops what no customer means to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Sustained calls a second; 0 sets no limit. At most 1,000,000.
    pub per_second: f64,
    /// Calls at once on top of that, after a pause; at least 1.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_second: 10_000.0, burst: 20_000 }
    }
}

/// A duplicate identity may be fraud, a twin or a second account the customer allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateIdentity {
    /// Enroll, with the reason `duplicate_identity` in the transaction.
    Flag,
    /// Do not enroll.
    Refuse,
}

impl Config {
    /// Whether people of an organisation may see what the whole installation does.
    pub fn is_operator(&self, organisation_id: &str) -> bool {
        self.operators.is_empty() || self.operators.iter().any(|operator| operator == organisation_id)
    }

    /// Whether the installation lets a web page of this origin call with any key.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.cors_origins.iter().any(|named| named == "*" || named == origin)
    }

    /// Rejects values the gateway cannot run with.
    ///
    /// # Errors
    /// Names the setting.
    pub fn validate(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.max_uploads > 0, "gateway.max_uploads must be at least 1");
        anyhow::ensure!(
            self.retention_sweep_seconds > 0,
            "gateway.retention_sweep_seconds must be at least 1"
        );
        anyhow::ensure!(self.live_check_seconds > 0, "gateway.live_check_seconds must be at least 1");
        anyhow::ensure!(
            (1..=3600).contains(&self.session_token_seconds),
            "gateway.session_token_seconds must be 1 to 3600"
        );
        for origin in self.cors_origins.iter().filter(|origin| *origin != "*") {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            anyhow::ensure!(
                host.is_some_and(|host| !host.is_empty() && !host.contains('/')),
                "gateway.cors_origins holds https://HOST or https://HOST:PORT each, or *: {origin}"
            );
        }
        anyhow::ensure!(self.upload_seconds > 0, "gateway.upload_seconds must be at least 1");
        if let Some(dir) = &self.spool_dir {
            anyhow::ensure!(dir.is_dir(), "gateway.spool_dir is not a folder: {}", dir.display());
        }
        if let Some(url) = &self.public_url {
            let is_http = url.starts_with("https://") || url.starts_with("http://");
            anyhow::ensure!(
                is_http && !url.ends_with('/'),
                "gateway.public_url must be http(s)://HOST without a trailing slash"
            );
        }
        Ok(())
    }
}
