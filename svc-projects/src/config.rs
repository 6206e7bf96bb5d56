//! Configuration: database and master key.

use std::path::{Path, PathBuf};

use ledger::AnchorConfig;
use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key that seals the private signing keys.
    pub keys: blob::KeyConfig,
    /// Where the head of the audit log is noted outside the database.
    #[serde(default)]
    pub anchor: AnchorConfig,
    /// A file in which every erasure is noted, by keyed and salted hashes. `biometry restore` repeats those made
    /// after a backup, so it belongs on another disk.
    #[serde(default)]
    pub tombstones: Option<PathBuf>,
}

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        // An acknowledged revocation must not be undone.
        let db = db::Config::sqlite(&data_dir.join("projects.db")).durable();
        Self {
            db,
            keys: blob::KeyConfig::embedded(data_dir),
            anchor: AnchorConfig::default(),
            tombstones: Some(data_dir.join("erasures.jsonl")),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
