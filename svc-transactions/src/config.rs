//! Where this service keeps its tables and finds the master key.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key personal data is encrypted under.
    pub keys: blob::KeyConfig,
}

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        // A record is durable before the answer it stands for is sent.
        let db = db::Config::sqlite(&data_dir.join("transactions.db")).durable();
        Self { db, keys: blob::KeyConfig::embedded(data_dir) }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
