//! Configuration: database and mail.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory, and no mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key that encrypts addresses and names and hashes them for lookups.
    pub keys: blob::KeyConfig,
    /// The server that mails codes; without one no e-mail address can be validated.
    #[serde(default)]
    pub mail: mail::Config,
}

impl Config {
    /// Uses SQLite and a master key file below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            // The link between a registration and its person must survive a power cut, because svc-ml stores the
            // template.
            db: db::Config::sqlite(&data_dir.join("journeys.db")).durable(),
            keys: blob::KeyConfig::embedded(data_dir),
            mail: mail::Config::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
