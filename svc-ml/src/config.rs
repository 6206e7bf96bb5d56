//! Configuration: resources, and storage of templates.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::calibrations::Calibrated;

/// Defaults to files below `data/` of the working directory, and to the default folders of the model pack.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the model pack; without it, the default folders.
    pub models: Option<PathBuf>,
    /// Videos processed at once, each on its own thread. Half a gigabyte of memory and a core serve two.
    pub workers: usize,
    /// Further videos that may be received or wait; others are rejected at once.
    pub queue: usize,
    /// Seconds from the last byte of a video to its response; then the work is cancelled.
    pub deadline_s: u32,
    /// Seconds a video may take to arrive.
    pub upload_s: u32,
    /// Largest video in bytes.
    pub max_bytes: u64,
    /// Longest video in seconds.
    pub max_duration_s: f64,
    /// Widest or highest frame in pixels.
    pub max_side: u32,
    /// Folder for videos in progress (nameless files, removed with the process); without it the system's.
    pub spool: Option<PathBuf>,
    /// Program of the media worker, a process without secrets; without it this binary.
    pub media_worker: Option<PathBuf>,
    /// Folder with calibrations made by `biometry calibrate` on the operator's own data, one `*.json` per kind;
    /// without it the shipped ones are used.
    pub calibrations: Option<PathBuf>,
    /// Kinds (`face`, `voice`, `liveness`, `active-speaker`, `visual-speech`, `phrase`) whose decision uses the
    /// calibration's threshold instead of the shipped one.
    pub decide_by_calibration: Vec<Calibrated>,
    /// Memory for the vectors of searched projects (1:N); beyond it the least recently searched project is dropped,
    /// and loaded again at its next search. A single larger project is kept.
    pub gallery_bytes: u64,
    pub db: db::Config,
    /// The master key of the templates.
    pub keys: blob::KeyConfig,
}

/// More workers need separate machines with their own configuration.
const MOST_WORKERS: usize = 4;

impl Config {
    /// SQLite and the master key as files below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        let limits = media::Limits::default();
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            models: None,
            workers: cores.clamp(1, MOST_WORKERS),
            queue: 16,
            deadline_s: 110,
            upload_s: 60,
            max_bytes: 50 * 1024 * 1024,
            max_duration_s: limits.duration_s,
            max_side: limits.side,
            spool: None,
            media_worker: None,
            calibrations: None,
            decide_by_calibration: Vec::new(),
            gallery_bytes: 2 * 1024 * 1024 * 1024,
            // An acknowledged template survives a power cut, and an erased one does not return with it.
            db: db::Config::sqlite(&data_dir.join("ml.db")).durable(),
            keys: blob::KeyConfig::embedded(data_dir),
        }
    }

    /// Returns the decoder's limits for a file.
    pub(crate) fn limits(&self) -> media::Limits {
        media::Limits { duration_s: self.max_duration_s, side: self.max_side, ..media::Limits::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
