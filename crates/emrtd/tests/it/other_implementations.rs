//! Chips signed by OpenSSL and portraits encoded by FFmpeg (`tests/fixtures/make.sh`).

use std::{collections::BTreeMap, fs, path::Path};

use emrtd::{ChipFiles, IssuerStatus, TrustStore, authenticate, read_portrait};
use specimens::chip::face_group;
use time::macros::date;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

#[test]
fn every_supported_kind_of_signature_is_verified() {
    for name in ["rsa", "rsa-pss", "p384", "p521", "brainpool256", "brainpool384-explicit"] {
        let mut store = TrustStore::default();
        store.add_file(&fixture(&format!("{name}-authority.der"))).unwrap();
        let groups = BTreeMap::from([(1, b"one".to_vec()), (2, b"two".to_vec()), (3, b"two".to_vec())]);
        let mut files = ChipFiles { security_object: fixture(&format!("{name}-sod.der")), groups };
        let found = authenticate(&files, &store, date!(2027 - 01 - 01)).unwrap();
        assert!(found.is_signed, "{name}");
        assert_eq!(found.groups, BTreeMap::from([(1, true), (2, true), (3, false)]), "{name}");
        assert_eq!(found.issuer, IssuerStatus::Trusted(Some("UT".into())), "{name}");
        *files.security_object.last_mut().unwrap() ^= 1;
        assert!(!authenticate(&files, &store, date!(2027 - 01 - 01)).unwrap().is_signed, "{name}");
    }
}

#[test]
fn an_authority_of_the_same_kind_that_did_not_issue_the_signer_is_not_its_issuer() {
    let files = ChipFiles { security_object: fixture("rsa-sod.der"), groups: BTreeMap::new() };
    let mut store = TrustStore::default();
    store.add_file(&fixture("rsa-pss-authority.der")).unwrap();
    assert_eq!(authenticate(&files, &store, date!(2027 - 01 - 01)).unwrap().issuer, IssuerStatus::Unknown);
}

#[test]
fn portraits_in_jpeg_2000_are_read_as_a_file_and_as_a_bare_codestream() {
    let expected = image::load_from_memory(&fixture("face.png")).unwrap().to_rgb8();
    let read = read_portrait(&face_group(&fixture("face.jp2"))).unwrap();
    let read = image::load_from_memory(&read.jpeg).unwrap().to_rgb8();
    assert_eq!(read.dimensions(), expected.dimensions());
    let differences = read.as_raw().iter().zip(expected.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b)));
    let mean = differences.sum::<f64>() / expected.as_raw().len() as f64;
    assert!(mean < 6.0, "mean difference of {mean}");
    let grey = read_portrait(&face_group(&fixture("face.j2k"))).unwrap();
    assert_eq!(image::load_from_memory(&grey.jpeg).unwrap().to_luma8().dimensions(), (48, 64));
}

#[test]
fn a_picture_that_is_cut_short_or_claims_to_be_huge_is_refused() {
    let whole = fixture("face.jp2");
    assert!(read_portrait(&face_group(&whole[..100])).is_err());
    let mut huge = fixture("face.j2k");
    // Width and height of the codestream's SIZ marker.
    huge[8..16].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    assert!(read_portrait(&face_group(&huge)).is_err());
}
