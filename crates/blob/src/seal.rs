//! AES-256-GCM over whole values.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use zeroize::{Zeroize, Zeroizing};

use crate::Error;

pub(crate) const KEY_LEN: usize = 32;
pub(crate) const TAG_LEN: usize = 16;

/// 32 secret bytes, wiped on drop.
pub(crate) type Secret = Zeroizing<[u8; KEY_LEN]>;

pub(crate) fn random_secret() -> Result<Secret, Error> {
    let mut bytes = Secret::default();
    rand::fill(bytes.as_mut_slice()).map_err(|_| Error::Crypto)?;
    Ok(bytes)
}

/// The key of one subject or one blob. It leaves this crate only wrapped (see [`crate::KeyRing::wrap_key`]).
pub struct DataKey {
    pub(crate) secret: Secret,
    cipher: LessSafeKey,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

impl DataKey {
    /// A new random key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, Error> {
        Self::from_secret(random_secret()?)
    }

    pub(crate) fn from_secret(secret: Secret) -> Result<Self, Error> {
        let key = UnboundKey::new(&AES_256_GCM, secret.as_slice()).map_err(|_| Error::Crypto)?;
        Ok(Self { secret, cipher: LessSafeKey::new(key) })
    }

    /// Encrypts `plaintext` and binds it to `context`: 12 bytes of nonce, then the ciphertext with its 16-byte tag.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| Error::Crypto)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut sealed[NONCE_LEN..],
            )
            .map_err(|_| Error::Crypto)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Decrypts the output of [`DataKey::seal`] made with the same `context`.
    ///
    /// # Errors
    /// [`Error::Refused`] when anything differs.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Refused)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .cipher
            .open_in_place(nonce, Aad::from(context), &mut body)
            .map_err(|_| Error::Refused)?
            .len();
        body[length..].zeroize();
        body.truncate(length);
        Ok(body)
    }

    /// Like [`DataKey::seal`], with the caller's nonce. A nonce must never repeat under one key.
    pub(crate) fn seal_chunk(
        &self,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.cipher.seal_in_place_append_tag(nonce, Aad::from(context), chunk).map_err(|_| Error::Crypto)
    }

    pub(crate) fn open_chunk(
        &self,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened =
            self.cipher.open_in_place(nonce, Aad::from(context), chunk).map_err(|_| Error::Refused)?.len();
        chunk.truncate(opened);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sealed_data_open_with_their_context_only(
            text in prop::collection::vec(any::<u8>(), 0..200), context in ".{0,20}", other in ".{0,20}",
        ) {
            let key = DataKey::generate().unwrap();
            let sealed = key.seal(context.as_bytes(), &text).unwrap();
            prop_assert_eq!(&*key.open(context.as_bytes(), &sealed).unwrap(), &text);
            prop_assert_eq!(key.open(other.as_bytes(), &sealed).is_ok(), other == context);
            prop_assert!(DataKey::generate().unwrap().open(context.as_bytes(), &sealed).is_err());
        }

        #[test]
        fn any_flipped_bit_and_any_cut_is_refused(
            text in prop::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>(), bit in 0..8u8,
        ) {
            let key = DataKey::generate().unwrap();
            let sealed = key.seal(b"context", &text).unwrap();
            let at = at.index(sealed.len());
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << bit;
            prop_assert!(matches!(key.open(b"context", &flipped), Err(Error::Refused)));
            prop_assert!(matches!(key.open(b"context", &sealed[..at]), Err(Error::Refused)));
        }
    }
}
