//! The master keys of a deployment.

mod kept;
mod layers;
mod signing;

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use aws_lc_rs::{hkdf, hmac};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::{
    DataKey, Error, KeyConfig,
    seal::{KEY_LEN, Secret, random_secret},
};

pub use kept::KeptKey;
pub use signing::SigningKey;

const KEY_ID_LEN: usize = 8;

/// The purpose of a key derived from a master key. Two purposes never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(pub &'static str);

const WRAP: Purpose = Purpose("wrap a data key");
const IDENTIFY: Purpose = Purpose("identify a master key");
const IDENTIFY_LAYER: Purpose = Purpose("identify a layer under a master key");

/// Identifies the master key of sealed data. Derived from the key; reveals nothing about it.
pub type KeyId = [u8; KEY_ID_LEN];

/// The master keys: the active one, which seals, and earlier ones, which still open. Sealed data names its master
/// key, and every purpose has a key of its own under each. Clones share the keys.
#[derive(Clone)]
pub struct KeyRing {
    // The first seals. Never empty.
    keys: Arc<[MasterKey]>,
    /// Keys of one purpose that outlive their master key; see `kept.rs`.
    kept: Arc<[KeptKey]>,
    /// Data under these keys is rejected, whether or not they are in the ring.
    distrusted: Arc<[KeyId]>,
}

struct MasterKey {
    id: KeyId,
    /// Prefix of a layer under this key (see `layers.rs`).
    layer_id: KeyId,
    root: hkdf::Prk,
}

/// A keyed hash and the master key it was made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac {
    pub key_id: KeyId,
    pub tag: [u8; 32],
    /// Whether its key is in the ring and not distrusted; if not, it proves nothing.
    pub is_trusted: bool,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys.len())
    }
}

impl KeyRing {
    /// Takes the key of the configuration, or of its file; the file is generated when it is not there.
    ///
    /// # Errors
    /// When a key does not parse or the file can be neither read nor made.
    pub fn open(config: &KeyConfig) -> Result<Self, Error> {
        let first = match &config.secret {
            Some(secret) => parse(secret.expose_secret())?,
            None => read_or_generate(&config.file)?,
        };
        let retired = config.retired.iter().map(|secret| parse(secret.expose_secret()));
        Self::from_secrets(std::iter::once(Ok(first)).chain(retired))
    }

    fn from_secrets(secrets: impl Iterator<Item = Result<Secret, Error>>) -> Result<Self, Error> {
        let keys: Vec<_> = secrets.map(|secret| MasterKey::new(&secret?)).collect::<Result<_, _>>()?;
        Ok(Self { keys: keys.into(), kept: Arc::default(), distrusted: Arc::default() })
    }

    /// Returns the same ring, rejecting data under one of `ids`.
    #[must_use]
    pub fn distrusting(self, ids: Vec<KeyId>) -> Self {
        Self { distrusted: ids.into(), ..self }
    }

