//! Spools an upload into a nameless file, so that nothing is left of it whatever happens.

use std::{fs::File, path::Path, time::Duration};

use bytes::Bytes;
use futures::{Stream, TryStreamExt, pin_mut};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tonic::Status;

use crate::Error;

/// Limits of an upload.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub bytes: u64,
    pub time: Duration,
}

/// Writes `chunks` to a nameless file in `folder` (or the system's temporary folder) and rewinds it.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::SlowUpload`], [`Error::Upload`] with the sender's error, [`Error::Spool`];
/// [`Error::Empty`] when it has no bytes.
pub async fn spool(
    chunks: impl Stream<Item = Result<Bytes, Status>>,
    bounds: Bounds,
    folder: Option<&Path>,
) -> Result<File, Error> {
    tokio::time::timeout(bounds.time, write(chunks, bounds.bytes, folder))
        .await
        .map_err(|_| Error::SlowUpload)?
}

async fn write(
    chunks: impl Stream<Item = Result<Bytes, Status>>,
    most: u64,
    folder: Option<&Path>,
) -> Result<File, Error> {
    let mut spool = Spool::new(most, folder)?;
    pin_mut!(chunks);
    while let Some(chunk) = chunks.try_next().await? {
        spool.write(&chunk).await?;
    }
    spool.finish().await
}

/// An upload of limited size.
pub struct Spool {
    file: tokio::fs::File,
    size: u64,
    most: u64,
}

impl Spool {
    /// # Errors
    /// [`Error::Spool`].
    pub fn new(most: u64, folder: Option<&Path>) -> Result<Self, Error> {
        let file = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?;
        Ok(Self { file: tokio::fs::File::from_std(file), size: 0, most })
    }

    /// # Errors
    /// [`Error::TooLarge`], [`Error::Spool`].
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), Error> {
        self.size += chunk.len() as u64;
        if self.size > self.most {
            return Err(Error::TooLarge(self.most));
        }
        Ok(self.file.write_all(chunk).await?)
    }

    /// Returns the file, rewound.
    ///
    /// # Errors
    /// [`Error::Empty`] when it has no bytes; [`Error::Spool`].
    pub async fn finish(mut self) -> Result<File, Error> {
        if self.size == 0 {
            return Err(Error::Empty);
        }
        self.file.flush().await?;
        self.file.rewind().await?;
        Ok(self.file.into_std().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::io::Read;

    const BOUNDS: Bounds = Bounds { bytes: 10, time: Duration::from_millis(50) };

    fn chunks(parts: &[&'static [u8]]) -> impl Stream<Item = Result<Bytes, Status>> + use<> {
        stream::iter(parts.iter().map(|p| Ok(Bytes::from_static(p))).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn a_file_arrives_whole_and_leaves_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = spool(chunks(&[b"01234", b"56789"]), BOUNDS, Some(folder.path())).await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "0123456789");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn one_byte_too_many_nothing_or_a_broken_sender_is_refused() {
        let too_large = spool(chunks(&[b"01234", b"567890"]), BOUNDS, None).await;
        assert!(matches!(too_large, Err(Error::TooLarge(10))));
        assert!(matches!(spool(chunks(&[]), BOUNDS, None).await, Err(Error::Empty)));
        let broken = chunks(&[b"0"]).chain_error();
        assert!(matches!(spool(broken, BOUNDS, None).await, Err(Error::Upload(_))));
        let stalled = stream::pending();
        assert!(matches!(spool(stalled, BOUNDS, None).await, Err(Error::SlowUpload)));
    }

    trait ChainError: Stream<Item = Result<Bytes, Status>> + Sized {
        fn chain_error(self) -> impl Stream<Item = Result<Bytes, Status>> {
            futures::StreamExt::chain(self, stream::iter([Err(Status::cancelled("gone"))]))
        }
    }
    impl<S: Stream<Item = Result<Bytes, Status>>> ChainError for S {}
}
