//! The configuration of the all-in-one process: one section per service, with working defaults.

use std::{
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::Path,
    time::Duration,
};

use anyhow::Context;
use boot::TelemetryConfig;
use rpc::TlsFiles;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Addresses of remote services. A service is remote exactly when its `url` is set; then its own section is not used.
/// Several addresses are separated by commas; names are resolved again every 5 seconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Urls {
    pub sessions: Option<String>,
    pub consent: Option<String>,
    pub ml: Option<String>,
    pub docauth: Option<String>,
    pub transactions: Option<String>,
    pub projects: Option<String>,
    pub journeys: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    pub telemetry: TelemetryConfig,
    /// Remote services.
    pub urls: Urls,
    /// The token that remote services require.
    #[serde(serialize_with = "boot::expose")]
    pub service_token: Option<SecretString>,
    /// Certificate, key and authority for services reached over https.
    pub tls: Option<TlsFiles>,
    pub gateway: gateway::Config,
    pub sessions: svc_sessions::Config,
    pub consent: svc_consent::Config,
    pub ml: svc_ml::Config,
    pub docauth: svc_docauth::Config,
    pub transactions: svc_transactions::Config,
    pub projects: svc_projects::Config,
    pub journeys: svc_journeys::Config,
}

impl Config {
    /// Everything below `data_dir`, on SQLite and local folders.
    fn embedded(data_dir: &Path) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            telemetry: TelemetryConfig::default(),
            urls: Urls::default(),
            service_token: None,
            tls: None,
            gateway: gateway::Config::default(),
            sessions: svc_sessions::Config::embedded(data_dir),
            consent: svc_consent::Config::embedded(data_dir),
            ml: svc_ml::Config::embedded(data_dir),
            docauth: svc_docauth::Config::embedded(data_dir),
            transactions: svc_transactions::Config::embedded(data_dir),
            projects: svc_projects::Config::embedded(data_dir),
            journeys: svc_journeys::Config::embedded(data_dir),
        }
    }

    /// Returns the defaults for `place`, then its TOML file, then `BIOMETRY_*`.
    ///
    /// # Errors
    /// When the folder cannot be created or a setting does not parse.
    pub fn load(place: &crate::cli::InstallationArgs) -> anyhow::Result<Self> {
        let dir = &place.data_dir;
        private_folder(dir).with_context(|| format!("cannot make the data folder {}", dir.display()))?;
        let dir =
            dir.canonicalize().with_context(|| format!("cannot use the data folder {}", dir.display()))?;
        Ok(boot::load(Self::embedded(&dir), place.config.as_deref())?)
    }
}

/// Creates the folder for its owner only: databases contain sealed data, but also the times of calls.
fn private_folder(dir: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Deadlines of calls to services. The models get minutes, because a long video on a busy laptop is slow, not stuck.
/// Documents get one minute: a dozen may wait in the queue.
pub const DEADLINE: Duration = Duration::from_secs(10);
pub const DOCAUTH_DEADLINE: Duration = Duration::from_secs(60);
pub const ML_DEADLINE: Duration = Duration::from_secs(120);
