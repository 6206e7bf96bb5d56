//! The settings of the gateway.

use std::{collections::BTreeSet, path::PathBuf};

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
    /// How many connections there may be, and how slow they.
    pub connections: ConnectionLimits,
    /// Seconds after SIGTERM during which calls are still accepted while `/readyz` answers 503; longer than a balancer takes to
    /// notice.
    pub drain_seconds: u64,
    /// Services without which `/readyz` answers 503; calls that need another answer 503 themselves while it is away.
    pub required_services: BTreeSet<ServiceName>,
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
    /// Calls of one project a day (UTC) that leave rows: recorded ones, session starts among them, and changes; 0 sets no quota.
    pub calls_per_day: u64,
    /// Redis shared by several gateways: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS. None:
    /// rate limits are counted in each process.
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
            connections: ConnectionLimits::default(),
            drain_seconds: 0,
            required_services: ServiceName::ALL
                .into_iter()
                .filter(|name| !matches!(name, ServiceName::Docauth | ServiceName::Journeys))
                .collect(),
            retention_sweep_seconds: 3600,
            duplicate_identity: DuplicateIdentity::Flag,
            geoip_file: None,
            trusted_proxies: Vec::new(),
            rate_limit: RateLimit::default(),
            calls_per_day: 5_000_000,
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

/// Limits of the connections. A client that is slower, or an address that opens more, is closed or answered 408 or 503.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionLimits {
    /// In all; beyond it the one that waits longest for its client is closed.
    pub max: usize,
    /// From one address (IPv6: one /64). Proxies in `trusted_proxies` have no such limit.
    pub per_address: usize,
    /// Seconds a connection may be idle; longer than a proxy in front keeps its own.
    pub idle_seconds: u64,
    /// Seconds a request's head may take in all.
    pub head_seconds: u64,
    /// Seconds a body without a file may take in all; with one it is `upload_seconds`.
    pub body_seconds: u64,
    /// Seconds of silence within a body, and of a response that is not read.
    pub silence_seconds: u64,
    /// Least rate of a body, over any `silence_seconds`.
    pub body_bytes_per_second: u64,
    /// Least rate at which a client reads a response that it keeps waiting, over the same time.
    pub write_bytes_per_second: u64,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max: 2048,
            per_address: 512,
            idle_seconds: 30,
            head_seconds: 10,
            body_seconds: 20,
            silence_seconds: 15,
            body_bytes_per_second: 1024,
            write_bytes_per_second: 1024,
        }
    }
}

impl ConnectionLimits {
    fn validate(&self) -> anyhow::Result<()> {
        let positive = [
            ("max", self.max as u64),
            ("per_address", self.per_address as u64),
            ("idle_seconds", self.idle_seconds),
            ("head_seconds", self.head_seconds),
            ("body_seconds", self.body_seconds),
            ("silence_seconds", self.silence_seconds),
        ];
        for (name, value) in positive {
            anyhow::ensure!(value > 0, "gateway.connections.{name} must be at least 1");
        }
        Ok(())
    }
}

/// A service, as settings and `/readyz` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceName {
    Projects,
    Sessions,
    Consent,
    Ml,
    Transactions,
    Docauth,
    Journeys,
}

impl ServiceName {
    pub const ALL: [Self; 7] = [
        Self::Projects,
        Self::Sessions,
        Self::Consent,
        Self::Ml,
        Self::Transactions,
        Self::Docauth,
        Self::Journeys,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Projects => "projects",
            Self::Sessions => "sessions",
            Self::Consent => "consent",
            Self::Ml => "ml",
            Self::Transactions => "transactions",
            Self::Docauth => "docauth",
            Self::Journeys => "journeys",
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
        self.connections.validate()?;
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
