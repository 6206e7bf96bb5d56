//! Uploads: a multipart form, fields in any order, files kept out of memory.

use std::{
    collections::BTreeMap, fs::File, io, os::unix::fs::FileExt, path::PathBuf, sync::Arc, time::Duration,
};

use axum::extract::{Multipart, multipart::Field, multipart::MultipartRejection};
use bytes::{Bytes, BytesMut};
use futures::{
    FutureExt, Stream, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::{
    io::AsyncWriteExt,
    sync::{OwnedSemaphorePermit, oneshot},
};
use tonic::{Response, Status};

use crate::{Gateway, error::Error};

/// Largest file: 50 MB, as the API says.
pub const MAX_FILE: usize = 50 * 1024 * 1024;
/// Largest request body: one largest file and room for the other fields.
pub const MAX_BODY: usize = MAX_FILE + 1024 * 1024;
/// The same for two largest files.
pub const MAX_BODY_OF_TWO: usize = MAX_BODY + MAX_FILE;
const MAX_TEXT: usize = 4 * 1024;
const MAX_FIELDS: usize = 32;
/// What of a file is kept in memory; more goes to disk in pieces of this size.
const IN_MEMORY: usize = 256 * 1024;
/// Size of a message that carries a piece of a file to a service.
const CHUNK: usize = 128 * 1024;

/// The fields a route reads. Others are read past.
pub struct Fields {
    pub files: &'static [&'static str],
    pub texts: &'static [&'static str],
}

/// A received form. While it lives it takes one of the places for uploads.
#[derive(Debug)]
pub struct Form {
    files: BTreeMap<&'static str, Spooled>,
    texts: BTreeMap<&'static str, String>,
    _place: OwnedSemaphorePermit,
}

impl Form {
    /// Receives a form, if there is a place for it: a full house answers 503 at once instead of letting uploads pile up.
    ///
    /// # Errors
    /// 503 full; 415 not multipart; 408 not sent in time; 400 field repeated, too large, not UTF-8, form cut short.
    pub async fn receive(
        gateway: &Gateway,
        multipart: Result<Multipart, MultipartRejection>,
        fields: &Fields,
    ) -> Result<Self, Error> {
        let place = Arc::clone(&gateway.0.uploads).try_acquire_owned().map_err(|_| Error::Busy)?;
        let multipart = multipart.map_err(|_| Error::NotMultipart)?;
        let time = Duration::from_secs(gateway.config().upload_seconds);
        let mut form = Self { files: BTreeMap::new(), texts: BTreeMap::new(), _place: place };
        let reading = form.read(multipart, fields, gateway.config().spool_dir.as_ref());
        tokio::time::timeout(time, reading).await.map_err(|_| Error::TooSlow)??;
        Ok(form)
    }

    async fn read(
        &mut self,
        mut multipart: Multipart,
        fields: &Fields,
        dir: Option<&PathBuf>,
    ) -> Result<(), Error> {
        let mut seen = 0;
        while let Some(field) = multipart.next_field().await? {
            seen += 1;
            if seen > MAX_FIELDS {
                return Err(Error::invalid("the form has more than 32 fields"));
            }
            if let Some(name) = named(&field, fields.files) {
                let file = spool(field, dir).await?;
                once(name, self.files.insert(name, file).is_some())?;
            } else if let Some(name) = named(&field, fields.texts) {
                let text = text(field, name).await?;
                once(name, self.texts.insert(name, text).is_some())?;
            } else {
                read_past(field).await?;
            }
        }
        Ok(())
    }

    /// A file that must be there and hold something.
    ///
    /// # Errors
    /// 400 when it is missing or empty.
    pub fn file(&self, name: &'static str) -> Result<&Spooled, Error> {
        let file = self
            .files
            .get(name)
            .ok_or_else(|| Error::Invalid(format!("'{name}' file is required").into()))?;
        if file.len == 0 {
            return Err(Error::Invalid(format!("'{name}' file is empty").into()));
        }
        Ok(file)
    }

    /// Whether there is such a file, even an empty one.
    pub fn has_file(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// A text field, trimmed; absent and empty mean the same.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A text field that must be there.
    ///
    /// # Errors
    /// 400 when it is missing or empty.
    pub fn required_text(&self, name: &'static str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| Error::Invalid(format!("'{name}' form value is required").into()))
    }
}

fn named(field: &Field<'_>, names: &[&'static str]) -> Option<&'static str> {
    let sent = field.name()?;
    names.iter().find(|name| sent.eq_ignore_ascii_case(name)).copied()
}

fn once(name: &str, repeated: bool) -> Result<(), Error> {
    if repeated {
        Err(Error::Invalid(format!("'{name}' is in the form more than once").into()))
    } else {
        Ok(())
    }
}

