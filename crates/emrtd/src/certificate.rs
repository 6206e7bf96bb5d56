//! Certificates of document signers and of issuing authorities (CSCA).

use der::{Decode, Encode, Reader, SliceReader};
use time::{Date, OffsetDateTime};
use x509_cert::{
    Certificate as X509,
    ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, SubjectKeyIdentifier},
};

use crate::{Error, algorithm::SignatureScheme};

/// A certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(crate) inner: X509,
    /// The signed part, as it was encoded.
    signed: Vec<u8>,
}

impl Certificate {
    /// Parses a certificate in DER.
    ///
    /// # Errors
    /// When it is not a certificate.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        const MALFORMED: Error = Error::Malformed("the certificate");
        let inner = X509::from_der(bytes).map_err(|_| MALFORMED)?;
        Ok(Self { inner, signed: signed_part(bytes).ok_or(MALFORMED)? })
    }

    /// Parses every certificate of a PEM file.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_pem(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        let chain = X509::load_pem_chain(bytes).map_err(|_| Error::NoCertificate)?;
        chain.iter().map(|c| Self::from_der(&c.to_der().map_err(|_| Error::NoCertificate)?)).collect()
    }

    /// Whether this certificate's key signed `other`.
    ///
    /// # Errors
    /// When the algorithm is not supported.
    pub(crate) fn signed(&self, other: &Self) -> Result<bool, Error> {
        let scheme = SignatureScheme::parse(other.inner.signature_algorithm(), None)?;
        let key = self.inner.tbs_certificate().subject_public_key_info();
        scheme.verify(key, &other.signed, other.inner.signature().raw_bytes())
    }

    /// Whether this may be the issuer of `other`: by key identifier if both have one, otherwise by name.
    pub(crate) fn may_have_issued(&self, other: &Self) -> bool {
        let (own, of_other) = (self.inner.tbs_certificate(), other.inner.tbs_certificate());
        let is_named = own.subject() == of_other.issuer();
        let own_key = own.get_extension::<SubjectKeyIdentifier>().ok().flatten().map(|(_, id)| id.0);
        let asked = of_other.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
        let asked = asked.and_then(|(_, id)| id.key_identifier);
        match (own_key, asked) {
            (Some(own), Some(asked)) => own == asked,
            _ => is_named,
        }
    }

    /// Whether its basic constraints make it an authority.
    pub(crate) fn is_authority(&self) -> bool {
        let constraints = self.inner.tbs_certificate().get_extension::<BasicConstraints>();
        constraints.ok().flatten().is_some_and(|(_, constraints)| constraints.ca)
    }

    /// Returns the first and last day of its validity.
    pub(crate) fn validity(&self) -> Option<(Date, Date)> {
        let validity = self.inner.tbs_certificate().validity();
        let day = |seconds: std::time::Duration| {
            let seconds = i64::try_from(seconds.as_secs()).ok()?;
            OffsetDateTime::from_unix_timestamp(seconds).ok().map(OffsetDateTime::date)
        };
        Some((day(validity.not_before.to_unix_duration())?, day(validity.not_after.to_unix_duration())?))
    }

    /// Returns the two-letter country code of its name, if any.
    pub(crate) fn country(&self) -> Option<String> {
        const COUNTRY: der::oid::ObjectIdentifier = der::oid::ObjectIdentifier::new_unwrap("2.5.4.6");
        let name = self.inner.tbs_certificate().subject();
        let value = name.iter().find(|attribute| attribute.oid == COUNTRY)?;
        let text = std::str::from_utf8(value.value.value()).ok()?;
        (text.len() == 2).then(|| text.to_uppercase())
    }
}

/// Returns the first field of a signed structure (certificate, revocation list), as encoded: the signed bytes.
pub(crate) fn signed_part(bytes: &[u8]) -> Option<Vec<u8>> {
    let signed = SliceReader::new(bytes).and_then(|mut reader| {
        reader.sequence(|fields| {
            let signed = fields.tlv_bytes()?.to_vec();
            // The algorithm and the signature follow.
            fields.tlv_bytes()?;
            fields.tlv_bytes()?;
            Ok::<_, der::Error>(signed)
        })
    });
    signed.ok()
}
