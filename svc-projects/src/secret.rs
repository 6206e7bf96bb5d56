//! Random secrets: tokens of sessions and invitations, and recovery codes.

use aws_lc_rs::{digest, rand};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::error::Error;

/// Returns 32 random bytes as text, 43 characters.
///
/// # Errors
/// When the system has no randomness.
pub fn token() -> Result<String, Error> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the stored form of a token. A plain hash is enough, as the token cannot be guessed.
pub fn hash(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// Characters of a recovery code, without similar ones.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const CODE_LETTERS: usize = 16;

/// Returns a recovery code of 80 random bits in groups of four, for people to write down.
///
/// # Errors
/// When the system has no randomness.
pub fn recovery_code() -> Result<String, Error> {
    let mut bytes = [0; CODE_LETTERS];
    rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// Normalises a typed recovery code for comparison.
pub fn plain_code(typed: &str) -> String {
    typed.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_the_same_however_it_is_typed() {
        let code = recovery_code().unwrap();
        assert_eq!(code.len(), 19);
        assert_eq!(plain_code(&code).len(), 16);
        assert_eq!(plain_code(&format!(" {} ", code.to_uppercase().replace('-', " "))), plain_code(&code));
        assert_ne!(code, recovery_code().unwrap());
    }

    #[test]
    fn a_token_is_256_random_bits() {
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(token().unwrap()).unwrap().len(), 32);
        assert_ne!(token().unwrap(), token().unwrap());
    }
}
