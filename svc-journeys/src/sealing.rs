//! Personal fields: encrypted under a key of their row, found by keyed hashes.

use blob::{DataKey, KeyRing, Purpose};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::Error;

pub const SUBJECT: Purpose = Purpose("find a subject's journeys");
pub const ADDRESS: Purpose = Purpose("find an address of a journey");
pub const CODE: Purpose = Purpose("compare a mailed code");

/// A sealed personal value. Deleting the row destroys it, because the row holds its key.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
}

#[derive(Clone)]
pub struct Sealer {
    ring: KeyRing,
}

impl Sealer {
    pub fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// Seals `personal` for the record `id` of `project`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, project: &str, id: &str, personal: &impl Serialize) -> Result<Sealed, Error> {
        let key = DataKey::generate()?;
        let context = context(project, id);
        let bytes = serde_json::to_vec(personal).map_err(|_| Error::Damaged)?;
        Ok(Sealed { sealed: key.seal(&context, &bytes)?, wrapped_key: self.ring.wrap_key(&context, &key)? })
    }

    /// # Errors
    /// When the row was changed, or its master key is not in the ring any more.
    pub fn open<T: DeserializeOwned>(&self, project: &str, id: &str, sealed: &Sealed) -> Result<T, Error> {
        let context = context(project, id);
        let key = self.ring.unwrap_key(&context, &sealed.wrapped_key)?;
        let bytes = key.open(&context, &sealed.sealed)?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Damaged)
    }

    /// Returns the hashes that identify a subject's records: first by the current sealing key, then by retired keys.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn subject_hashes(&self, project: &str, subject: &str) -> Result<Vec<Vec<u8>>, Error> {
        self.hashes(SUBJECT, &format!("{project}\0{subject}"))
    }

    /// Returns the hashes of an address within a journey project.
    ///
    /// # Errors
    /// As [`Self::subject_hashes`].
    pub fn address_hashes(&self, journey_project: &str, address: &str) -> Result<Vec<Vec<u8>>, Error> {
        self.hashes(ADDRESS, &format!("{journey_project}\0{}", address.to_lowercase()))
    }

    /// Returns the hashes of the code of an e-mail validation.
    ///
    /// # Errors
    /// As [`Self::subject_hashes`].
    pub fn code_hashes(&self, id: &str, code: &str) -> Result<Vec<Vec<u8>>, Error> {
        self.hashes(CODE, &format!("{id}\0{code}"))
    }

    fn hashes(&self, purpose: Purpose, text: &str) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.ring.fingerprints(purpose, text.as_bytes())?.into_iter().map(Vec::from).collect())
    }
}

/// Returns the hash to store, which is by the current sealing key.
///
/// # Errors
/// Never: there is always a sealing key.
pub fn newest(hashes: &[Vec<u8>]) -> Result<&Vec<u8>, Error> {
    hashes.first().ok_or(Error::Damaged)
}

/// Returns the context that the key of a record is bound to.
pub fn context(project: &str, id: &str) -> Vec<u8> {
    format!("journey/{project}/{id}").into_bytes()
}
