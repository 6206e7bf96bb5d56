//! Erasures noted outside the databases: after a restore they are repeated on the older copy.
//!
//! A line names the project and the subject like the receipt: by a salted hash, without the name. Its MAC, under a
//! key of the master key, prevents forged erasures.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use blob::{KeyRing, Purpose};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Config, store::ErasureRow};

pub const TOMBSTONE: Purpose = Purpose("note an erasure outside of the databases");

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    pub erased_at_ms: i64,
    pub project_id: String,
    /// `sha256:<salt>:<hash>`, as in the receipt.
    pub subject: String,
    /// Hex.
    pub mac: String,
}

impl Tombstone {
    /// Whether it is about this user.
    pub fn is_about(&self, project: &str, user: &str) -> bool {
        let mut parts = self.subject.split(':').skip(1);
        let (Some(salt), Some(hash)) = (parts.next(), parts.next()) else { return false };
        let Ok(salt) = hex::decode(salt) else { return false };
        let name =
            Sha256::new().chain_update(salt).chain_update(project).chain_update([0]).chain_update(user);
        self.project_id == project && hex::encode(name.finalize()) == hash
    }

    fn covered(&self) -> Vec<u8> {
        format!("{}\0{}\0{}", self.erased_at_ms, self.project_id, self.subject).into_bytes()
    }
}

/// The file of erasures. Clones share the keys.
#[derive(Clone)]
pub struct Tombstones {
    file: Option<PathBuf>,
    ring: KeyRing,
}

impl Tombstones {
    pub fn new(file: Option<PathBuf>, ring: KeyRing) -> Self {
        Self { file, ring }
    }

    /// Notes an erasure; it is on disk when this returns. Without a file nothing is noted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note_erasure(&self, erasure: &ErasureRow) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let mut tombstone = Tombstone {
            erased_at_ms: erasure.erased_at,
            project_id: erasure.project_id.clone(),
            subject: erasure.subject.clone(),
            mac: String::new(),
        };
        let macs = self.ring.macs(TOMBSTONE, &tombstone.covered()).map_err(io::Error::other)?;
        tombstone.mac = macs.first().map(|mac| hex::encode(mac.tag)).unwrap_or_default();
        append(path, &serde_json::to_vec(&tombstone)?)
    }
}

fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // An incomplete line of a killed process stays a separate line.
    let torn = if is_torn(&mut file)? { b"\n".as_slice() } else { b"" };
    file.write_all(&[torn, line, b"\n"].concat())?;
    file.sync_data()
}

fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Returns the erasures that `file` holds, oldest first. A line that was half written is left out: its erasure was never
/// answered.
///
/// # Errors
/// When the file, the database or the master key cannot be opened, or a line was not written by a holder of the master key.
pub async fn read_tombstones(config: &Config, file: &Path) -> anyhow::Result<Vec<Tombstone>> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    db.close().await;
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut tombstones = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Ok(tombstone) = serde_json::from_str::<Tombstone>(line) else { continue };
        let macs = ring.macs(TOMBSTONE, &tombstone.covered())?;
        let is_genuine = macs.iter().any(|mac| hex::encode(mac.tag) == tombstone.mac);
        ensure!(is_genuine, "{}: line {} was changed or made by others", file.display(), number + 1);
        tombstones.push(tombstone);
    }
    Ok(tombstones)
}
