//! Request bodies that can be retried. A unary message is small and complete; a media stream is not buffered.

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::{Status, body::Body};

/// Longest body that is buffered for a retry. Media never are: their first chunk alone is longer.
const MAX_REPLAY_BYTES: usize = 64 * 1024;

/// A request's body, buffered if it can be retried.
pub(crate) enum Replay {
    Whole(Bytes),
    Streamed(Body),
}

/// Reads what is ready of `body`. A body that ends there within the limit is buffered, any other one continues as a
/// stream.
pub(crate) async fn buffer_small(mut body: Body) -> Result<Replay, Status> {
    let mut kept = BytesMut::new();
    while kept.len() <= MAX_REPLAY_BYTES {
        match body.frame().now_or_never() {
            Some(None) => return Ok(Replay::Whole(kept.freeze())),
            Some(Some(frame)) => match frame?.into_data() {
                Ok(data) => kept.extend_from_slice(&data),
                Err(_trailers) => return Ok(Replay::Whole(kept.freeze())),
            },
            None => break,
        }
    }
    Ok(Replay::Streamed(resume(kept.freeze(), body)))
}

/// Prepends the bytes already read to `body`.
fn resume(read: Bytes, body: Body) -> Body {
    let first = futures::stream::iter((!read.is_empty()).then(|| Ok::<_, Status>(Frame::data(read))));
    let rest = futures::stream::unfold(body, |mut body| async move {
        let frame = body.frame().await?;
        Some((frame, body))
    });
    Body::new(StreamBody::new(futures::StreamExt::chain(first, rest)))
}
