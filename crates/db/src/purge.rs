//! Removes deleted data from the database files.
//!
//! SQLite overwrites deleted rows (`secure_delete`), but copies stay in the write-ahead log until it is truncated,
//! and sometimes a fragment stays in the unused part of a page that was split before the row was deleted.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use aho_corasick::AhoCorasick;
use sqlx::SqlitePool;

use crate::{Db, Sqlite};

/// Length of the pieces of a secret that are searched for, because only a part of it may remain.
const FRAGMENT_BYTES: usize = 24;
/// Shorter secrets would match unrelated data.
const MIN_SECRET_BYTES: usize = 12;
const MAX_CHECKPOINTS: u32 = 3;

impl Db {
    /// Removes deleted rows from SQLite's files: truncates the write-ahead log, and rebuilds the database when a
    /// fragment of one of `secrets` is still in a file. PostgreSQL keeps deleted rows until it vacuums the table.
    ///
    /// # Errors
    /// When the database fails, when readers hold its log for too long, or when a fragment remains: then the call
    /// must be repeated before the secrets are reported as deleted.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> sqlx::Result<()> {
        let Self::Lite(lite) = self else { return Ok(()) };
        lite.writes.pause(lite.purge(secrets)).await
    }
}

impl Sqlite {
    async fn purge(&self, secrets: Vec<Vec<u8>>) -> sqlx::Result<()> {
        truncate_log(&self.pool).await?;
        let Some(file) = &self.file else { return Ok(()) };
        if !holds_any(file.clone(), secrets.clone()).await? {
            return Ok(());
        }
        tracing::info!("fragments of deleted rows remain in a database file; rebuilding it");
        sqlx::query("VACUUM").execute(&self.pool).await?;
        truncate_log(&self.pool).await?;
        if holds_any(file.clone(), secrets).await? {
            return Err(io::Error::other("deleted rows could not be removed from the database file").into());
        }
        Ok(())
    }
}

/// Waits for readers of the log, within the busy timeout.
async fn truncate_log(pool: &SqlitePool) -> sqlx::Result<()> {
    for _ in 0..MAX_CHECKPOINTS {
        let (busy, _, _): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(pool).await?;
        if busy == 0 {
            return Ok(());
        }
    }
    Err(io::Error::other("the write-ahead log is in use and could not be truncated").into())
}

async fn holds_any(file: PathBuf, secrets: Vec<Vec<u8>>) -> sqlx::Result<bool> {
    let found = tokio::task::spawn_blocking(move || find_secrets(&file, &secrets)).await;
    Ok(found.map_err(|_| sqlx::Error::WorkerCrashed)??)
}

/// Whether the database file or its log holds a fragment of one of the secrets.
fn find_secrets(file: &Path, secrets: &[Vec<u8>]) -> io::Result<bool> {
    let fragments: Vec<&[u8]> = secrets.iter().flat_map(|secret| fragments(secret)).collect();
    if fragments.is_empty() {
        return Ok(false);
    }
    let search = AhoCorasick::new(fragments).map_err(io::Error::other)?;
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    for path in [file, Path::new(&log)] {
        match File::open(path) {
            Ok(file) => {
                if search.stream_find_iter(file).next().transpose()?.is_some() {
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn fragments(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    secret.chunks(FRAGMENT_BYTES).filter(|part| part.len() >= MIN_SECRET_BYTES)
}
