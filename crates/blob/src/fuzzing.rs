//! Entry points for `tests/fuzz`: arbitrary bytes cause no panic, and only sealed data opens.

use bytes::Bytes;
use futures::{TryStreamExt, executor::block_on, stream};

use crate::{DataKey, Error, chunks, seal::random_secret, store::is_header};

const CONTEXT: &[u8] = b"blob/fuzz/chunks/1";

async fn gather(sealed: impl futures::Stream<Item = Result<Bytes, Error>>) -> Result<Vec<u8>, Error> {
    sealed
        .try_fold(Vec::new(), async |mut all, bytes| {
            all.extend_from_slice(&bytes);
            Ok(all)
        })
        .await
}

fn pieces(bytes: &[u8]) -> impl futures::Stream<Item = Result<Bytes, Error>> + Send + use<> {
    let pieces: Vec<_> = bytes.chunks(777).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

/// Seals the bytes behind the first four, changes the result at the place those name, and opens it.
///
/// # Panics
/// When unchanged data does not open, or changed data does.
pub fn chunks(bytes: &[u8]) {
    let _ = is_header(bytes);
    let (Some((place, plain)), Ok(secret)) = (bytes.split_first_chunk::<4>(), random_secret()) else {
        return;
    };
    let key = || DataKey::from_secret(secret.clone());
    let sealed = key().and_then(|key| block_on(gather(chunks::seal(key, CONTEXT, pieces(plain)))));
    let Ok(sealed) = sealed else { return };
    let open = |bytes: &[u8]| block_on(gather(chunks::open(key()?, CONTEXT, pieces(bytes))));
    assert_eq!(open(&sealed).ok().as_deref(), Some(plain), "what was sealed does not open");
    assert!(open(bytes).is_err(), "bytes that were never sealed open");
    let mut changed = sealed;
    let at = u32::from_be_bytes(*place) as usize;
    let len = changed.len();
    match at % 3 {
        0 => changed[at / 3 % len] ^= 1 << (at % 8),
        1 => changed.truncate(at / 3 % len),
        _ => changed.push(place[3]),
    }
    assert!(open(&changed).is_err(), "what was changed opens");
}
