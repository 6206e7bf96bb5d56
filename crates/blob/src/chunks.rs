//! A stream of bytes as authenticated chunks.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): under a key of its own, chunk `i` is sealed
//! with the nonce `i || is last`, so a truncated, repeated or moved chunk does not open.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream};

use crate::{DataKey, Error, seal::TAG_LEN};

/// Plain bytes in every chunk except the last.
pub(crate) const CHUNK: usize = 64 * 1024;

fn nonce(counter: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&counter.to_be_bytes());
    nonce[11] = last.into();
    nonce
}

/// Seals or opens pieces in order.
struct Chunks {
    key: DataKey,
    context: Vec<u8>,
    counter: u64,
}

impl Chunks {
    fn new(key: DataKey, context: &[u8]) -> Self {
        Self { key, context: context.to_vec(), counter: 0 }
    }

    fn seal(&mut self, plain: &[u8], last: bool) -> Result<Bytes, Error> {
        let mut chunk = Vec::with_capacity(plain.len() + TAG_LEN);
        chunk.extend_from_slice(plain);
        self.key.seal_chunk(nonce(self.counter, last), &self.context, &mut chunk)?;
        self.counter += 1;
        Ok(chunk.into())
    }

    fn open(&mut self, sealed: &[u8], last: bool) -> Result<Bytes, Error> {
        let mut chunk = sealed.to_vec();
        self.key.open_chunk(nonce(self.counter, last), &self.context, &mut chunk)?;
        self.counter += 1;
        Ok(chunk.into())
    }
}

/// Encrypts a stream. The result is never empty: an empty stream becomes one empty last chunk.
pub(crate) fn seal<S: Stream<Item = Result<Bytes, Error>> + Send>(
    key: DataKey,
    context: &[u8],
    plain: S,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<S> {
    let mut chunks = Chunks::new(key, context);
    pieces(plain, CHUNK).map(move |piece| piece.and_then(|(bytes, last)| chunks.seal(&bytes, last)))
}

/// Decrypts the output of [`seal`]; fails at the first chunk that was changed.
pub(crate) fn open<S: Stream<Item = Result<Bytes, Error>> + Send>(
    key: DataKey,
    context: &[u8],
    sealed: S,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<S> {
    let mut chunks = Chunks::new(key, context);
    pieces(sealed, CHUNK + TAG_LEN)
        .map(move |piece| piece.and_then(|(bytes, last)| chunks.open(&bytes, last)))
}

/// Splits a stream into pieces of `size` bytes; the last has 0 to `size` and is marked as the last.
fn pieces(
    source: impl Stream<Item = Result<Bytes, Error>> + Send,
    size: usize,
) -> impl Stream<Item = Result<(Bytes, bool), Error>> + Send {
    let state = (Box::pin(source), BytesMut::new(), false);
    stream::try_unfold(state, move |(mut source, mut held, ended)| async move {
        if ended {
            return Ok(None);
        }
        // One byte more than a piece shows that the piece is not the last.
        while held.len() <= size {
            match source.try_next().await? {
                Some(bytes) => held.extend_from_slice(&bytes),
                None => return Ok(Some(((held.freeze(), true), (source, BytesMut::new(), true)))),
            }
        }
        let piece = held.split_to(size).freeze();
        Ok(Some(((piece, false), (source, held, false))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::random_secret;
    use futures::executor::block_on;
    use proptest::prelude::*;

    fn parts(bytes: &[u8], step: usize) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
        let parts: Vec<_> = bytes.chunks(step).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        stream::iter(parts)
    }

    async fn gather(stream: impl Stream<Item = Result<Bytes, Error>>) -> Result<Vec<u8>, Error> {
        stream
            .try_fold(Vec::new(), |mut all, bytes| async move {
                all.extend_from_slice(&bytes);
                Ok(all)
            })
            .await
    }

    struct Sealed {
        secret: crate::seal::Secret,
        bytes: Vec<u8>,
    }

    fn sealed(plain: &[u8]) -> Sealed {
        let secret = random_secret().unwrap();
        let key = DataKey::from_secret(secret.clone()).unwrap();
        let bytes = block_on(gather(seal(key, b"context", parts(plain, 1000)))).unwrap();
        Sealed { secret, bytes }
    }

    impl Sealed {
        fn open(&self, bytes: &[u8], context: &[u8]) -> Result<Vec<u8>, Error> {
            let key = DataKey::from_secret(self.secret.clone()).unwrap();
            block_on(gather(open(key, context, parts(bytes, 777))))
        }
    }

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 % 251) as u8).collect()
    }

    /// Lengths around the boundary of a chunk, where truncation could go unnoticed.
    fn lengths() -> impl Strategy<Value = usize> {
        prop_oneof![0..3usize, CHUNK - 2..CHUNK + 3, 2 * CHUNK - 1..2 * CHUNK + 2, 0..3 * CHUNK]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn sealed_data_open(length in lengths()) {
            let s = sealed(&plain(length));
            prop_assert_eq!(s.open(&s.bytes, b"context").unwrap(), plain(length));
            prop_assert!(s.open(&s.bytes, b"another").is_err());
        }

        #[test]
        fn any_cut_is_refused(length in lengths(), at in any::<prop::sample::Index>()) {
            let s = sealed(&plain(length));
            prop_assert!(s.open(&s.bytes[..at.index(s.bytes.len())], b"context").is_err());
        }

        #[test]
        fn any_flipped_bit_is_refused(length in lengths(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut s = sealed(&plain(length));
            let at = at.index(s.bytes.len());
            s.bytes[at] ^= 1 << bit;
            prop_assert!(s.open(&s.bytes, b"context").is_err());
        }
    }

    #[test]
    fn chunks_that_changed_places_are_refused() {
        let s = sealed(&plain(3 * CHUNK));
        let chunks: Vec<_> = s.bytes.chunks(CHUNK + TAG_LEN).collect();
        for (order, why) in [([1, 0, 2], "swapped"), ([0, 0, 2], "repeated"), ([0, 2, 1], "last one early")] {
            let moved: Vec<u8> = order.iter().flat_map(|i| chunks[*i].to_vec()).collect();
            assert!(s.open(&moved, b"context").is_err(), "{why}");
        }
    }

    #[test]
    fn a_cut_at_the_edge_of_a_chunk_is_refused() {
        let s = sealed(&plain(2 * CHUNK + 5));
        for whole in 0..=2 {
            assert!(s.open(&s.bytes[..whole * (CHUNK + TAG_LEN)], b"context").is_err(), "{whole} chunks");
        }
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let s = sealed(&plain(10));
        assert!(s.open(&[s.bytes.as_slice(), &[0]].concat(), b"context").is_err());
    }
}
