//! Stored media of a transaction: encrypted blobs that expire, and links that open one for a limited time.

use std::{future::ready, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use blob::{BlobId, KeyRing, Purpose, Store, Tenant};
use bytes::Bytes;
use futures::{Stream, TryStreamExt, future, stream::BoxStream};
use subtle::ConstantTimeEq;

use crate::{config::Config, error::Error, record::TransactionId};

const LINK: Purpose = Purpose("link to a sample");
/// Lifetime of a link.
pub const LINK_LIFE: Duration = Duration::from_secs(15 * 60);
/// Content types shown to browsers. Anything else is sent as bytes, never as a page or a script.
const SHOWN: [&str; 17] = [
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "video/x-matroska",
    "video/x-msvideo",
    "video/x-m4v",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/heif",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/x-wav",
    "audio/x-flac",
    "audio/m4a",
    "audio/aac",
];

/// A stored medium. Its bytes are stored once it has a content type.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Sample {
    /// A UUID.
    pub id: String,
    pub project_id: String,
    pub transaction_id: String,
    pub subject_hash: Vec<u8>,
    /// Its role in the call, such as `video`.
    pub name: String,
    pub content_type: Option<String>,
    pub bytes: Option<i64>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// Detects the content type from the first bytes of a file.
pub fn content_type(start: &[u8]) -> &'static str {
    let detected = infer::get(start).map(|kind| kind.mime_type());
    detected.filter(|kind| SHOWN.contains(kind)).unwrap_or("application/octet-stream")
}

/// The blobs of samples and the key of their links.
#[derive(Clone)]
pub struct Samples {
    blobs: Store,
    ring: KeyRing,
    max_bytes: u64,
    /// Default retention, in milliseconds.
    pub keep_ms: i64,
}

impl Samples {
    /// Opens the storage of samples.
    ///
    /// # Errors
    /// When the storage or the master key cannot be used.
    pub fn open(config: &Config, ring: KeyRing) -> Result<Self, blob::Error> {
        Ok(Self {
            blobs: Store::open_with(&config.blobs(), ring.clone())?,
            ring,
            max_bytes: config.samples.max_bytes,
            keep_ms: i64::from(config.samples.keep_days) * 24 * 3600 * 1000,
        })
    }

    /// Checks whether samples of the project can be stored now.
    ///
    /// # Errors
    /// [`Error::Sealed`] with the exceeded limit.
    pub async fn check_room(&self, project: &str) -> Result<(), Error> {
        Ok(self.blobs.check_room(&Tenant::parse(project)?).await?)
    }

    /// Stores `bytes` as `sample` and returns their number.
    ///
    /// # Errors
    /// The error of `bytes`, [`Error::Invalid`] when there are too many.
    pub async fn store_sample(
        &self,
        sample: &Sample,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<u64, Error> {
        let (tenant, id) = names(sample)?;
        let (max, mut size) = (self.max_bytes, 0);
        let bounded = bytes.and_then(move |chunk| {
            size += chunk.len() as u64;
            let fits = size <= max;
            ready(if fits {
                Ok(chunk)
            } else {
                Err(Error::Invalid(format!("a sample is larger than {max} bytes")))
            })
        });
        self.blobs.put_stream(&tenant, &id, sample.expires_at, bounded).await.map_err(own)
    }

    /// Returns the bytes of `sample`.
    ///
    /// # Errors
    /// [`Error::NoSample`] when they are deleted.
    pub async fn load_sample(
        &self,
        sample: &Sample,
        now_ms: i64,
    ) -> Result<BoxStream<'static, Result<Bytes, blob::Error>>, Error> {
        let (tenant, id) = names(sample)?;
        self.blobs.get_stream(&tenant, &id, now_ms).await?.ok_or(Error::NoSample)
    }

    /// Destroys the bytes of `sample`, if stored.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn delete(&self, sample: &Sample) -> Result<(), Error> {
        let (tenant, id) = names(sample)?;
        Ok(self.blobs.delete(&tenant, &id).await?)
    }

    /// Signs a link to `id` of `project` until `expires_ms`.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn sign(&self, project: &str, id: &str, expires_ms: i64) -> Result<String, Error> {
        let signatures = self.ring.fingerprints(LINK, &signed(project, id, expires_ms))?;
        let newest = signatures.first().ok_or(blob::Error::Crypto)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(newest))
    }

    /// Whether [`Samples::sign`] made this, here or in another process with the same master keys. Takes constant
    /// time.
    ///
    /// # Errors
    /// As [`Samples::sign`].
    pub fn verify(&self, project: &str, id: &str, expires_ms: i64, signature: &str) -> Result<bool, Error> {
        let given = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let known = self.ring.fingerprints(LINK, &signed(project, id, expires_ms))?;
        Ok(known.iter().any(|known| bool::from(known.as_slice().ct_eq(&given))))
    }
}

/// No id and no project contains a NUL, so two links never sign the same bytes.
fn signed(project: &str, id: &str, expires_ms: i64) -> Vec<u8> {
    format!("{project}\0{id}\0{expires_ms}").into_bytes()
}

fn names(sample: &Sample) -> Result<(Tenant, BlobId), Error> {
    Ok((Tenant::parse(&sample.project_id)?, BlobId::parse(&sample.id)?))
}

/// Errors of the upload itself are returned unchanged.
fn own(error: blob::Error) -> Error {
    match error {
        blob::Error::Input(cause) => match cause.downcast::<Error>() {
            Ok(own) => *own,
            Err(cause) => blob::Error::Input(cause).into(),
        },
        other => other.into(),
    }
}

/// Returns the bytes of an upload, including the first ones, which give its type.
///
/// # Errors
/// [`Error::Invalid`] when there are none; the error of `chunks`.
pub async fn nonempty<S>(
    chunks: S,
) -> Result<(&'static str, impl Stream<Item = Result<Bytes, Error>> + Send + use<S>), Error>
where
    S: Stream<Item = Result<Bytes, Error>> + Send + 'static,
{
    let mut chunks = Box::pin(chunks.try_filter(|chunk| ready(!chunk.is_empty())));
    let first = chunks.try_next().await?.ok_or_else(|| Error::Invalid("the sample is empty".into()))?;
    let rest = futures::StreamExt::chain(futures::stream::once(future::ready(Ok(first.clone()))), chunks);
    Ok((content_type(&first), rest))
}

/// Validates the name and the owner of a sample.
pub fn parse_owner(project: &str, transaction_id: &str) -> Result<TransactionId, Error> {
    // The project becomes a part of a path.
    Tenant::parse(project).map_err(|_| Error::Invalid("project_id is not an id".into()))?;
    TransactionId::parse(transaction_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_say_what_a_sample_is_and_a_page_is_never_shown() {
        assert_eq!(content_type(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"), "video/mp4");
        assert_eq!(content_type(b"\xff\xd8\xff\xe0\x00\x10JFIF"), "image/jpeg");
        assert_eq!(content_type(b"RIFF\x00\x00\x00\x00WAVEfmt "), "audio/x-wav");
        for bytes in [&b"<!doctype html><script>"[..], b"<svg xmlns=", b"%PDF-1.7", b"MZ", b""] {
            assert_eq!(content_type(bytes), "application/octet-stream");
        }
    }
}
