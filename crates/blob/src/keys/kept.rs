//! Keys of one purpose that outlive their master key.
//!
//! Some values cannot be recomputed under another master key: hashes that rows are looked up by, because the hashed
//! value is not stored, and the chains of ledgers, because earlier heads were noted elsewhere. For these the derived
//! key of the purpose is stored, wrapped under the active master key. A kept key looks up rows and follows chains. It
//! proves nothing: its output is trusted only below something made by a key of the ring.

use zeroize::Zeroizing;

use super::{KeyId, KeyRing, Purpose};
use crate::{Error, seal::Secret};

const KEEP: Purpose = Purpose("keep a key of an earlier master key");

/// The key of one purpose of an earlier master key.
pub struct KeptKey {
    pub(super) purpose: Purpose,
    pub(super) id: KeyId,
    pub(super) secret: Secret,
}

impl KeptKey {
    /// Opens what [`KeyRing::keep`] made.
    ///
    /// # Errors
    /// As [`KeyRing::open_sealed`].
    pub fn open(ring: &KeyRing, purpose: Purpose, id: KeyId, wrapped: &[u8]) -> Result<Self, Error> {
        let bytes = ring.open_sealed(KEEP, &context(purpose, id), wrapped)?;
        let secret = bytes.as_slice().try_into().map_err(|_| Error::Refused)?;
        Ok(Self { purpose, id, secret: Zeroizing::new(secret) })
    }
}

fn context(purpose: Purpose, id: KeyId) -> Vec<u8> {
    [id.as_slice(), purpose.0.as_bytes()].concat()
}

impl KeyRing {
    /// Returns the same ring with kept keys, whose master keys may no longer be in it.
    #[must_use]
    pub fn with_kept(self, kept: Vec<KeptKey>) -> Self {
        Self { kept: kept.into(), ..self }
    }

    /// Wraps the key of `purpose` of each earlier master key, kept ones included, under the active key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn keep(&self, purpose: Purpose) -> Result<Vec<(KeyId, Vec<u8>)>, Error> {
        let mut secrets: Vec<(KeyId, Secret)> = Vec::new();
        for key in self.keys.iter().skip(1) {
            secrets.push((key.id, key.expand(purpose)?));
        }
        secrets.extend(self.kept_only(purpose).map(|kept| (kept.id, kept.secret.clone())));
        let wrap = |(id, secret): (KeyId, Secret)| {
            Ok((id, self.seal(KEEP, &context(purpose, id), secret.as_slice())?))
        };
        secrets.into_iter().map(wrap).collect()
    }

    /// Returns the kept keys of a purpose whose master keys are not in the ring.
    pub(super) fn kept_only(&self, purpose: Purpose) -> impl Iterator<Item = &KeptKey> {
        let known = |id: &KeyId| self.keys.iter().any(|key| key.id == *id);
        self.kept.iter().filter(move |kept| kept.purpose == purpose && !known(&kept.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::{A, B, ring};

    #[test]
    fn a_kept_key_finds_what_its_master_key_hashed_and_proves_nothing() {
        let old = ring(&[[1; 32]]);
        let made = old.fingerprints(A, b"name").unwrap()[0];
        let both = ring(&[[2; 32], [1; 32]]);
        let wrapped = both.keep(A).unwrap();
        assert_eq!(wrapped.len(), 1);
        let alone = ring(&[[2; 32]]);
        let (id, sealed) = &wrapped[0];
        let kept = KeptKey::open(&alone, A, *id, sealed).unwrap();
        assert!(KeptKey::open(&alone, B, *id, sealed).is_err(), "bound to its purpose");
        let alone = alone.with_kept(vec![kept]);
        let macs = alone.macs(A, b"name").unwrap();
        assert_eq!((macs.len(), macs[1].tag, macs[1].is_trusted), (2, made, false));
        assert_eq!(alone.macs(B, b"name").unwrap().len(), 1);
        assert!(matches!(
            alone.open_sealed(A, b"", &old.seal(A, b"", b"x").unwrap()),
            Err(Error::UnknownKey)
        ));

        let third = ring(&[[3; 32], [2; 32]]);
        let opened = KeptKey::open(&third, A, *id, sealed).unwrap();
        let again = third.with_kept(vec![opened]).keep(A).unwrap();
        assert_eq!(again.len(), 2, "that of the second key and, again, that of the first");
    }
}