async fn text(mut field: Field<'_>, name: &'static str) -> Result<String, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        if bytes.len() + chunk.len() > MAX_TEXT {
            return Err(Error::Invalid(format!("'{name}' form value is longer than 4 KiB").into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::Invalid(format!("'{name}' form value is not valid UTF-8").into()))
}

/// The body's own limit bounds what an unknown field can be.
async fn read_past(mut field: Field<'_>) -> Result<(), Error> {
    while field.chunk().await?.is_some() {}
    Ok(())
}

async fn spool(mut field: Field<'_>, dir: Option<&PathBuf>) -> Result<Spooled, Error> {
    let mut len = 0;
    let mut buffer = BytesMut::new();
    let mut file = None;
    while let Some(chunk) = field.chunk().await? {
        len += chunk.len();
        if len > MAX_FILE {
            return Err(Error::FileTooLarge);
        }
        buffer.extend_from_slice(&chunk);
        if buffer.len() > IN_MEMORY {
            spill(&mut buffer, &mut file, dir).await.map_err(|error| Error::internal(&error))?;
        }
    }
    if file.is_some() {
        spill(&mut buffer, &mut file, dir).await.map_err(|error| Error::internal(&error))?;
    }
    let place = match file {
        None => Place::Memory(buffer.freeze()),
        Some(file) => Place::Disk(Arc::new(file.into_std().await)),
    };
    Ok(Spooled { len, place })
}

/// Moves the buffer to the file, which has no name: it is gone when it is closed, even if this process is killed.
async fn spill(
    buffer: &mut BytesMut,
    file: &mut Option<tokio::fs::File>,
    dir: Option<&PathBuf>,
) -> io::Result<()> {
    let file = match file {
        Some(file) => file,
        None => {
            let made = dir.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?;
            file.insert(tokio::fs::File::from_std(made))
        }
    };
    file.write_all(buffer).await?;
    file.flush().await?;
    buffer.clear();
    Ok(())
}

/// A received file: in memory when small, else in a file without a name. Can be read any number of times.
#[derive(Debug)]
pub struct Spooled {
    /// Bytes.
    pub len: usize,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Bytes),
    Disk(Arc<File>),
}

/// Learns when a file cannot be read to its end.
pub struct Readable(BoxFuture<'static, Error>);

impl Readable {
    fn new(failed: oneshot::Receiver<Error>) -> Self {
        let failed = async {
            match failed.await {
                Ok(error) => error,
                // A sender that is gone had nothing to report.
                Err(_) => std::future::pending().await,
            }
        };
        Self(failed.boxed())
    }

    /// One that learns of either.
    pub fn and(self, other: Self) -> Self {
        Self(futures::future::select(self.0, other.0).map(|first| first.factor_first().0).boxed())
    }

    /// Waits for the service that reads the file. Should the file fail, the call is abandoned, so that no service takes
    /// a part for the whole.
    ///
    /// # Errors
    /// What the service answers; 500 when the file cannot be read.
    pub async fn answered<R>(self, call: BoxFuture<'_, Result<Response<R>, Status>>) -> Result<R, Error> {
        tokio::select! {
            answer = call => Ok(answer?.into_inner()),
            error = self.0 => Err(error),
        }
    }
}

impl Spooled {
    /// What a service's upload call takes: `header`, then the file in pieces.
    pub fn messages<T: Send + 'static>(
        &self,
        header: T,
        piece: fn(Bytes) -> T,
    ) -> (BoxStream<'static, T>, Readable) {
        let (failed, readable) = oneshot::channel();
        let pieces = whole(self.pieces().map_err(|error| Error::internal(&error)), failed, piece);
        (stream::once(async { header }).chain(pieces).boxed(), Readable::new(readable))
    }

    fn pieces(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let (place, len) = (self.place.clone(), self.len);
        stream::iter((0..len).step_by(CHUNK)).then(move |offset| {
            let (place, end) = (place.clone(), len.min(offset + CHUNK));
            async move {
                match place {
                    Place::Memory(bytes) => Ok(bytes.slice(offset..end)),
                    Place::Disk(file) => read_at(file, offset, end - offset).await,
                }
            }
        })
    }
}

/// A file that one service sends and another shall get.
pub fn relayed<T: Send + 'static>(
    pieces: BoxStream<'static, Result<Bytes, Status>>,
    piece: fn(Bytes) -> T,
) -> (BoxStream<'static, T>, Readable) {
    let (failed, readable) = oneshot::channel();
    (whole(pieces.map_err(Error::from), failed, piece).boxed(), Readable::new(readable))
}

/// Pieces as messages. One that cannot be had is reported, and the stream then neither goes on nor ends: ending would look
/// like the end of the file.
fn whole<T>(
    pieces: impl Stream<Item = Result<Bytes, Error>>,
    failed: oneshot::Sender<Error>,
    piece: fn(Bytes) -> T,
) -> impl Stream<Item = T> {
    let mut failed = Some(failed);
    pieces.filter_map(move |bytes| {
        let message = bytes.map(piece).map_err(|error| failed.take().map(|failed| failed.send(error)));
        async move {
            match message {
                Ok(message) => Some(message),
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
