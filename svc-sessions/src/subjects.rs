//! Names are personal: compared by a keyed hash, sealed for one session.

use blob::{KeyRing, Purpose};

use crate::{
    error::Error,
    session::{BoundUser, SessionId, UserName},
};

pub const COMPARE: Purpose = Purpose("compare the user of a session");
pub const NAME: Purpose = Purpose("name of a session's user");

#[derive(Clone)]
pub struct Subjects {
    ring: KeyRing,
}

impl Subjects {
    pub fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Returns the keyed hashes of `user` of `project`: the active key's first, then those of retired keys.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn hashes(&self, project: &str, user: &UserName) -> Result<Vec<[u8; 32]>, Error> {
        Ok(self.ring.fingerprints(COMPARE, format!("{project}\0{}", user.as_str()).as_bytes())?)
    }

    /// Seals the name of `user` for session `id`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, id: &SessionId, user: &UserName, hashes: &[[u8; 32]]) -> Result<BoundUser, Error> {
        let sealed = self.ring.seal(NAME, id.as_str().as_bytes(), user.as_str().as_bytes())?;
        let newest = hashes.first().ok_or(blob::Error::Crypto)?;
        Ok(BoundUser { hash: newest.to_vec(), sealed })
    }

    /// Opens the name that [`Subjects::seal`] sealed for the same session.
    ///
    /// # Errors
    /// When the row was changed, or its master key is no longer in the ring.
    pub fn open(&self, id: &SessionId, user: &BoundUser) -> Result<String, Error> {
        let name = self.ring.open_sealed(NAME, id.as_str().as_bytes(), &user.sealed)?;
        String::from_utf8(name.to_vec()).map_err(|_| blob::Error::Refused.into())
    }
}
