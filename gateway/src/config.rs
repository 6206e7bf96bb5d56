//! What an operator can set.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Limits of the HTTP side. The defaults suit one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Videos received or analysed at the same time; one more is answered 503 at once. Each keeps at most
    /// 256 KiB in memory and 50 MiB on disk.
    pub max_uploads: usize,
    /// Seconds a client has to send one upload in full.
    pub upload_seconds: u64,
    /// Where uploads lie while they are worked on, as files without a name. None: the system's temporary folder.
    pub spool_dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_uploads: 32, upload_seconds: 120, spool_dir: None }
    }
}
