//! Configuration: database and master key.

use std::path::{Path, PathBuf};

use ledger::AnchorConfig;
use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key the private signing keys are encrypted under.
    pub keys: blob::KeyConfig,
    /// Where the head of the audit log is noted outside of the database.
    #[serde(default)]
    pub anchor: AnchorConfig,
    /// A file that every erasure is noted in, by keyed and salted hashes. `biometry restore` repeats those that came after a
    /// copy; so it belongs on another disk.
    #[serde(default)]
    pub tombstones: Option<PathBuf>,
}

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        // A revocation that was answered must not come undone.
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
