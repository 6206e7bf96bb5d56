//! Configuration: database and mail.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory, and no mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key addresses and names are encrypted and looked up under.
    pub keys: blob::KeyConfig,
    /// The server that codes are mailed by; without one no e-mail address can be validated.
    #[serde(default)]
    pub mail: mail::Config,
}

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            // A registration that has its person keeps it through a power cut: the models keep the template.
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
