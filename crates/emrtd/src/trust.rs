//! Trusted issuing authorities (CSCA): certificates given one by one or as a master list.

use cms::content_info::ContentInfo;
use const_oid::ObjectIdentifier;
use der::Decode;
use time::Date;

use crate::{Certificate, Error, revocation::RevocationList, security_object, tlv};

const PEM: &[u8] = b"-----BEGIN";
const PEM_LIST: &[u8] = b"-----BEGIN X509 CRL";
const MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");

/// Certificates of authorities, and their revocation lists.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    authorities: Vec<Certificate>,
    revoked: Vec<RevocationList>,
}

/// The number of entries that a file added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Certificates of authorities.
    pub authorities: usize,
    /// Lists of revoked certificates.
    pub revocation_lists: usize,
    /// Certificates of a master list that could not be read and are not used.
    pub unreadable: usize,
}

/// The trust status of a document signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerStatus {
    /// Issued by an authority, and both are valid. Has the two-letter country code, if known.
    Trusted(Option<String>),
    /// No authority is configured.
    NoAuthorities,
    /// Issued by no configured authority.
    Unknown,
    /// Revoked by its authority.
    Revoked,
    /// The signer's certificate is not valid on the day: not yet, or expired.
    SignerOutOfDate,
    /// The authority's certificate was not valid when it issued the signer's.
    AuthorityOutOfDate,
}

impl TrustStore {
    /// Adds the content of a file: a master list (CMS), certificates of authorities (DER, PEM), or an authority's
    /// revocation list (DER, PEM).
    ///
    /// # Errors
    /// When it has none of these, or the master list's own signature is wrong.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<Added, Error> {
        if let Some(list) = revocation_list(bytes) {
            self.revoked.push(list?);
            return Ok(Added { revocation_lists: 1, ..Added::default() });
        }
        let (found, unreadable) = if bytes.starts_with(PEM) {
            (Certificate::from_pem(bytes)?, 0)
        } else if ContentInfo::from_der(bytes).is_ok() {
            master_list(bytes)?
        } else {
            (vec![Certificate::from_der(bytes).map_err(|_| Error::NoCertificate)?], 0)
        };
        let authorities: Vec<Certificate> = found.into_iter().filter(Certificate::is_authority).collect();
        if authorities.is_empty() {
            return Err(Error::NoCertificate);
        }
        let added = Added { authorities: authorities.len(), unreadable, ..Added::default() };
        self.authorities.extend(authorities);
        Ok(added)
    }

    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    pub fn len(&self) -> usize {
        self.authorities.len()
    }

    /// Returns the status of a signer's certificate on `today`.
    ///
    /// # Errors
    /// When its signature algorithm is not supported.
    pub fn status_of(&self, signer: &Certificate, today: Date) -> Result<IssuerStatus, Error> {
        if self.is_empty() {
            return Ok(IssuerStatus::NoAuthorities);
        }
        let mut unsupported = None;
        for authority in self.authorities.iter().filter(|a| a.may_have_issued(signer)) {
            match authority.signed(signer) {
                Ok(true) if self.revoked.iter().any(|list| list.revokes(authority, signer)) => {
                    return Ok(IssuerStatus::Revoked);
                }
                Ok(true) => return Ok(dated(authority, signer, today)),
                Ok(false) => {}
                Err(error @ Error::Unsupported(_)) => unsupported = Some(error),
                Err(_) => {}
            }
        }
        unsupported.map_or(Ok(IssuerStatus::Unknown), Err)
    }
}

fn dated(authority: &Certificate, signer: &Certificate, today: Date) -> IssuerStatus {
    let (Some((begins, ends)), Some((from, until))) = (signer.validity(), authority.validity()) else {
        return IssuerStatus::SignerOutOfDate;
    };
    if !(begins..=ends).contains(&today) {
        IssuerStatus::SignerOutOfDate
    } else if !(from..=until).contains(&begins) {
        IssuerStatus::AuthorityOutOfDate
    } else {
        IssuerStatus::Trusted(authority.country())
    }
}

/// Parses a revocation list; `None` when the file is something else.
fn revocation_list(bytes: &[u8]) -> Option<Result<RevocationList, Error>> {
    if bytes.starts_with(PEM_LIST) {
        let decoded = der::pem::decode_vec(bytes).map_err(|_| Error::NoCertificate);
        return Some(decoded.and_then(|(_, der)| RevocationList::from_der(&der)));
    }
    RevocationList::from_der(bytes).ok().map(Ok)
}

/// Parses the authorities of a master list (Doc 9303-12, section 9): `SEQUENCE { version, SET OF Certificate }`,
/// signed with a certificate that one of them issued. The operator vouches for the origin of the list. Also returns
/// how many certificates could not be parsed, because of a newer algorithm or form; the others are used.
fn master_list(bytes: &[u8]) -> Result<(Vec<Certificate>, usize), Error> {
    const MALFORMED: Error = Error::Malformed("the master list");
    let (data, content) = security_object::signed_content(bytes, MASTER_LIST).ok_or(MALFORMED)?;
    let signer = data.signer_infos.0.iter().next().ok_or(MALFORMED)?;
    let certificates = security_object::certificates(&data);
    let own = certificates.iter().find(|c| security_object::is_of(&signer.sid, c)).ok_or(MALFORMED)?;
    if !security_object::verify_signer(signer, &content, MASTER_LIST, own)? {
        return Err(MALFORMED);
    }
    let body = tlv::find_value(&content, 0x30).ok_or(MALFORMED)?;
    let mut list = tlv::find_value(body, 0x31).ok_or(MALFORMED)?;
    let (mut found, mut unreadable) = (Vec::new(), 0);
    while let Some(entry) = tlv::read_tlv(list) {
        let length = list.len() - entry.rest.len();
        match Certificate::from_der(&list[..length]) {
            Ok(certificate) => found.push(certificate),
            Err(_) => unreadable += 1,
        }
        list = entry.rest;
    }
    Ok((found, unreadable))
}
