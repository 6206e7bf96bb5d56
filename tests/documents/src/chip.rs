//! Chips of electronic travel documents: invented states' authorities, signers and security objects (ICAO Doc 9303-10 to -12),
//! encoded here and not by what reads them. Keys are of ECDSA on P-256.

use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};
use time::{Date, macros::date};

/// DER of a value with a tag.
fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let tag = if tag > 0xff { tag.to_be_bytes().to_vec() } else { vec![tag as u8] };
    let length = match value.len() {
        short @ 0..0x80 => vec![short as u8],
        medium @ 0x80..0x100 => vec![0x81, medium as u8],
        long @ 0x100..0x1_0000 => [&[0x82][..], &(long as u16).to_be_bytes()].concat(),
        longest => [&[0x84][..], &(longest as u32).to_be_bytes()].concat(),
    };
    [tag, length, value.to_vec()].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An object identifier of numbers.
fn oid(numbers: &[u32]) -> Vec<u8> {
    let base128 = |number: u32| {
        let groups = (0..5).rev().map(|at| (number >> (7 * at)) as u8 & 0x7f);
        let mut digits: Vec<u8> = groups.skip_while(|g| *g == 0).collect();
        if digits.is_empty() {
            digits.push(0);
        }
        let last = digits.len() - 1;
        digits.iter_mut().take(last).for_each(|d| *d |= 0x80);
        digits
    };
    let rest = numbers[2..].iter().flat_map(|n| base128(*n));
    tlv(0x06, &std::iter::once((40 * numbers[0] + numbers[1]) as u8).chain(rest).collect::<Vec<_>>())
}

const ECDSA_SHA256: [u32; 7] = [1, 2, 840, 10045, 4, 3, 2];
const SHA256: [u32; 9] = [2, 16, 840, 1, 101, 3, 4, 2, 1];
const SIGNED_DATA: [u32; 7] = [1, 2, 840, 113_549, 1, 7, 2];
const LDS_SECURITY_OBJECT: [u32; 6] = [2, 23, 136, 1, 1, 1];
const MASTER_LIST: [u32; 6] = [2, 23, 136, 1, 1, 2];

/// A key and its certificate.
#[derive(Clone)]
pub struct Issuer {
    key: SigningKey,
    name: Vec<u8>,
    serial: u8,
    /// DER.
    pub certificate: Vec<u8>,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug)]
pub struct Validity(pub Date, pub Date);

impl Validity {
    /// Around the day that specimens are made for.
    pub const NOW: Self = Self(date!(2020 - 01 - 01), date!(2036 - 01 - 01));
}

impl Issuer {
    /// The authority of a state that does not exist, from a seed.
    pub fn authority(seed: u8, validity: Validity) -> Self {
        let (key, name) = (key(seed), name("UT", &format!("CSCA {seed}")));
        let certificate = certificate(
            &Tbs { serial: seed, issuer: &name, subject: &name, key: &key, validity, is_authority: true },
            &key,
        );
        Self { key, name, serial: seed, certificate }
    }

    /// A signer of documents whose certificate this authority issues.
    pub fn signer(&self, seed: u8, validity: Validity) -> Self {
        let (key, subject) = (key(seed), name("UT", &format!("Document Signer {seed}")));
        let tbs = Tbs {
            serial: seed,
            issuer: &self.name,
            subject: &subject,
            key: &key,
            validity,
            is_authority: false,
        };
        let certificate = certificate(&tbs, &self.key);
        Self { key, name: self.name.clone(), serial: seed, certificate }
    }

    /// The file `SOD` over data groups of these numbers.
    pub fn security_object(&self, groups: &[(u8, &[u8])]) -> Vec<u8> {
        let digest = |(number, bytes): &(u8, &[u8])| {
            sequence(&[tlv(0x02, &[*number]), tlv(0x04, &Sha256::digest(bytes))])
        };
        let digests: Vec<Vec<u8>> = groups.iter().map(digest).collect();
        let content = sequence(&[tlv(0x02, &[0]), sequence(&[oid(&SHA256)]), sequence(&digests)]);
        tlv(0x77, &self.signed(&LDS_SECURITY_OBJECT, &content))
    }

    /// A master list of authorities, signed by this one.
    pub fn master_list(&self, authorities: &[&Self]) -> Vec<u8> {
        let mut all: Vec<Vec<u8>> = authorities.iter().map(|a| a.certificate.clone()).collect();
        all.sort();
        let content = sequence(&[tlv(0x02, &[0]), tlv(0x31, &all.concat())]);
        self.signed(&MASTER_LIST, &content)
    }

    /// A list of the certificates with these serial numbers, which this authority revoked (CRL).
    pub fn revocation_list(&self, serials: &[u8]) -> Vec<u8> {
        let when = utc_time(Validity::NOW.0);
        let entries: Vec<Vec<u8>> =
            serials.iter().map(|serial| sequence(&[tlv(0x02, &[*serial]), when.clone()])).collect();
        let algorithm = sequence(&[oid(&ECDSA_SHA256)]);
        let list = sequence(&[
            tlv(0x02, &[1]),
            algorithm.clone(),
            self.name.clone(),
            when,
            utc_time(Validity::NOW.1),
            sequence(&entries),
        ]);
        let signature: DerSignature = self.key.sign(&list);
        sequence(&[list, algorithm, tlv(0x03, &[&[0], signature.as_bytes()].concat())])
    }

