//! One server per data folder: two would interfere in sweeps, migrations and leases.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};

/// Locked by the server that uses the folder. The system releases it when the process ends.
const LOCK_FILE: &str = "server.lock";

/// Locks the folder for this process; the lock ends with the file.
///
/// # Errors
/// When another server uses the folder, or it cannot be written.
pub fn lock(data_dir: &Path) -> anyhow::Result<File> {
    let file = open(data_dir)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another server uses the data folder {}; give this one its own with --data-dir",
            data_dir.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context("the data folder cannot be locked"),
    }
}

/// Whether a running server uses the folder.
///
/// # Errors
/// When it cannot be written.
pub fn is_in_use(data_dir: &Path) -> anyhow::Result<bool> {
    match open(data_dir)?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).context("the data folder cannot be locked"),
    }
}

fn open(data_dir: &Path) -> anyhow::Result<File> {
    let path = data_dir.join(LOCK_FILE);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    file.with_context(|| format!("{} cannot be written", path.display()))
}
