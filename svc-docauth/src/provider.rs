//! Providers of document checks: in-house or external. Both return the same report.

use std::{
    fs::File,
    io::Read,
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, MutexGuard, TryLockError},
    time::Duration,
};

use document::{Engine, Page, Report, forensics::Signals};
use intake::{Place, Watch, Workers};
use sandbox::{MediaFile, Sandbox};
use time::Date;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// A report, its provider, and its CPU time.
pub struct Checked {
    pub report: Report,
    pub provider: &'static str,
    pub cpu: Duration,
}

/// A provider of document checks.
#[tonic::async_trait]
pub trait Provider: Send + Sync {
    /// Checks the received and rewound picture in `file`, as of `today`.
    ///
    /// # Errors
    /// The picture cannot be read, or the provider failed.
    async fn check(&self, place: Place, file: File, today: Date) -> Result<Checked, Error>;
}

/// Limits large files in memory. A file is in memory while it is processed, with its pixels, so only one large file
/// is processed at a time however many workers there are; small ones are not limited.
#[derive(Debug)]
pub struct LargeFileLimit(Arc<Semaphore>);

impl LargeFileLimit {
    /// A file above this many bytes is large.
    const LARGE: u64 = 8 * 1024 * 1024;

    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Waits until `file` may be read into memory, until the returned guard is dropped.
    ///
    /// # Errors
    /// When the length of the file is unknown.
    pub async fn enter(&self, file: &File) -> Result<Option<OwnedSemaphorePermit>, Error> {
        if file.metadata()?.len() <= Self::LARGE {
            return Ok(None);
        }
        self.0.clone().acquire_owned().await.map(Some).map_err(|_| intake::Error::Crashed.into())
    }
}

/// The `document` crate on this machine.
pub struct InHouse {
    workers: Arc<Workers<Engine>>,
    large_files: Arc<LargeFileLimit>,
    media: Sandbox,
    /// Held while a picture is decoded: peaks of memory must not coincide.
    decoding: Arc<Mutex<()>>,
}

impl InHouse {
    pub fn new(workers: Arc<Workers<Engine>>, large_files: Arc<LargeFileLimit>, media: Sandbox) -> Self {
        Self { workers, large_files, media, decoding: Arc::default() }
    }
}

#[tonic::async_trait]
impl Provider for InHouse {
    async fn check(&self, place: Place, mut file: File, today: Date) -> Result<Checked, Error> {
        let alone = self.large_files.enter(&file).await?;
        let (media, decoding) = (self.media.clone(), self.decoding.clone());
        let inspect = move |engine: &mut Engine, watch: &Watch| {
            // Held by the work itself: a dropped caller must not admit the next file early.
            let _alone = alone;
            let started = cpu();
            if !Page::reads(&head(&file)?) {
                return Err(document::Error::NotPicture.into());
            }
            let still_wanted = || watch.check().map_err(Error::from);
            let one_at_a_time = turn(&decoding, still_wanted)?;
            let still = media.decode_still(&MediaFile::new(file.try_clone()?)?, still_wanted)?;
            drop(one_at_a_time);
            let page = Page::from_still(still);
            // The bytes are in memory neither while the worker decodes them nor while the page is read.
            let signals = Signals::of_file(&whole(&mut file)?, &page);
            let report = engine.inspect_page(signals, page, today)?;
            Ok::<_, Error>((report, cpu().saturating_sub(started)))
        };
        let (report, cpu) = self.workers.run_job(place, inspect).await?;
        Ok(Checked { report, provider: "inhouse", cpu })
    }
}

/// How often a waiting call checks whether its caller still waits.
const TURN_INTERVAL: Duration = Duration::from_millis(20);

/// Waits for permission to decode, as long as the result is wanted.
fn turn<E>(decoding: &Mutex<()>, still_wanted: impl Fn() -> Result<(), E>) -> Result<MutexGuard<'_, ()>, E> {
    loop {
        match decoding.try_lock() {
            Ok(turn) => return Ok(turn),
            Err(TryLockError::Poisoned(turn)) => return Ok(turn.into_inner()),
            Err(TryLockError::WouldBlock) => {
                still_wanted()?;
                std::thread::sleep(TURN_INTERVAL);
            }
        }
    }
}

/// Returns the start of a file, by which its kind is known.
fn head(file: &File) -> std::io::Result<Vec<u8>> {
    const HEAD_BYTES: usize = 64;
    let mut head = vec![0; HEAD_BYTES];
    let read = file.read_at(&mut head, 0)?;
    head.truncate(read);
    Ok(head)
}

/// Reads a file into a buffer of its size: a growing one would take up to twice as much.
pub fn whole(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or_default());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the CPU time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};

    fn file(bytes: u64) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"start").unwrap();
        file.set_len(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[tokio::test]
    async fn of_large_files_one_is_in_memory_at_a_time_and_small_ones_pass() {
        let large_files = LargeFileLimit::new();
        let (large, small) = (file(LargeFileLimit::LARGE + 1), file(5));
        let held = large_files.enter(&large).await.unwrap();
        assert!(held.is_some() && large_files.enter(&small).await.unwrap().is_none());
        assert!(futures::FutureExt::now_or_never(large_files.enter(&large)).is_none(), "the second waits");
        drop(held);
        assert!(large_files.enter(&large).await.unwrap().is_some());
    }

    #[test]
    fn a_file_is_read_into_a_buffer_of_its_size() {
        let bytes = whole(&mut file(70_000)).unwrap();
        assert_eq!((bytes.len(), bytes.capacity(), &bytes[..5]), (70_000, 70_000, &b"start"[..]));
    }
}
