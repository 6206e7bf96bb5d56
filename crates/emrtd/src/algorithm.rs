//! Digests, keys and signatures of Doc 9303-12: RSA (PKCS#1 1.5 and PSS) and ECDSA on the curves of NIST and Brainpool.

use const_oid::ObjectIdentifier;
use der::{Decode, Encode, asn1::UintRef};
use rsa::{BoxedUint, PublicKey};
use sha2::Digest;
use signature::hazmat::PrehashVerifier;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{Error, tlv};

const fn oid(text: &'static str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = oid("1.2.840.10045.2.1");

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const HASHES: [(&str, Hash); 5] = [
    ("1.3.14.3.2.26", Hash::Sha1),
    ("2.16.840.1.101.3.4.2.4", Hash::Sha224),
    ("2.16.840.1.101.3.4.2.1", Hash::Sha256),
    ("2.16.840.1.101.3.4.2.2", Hash::Sha384),
    ("2.16.840.1.101.3.4.2.3", Hash::Sha512),
];

/// Signature algorithms that name their digest.
const SIGNATURES: [(&str, Hash); 10] = [
    ("1.2.840.113549.1.1.5", Hash::Sha1),
    ("1.2.840.113549.1.1.14", Hash::Sha224),
    ("1.2.840.113549.1.1.11", Hash::Sha256),
    ("1.2.840.113549.1.1.12", Hash::Sha384),
    ("1.2.840.113549.1.1.13", Hash::Sha512),
    ("1.2.840.10045.4.1", Hash::Sha1),
    ("1.2.840.10045.4.3.1", Hash::Sha224),
    ("1.2.840.10045.4.3.2", Hash::Sha256),
    ("1.2.840.10045.4.3.3", Hash::Sha384),
    ("1.2.840.10045.4.3.4", Hash::Sha512),
];

impl Hash {
    pub fn from_oid(id: ObjectIdentifier) -> Result<Self, Error> {
        let known = HASHES.into_iter().find(|(text, _)| oid(text) == id);
        known.map(|(_, hash)| hash).ok_or_else(|| Error::Unsupported(id.to_string()))
    }

    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha224 => sha2::Sha224::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }
}

/// The padding of an RSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    Pkcs1,
    Pss,
}

/// A signature algorithm with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignatureScheme {
    hash: Hash,
    padding: Padding,
}

impl SignatureScheme {
    /// Parses an algorithm. `digest` is the one a signer names separately, for algorithms that do not.
    pub fn parse(algorithm: &AlgorithmIdentifierOwned, digest: Option<Hash>) -> Result<Self, Error> {
        let id = algorithm.oid;
        let unsupported = || Error::Unsupported(id.to_string());
        if id == RSA_PSS {
            return Ok(Self { hash: pss_hash(algorithm)?, padding: Padding::Pss });
        }
        let named = SIGNATURES.into_iter().find(|(text, _)| oid(text) == id).map(|(_, hash)| hash);
        let hash = if id == RSA { digest } else { named };
        Ok(Self { hash: hash.ok_or_else(unsupported)?, padding: Padding::Pkcs1 })
    }

    /// Whether `signature` over `message` was made with the private key of `key`.
    pub fn verify(
        self,
        key: &SubjectPublicKeyInfoOwned,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Error> {
        let digest = self.hash.digest(message);
        let point = key.subject_public_key.raw_bytes();
        match key.algorithm.oid {
            RSA | RSA_PSS => self.verify_rsa(point, &digest, signature),
            EC => verify_ecdsa(curve(&key.algorithm)?, point, &digest, signature),
            other => Err(Error::Unsupported(other.to_string())),
        }
    }

    fn verify_rsa(self, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<bool, Error> {
        const MALFORMED: Error = Error::Malformed("the certificate");
        let body = tlv::read_tlv(key).filter(|t| t.tag == 0x30).ok_or(MALFORMED)?.value;
        let modulus = tlv::read_tlv(body).filter(|t| t.tag == 2).ok_or(MALFORMED)?;
        let exponent = tlv::read_tlv(modulus.rest).filter(|t| t.tag == 2).ok_or(MALFORMED)?;
        let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
        let key = PublicKey::new(number(modulus.value), number(exponent.value)).map_err(|_| MALFORMED)?;
        macro_rules! verified {
            ($hash:ty) => {
                match self.padding {
                    Padding::Pkcs1 => rsa::pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
                        rsa::pkcs1v15::VerifyingKey::<$hash>::new(key)
                            .verify_prehash(digest, &signature)
                            .is_ok()
                    }),
                    Padding::Pss => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
                        let key = rsa::pss::VerifyingKey::<$hash>::new_with_auto_salt_len(key);
                        key.verify_prehash(digest, &signature).is_ok()
                    }),
                }
            };
        }
        Ok(match self.hash {
            Hash::Sha1 => verified!(sha1::Sha1),
            Hash::Sha224 => verified!(sha2::Sha224),
            Hash::Sha256 => verified!(sha2::Sha256),
            Hash::Sha384 => verified!(sha2::Sha384),
            Hash::Sha512 => verified!(sha2::Sha512),
        })
    }
}

