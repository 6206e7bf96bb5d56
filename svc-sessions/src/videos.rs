//! The last video of each session, as a blob that expires with it.
//!
//! The result of the video's liveness check is stored in front of its bytes, in the same blob: concurrent uploads
//! never mix bytes and results.

use blob::{BlobId, Store, Tenant};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, future, stream, stream::BoxStream};
use prost::Message;
use proto::sessions::VideoLiveness;

use crate::{error::Error, session::Session};

/// First bytes of a blob with a result; older blobs are the bytes of the video alone.
const MAGIC: &[u8] = b"\x00last-video\x01";
/// The magic bytes and the length of the encoded result, u32 big endian.
const HEAD_BYTES: usize = MAGIC.len() + 4;
/// No result is longer; a longer one is damage.
const MAX_OUTCOME_BYTES: usize = 1024;

/// A video and the result of its liveness check; `None` when it was not checked or the video is of an older version.
pub struct LastVideo {
    pub liveness: Option<VideoLiveness>,
    pub bytes: BoxStream<'static, Result<Bytes, blob::Error>>,
}

#[derive(Clone)]
pub struct Videos {
    blobs: Store,
    max_bytes: u64,
}

impl Videos {
    pub fn new(blobs: Store, max_bytes: u64) -> Self {
        Self { blobs, max_bytes }
    }

    /// Stores `bytes` and `liveness` as the video of `session` in place of an earlier one, and returns the size of
    /// `bytes`. When `bytes` fails, is empty or too large, the earlier one stays.
    ///
    /// # Errors
    /// The error of `bytes`, [`Error::TooLarge`], [`Error::Invalid`] when there are none, [`Error::Blob`].
    pub async fn store_video(
        &self,
        session: &Session,
        liveness: Option<&VideoLiveness>,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<u64, Error> {
        let (tenant, id) = names(session)?;
        let (max, mut size) = (self.max_bytes, 0);
        let bounded = bytes.and_then(move |chunk| {
            size += chunk.len() as u64;
            future::ready(if size > max { Err(Error::TooLarge(max)) } else { Ok(chunk) })
        });
        let head = head(liveness);
        let head_bytes = head.len() as u64;
        let with_head = stream::iter([Ok(head)]).chain(bounded);
        let stored = self.blobs.put_stream(&tenant, &id, session.expires_at_ms, with_head).await?;
        Ok(stored.saturating_sub(head_bytes))
    }

    /// Checks whether videos of the project can be stored now.
    ///
    /// # Errors
    /// [`Error::Blob`] with the exceeded limit.
    pub async fn check_room(&self, project: &str) -> Result<(), Error> {
        Ok(self.blobs.check_room(&Tenant::parse(project)?).await?)
    }

    /// Returns the video of `session`.
    ///
    /// # Errors
    /// [`Error::NoVideo`], [`Error::Blob`].
    pub async fn load_video(&self, session: &Session, now_ms: i64) -> Result<LastVideo, Error> {
        let (tenant, id) = names(session)?;
        let stored = self.blobs.get_stream(&tenant, &id, now_ms).await?.ok_or(Error::NoVideo)?;
        without_head(stored).await
    }

    /// Removes the video of `session`, if there is one.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn delete(&self, session: &Session) -> Result<(), Error> {
        let (tenant, id) = names(session)?;
        Ok(self.blobs.delete(&tenant, &id).await?)
    }

    /// Removes every video whose session expired at or before `now_ms`, and returns how many.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn delete_expired(&self, now_ms: i64) -> Result<u64, Error> {
        Ok(self.blobs.delete_expired(now_ms).await?)
    }
}

fn head(liveness: Option<&VideoLiveness>) -> Bytes {
    let outcome = liveness.map(Message::encode_to_vec).unwrap_or_default();
    let length = u32::try_from(outcome.len()).unwrap_or(u32::MAX).to_be_bytes();
    [MAGIC, &length, &outcome].concat().into()
}

/// Splits the output of [`head`] off the front of a stored video.
async fn without_head(
    mut stored: BoxStream<'static, Result<Bytes, blob::Error>>,
) -> Result<LastVideo, Error> {
    let mut front = BytesMut::new();
    fill(&mut front, HEAD_BYTES, &mut stored).await?;
    let mut liveness = None;
    if front.starts_with(MAGIC) && front.len() >= HEAD_BYTES {
        let head = front.split_to(HEAD_BYTES);
        let length: [u8; 4] = head[MAGIC.len()..].try_into().map_err(|_| Error::DamagedVideo)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_OUTCOME_BYTES {
            return Err(Error::DamagedVideo);
        }
        fill(&mut front, length, &mut stored).await?;
        if front.len() < length {
            return Err(Error::DamagedVideo);
        }
        let outcome = front.split_to(length);
        let decoded = VideoLiveness::decode(outcome.as_ref()).map_err(|_| Error::DamagedVideo)?;
        liveness = Some(decoded).filter(|decoded| decoded.outcome.is_some());
    }
    let rest = (!front.is_empty()).then(|| Ok(front.freeze()));
    Ok(LastVideo { liveness, bytes: stream::iter(rest).chain(stored).boxed() })
}

/// Reads from `stored` until `front` has `least` bytes or the end is reached.
async fn fill(
    front: &mut BytesMut,
    least: usize,
    stored: &mut BoxStream<'static, Result<Bytes, blob::Error>>,
) -> Result<(), Error> {
    while front.len() < least {
        match stored.try_next().await? {
            Some(chunk) => front.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(())
}

fn names(session: &Session) -> Result<(Tenant, BlobId), Error> {
    Ok((Tenant::parse(&session.project_id)?, BlobId::parse(session.id.as_str())?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proto::sessions::video_liveness::Outcome;

    use super::*;

    fn read(chunks: Vec<Vec<u8>>) -> Result<(Option<VideoLiveness>, Vec<u8>), Error> {
        let chunks = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk)))).boxed();
        futures::executor::block_on(async {
            let LastVideo { liveness, bytes } = without_head(chunks).await?;
            let bytes: Vec<Bytes> = bytes.try_collect().await?;
            Ok((liveness, bytes.concat()))
        })
    }

    proptest! {
        #[test]
        fn an_outcome_comes_back_with_its_video_however_it_is_cut(
            video in prop::collection::vec(any::<u8>(), 1..200), score in prop::option::of(0f64..1.0), size in 1usize..40,
        ) {
            let liveness = score.map(|score| VideoLiveness { outcome: Some(Outcome::Score(score)) });
            let stored = [head(liveness.as_ref()).to_vec(), video.clone()].concat();
            let chunks = stored.chunks(size).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(read(chunks).unwrap(), (liveness, video));
        }

        #[test]
        fn no_bytes_crash_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..80), is_headed in any::<bool>()) {
            let front = if is_headed { MAGIC } else { &[] };
            let _ = read(vec![[front, &bytes].concat()]);
        }
    }

    #[test]
    fn a_video_of_an_older_version_has_no_outcome() {
        let old = b"\0\0\0\x20ftypisom and the rest of it".to_vec();
        assert_eq!(read(vec![old.clone()]).unwrap(), (None, old));
        assert_eq!(read(vec![b"tiny".to_vec()]).unwrap(), (None, b"tiny".to_vec()));
    }
}
