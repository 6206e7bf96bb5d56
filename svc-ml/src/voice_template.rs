//! The binary format of voice templates.

use voice::{Bandwidth, Voiceprint};
use zeroize::Zeroizing;

use crate::error::Error;

/// Serialises a voice: bandwidth, seconds of speech, numbers, little endian.
pub fn voice_to_bytes(voice: &Voiceprint) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(5 + 4 * voice.embedding().len()));
    bytes.push(u8::from(voice.bandwidth() == Bandwidth::Narrow));
    bytes.extend_from_slice(&voice.speech_seconds().to_le_bytes());
    voice.embedding().iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
    bytes
}

pub fn voice_from_bytes(bytes: &[u8]) -> Result<Voiceprint, Error> {
    let (narrow, rest) = bytes.split_first().ok_or(Error::Malformed)?;
    let (seconds, rest) = rest.split_first_chunk::<4>().ok_or(Error::Malformed)?;
    let (numbers, odd) = rest.as_chunks::<4>();
    if !odd.is_empty() {
        return Err(Error::Malformed);
    }
    let bandwidth = if *narrow == 0 { Bandwidth::Wide } else { Bandwidth::Narrow };
    let numbers = numbers.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Ok(Voiceprint::new(numbers, bandwidth, f32::from_le_bytes(*seconds))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_voice_survives_its_bytes(
            numbers in prop::collection::vec(-1f32..1.0, voice::EMBEDDING_LEN), narrow in any::<bool>(), seconds in 0f32..60.0,
        ) {
            prop_assume!(numbers.iter().any(|v| v.abs() > 1e-3));
            let bandwidth = if narrow { Bandwidth::Narrow } else { Bandwidth::Wide };
            let voice = Voiceprint::new(numbers, bandwidth, seconds).unwrap();
            let read = voice_from_bytes(&voice_to_bytes(&voice)).unwrap();
            prop_assert!(read.cosine(&voice) > 0.9999);
            prop_assert_eq!((read.bandwidth(), read.speech_seconds()), (bandwidth, seconds));
        }

        #[test]
        fn no_bytes_crash_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
            let _ = voice_from_bytes(&bytes);
        }
    }
}
