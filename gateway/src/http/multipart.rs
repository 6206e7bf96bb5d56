//! Uploads: a multipart form, fields in any order, large files on disk.

use std::{collections::BTreeMap, io, path::PathBuf, time::Duration};

use axum::{
    extract::{FromRequest, Multipart, Request, multipart::Field},
    http::header,
};
use bytes::BytesMut;
use rpc::{StorageLimit, is_storage_full};
use shares::FairPlace;
use tokio::io::AsyncWriteExt;

use crate::{
    core::{error::Error, media::Media},
    http::state::Gateway,
};

/// Largest file: 50 MB, as the API says.
pub const MAX_FILE_BYTES: usize = 50 * 1024 * 1024;
/// Largest request body: one largest file and room for the other fields.
pub const MAX_FILE_BODY_BYTES: usize = MAX_FILE_BYTES + 1024 * 1024;
/// The same for two largest files.
pub const MAX_TWO_FILES_BODY_BYTES: usize = MAX_FILE_BODY_BYTES + MAX_FILE_BYTES;
const MAX_TEXT_BYTES: usize = 4 * 1024;
const MAX_FIELDS: usize = 32;
/// Largest file in memory; more is written to disk in parts of this size.
const MAX_IN_MEMORY_BYTES: usize = 256 * 1024;

/// The fields a route reads; others are skipped.
pub struct Fields {
    pub files: &'static [&'static str],
    pub texts: &'static [&'static str],
}

/// A request's body as a form, once an upload permit is available.
pub struct FormBody(Result<Multipart, Error>);

impl<S: Send + Sync> FromRequest<S> for FormBody {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let content_type =
            request.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes().to_owned());
        let essence = content_type.unwrap_or_default();
        let essence = essence.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if !essence.eq_ignore_ascii_case(b"multipart/form-data") {
            return Ok(Self(Err(Error::NotMultipart)));
        }
        Ok(Self(Multipart::from_request(request, state).await.map_err(|_| Error::NoBoundary)))
    }
}

/// A received form. It holds an upload permit.
#[derive(Debug)]
pub struct Form {
    files: BTreeMap<&'static str, Media>,
    texts: BTreeMap<&'static str, String>,
    _place: FairPlace,
}

impl Form {
    /// Receives a form, if an upload permit of the project's share is free: otherwise the call is rejected
    /// immediately instead of queued.
    ///
    /// # Errors
    /// 503 full; 415 not multipart; 408 not sent in time; 400 field repeated, too large, not UTF-8, form cut short.
    pub async fn receive(
        gateway: &Gateway,
        project_id: &str,
        body: FormBody,
        fields: &Fields,
    ) -> Result<Self, Error> {
        let place = gateway.upload_places().admit(project_id).ok_or(Error::Busy)?;
        let multipart = body.0?;
        let timeout = Duration::from_secs(gateway.config().upload_seconds);
        let mut form = Self { files: BTreeMap::new(), texts: BTreeMap::new(), _place: place };
        let reading = form.read(multipart, fields, gateway.config().spool_dir.as_ref());
        tokio::time::timeout(timeout, reading).await.map_err(|_| Error::RequestTimeout)??;
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
            if let Some(name) = matching(&field, fields.files) {
                let file = receive_file(field, dir).await?;
                reject_repeated(name, self.files.insert(name, file).is_some())?;
            } else if let Some(name) = matching(&field, fields.texts) {
                let text = text(field, name).await?;
                reject_repeated(name, self.texts.insert(name, text).is_some())?;
            } else {
                skip(field).await?;
            }
        }
        Ok(())
    }

    /// Returns a required, non-empty file.
    ///
    /// # Errors
    /// 400 when it is missing or empty.
    pub fn file(&self, name: &'static str) -> Result<&Media, Error> {
        let file = self
            .files
            .get(name)
            .ok_or_else(|| Error::Invalid(format!("'{name}' file is required").into()))?;
        if file.is_empty() {
            return Err(Error::Invalid(format!("'{name}' file is empty").into()));
        }
        Ok(file)
    }

    /// Returns a file, even an empty one.
    pub fn file_named(&self, name: &str) -> Option<&Media> {
        self.files.get(name)
    }

    /// Whether there is such a file, even an empty one.
    pub fn has_file(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Returns a boolean; absent is false.
    ///
    /// # Errors
    /// 400 for any other text.
    pub fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.text(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Error::Invalid(format!("'{name}' form value must be true or false").into())),
        }
    }

    /// Returns a text field, trimmed; absent and empty are equivalent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A required text field.
    ///
    /// # Errors
    /// 400 when it is missing or empty.
    pub fn required_text(&self, name: &'static str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| Error::Invalid(format!("'{name}' form value is required").into()))
    }
}

fn matching(field: &Field<'_>, names: &[&'static str]) -> Option<&'static str> {
    let sent = field.name()?;
    names.iter().find(|name| sent.eq_ignore_ascii_case(name)).copied()
}

fn reject_repeated(name: &str, repeated: bool) -> Result<(), Error> {
    if repeated {
        Err(Error::Invalid(format!("'{name}' is in the form more than once").into()))
    } else {
        Ok(())
    }
}

async fn text(mut field: Field<'_>, name: &'static str) -> Result<String, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        if bytes.len() + chunk.len() > MAX_TEXT_BYTES {
            return Err(Error::Invalid(format!("'{name}' form value is longer than 4 KiB").into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::Invalid(format!("'{name}' form value is not valid UTF-8").into()))
}

/// The body's own limit bounds unknown fields.
async fn skip(mut field: Field<'_>) -> Result<(), Error> {
    while field.chunk().await?.is_some() {}
    Ok(())
}

async fn receive_file(mut field: Field<'_>, dir: Option<&PathBuf>) -> Result<Media, Error> {
    let mut len = 0;
    let mut buffer = BytesMut::new();
    let mut file = None;
    while let Some(chunk) = field.chunk().await? {
        len += chunk.len();
        if len > MAX_FILE_BYTES {
            return Err(Error::FileTooLarge);
        }
        buffer.extend_from_slice(&chunk);
        if buffer.len() > MAX_IN_MEMORY_BYTES {
            spill(&mut buffer, &mut file, dir).await.map_err(|error| not_spooled(&error))?;
        }
    }
    if file.is_some() {
        spill(&mut buffer, &mut file, dir).await.map_err(|error| not_spooled(&error))?;
    }
    Ok(match file {
        None => Media::in_memory(buffer.freeze()),
        Some(file) => Media::on_disk(file.into_std().await, len),
    })
}

/// Converts an error of writing a received file.
fn not_spooled(error: &io::Error) -> Error {
    if !is_storage_full(error) {
        return Error::internal(error);
    }
    tracing::error!(cause = %error, "no room for the files of requests");
    Error::StorageFull(StorageLimit::Full)
}

/// Appends the buffer to the unnamed file, which is deleted when it is closed, even if this process is killed.
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
