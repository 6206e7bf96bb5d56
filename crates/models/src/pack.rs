//! The manifest and its files.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The command that makes or repairs the pack.
const SETUP_COMMAND: &str = "make models";

/// Errors of opening or reading the pack.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no model pack found (looked in {0}); run `{SETUP_COMMAND}`")]
    NoPack(String),
    #[error("the model manifest {file} cannot be read; run `{SETUP_COMMAND}`")]
    Manifest {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the model pack has no entry `{0}`; run `{SETUP_COMMAND}`")]
    Unknown(String),
    #[error("model file {file} cannot be read; run `{SETUP_COMMAND}`")]
    Missing {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("model file {file} is not the pinned one (sha256 differs); run `{SETUP_COMMAND}`")]
    Changed { file: PathBuf },
    #[error("ONNX Runtime cannot be used: {0}")]
    Runtime(String),
    #[error("model `{name}` cannot be loaded: {reason}")]
    Load { name: String, reason: String },
}

/// `manifest.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    pub version: String,
    pub files: Vec<Entry>,
}

impl Manifest {
    /// Returns a short checksum over the files of `groups`: equal checksums mean comparable scores.
    pub fn sum(&self, groups: &[&str]) -> String {
        let of = |e: &&Entry| groups.contains(&e.group.as_str());
        let mut parts: Vec<_> =
            self.files.iter().filter(of).map(|e| format!("{} {}\n", e.name, e.sha256)).collect();
        parts.sort();
        let sum = hex::encode(Sha256::digest(parts.concat()));
        sum.get(..16).unwrap_or_default().to_owned()
    }
}

/// One file of the pack and its source.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Short stable name used in code, e.g. `yunet`.
    pub name: String,
    /// Path below the pack's folder.
    pub file: String,
    pub version: String,
    pub source: String,
    pub licence: String,
    /// Hex, lower case.
    pub sha256: String,
    #[serde(default)]
    pub input: String,
    #[serde(default)]
    pub output: String,
    #[serde(default)]
    pub group: String,
}

/// An opened pack; cheap to clone.
#[derive(Clone, Debug)]
pub struct Pack {
    dir: PathBuf,
    manifest: Manifest,
}

impl Pack {
    /// Opens the pack in `dir`; without one in `$BIOMETRY_MODELS`; otherwise in `./models`, beside the executable
    /// (`../share/biometry/models`) or in the root of a source checkout. A given folder is the only one tried.
    ///
    /// # Errors
    /// When there is no pack or its manifest does not parse. Files are checked by [`Pack::verify`].
    pub fn open(dir: Option<&Path>) -> Result<Self, Error> {
        let named = dir.map(PathBuf::from).or_else(|| std::env::var_os("BIOMETRY_MODELS").map(PathBuf::from));
        Self::open_first(named.map_or_else(default_folders, |named| vec![named]))
    }

    fn open_first(candidates: Vec<PathBuf>) -> Result<Self, Error> {
        let looked_in: Vec<_> = candidates.iter().map(|d| d.display().to_string()).collect();
        let found = candidates.into_iter().find(|d| d.join("manifest.json").is_file());
        let dir = found.ok_or_else(|| Error::NoPack(looked_in.join(", ")))?;
        let file = dir.join("manifest.json");
        let unreadable = |source| Error::Manifest { file: file.clone(), source };
        let text = std::fs::read(&file).map_err(unreadable)?;
        let manifest = serde_json::from_slice(&text).map_err(|e| unreadable(e.into()))?;
        Ok(Self { dir, manifest })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether the pack has an entry called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.manifest.files.iter().any(|e| e.name == name)
    }

    /// Returns the path of the file called `name`.
    ///
    /// # Errors
    /// When the manifest has no such entry.
    pub fn path(&self, name: &str) -> Result<PathBuf, Error> {
        let entry = self.manifest.files.iter().find(|e| e.name == name);
        entry.map(|e| self.dir.join(&e.file)).ok_or_else(|| Error::Unknown(name.to_owned()))
    }

    /// Returns the bytes of the file called `name`.
    ///
    /// # Errors
    /// When there is no such entry, or its file cannot be read.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        let file = self.path(name)?;
        std::fs::read(&file).map_err(|source| Error::Missing { file, source })
    }

    /// Reads every file and compares its SHA-256 with the manifest.
    ///
    /// # Errors
    /// The first file that is missing or differs.
    pub fn verify(&self) -> Result<(), Error> {
        self.manifest.files.iter().try_for_each(|entry| self.verify_entry(entry))
    }

    fn verify_entry(&self, entry: &Entry) -> Result<(), Error> {
        let file = self.dir.join(&entry.file);
        let sum = sha256(&file).map_err(|source| Error::Missing { file: file.clone(), source })?;
        if sum == entry.sha256 { Ok(()) } else { Err(Error::Changed { file }) }
    }
}

fn default_folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("models")];
    let exe = std::env::current_exe().unwrap_or_default();
    for up in exe.ancestors().skip(1).take(4) {
        folders.push(up.join("share/biometry/models"));
        folders.push(up.join("models"));
    }
    folders
}

fn sha256(file: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(file)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack_with(sum: &str) -> (tempfile::TempDir, Pack) {
        let dir = tempfile::tempdir().unwrap();
        let manifest = format!(
            r#"{{"version":"1","files":[{{"name":"a","file":"a.bin","version":"1","source":"test","licence":"MIT","sha256":"{sum}"}}]}}"#
        );
        std::fs::write(dir.path().join("manifest.json"), manifest).unwrap();
        std::fs::write(dir.path().join("a.bin"), b"abc").unwrap();
        let pack = Pack::open(Some(dir.path())).unwrap();
        (dir, pack)
    }

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_pack_with_the_pinned_bytes_verifies() {
        let (_dir, pack) = pack_with(ABC);
        pack.verify().unwrap();
        assert_eq!(pack.bytes("a").unwrap(), b"abc");
    }

    #[test]
    fn a_changed_file_is_named_with_the_command_that_mends_it() {
        let (_dir, pack) = pack_with(&ABC.replace('b', "c"));
        let error = pack.verify().unwrap_err().to_string();
        assert!(error.contains("a.bin") && error.contains(SETUP_COMMAND), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let (dir, pack) = pack_with(ABC);
        std::fs::remove_file(dir.path().join("a.bin")).unwrap();
        assert!(matches!(pack.verify(), Err(Error::Missing { .. })));
    }
}