    /// Encrypts a data key, bound to `context`: the id of the master key, then the sealed key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn wrap_key(&self, context: &[u8], key: &DataKey) -> Result<Vec<u8>, Error> {
        self.seal(WRAP, context, key.secret.as_slice())
    }

    /// Decrypts the output of [`KeyRing::wrap_key`] made with the same `context`.
    ///
    /// # Errors
    /// [`Error::Refused`] when anything differs, [`Error::UnknownKey`] when its master key is not in the ring.
    pub fn unwrap_key(&self, context: &[u8], wrapped: &[u8]) -> Result<DataKey, Error> {
        let bytes = self.open_sealed(WRAP, context, wrapped)?;
        let secret: [u8; KEY_LEN] = bytes.as_slice().try_into().map_err(|_| Error::Refused)?;
        DataKey::from_secret(Zeroizing::new(secret))
    }

    /// Seals a value under a key that serves `purpose` alone, bound to `context`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, purpose: Purpose, context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let master = self.active();
        let mut sealed = master.id.to_vec();
        sealed.extend(master.derive(purpose)?.seal(context, plaintext)?);
        Ok(sealed)
    }

    /// Opens the output of [`KeyRing::seal`] for the same `purpose` and `context`, by any key of the ring.
    ///
    /// # Errors
    /// [`Error::Refused`] when anything differs, [`Error::UnknownKey`] when its master key is not in the ring.
    pub fn open_sealed(
        &self,
        purpose: Purpose,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (id, sealed) = sealed.split_first_chunk().ok_or(Error::Refused)?;
        self.check_trust(id, purpose)?;
        let master = self.keys.iter().find(|k| k.id == *id).ok_or(Error::UnknownKey)?;
        master.derive(purpose)?.open(context, sealed)
    }

    /// Reseals data of an earlier key under the active key. `None`: it is under that key already.
    ///
    /// # Errors
    /// As [`KeyRing::open_sealed`].
    pub fn reseal(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        let plaintext = self.open_sealed(purpose, context, sealed)?;
        self.seal(purpose, context, &plaintext).map(Some)
    }

    /// [`KeyRing::reseal`] of a wrapped key.
    ///
    /// # Errors
    /// As [`KeyRing::unwrap_key`].
    pub fn rewrap_key(&self, context: &[u8], wrapped: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.reseal(WRAP, context, wrapped)
    }

    /// Returns keyed hashes (HMAC-SHA-256) to look a value up without storing it: under the active key first, then
    /// under the earlier ones. They prove nothing: see [`KeyRing::macs`].
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn fingerprints(&self, purpose: Purpose, value: &[u8]) -> Result<Vec<[u8; 32]>, Error> {
        Ok(self.macs(purpose, value)?.into_iter().map(|mac| mac.tag).collect())
    }

    /// Returns the keyed hashes of a value under every known key of `purpose`, the active key's first.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn macs(&self, purpose: Purpose, value: &[u8]) -> Result<Vec<Mac>, Error> {
        let mut macs = Vec::with_capacity(self.keys.len());
        for key in &*self.keys {
            let is_trusted = !self.distrusted.contains(&key.id);
            let tag = fingerprint(&*key.expand(purpose)?, value)?;
            macs.push(Mac { key_id: key.id, tag, is_trusted });
        }
        for kept in self.kept_only(purpose) {
            macs.push(Mac { key_id: kept.id, tag: fingerprint(&kept.secret, value)?, is_trusted: false });
        }
        Ok(macs)
    }

    /// Returns the ids of the keys, the active one first.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.keys.iter().map(|key| key.id).collect()
    }

    /// Whether data under this key is rejected.
    pub fn is_distrusted(&self, id: &KeyId) -> bool {
        self.distrusted.contains(id)
    }

    /// Returns the prefixes of sealed bytes and layers under the active key.
    pub fn current_prefixes(&self) -> [KeyId; 2] {
        [self.active().id, self.active().layer_id]
    }

    /// Whether data is sealed, or has a layer, under the active key.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.first_chunk().is_some_and(|id| self.current_prefixes().contains(id))
    }

    /// Returns the master key id that sealed or wrapped data begins with, unless it is a layer.
    pub fn key_id(sealed: &[u8]) -> Option<KeyId> {
        sealed.first_chunk().copied()
    }

    /// Returns the master key of sealed bytes or of a layer beginning with `prefix`.
    pub fn master_of(&self, prefix: KeyId) -> KeyId {
        self.keys.iter().find(|key| key.layer_id == prefix).map_or(prefix, |key| key.id)
    }

    fn check_trust(&self, id: &KeyId, purpose: Purpose) -> Result<(), Error> {
        if !self.is_distrusted(id) {
            return Ok(());
        }
        let key = hex::encode(id);
        tracing::error!(key, purpose = purpose.0, "a value under a distrusted master key is rejected");
        Err(Error::DistrustedKey)
    }

    fn active(&self) -> &MasterKey {
        &self.keys[0]
    }
}

impl MasterKey {
    fn new(secret: &Secret) -> Result<Self, Error> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"biometry master key v1").extract(secret.as_slice());
        let mut key = Self { id: KeyId::default(), layer_id: KeyId::default(), root };
        // The ids are themselves derived, so that they say nothing about the key and need no register.
        let (id, layer_id) = (key.expand(IDENTIFY)?, key.expand(IDENTIFY_LAYER)?);
        key.id.copy_from_slice(&id[..KEY_ID_LEN]);
        key.layer_id.copy_from_slice(&layer_id[..KEY_ID_LEN]);
        Ok(key)
    }

    fn expand(&self, purpose: Purpose) -> Result<Secret, Error> {
        let mut secret = Secret::default();
        let info = [purpose.0.as_bytes()];
        let expanded = self.root.expand(&info, hkdf::HKDF_SHA256).map_err(|_| Error::Crypto)?;
        expanded.fill(secret.as_mut_slice()).map_err(|_| Error::Crypto)?;
        Ok(secret)
    }

    fn derive(&self, purpose: Purpose) -> Result<DataKey, Error> {
        DataKey::from_secret(self.expand(purpose)?)
    }
}

fn fingerprint(secret: &[u8; KEY_LEN], value: &[u8]) -> Result<[u8; 32], Error> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, value).as_ref().try_into().map_err(|_| Error::Crypto)
}

fn parse(text: &str) -> Result<Secret, Error> {
    let text = text.trim();
    let bytes = hex::decode(text).or_else(|_| BASE64_STANDARD.decode(text)).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| Error::BadKey)?;
    Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| Error::BadKey)?))
}

fn read_or_generate(file: &Path) -> Result<Secret, Error> {
    let failed = |source| Error::KeyFile { file: file.to_owned(), source };
    if !fs::exists(file).map_err(failed)? {
        generate(file)?;
    }
    parse(&Zeroizing::new(fs::read_to_string(file).map_err(failed)?))
}

/// Several processes may start for the first time at once: the file is created atomically, and the first one wins.
fn generate(file: &Path) -> Result<(), Error> {
    let failed = |source| Error::KeyFile { file: file.to_owned(), source };
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let draft = file.with_extension(format!("draft-{}", hex::encode(&random_secret()?[..8])));
    let text = Zeroizing::new(hex::encode(random_secret()?.as_slice()));
    let written = write_private(&draft, text.as_bytes()).and_then(|()| fs::hard_link(&draft, file));
    fs::remove_file(&draft).map_err(failed)?;
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
pub(crate) mod tests;
