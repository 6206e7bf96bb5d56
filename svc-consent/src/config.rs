//! Where this service keeps its ledger and finds the master key.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key names are encrypted and looked up under.
    pub keys: blob::KeyConfig,
}

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            // A consent, and above all a withdrawal, that was answered survives a power cut.
            db: db::Config::sqlite(&data_dir.join("consent.db")).durable(),
            keys: blob::KeyConfig::embedded(data_dir),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
