//! A second encryption around sealed bytes that must not change.
//!
//! The entries of a ledger are hashed with their sealed bytes, so those bytes never change. Under a new master key
//! they are encrypted once more. A holder of the earlier master key and the database then reads nothing; a holder of
//! the active one removes the layer and gets the hashed bytes.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::{KeyId, KeyRing, Purpose};
use crate::{DataKey, Error};

const LAYER: Purpose = Purpose("encrypt sealed bytes again");

impl KeyRing {
    /// Adds a layer under the active key. `None`: it is under that key already.
    ///
    /// # Errors
    /// As [`KeyRing::peel`].
    pub fn add_layer(
        &self,
        purpose: Purpose,
        context: &[u8],
        stored: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        if self.is_current(stored) {
            return Ok(None);
        }
        let (inner, active) = (self.peel(purpose, context, stored)?, self.active());
        // Only data that opens gets a layer, so damage is found while its master key still exists.
        if inner.as_ref() == stored {
            self.open_sealed(purpose, context, stored)?;
        }
        let mut layered = active.layer_id.to_vec();
        layered.extend(active.derive(LAYER)?.seal(&bound(purpose, context), &inner)?);
        Ok(Some(layered))
    }

    /// Removes the layer, if any, and returns the bytes as first sealed.
    ///
    /// # Errors
    /// [`Error::Refused`] when the layer was changed, [`Error::DistrustedKey`].
    pub fn peel<'a>(
        &self,
        purpose: Purpose,
        context: &[u8],
        stored: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, Error> {
        let Some((prefix, layer)) = stored.split_first_chunk::<8>() else { return Ok(stored.into()) };
        let Some(master) = self.keys.iter().find(|key| key.layer_id == *prefix) else {
            return Ok(stored.into());
        };
        self.check_trust(&master.id, purpose)?;
        let inner = master.derive(LAYER)?.open(&bound(purpose, context), layer)?;
        Ok(inner.to_vec().into())
    }

    /// Opens data sealed for `purpose` and `context`, with or without a layer.
    ///
    /// # Errors
    /// As [`KeyRing::open_sealed`].
    pub fn open_layered(
        &self,
        purpose: Purpose,
        context: &[u8],
        stored: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let inner = match self.peel(purpose, context, stored)? {
            Cow::Borrowed(sealed) => return self.open_sealed(purpose, context, sealed),
            Cow::Owned(inner) => inner,
        };
        // The layer is under a trusted key, so its content existed when that key was added.
        let (id, sealed) = inner.split_first_chunk().ok_or(Error::Refused)?;
        self.key_of(purpose, id)?.open(context, sealed)
    }

    fn key_of(&self, purpose: Purpose, id: &KeyId) -> Result<DataKey, Error> {
        if let Some(master) = self.keys.iter().find(|key| key.id == *id) {
            return master.derive(purpose);
        }
        let kept = self.kept_only(purpose).find(|kept| kept.id == *id).ok_or(Error::UnknownKey)?;
        DataKey::from_secret(kept.secret.clone())
    }
}

fn bound(purpose: Purpose, context: &[u8]) -> Vec<u8> {
    [purpose.0.as_bytes(), b"\0", context].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        KeptKey,
        keys::tests::{A, B, ring},
    };

    #[test]
    fn a_layer_hides_sealed_bytes_from_their_own_key_and_gives_them_back_unchanged() {
        let old = ring(&[[1; 32]]);
        let sealed = old.seal(A, b"row", b"name").unwrap();
        let both = ring(&[[2; 32], [1; 32]]);
        let layered = both.add_layer(A, b"row", &sealed).unwrap().unwrap();
        assert!(both.add_layer(A, b"row", &layered).unwrap().is_none(), "it has one");
        assert!(both.add_layer(A, b"another row", &sealed).is_err(), "what does not open gets none");
        assert!(old.open_layered(A, b"row", &layered).is_err());
        let (id, wrapped) = both.keep(A).unwrap().remove(0);
        let alone = ring(&[[2; 32]]);
        let kept = KeptKey::open(&alone, A, id, &wrapped).unwrap();
        let alone = alone.with_kept(vec![kept]);
        assert_eq!(*alone.peel(A, b"row", &layered).unwrap(), sealed);
        assert_eq!(&**alone.open_layered(A, b"row", &layered).unwrap(), b"name");
        assert!(alone.open_layered(A, b"another row", &layered).is_err());
        assert!(alone.open_layered(B, b"row", &layered).is_err());
        assert!(matches!(alone.open_layered(A, b"row", &sealed), Err(Error::UnknownKey)), "without a layer");
        assert_eq!(alone.master_of(*layered.first_chunk().unwrap()), alone.key_ids()[0]);
    }

    #[test]
    fn a_second_new_key_replaces_the_layer_of_the_first() {
        let sealed = ring(&[[1; 32]]).seal(A, b"row", b"name").unwrap();
        let second = ring(&[[2; 32], [1; 32]]);
        let layered = second.add_layer(A, b"row", &sealed).unwrap().unwrap();
        let third = ring(&[[3; 32], [2; 32], [1; 32]]);
        let again = third.add_layer(A, b"row", &layered).unwrap().unwrap();
        assert_eq!(again.len(), layered.len(), "one layer, not two");
        assert_eq!(&**third.open_layered(A, b"row", &again).unwrap(), b"name");
        let second_id = third.key_ids()[1];
        let without = third.distrusting(vec![second_id]);
        assert!(matches!(without.open_layered(A, b"row", &layered), Err(Error::DistrustedKey)));
        assert_eq!(&**without.open_layered(A, b"row", &again).unwrap(), b"name");
    }
}