    /// A CMS structure with signed attributes.
    fn signed(&self, kind: &[u32], content: &[u8]) -> Vec<u8> {
        let attribute = |id: &[u32], value: Vec<u8>| sequence(&[oid(id), tlv(0x31, &value)]);
        let mut attributes = [
            attribute(&[1, 2, 840, 113_549, 1, 9, 3], oid(kind)),
            attribute(&[1, 2, 840, 113_549, 1, 9, 4], tlv(0x04, &Sha256::digest(content))),
        ];
        attributes.sort();
        let signature: DerSignature = self.key.sign(&tlv(0x31, &attributes.concat()));
        let signer = sequence(&[
            tlv(0x02, &[1]),
            sequence(&[self.name.clone(), tlv(0x02, &[self.serial])]),
            sequence(&[oid(&SHA256)]),
            tlv(0xa0, &attributes.concat()),
            sequence(&[oid(&ECDSA_SHA256)]),
            tlv(0x04, signature.as_bytes()),
        ]);
        let data = sequence(&[
            tlv(0x02, &[3]),
            tlv(0x31, &sequence(&[oid(&SHA256)])),
            sequence(&[oid(kind), tlv(0xa0, &tlv(0x04, content))]),
            tlv(0xa0, &self.certificate),
            tlv(0x31, &signer),
        ]);
        sequence(&[oid(&SIGNED_DATA), tlv(0xa0, &data)])
    }
}

/// DG1 of a zone.
pub fn zone_group(lines: &[String]) -> Vec<u8> {
    tlv(0x61, &tlv(0x5f1f, lines.concat().as_bytes()))
}

/// DG2 of a JPEG or JPEG 2000: one template with a record of ISO/IEC 19794-5.
pub fn face_group(picture: &[u8]) -> Vec<u8> {
    let (length, face) = ((14 + 20 + 12 + picture.len()) as u32, (20 + 12 + picture.len()) as u32);
    let record = [
        &b"FAC\x00010\x00"[..],
        &length.to_be_bytes(),
        &1_u16.to_be_bytes(),
        &face.to_be_bytes(),
        &[0; 16],
        &[1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        picture,
    ]
    .concat();
    let template = [tlv(0xa1, &[0x81, 1, 2, 0x87, 2, 1, 1, 0x88, 2, 0, 8]), tlv(0x5f2e, &record)].concat();
    tlv(0x75, &tlv(0x7f61, &[tlv(0x02, &[1]), tlv(0x7f60, &template)].concat()))
}

fn key(seed: u8) -> SigningKey {
    // Any 32 bytes below the curve's order are a key.
    let digest: [u8; 32] = Sha256::digest([seed; 8]).into();
    SigningKey::from_slice(&digest).unwrap_or_else(|_| unreachable!("a digest below the order of P-256"))
}

fn name(country: &str, common: &str) -> Vec<u8> {
    let attribute = |id: u32, tag: u16, text: &str| {
        tlv(0x31, &sequence(&[oid(&[2, 5, 4, id]), tlv(tag, text.as_bytes())]))
    };
    sequence(&[attribute(6, 0x13, country), attribute(3, 0x0c, common)])
}

fn utc_time(date: Date) -> Vec<u8> {
    let text = format!("{:02}{:02}{:02}000000Z", date.year() % 100, u8::from(date.month()), date.day());
    tlv(0x17, text.as_bytes())
}

/// The signed part of a certificate (TBSCertificate).
struct Tbs<'a> {
    serial: u8,
    issuer: &'a [u8],
    subject: &'a [u8],
    key: &'a SigningKey,
    validity: Validity,
    is_authority: bool,
}

fn certificate(tbs: &Tbs<'_>, signer: &SigningKey) -> Vec<u8> {
    let point = tbs.key.verifying_key().to_sec1_point(false);
    let key = sequence(&[
        sequence(&[oid(&[1, 2, 840, 10045, 2, 1]), oid(&[1, 2, 840, 10045, 3, 1, 7])]),
        tlv(0x03, &[&[0], point.as_bytes()].concat()),
    ]);
    let constraints = sequence(&[tlv(0x01, &[0xff])]);
    let extension = sequence(&[oid(&[2, 5, 29, 19]), tlv(0x01, &[0xff]), tlv(0x04, &constraints)]);
    let extensions = if tbs.is_authority { tlv(0xa3, &sequence(&[extension])) } else { Vec::new() };
    let algorithm = sequence(&[oid(&ECDSA_SHA256)]);
    let signed = sequence(&[
        tlv(0xa0, &tlv(0x02, &[2])),
        tlv(0x02, &[tbs.serial]),
        algorithm.clone(),
        tbs.issuer.to_vec(),
        sequence(&[utc_time(tbs.validity.0), utc_time(tbs.validity.1)]),
        tbs.subject.to_vec(),
        key,
        extensions,
    ]);
    let signature: DerSignature = signer.sign(&signed);
    sequence(&[signed, algorithm, tlv(0x03, &[&[0], signature.as_bytes()].concat())])
}
