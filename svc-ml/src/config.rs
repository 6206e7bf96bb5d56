//! Configuration: resources, and storage of templates.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::calibrations::Calibrated;

/// Defaults to files below `data/` of the working directory and the model pack where packs usually are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the model pack; without it, where packs usually are.
    pub models: Option<PathBuf>,
    /// Videos worked on at once, each on a thread of its own. Half a gigabyte of memory and a core serve two.
    pub workers: usize,
    /// Videos that may be on their way or wait besides; one more is refused at once.
    pub queue: usize,
    /// Seconds from the last byte of a video to its answer; the work is given up then.
    pub deadline_s: u32,
    /// Seconds a video may take to arrive.
    pub upload_s: u32,
    /// Largest video in bytes.
    pub max_bytes: u64,
    /// Longest video in seconds.
    pub max_duration_s: f64,
    /// Widest or highest frame in pixels.
    pub max_side: u32,
    /// Folder for videos while they are worked on (nameless files, gone with the process); without it the system's.
    pub spool: Option<PathBuf>,
    /// Program that decodes media, as a process that holds no secret; without it this binary itself.
    pub media_worker: Option<PathBuf>,
    /// Folder with calibrations made by `biometry calibrate` on the operator's own data, one `*.json` a kind; without it
    /// the shipped ones are used.
    pub calibrations: Option<PathBuf>,
    /// Kinds (`face`, `voice`, `liveness`, `active-speaker`, `visual-speech`, `phrase`) of which the calibration's
    /// threshold decides instead of the shipped one.
    pub decide_by_calibration: Vec<Calibrated>,
    /// Memory for the vectors of projects that were searched (1:N); beyond it the project searched longest ago is dropped
    /// and read again at its next search. A project that needs more alone has it.
    pub gallery_bytes: u64,
    pub db: db::Config,
    /// The master key templates are kept under.
    pub keys: blob::KeyConfig,
}

/// More workers than this want a machine, and a configuration, of their own.
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
            // A template that was answered survives a power cut, and an erased one does not come back with it.
            db: db::Config::sqlite(&data_dir.join("ml.db")).durable(),
            keys: blob::KeyConfig::embedded(data_dir),
        }
    }

    /// What a file may ask of the decoder.
    pub(crate) fn limits(&self) -> media::Limits {
        media::Limits { duration_s: self.max_duration_s, side: self.max_side, ..media::Limits::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