/// Returns the digest in the parameters of RSASSA-PSS: `[0]`, or SHA-1 when absent.
fn pss_hash(algorithm: &AlgorithmIdentifierOwned) -> Result<Hash, Error> {
    const MALFORMED: Error = Error::Malformed("the signature's algorithm");
    let parameters = algorithm.parameters.as_ref().ok_or(MALFORMED)?;
    let Some(stated) = tlv::find_value(parameters.value(), 0xa0) else { return Ok(Hash::Sha1) };
    let stated = AlgorithmIdentifierOwned::from_der(stated).map_err(|_| MALFORMED)?;
    Hash::from_oid(stated.oid)
}

/// The curves that are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
    Brainpool256,
    Brainpool384,
}

/// Each curve with its identifier and its prime, by which it is recognised when a certificate has explicit
/// parameters. Doc 9303-12 requires those; the base point is always the curve's own, whatever the certificate has
/// (CVE-2020-0601).
const CURVES: [(&str, &str, Curve); 5] = [
    ("1.2.840.10045.3.1.7", "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", Curve::P256),
    (
        "1.3.132.0.34",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        Curve::P384,
    ),
    (
        "1.3.132.0.35",
        "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
         ffffffffffffffffffff",
        Curve::P521,
    ),
    (
        "1.3.36.3.3.2.8.1.1.7",
        "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        Curve::Brainpool256,
    ),
    (
        "1.3.36.3.3.2.8.1.1.11",
        "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
        Curve::Brainpool384,
    ),
];

fn curve(algorithm: &AlgorithmIdentifierOwned) -> Result<Curve, Error> {
    const MALFORMED: Error = Error::Malformed("the certificate's key");
    let parameters = algorithm.parameters.as_ref().ok_or(MALFORMED)?;
    if let Ok(id) = parameters.decode_as::<ObjectIdentifier>() {
        let known = CURVES.into_iter().find(|(named, ..)| oid(named) == id);
        return known.map(|(.., curve)| curve).ok_or_else(|| Error::Unsupported(format!("curve {id}")));
    }
    // ECParameters: version, then the field: its type and its prime.
    let field = tlv::find_value(parameters.value(), 0x30).ok_or(MALFORMED)?;
    let prime = tlv::find_value(field, 0x02).ok_or(MALFORMED)?;
    let prime = UintRef::new(prime).map_err(|_| MALFORMED)?;
    let digits: String = prime.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = digits.trim_start_matches('0');
    let known = CURVES.into_iter().find(|(_, prime, _)| *prime == digits);
    known.map(|(.., curve)| curve).ok_or_else(|| Error::Unsupported("an unknown curve".to_owned()))
}

fn verify_ecdsa(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Result<bool, Error> {
    macro_rules! verified {
        ($curve:ty) => {{
            let key = ecdsa::VerifyingKey::<$curve>::from_sec1_bytes(point);
            let key = key.map_err(|_| Error::Malformed("the certificate's key"))?;
            let made = ecdsa::Signature::<$curve>::from_der(signature);
            made.is_ok_and(|made| key.verify_prehash(digest, &made).is_ok())
        }};
    }
    Ok(match curve {
        Curve::P256 => verified!(p256::NistP256),
        Curve::P384 => verified!(p384::NistP384),
        Curve::P521 => verified!(p521::NistP521),
        Curve::Brainpool256 => verified!(bp256::BrainpoolP256r1),
        Curve::Brainpool384 => verified!(bp384::BrainpoolP384r1),
    })
}

/// Returns the encoded bytes that are signed.
pub(crate) fn encoded(value: &impl Encode) -> Result<Vec<u8>, Error> {
    value.to_der().map_err(|_| Error::Malformed("the security object"))
}
