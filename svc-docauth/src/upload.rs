//! A picture on its way in: into a file that has no name, so that nothing is left of it whatever happens.

use std::{fs::File, path::Path, time::Duration};

use bytes::Bytes;
use futures::{Stream, TryStreamExt, pin_mut};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tonic::Status;

use crate::error::Error;

/// What an upload may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub bytes: u64,
    pub time: Duration,
}

/// Writes `chunks` to a nameless file in `folder` (or the system's temporary folder) and rewinds it.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::SlowUpload`], [`Error::Upload`] with the sender's error, [`Error::Spool`];
/// [`Error::Invalid`] when there is not a byte.
pub async fn spool(
    chunks: impl Stream<Item = Result<Bytes, Status>>,
    bounds: Bounds,
    folder: Option<&Path>,
) -> Result<File, Error> {
    let file = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?;
    tokio::time::timeout(bounds.time, write(chunks, bounds.bytes, file))
        .await
        .map_err(|_| Error::SlowUpload)?
}

async fn write(
    chunks: impl Stream<Item = Result<Bytes, Status>>,
    most: u64,
    file: File,
) -> Result<File, Error> {
    let mut file = tokio::fs::File::from_std(file);
    let mut size = 0;
    pin_mut!(chunks);
    while let Some(chunk) = chunks.try_next().await.map_err(|status| Error::Upload(Box::new(status)))? {
        size += chunk.len() as u64;
        if size > most {
            return Err(Error::TooLarge(most));
        }
        file.write_all(&chunk).await?;
    }
    if size == 0 {
        return Err(Error::Invalid("the document is empty"));
    }
    file.flush().await?;
    file.rewind().await?;
    Ok(file.into_std().await)
}
