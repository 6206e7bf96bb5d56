//! Configuration: resources, and the external provider.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Defaults run in-house alone, with the model pack where packs usually are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the model pack; without it, where packs usually are.
    pub models: Option<PathBuf>,
    /// Documents worked on at once, each on a core of its own and with 300 MB of memory: half of that networks, half what
    /// they take while they run.
    pub workers: usize,
    /// Documents that may be on their way or wait besides; one more is refused at once.
    pub queue: usize,
    /// Seconds a picture may take to arrive.
    pub upload_s: u32,
    /// Largest picture in bytes.
    pub max_bytes: u64,
    /// Folder for pictures while they are worked on (nameless files, gone with the call); without it the system's.
    pub spool: Option<PathBuf>,
    /// Program that decodes media, as a process that holds no secret; without it this binary itself.
    pub media_worker: Option<PathBuf>,
    /// Authorities whose chips of travel documents are trusted: a master list (CMS, as ICAO and states publish them), or a
    /// folder of master lists, certificates and revocation lists (DER, PEM). Without it no chip's issuer is known.
    pub chip_authorities: Option<PathBuf>,
    /// Where IDScan.net's DIVE API is asked for documents with `X-Inhouse-Docauth: false`.
    pub idscan_url: String,
    /// Its secret key (`sk_...`); without one those calls are refused.
    #[serde(serialize_with = "boot::expose")]
    pub idscan_key: Option<SecretString>,
    /// Lowest confidence (0-100) of IDScan.net in a document that counts as passed.
    pub idscan_confidence: f64,
    /// Seconds the external provider may take.
    pub idscan_timeout_s: u32,
}

/// One keeps the service below 500 MB; more want more memory, and a configuration that says so.
const WORKERS: usize = 1;

impl Config {
    /// The same in every folder: nothing is kept.
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
