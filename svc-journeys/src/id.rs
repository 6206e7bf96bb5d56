//! Ids of records: 24 hex digits, as clients of the Verifik API expect; the first eight encode the time.

use crate::error::Error;

/// Random bytes of an id, after four bytes of time.
const RANDOM: usize = 8;
const TEXT: usize = 24;

/// Generates an id.
///
/// # Errors
/// When the system has no randomness.
pub fn generate(now_ms: i64) -> Result<String, Error> {
    let seconds = u32::try_from(now_ms / 1000).unwrap_or_default();
    let mut random = [0; RANDOM];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::Randomness)?;
    Ok(format!("{seconds:08x}{}", hex::encode(random)))
}

/// Returns whether `text` has the form of an id; no record has any other.
pub fn is_id(text: &str) -> bool {
    text.len() == TEXT && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_24_hex_digits_and_differ() {
        let (a, b) = (generate(1_700_000_000_000).unwrap(), generate(1_700_000_000_000).unwrap());
        assert!(is_id(&a) && is_id(&b) && a != b && a.starts_with("6553f100"), "{a} {b}");
        for other in ["", "6553f100", "6553F100aaaaaaaaaaaaaaaa", "6553f100aaaaaaaaaaaaaaa'"] {
            assert!(!is_id(other), "{other}");
        }
    }
}
