//! Configuration: resources, and the external provider.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Defaults to in-house checks only, with the default folders of the model pack.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the model pack; without it, the default folders.
    pub models: Option<PathBuf>,
    /// Documents processed at once, each on its own core and with 300 MB of memory: half of that networks, half their
    /// working memory.
    pub workers: usize,
    /// Further documents that may be received or wait; others are rejected at once.
    pub queue: usize,
    /// Seconds a picture may take to arrive.
    pub upload_s: u32,
    /// Largest picture in bytes.
    pub max_bytes: u64,
    /// Folder for pictures in progress (nameless files, removed with the call); without it the system's.
    pub spool: Option<PathBuf>,
    /// Program of the media worker, a process without secrets; without it this binary.
    pub media_worker: Option<PathBuf>,
    /// Trusted issuing authorities of travel document chips: a master list (CMS, as ICAO and states publish them), or
    /// a folder of master lists, certificates and revocation lists (DER, PEM). Without it no chip's issuer is
    /// trusted.
    pub chip_authorities: Option<PathBuf>,
    /// URL of IDScan.net's DIVE API, for documents with `X-Inhouse-Docauth: false`.
    pub idscan_url: String,
    /// Its secret key (`sk_...`); without one those calls are rejected.
    #[serde(serialize_with = "boot::expose")]
    pub idscan_key: Option<SecretString>,
    /// Lowest confidence (0-100) of IDScan.net for a document to pass.
    pub idscan_confidence: f64,
    /// Timeout of the external provider in seconds.
    pub idscan_timeout_s: u32,
}

/// One worker keeps the service below 500 MB; more must be configured.
const WORKERS: usize = 1;

impl Config {
    /// The same for every folder: nothing is stored.
    pub fn embedded(_data_dir: &Path) -> Self {
        Self {
            models: None,
            workers: WORKERS,
            queue: 16,
            upload_s: 60,
            max_bytes: 50 * 1024 * 1024,
            spool: None,
            media_worker: None,
            chip_authorities: None,
            idscan_url: "https://dvs2.idware.net".into(),
            idscan_key: None,
            idscan_confidence: 70.0,
            idscan_timeout_s: 20,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}
