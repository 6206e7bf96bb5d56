//! Signatures by keys derived from a master key; verified with the public half.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::{KeyId, KeyRing, Purpose, Secret};
use crate::Error;

/// The Ed25519 key of one purpose of one master key.
pub struct SigningKey {
    /// The id of its master key.
    pub key_id: KeyId,
    pub public_key: [u8; 32],
    /// As in [`super::Mac`].
    pub is_trusted: bool,
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", hex::encode(self.public_key))
    }
}

impl SigningKey {
    fn new(key_id: KeyId, seed: &Secret, is_trusted: bool) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| Error::Crypto)?;
        let public_key = pair.public_key().as_ref().try_into().map_err(|_| Error::Crypto)?;
        Ok(Self { key_id, public_key, is_trusted, pair })
    }

    /// Returns the deterministic signature of `message`.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.pair.try_sign(message).map_err(|_| Error::Crypto)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Whether this key signed `message`.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public_key).verify(message, signature).is_ok()
    }
}

impl KeyRing {
    /// Returns the signing keys of `purpose`: the active master key's first, then those of earlier ones, including
    /// kept ones, so that older signatures can be verified.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn signing_keys(&self, purpose: Purpose) -> Result<Vec<SigningKey>, Error> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &*self.keys {
            keys.push(SigningKey::new(key.id, &key.expand(purpose)?, !self.distrusted.contains(&key.id))?);
        }
        for kept in self.kept_only(purpose) {
            keys.push(SigningKey::new(kept.id, &kept.secret, false)?);
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use crate::keys::{
        KeptKey,
        tests::{A, B, ring},
    };

    #[test]
    fn each_purpose_of_each_master_key_signs_with_a_key_of_its_own() {
        let old = ring(&[[1; 32]]);
        let signed = old.signing_keys(A).unwrap()[0].sign(b"text").unwrap();
        let both = ring(&[[2; 32], [1; 32]]);
        let keys = both.signing_keys(A).unwrap();
        assert_eq!(
            keys.iter().map(|key| key.has_signed(b"text", &signed)).collect::<Vec<_>>(),
            [false, true]
        );
        assert!(!keys[1].has_signed(b"other", &signed) && !keys[1].has_signed(b"text", &signed[1..]));
        assert!(both.signing_keys(B).unwrap().iter().all(|key| !key.has_signed(b"text", &signed)));
        assert_eq!(old.signing_keys(A).unwrap()[0].sign(b"text").unwrap(), signed, "deterministic");
    }

    #[test]
    fn a_kept_key_still_checks_and_is_not_trusted() {
        let signed = ring(&[[1; 32]]).signing_keys(A).unwrap()[0].sign(b"text").unwrap();
        let (id, wrapped) = ring(&[[2; 32], [1; 32]]).keep(A).unwrap().remove(0);
        let alone = ring(&[[2; 32]]);
        let kept = KeptKey::open(&alone, A, id, &wrapped).unwrap();
        let keys = alone.with_kept(vec![kept]).signing_keys(A).unwrap();
        assert!(keys[0].is_trusted && !keys[1].is_trusted && keys[1].has_signed(b"text", &signed));
    }
}
