//! Configuration: database of the ledger and master key.

use std::path::Path;

use ledger::AnchorConfig;
use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key that seals and indexes names.
    pub keys: blob::KeyConfig,
    /// Where the heads of the journals are noted outside the database.
    #[serde(default)]
    pub anchor: AnchorConfig,
}

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            // An acknowledged consent, and above all a withdrawal, survives a power cut.
            db: db::Config::sqlite(&data_dir.join("consent.db")).durable(),
            keys: blob::KeyConfig::embedded(data_dir),
            anchor: AnchorConfig::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
