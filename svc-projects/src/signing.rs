//! The keys that sign API keys and receipts: Ed25519, the private half sealed under the master key.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use blob::{KeyRing, Purpose};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use uuid::Uuid;

use crate::error::Error;

pub const SIGNING: Purpose = Purpose("sign api keys");

/// A signing key as it is stored.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// In the header of every token it signs.
    pub kid: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// PKCS#8, encrypted; bound to `kid`, so rows cannot be swapped.
    pub sealed_private_key: Vec<u8>,
}

/// Generates a key pair; the private half leaves this function only sealed.
///
/// # Errors
/// When the system has no randomness or `ring` fails.
pub fn generate(ring: &KeyRing) -> Result<SigningKey, Error> {
    let pair = Ed25519KeyPair::generate().map_err(|_| Error::SigningKey("no randomness"))?;
    let private = pair.to_pkcs8v1().map_err(|_| Error::SigningKey("it has no PKCS#8 form"))?;
    let kid = Uuid::now_v7().to_string();
    let sealed_private_key = ring.seal(SIGNING, kid.as_bytes(), private.as_ref())?;
    Ok(SigningKey { public_key: pair.public_key().as_ref().to_vec(), sealed_private_key, kid })
}

/// The type of a signed text, in the `typ` of its header, so that types cannot be confused.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    ApiKey,
    SessionToken,
    RegistrationToken,
    ValidationToken,
    ErasureReceipt,
    DeletionReceipt,
}

impl Kind {
    const fn typ(self) -> &'static str {
        match self {
            Self::ApiKey => "JWT",
            Self::SessionToken => "session-token+jwt",
            Self::RegistrationToken => "app-registration+jwt",
            Self::ValidationToken => "biometric-validation+jwt",
            Self::ErasureReceipt => "erasure-receipt+jwt",
            Self::DeletionReceipt => "deletion-receipt+jwt",
        }
    }
}

/// Signs `claims` with `key` (compact JWS, EdDSA).
///
/// # Errors
/// When the private key cannot be decrypted (another master key) or is damaged.
pub fn sign(ring: &KeyRing, key: &SigningKey, kind: Kind, claims: &impl Serialize) -> Result<String, Error> {
    let private = open(ring, key)?;
    let header = Header {
        kid: Some(key.kid.clone()),
        typ: Some(kind.typ().to_owned()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, claims, &private).map_err(|_| Error::SigningKey("it is damaged"))
}

/// Decrypts the private half.
///
/// # Errors
/// When `ring` is not the ring it was sealed with.
pub fn open(ring: &KeyRing, key: &SigningKey) -> Result<EncodingKey, Error> {
    let private = ring.open_sealed(SIGNING, key.kid.as_bytes(), &key.sealed_private_key)?;
    Ok(EncodingKey::from_ed_der(&private))
}
