//! The lists of revoked certificates (CRL) that authorities publish.

use der::Decode;
use x509_cert::crl::CertificateList;

use crate::{Certificate, Error, algorithm::SignatureScheme, certificate::signed_part};

const MALFORMED: Error = Error::Malformed("the revocation list");

/// A list of revoked certificates.
#[derive(Clone, Debug)]
pub(crate) struct RevocationList {
    inner: CertificateList,
    /// The signed part, as it was encoded.
    signed: Vec<u8>,
}

impl RevocationList {
    /// Parses a list in DER.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        let inner = CertificateList::from_der(bytes).map_err(|_| MALFORMED)?;
        Ok(Self { inner, signed: signed_part(bytes).ok_or(MALFORMED)? })
    }

    /// Whether this is a list of `authority` with `certificate`, which the authority issued. A list that the
    /// authority did not sign revokes nothing.
    pub fn revokes(&self, authority: &Certificate, certificate: &Certificate) -> bool {
        let list = &self.inner.tbs_cert_list;
        let serial = certificate.inner.tbs_certificate().serial_number();
        let mut revoked = list.revoked_certificates.iter().flatten();
        list.issuer == *authority.inner.tbs_certificate().subject()
            && revoked.any(|entry| entry.serial_number == *serial)
            && self.is_signed_by(authority).unwrap_or(false)
    }

    fn is_signed_by(&self, authority: &Certificate) -> Result<bool, Error> {
        let scheme = SignatureScheme::parse(&self.inner.signature_algorithm, None)?;
        let key = authority.inner.tbs_certificate().subject_public_key_info();
        scheme.verify(key, &self.signed, self.inner.signature.raw_bytes())
    }
}
