//! A received file, and how it is streamed to services.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use futures::{
    FutureExt, Stream, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::sync::oneshot;
use tonic::{Response, Status};

use crate::core::error::Error;

/// Size of a message that carries a part of a file to a service.
const CHUNK_BYTES: usize = 128 * 1024;

/// A received file: in memory when small, otherwise in a nameless file. Can be read repeatedly.
#[derive(Debug)]
pub struct Media {
    len_bytes: usize,
    storage: Storage,
}

#[derive(Clone, Debug)]
enum Storage {
    Memory(Bytes),
    Disk(Arc<File>),
}

/// Resolves when reading a file fails.
pub struct ReadFailure(BoxFuture<'static, Error>);

impl ReadFailure {
    fn new(failed: oneshot::Receiver<Error>) -> Self {
        let failed = async {
            match failed.await {
                Ok(error) => error,
                // A dropped sender had nothing to report.
                Err(_) => std::future::pending().await,
            }
        };
        Self(failed.boxed())
    }

    /// Resolves with the first of both.
    pub fn and(self, other: Self) -> Self {
        Self(futures::future::select(self.0, other.0).map(|first| first.factor_first().0).boxed())
    }

    /// Waits for the service that reads the file. Cancels the call when the file cannot be read, so that no service
    /// takes a part for the whole.
    ///
    /// # Errors
    /// The service's error; 500 when the file cannot be read.
    pub async fn guard<R>(self, call: BoxFuture<'_, Result<Response<R>, Status>>) -> Result<R, Error> {
        tokio::select! {
            answer = call => Ok(answer?.into_inner()),
            error = self.0 => Err(error),
        }
    }
}

/// Decides whether an idempotent call is retried: when the connection broke before the service responded. The retry
/// reaches another replica.
#[derive(Default)]
pub struct LostRetry {
    used: bool,
}

impl LostRetry {
    pub fn is_due<T>(&mut self, outcome: &Result<T, Error>) -> bool {
        matches!(outcome, Err(Error::ConnectionLost)) && !std::mem::replace(&mut self.used, true)
    }
}

impl Media {
    pub fn in_memory(bytes: Bytes) -> Self {
        Self { len_bytes: bytes.len(), storage: Storage::Memory(bytes) }
    }

    pub fn on_disk(file: File, len_bytes: usize) -> Self {
        Self { len_bytes, storage: Storage::Disk(Arc::new(file)) }
    }

    pub const fn is_empty(&self) -> bool {
        self.len_bytes == 0
    }

    pub const fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Returns the whole file in memory, for small ones.
    ///
    /// # Errors
    /// 500 when it cannot be read.
    pub async fn read_bytes(&self) -> Result<Bytes, Error> {
        let chunks: Vec<Bytes> =
            self.chunks().try_collect().await.map_err(|error| Error::internal(&error))?;
        Ok(chunks.concat().into())
    }

    /// The messages of an upload call to a service: `header`, then the file in chunks.
    pub fn messages<T: Send + 'static>(
        &self,
        header: T,
        message: fn(Bytes) -> T,
    ) -> (BoxStream<'static, T>, ReadFailure) {
        self.messages_after(vec![header], message)
    }

    /// The same with several messages before the file.
    pub fn messages_after<T: Send + 'static>(
        &self,
        first: Vec<T>,
        message: fn(Bytes) -> T,
    ) -> (BoxStream<'static, T>, ReadFailure) {
        let (failed, failure) = oneshot::channel();
        let chunks = as_messages(self.chunks().map_err(|error| Error::internal(&error)), failed, message);
        (stream::iter(first).chain(chunks).boxed(), ReadFailure::new(failure))
    }

    fn chunks(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let (storage, len) = (self.storage.clone(), self.len_bytes);
        stream::iter((0..len).step_by(CHUNK_BYTES)).then(move |offset| {
            let (storage, end) = (storage.clone(), len.min(offset + CHUNK_BYTES));
            async move {
                match storage {
                    Storage::Memory(bytes) => Ok(bytes.slice(offset..end)),
                    Storage::Disk(file) => read_at(file, offset, end - offset).await,
                }
            }
        })
    }
}

/// Passes a file that one service streams on to another.
pub fn relayed<T: Send + 'static>(
    chunks: BoxStream<'static, Result<Bytes, Status>>,
    message: fn(Bytes) -> T,
) -> (BoxStream<'static, T>, ReadFailure) {
    let (failed, failure) = oneshot::channel();
    (as_messages(chunks.map_err(Error::from), failed, message).boxed(), ReadFailure::new(failure))
}

/// Converts chunks to messages. After a failure, which is reported, the stream neither continues nor ends: an end
/// would look like the end of the file.
fn as_messages<T>(
    chunks: impl Stream<Item = Result<Bytes, Error>>,
    failed: oneshot::Sender<Error>,
    message: fn(Bytes) -> T,
) -> impl Stream<Item = T> {
    let mut failed = Some(failed);
    chunks.filter_map(move |bytes| {
        let sent = bytes.map(message).map_err(|error| failed.take().map(|failed| failed.send(error)));
        async move {
            match sent {
                Ok(sent) => Some(sent),
                Err(_) => std::future::pending().await,
            }
        }
    })
}

async fn read_at(file: Arc<File>, offset: usize, len: usize) -> io::Result<Bytes> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, offset as u64).map(|()| Bytes::from(bytes))
    });
    read.await.map_err(io::Error::other)?
}
