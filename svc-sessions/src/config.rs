//! Configuration: storage of sessions and videos, and their lifetime.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Defaults to files below `data/` of the working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub db: db::Config,
    /// The storage of last videos, and the master key that seals names and videos.
    pub blob: blob::Config,
    /// Lifetime of a session, 1 second to 7 days.
    pub lifetime_seconds: u32,
    /// How often expired sessions and videos are removed; they are rejected from the moment they expire.
    pub sweep_seconds: u32,
    /// Largest stored video. The gateway rejects large uploads earlier; this is a second limit.
    pub max_video_bytes: u64,
    /// Addresses of mobile operators that may be called in addition to public ones over https.
    #[serde(default)]
    pub egress: egress::Config,
}

/// A week: the last video of a session is stored as long as the session.
const MAX_LIFETIME_SECONDS: u32 = 7 * 24 * 3600;

impl Config {
    /// SQLite, the videos and the master key as files below `data_dir`; sessions of 30 minutes.
    pub fn embedded(data_dir: &Path) -> Self {
        let mut blob = blob::Config::embedded(data_dir);
        // A separate folder: this service removes everything that expires in it.
        blob.folder = data_dir.join("session-videos");
        Self {
            // An acknowledged session, and its user, survive a power cut.
            db: db::Config::sqlite(&data_dir.join("sessions.db")).durable(),
            blob,
            lifetime_seconds: 30 * 60,
            sweep_seconds: 30,
            max_video_bytes: 64 * 1024 * 1024,
            egress: egress::Config::default(),
        }
    }

    /// Validates the ranges.
    ///
    /// # Errors
    /// Names the field that is out of range.
    pub fn validate(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            (1..=MAX_LIFETIME_SECONDS).contains(&self.lifetime_seconds),
            "lifetime_seconds must be from 1 to {MAX_LIFETIME_SECONDS}"
        );
        anyhow::ensure!(self.sweep_seconds > 0, "sweep_seconds must be at least 1");
        anyhow::ensure!(self.max_video_bytes > 0, "max_video_bytes must be at least 1");
        anyhow::ensure!(
            self.blob.is_found_by_replicas() || !self.db.may_have_replicas(),
            "with PostgreSQL another replica would not find the videos in {}: set blob.s3, or blob.folder_is_shared = true \
             when every replica sees this folder",
            self.blob.folder.display()
        );
        Ok(())
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
    fn with_postgresql_videos_need_a_place_that_replicas_share() {
        let mut config = Config::default();
        assert!(config.validate().is_ok(), "one process with SQLite");
        config.db = db::Config::url("postgres://localhost/biometry", "sessions");
        assert!(config.validate().unwrap_err().to_string().contains("set blob.s3"));
        config.blob.folder_is_shared = true;
        assert!(config.validate().is_ok());
    }
}
