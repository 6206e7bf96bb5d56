//! Passive authentication of generated chips.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod other_implementations;

use std::collections::BTreeMap;

use emrtd::{Added, ChipFiles, IssuerStatus, TrustStore, authenticate};
use proptest::prelude::*;
use specimens::chip::{Issuer, Validity, face_group, zone_group};
use time::{Date, macros::date};

const TODAY: Date = date!(2026 - 11 - 01);

fn zone() -> Vec<u8> {
    let lines =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
    zone_group(&lines.map(str::to_owned))
}

fn files(signer: &Issuer, sent: &[(u8, Vec<u8>)]) -> ChipFiles {
    let (zone, face) = (zone(), face_group(b"\xff\xd8\xff face"));
    ChipFiles {
        security_object: signer.security_object(&[(1, &zone), (2, &face)]),
        groups: sent.iter().cloned().collect::<BTreeMap<_, _>>(),
    }
}

fn trust(certificates: &[&[u8]]) -> TrustStore {
    let mut store = TrustStore::default();
    for certificate in certificates {
        store.add_file(certificate).unwrap();
    }
    store
}

#[test]
fn a_genuine_chip_of_a_trusted_authority_is_authentic() {
    let authority = Issuer::authority(1, Validity::NOW);
    let signer = authority.signer(2, Validity::NOW);
    let found =
        authenticate(&files(&signer, &[(1, zone())]), &trust(&[&authority.certificate]), TODAY).unwrap();
    assert!(found.is_signed && found.groups[&1]);
    assert_eq!(found.issuer, IssuerStatus::Trusted(Some("UT".into())));
}

#[test]
fn a_master_list_gives_its_authorities() {
    let (own, other) = (Issuer::authority(1, Validity::NOW), Issuer::authority(3, Validity::NOW));
    let list = own.signer(9, Validity::NOW).master_list(&[&own, &other]);
    let mut store = TrustStore::default();
    assert_eq!(store.add_file(&list).unwrap().authorities, 2);
    let found = authenticate(&files(&other.signer(4, Validity::NOW), &[]), &store, TODAY).unwrap();
    assert!(matches!(found.issuer, IssuerStatus::Trusted(_)));
    let mut changed = list;
    let at = changed.len() / 3;
    changed[at] ^= 1;
    assert!(TrustStore::default().add_file(&changed).is_err());
}

#[test]
fn a_changed_data_group_and_a_changed_signature_are_noticed() {
    let authority = Issuer::authority(1, Validity::NOW);
    let signer = authority.signer(2, Validity::NOW);
    let store = trust(&[&authority.certificate]);
    let mut other = zone();
    *other.last_mut().unwrap() = b'9';
    let found = authenticate(&files(&signer, &[(1, other), (11, vec![0x6b, 0])]), &store, TODAY).unwrap();
    assert!(found.is_signed && !found.groups[&1] && !found.groups[&11]);
    let mut forged = files(&signer, &[]);
    *forged.security_object.last_mut().unwrap() ^= 1;
    assert!(authenticate(&forged, &store, TODAY).is_ok_and(|found| !found.is_signed));
}

#[test]
fn unknown_and_expired_issuers_are_distinguished() {
    let authority = Issuer::authority(1, Validity::NOW);
    let past = Validity(date!(2010 - 01 - 01), date!(2019 - 01 - 01));
    let status =
        |signer: &Issuer, store: &TrustStore| authenticate(&files(signer, &[]), store, TODAY).unwrap().issuer;
    let store = trust(&[&authority.certificate]);
    assert_eq!(
        status(&authority.signer(2, Validity::NOW), &TrustStore::default()),
        IssuerStatus::NoAuthorities
    );
    assert_eq!(
        status(&Issuer::authority(7, Validity::NOW).signer(2, Validity::NOW), &store),
        IssuerStatus::Unknown
    );
    assert_eq!(status(&authority.signer(2, past), &store), IssuerStatus::SignerOutOfDate);
    let old = Issuer::authority(5, past);
    let late = old.signer(2, Validity::NOW);
    assert_eq!(status(&late, &trust(&[&old.certificate])), IssuerStatus::AuthorityOutOfDate);
}

#[test]
fn a_revoked_signer_is_reported() {
    let (authority, other) = (Issuer::authority(1, Validity::NOW), Issuer::authority(3, Validity::NOW));
    let mut store = trust(&[&authority.certificate, &other.certificate]);
    let status = |store: &TrustStore, seed: u8| {
        authenticate(&files(&authority.signer(seed, Validity::NOW), &[]), store, TODAY).unwrap().issuer
    };
    let added = store.add_file(&other.revocation_list(&[2])).unwrap();
    assert_eq!(added, Added { revocation_lists: 1, ..Added::default() });
    assert!(matches!(status(&store, 2), IssuerStatus::Trusted(_)), "another authority's list");
    let mut forged = authority.revocation_list(&[2]);
    *forged.last_mut().unwrap() ^= 1;
    store.add_file(&forged).unwrap();
    assert!(matches!(status(&store, 2), IssuerStatus::Trusted(_)), "a list the authority did not sign");
    store.add_file(&authority.revocation_list(&[9, 2])).unwrap();
    assert_eq!(status(&store, 2), IssuerStatus::Revoked);
    assert!(matches!(status(&store, 4), IssuerStatus::Trusted(_)));
}

#[test]
fn a_signer_is_no_authority_and_neither_is_any_other_file() {
    let authority = Issuer::authority(1, Validity::NOW);
    for bytes in
        [&authority.signer(2, Validity::NOW).certificate[..], b"", b"-----BEGIN", b"\x30\x00", &[7; 100]]
    {
        assert!(TrustStore::default().add_file(bytes).is_err());
    }
}

#[test]
fn swapped_groups_and_those_of_another_chip_are_not_what_was_signed() {
    let authority = Issuer::authority(1, Validity::NOW);
    let signer = authority.signer(2, Validity::NOW);
    let store = trust(&[&authority.certificate]);
    let of_other = face_group(b"\xff\xd8\xff another face");
    let sent = [(1, face_group(b"\xff\xd8\xff face")), (2, of_other)];
    let found = authenticate(&files(&signer, &sent), &store, TODAY).unwrap();
    assert_eq!(found.groups, BTreeMap::from([(1, false), (2, false)]));
}

#[test]
fn malformed_security_objects_are_rejected() {
    for bytes in [&b""[..], b"\x77\x00", b"\x30\x03\x02\x01\x00", b"not a chip"] {
        let files = ChipFiles { security_object: bytes.to_vec(), ..ChipFiles::default() };
        assert!(authenticate(&files, &TrustStore::default(), TODAY).is_err());
    }
}

proptest! {
    /// A changed MRZ never passes as the signed one, whatever else is changed in the security object.
    #[test]
    fn no_change_of_the_security_object_makes_a_changed_group_authentic(
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
        cut in any::<prop::sample::Index>(),
    ) {
        let authority = Issuer::authority(1, Validity::NOW);
        let mut changed = zone();
        *changed.last_mut().unwrap() = b'9';
        let mut sent = files(&authority.signer(2, Validity::NOW), &[(1, changed)]);
        let at = at.index(sent.security_object.len());
        sent.security_object[at] ^= 1 << bit;
        let store = trust(&[&authority.certificate]);
        if let Ok(found) = authenticate(&sent, &store, TODAY) {
            prop_assert!(!(found.is_signed && found.groups[&1]));
        }
        let cut = cut.index(sent.security_object.len());
        sent.security_object.truncate(cut);
        prop_assert!(authenticate(&sent, &store, TODAY).is_err());
    }
}
