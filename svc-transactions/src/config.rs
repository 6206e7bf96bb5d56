//! Configuration: database, sample storage and master key.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{answers::AnswersConfig, webhooks};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The master key that seals personal data.
    pub keys: blob::KeyConfig,
    pub samples: SamplesConfig,
    /// Allowed webhook addresses, timeouts and retries.
    #[serde(default)]
    pub webhooks: webhooks::Config,
    /// Limits of the stored responses to calls with an `Idempotency-Key`.
    #[serde(default)]
    pub answers: AnswersConfig,
}

/// Storage and retention of media.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesConfig {
    /// A separate local folder, created when missing. Used when `s3` is not set.
    pub folder: PathBuf,
    /// Whether every replica sees the same folder (a network file system). A service on PostgreSQL needs this or `s3`.
    #[serde(default)]
    pub folder_is_shared: bool,
    pub s3: Option<blob::S3>,
    /// Retention of a sample when the project has no setting.
    pub keep_days: u32,
    /// How often expired samples are removed; they are rejected from the moment they expire.
    pub sweep_seconds: u32,
    /// Largest sample.
    pub max_bytes: u64,
    /// Limits of a project's storage, and of free disk space.
    #[serde(default)]
    pub limits: blob::Limits,
}

impl SamplesConfig {
    /// A folder below `data_dir`; samples of 30 days.
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join("samples"),
            folder_is_shared: false,
            s3: None,
            keep_days: 30,
            sweep_seconds: 60,
            max_bytes: 64 * 1024 * 1024,
            limits: blob::Limits::default(),
        }
    }
}

impl Config {
    /// SQLite, the samples and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        // A record is durable before the response of its call is sent.
        let db = db::Config::sqlite(&data_dir.join("transactions.db")).durable();
        let samples = SamplesConfig::embedded(data_dir);
        Self {
            db,
            keys: blob::KeyConfig::embedded(data_dir),
            samples,
            webhooks: webhooks::Config::default(),
            answers: AnswersConfig::default(),
        }
    }

    /// Validates the ranges.
    ///
    /// # Errors
    /// Names the field that is out of range.
    pub fn validate(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.samples.keep_days > 0, "samples.keep_days must be at least 1");
        anyhow::ensure!(self.samples.sweep_seconds > 0, "samples.sweep_seconds must be at least 1");
        anyhow::ensure!(self.samples.max_bytes > 0, "samples.max_bytes must be at least 1");
        anyhow::ensure!(
            self.blobs().is_found_by_replicas() || !self.db.may_have_replicas(),
            "with PostgreSQL another replica would not find the samples in {}: set samples.s3, or \
             samples.folder_is_shared = true when every replica sees this folder",
            self.samples.folder.display()
        );
        Ok(())
    }

    /// Returns the storage of samples and its keys.
    pub fn blobs(&self) -> blob::Config {
        let SamplesConfig { folder, folder_is_shared, s3, limits, .. } = self.samples.clone();
        blob::Config { folder, folder_is_shared, s3, keys: self.keys.clone(), limits }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_postgresql_samples_need_a_place_that_replicas_share() {
        let mut config = Config::default();
        assert!(config.validate().is_ok(), "one process with SQLite");
        config.db = db::Config::url("postgres://localhost/biometry", "transactions");
        assert!(config.validate().unwrap_err().to_string().contains("set samples.s3"));
        config.samples.folder_is_shared = true;
        assert!(config.validate().is_ok());
    }
}
