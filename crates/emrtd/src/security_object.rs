//! The security object of a chip: a CMS structure that signs the digests of the data groups.

use std::collections::BTreeMap;

use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use const_oid::ObjectIdentifier;
use der::{Decode, Encode, Sequence, asn1::OctetString};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::{
    Certificate, Error,
    algorithm::{Hash, SignatureScheme, encoded},
    tlv,
};

/// The file of the chip wraps the structure in this tag.
const FILE: u16 = 0x77;
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const NAME: &str = "SOD";
const MALFORMED: Error = Error::Malformed(NAME);

/// `LDSSecurityObject` of Doc 9303-10 up to its digests; the fields of later versions are not needed.
struct Digests {
    hash: Hash,
    groups: BTreeMap<u8, Vec<u8>>,
}

#[derive(Sequence)]
struct GroupDigest {
    number: u8,
    digest: OctetString,
}

/// A security object.
pub struct SecurityObject {
    content: Vec<u8>,
    signer: SignerInfo,
    certificate: Certificate,
    digests: Digests,
}

impl SecurityObject {
    /// Parses the file `SOD` of a chip, or the CMS structure in it.
    ///
    /// # Errors
    /// When it is malformed, or has no certificate of its signer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let structure = match tlv::read_tlv(bytes) {
            Some(file) if file.tag == FILE => file.value,
            _ => bytes,
        };
        let (data, content) = signed_content(structure, LDS_SECURITY_OBJECT).ok_or(MALFORMED)?;
        let signer = data.signer_infos.0.iter().next().cloned().ok_or(MALFORMED)?;
        let certificate = certificates(&data).into_iter().find(|c| is_of(&signer.sid, c)).ok_or(MALFORMED)?;
        Ok(Self { digests: Digests::parse(&content)?, content, signer, certificate })
    }

    /// Returns the signer's certificate.
    pub fn signer(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether `bytes` are the signed data group of that number.
    pub fn has_group(&self, number: u8, bytes: &[u8]) -> bool {
        self.digests.groups.get(&number).is_some_and(|digest| *digest == self.digests.hash.digest(bytes))
    }

    /// Whether the digests are signed with the certificate in the object.
    ///
    /// # Errors
    /// When the algorithm is not supported.
    pub fn verify_signature(&self) -> Result<bool, Error> {
        verify_signer(&self.signer, &self.content, LDS_SECURITY_OBJECT, &self.certificate)
    }
}

impl Digests {
    fn parse(content: &[u8]) -> Result<Self, Error> {
        let body = tlv::read_tlv(content).filter(|t| t.tag == 0x30).ok_or(MALFORMED)?.value;
        let version = tlv::read_tlv(body).filter(|t| t.tag == 0x02).ok_or(MALFORMED)?;
        let algorithm = tlv::read_tlv(version.rest).ok_or(MALFORMED)?;
        let length = version.rest.len() - algorithm.rest.len();
        let stated = AlgorithmIdentifierOwned::from_der(&version.rest[..length]).map_err(|_| MALFORMED)?;
        let mut list = tlv::read_tlv(algorithm.rest).filter(|t| t.tag == 0x30).ok_or(MALFORMED)?.value;
        let mut groups = BTreeMap::new();
        while let Some(entry) = tlv::read_tlv(list) {
            let length = list.len() - entry.rest.len();
            let entry_der = GroupDigest::from_der(&list[..length]).map_err(|_| MALFORMED)?;
            groups.insert(entry_der.number, entry_der.digest.as_bytes().to_vec());
            list = entry.rest;
        }
        Ok(Self { hash: Hash::from_oid(stated.oid)?, groups })
    }
}

/// Returns the signed structure of a CMS file and its content, of the given type.
pub(crate) fn signed_content(bytes: &[u8], kind: ObjectIdentifier) -> Option<(SignedData, Vec<u8>)> {
    let info = ContentInfo::from_der(bytes).ok().filter(|info| info.content_type == SIGNED_DATA)?;
    let data: SignedData = info.content.decode_as().ok()?;
    let content = data.encap_content_info.econtent.as_ref()?;
    let content = content.decode_as::<OctetString>().ok()?.into_bytes().to_vec();
    (data.encap_content_info.econtent_type == kind).then_some((data, content))
}

pub(crate) fn certificates(data: &SignedData) -> Vec<Certificate> {
    let all = data.certificates.iter().flat_map(|set| set.0.iter());
    let der = all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => certificate.to_der().ok(),
        CertificateChoices::Other(_) => None,
    });
    der.filter_map(|der| Certificate::from_der(&der).ok()).collect()
}

/// Whether a certificate is the signer's.
pub(crate) fn is_of(signer: &SignerIdentifier, certificate: &Certificate) -> bool {
    let own = certificate.inner.tbs_certificate();
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            own.issuer() == &id.issuer && own.serial_number() == &id.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            let stated = own.get_extension::<SubjectKeyIdentifier>().ok().flatten();
            stated.is_some_and(|(_, stated)| stated == *id)
        }
    }
}

/// Whether `signer` signed `content` of this type with the key of `certificate`: its attributes are signed, and they
/// have the content's type and digest.
pub(crate) fn verify_signer(
    signer: &SignerInfo,
    content: &[u8],
    kind: ObjectIdentifier,
    certificate: &Certificate,
) -> Result<bool, Error> {
    let hash = Hash::from_oid(signer.digest_alg.oid)?;
    let scheme = SignatureScheme::parse(&signer.signature_algorithm, Some(hash))?;
    let key = certificate.inner.tbs_certificate().subject_public_key_info();
    let signature = signer.signature.as_bytes();
    // Doc 9303-10 requires them; without them, signed attributes could be passed off as content.
    let Some(attributes) = &signer.signed_attrs else { return Ok(false) };
    let value = |id: ObjectIdentifier| {
        let attribute = attributes.iter().find(|attribute| attribute.oid == id)?;
        attribute.values.iter().next()
    };
    let has_kind = value(CONTENT_TYPE).and_then(|v| v.decode_as::<ObjectIdentifier>().ok()) == Some(kind);
    let stated = value(MESSAGE_DIGEST).and_then(|v| v.decode_as::<OctetString>().ok());
    let has_digest = stated.is_some_and(|stated| stated.as_bytes() == hash.digest(content));
    Ok(has_kind && has_digest && scheme.verify(key, &encoded(attributes)?, signature)?)
}
