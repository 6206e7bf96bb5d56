//! The last video of each session, as a blob that expires with it.

use blob::{BlobId, Store, Tenant};
use bytes::Bytes;
use futures::{Stream, TryStreamExt, future, stream::BoxStream};

use crate::{error::Error, session::Session};

#[derive(Clone)]
pub struct Videos {
    blobs: Store,
    max_bytes: u64,
}

impl Videos {
    pub fn new(blobs: Store, max_bytes: u64) -> Self {
        Self { blobs, max_bytes }
    }

    /// Keeps `bytes` as the video of `session` in place of an earlier one, and answers its size. When `bytes` fails, is
    /// empty or too large, the earlier one stays.
    ///
    /// # Errors
    /// The error of `bytes`, [`Error::TooLarge`], [`Error::Invalid`] when there are none, [`Error::Blob`].
    pub async fn put(
        &self,
        session: &Session,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<u64, Error> {
        let (tenant, id) = names(session)?;
        let (max, mut size) = (self.max_bytes, 0);
        let bounded = bytes.and_then(move |chunk| {
            size += chunk.len() as u64;
            future::ready(if size > max { Err(Error::TooLarge(max)) } else { Ok(chunk) })
        });
        Ok(self.blobs.put_stream(&tenant, &id, session.expires_at_ms, bounded).await?)
    }

    /// The video of `session`.
    ///
    /// # Errors
    /// [`Error::NoVideo`], [`Error::Blob`].
    pub async fn get(
        &self,
        session: &Session,
        now_ms: i64,
    ) -> Result<BoxStream<'static, Result<Bytes, blob::Error>>, Error> {
        let (tenant, id) = names(session)?;
        self.blobs.get_stream(&tenant, &id, now_ms).await?.ok_or(Error::NoVideo)
    }

    /// Removes the video of `session`, if there is one.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn delete(&self, session: &Session) -> Result<(), Error> {
        let (tenant, id) = names(session)?;
        Ok(self.blobs.delete(&tenant, &id).await?)
    }

    /// Removes every video whose session expired at or before `now_ms`, and answers how many.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn delete_expired(&self, now_ms: i64) -> Result<u64, Error> {
        Ok(self.blobs.delete_expired(now_ms).await?)
    }
}

fn names(session: &Session) -> Result<(Tenant, BlobId), Error> {
    Ok((Tenant::parse(&session.project_id)?, BlobId::parse(session.id.as_str())?))
}
