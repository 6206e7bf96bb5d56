//! Files of a document's chip beside its picture.

use std::sync::LazyLock;

use proto::docauth::{CheckDocumentResponse, CheckOutcome, FieldSource, doc_auth_client::DocAuthClient};
use rpc::Transport;
use specimens::{
    Kind, Level, Plan, Studio,
    chip::{Issuer, Validity, face_group, zone_group},
};
use time::macros::date;
use tonic::Code;

use crate::{RUNTIME, send_with_chip, service};

const PAST: Validity = Validity(date!(2010 - 01 - 01), date!(2019 - 01 - 01));
const REVOKED: u8 = 9;

/// A service that trusts the authority 1, which revoked a signer, and the authority 5, which has expired.
static TRUSTING: LazyLock<DocAuthClient<Transport>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    std::fs::write(
        folder.path().join("list.ml"),
        authority.signer(8, Validity::NOW).master_list(&[&authority]),
    )
    .unwrap();
    std::fs::write(folder.path().join("old.der"), &Issuer::authority(5, PAST).certificate).unwrap();
    std::fs::write(folder.path().join("revoked.crl"), authority.revocation_list(&[REVOKED])).unwrap();
    RUNTIME.block_on(service(|config| config.chip_authorities = Some(folder.path().to_owned())))
});

fn authority() -> Issuer {
    Issuer::authority(1, Validity::NOW)
}

/// A passport and the files of its chip.
struct Passport {
    picture: Vec<u8>,
    zone: Vec<u8>,
    face: Vec<u8>,
}

static PASSPORTS: LazyLock<[Passport; 2]> = LazyLock::new(|| {
    let studio = Studio::open().unwrap();
    [7, 8].map(|seed| {
        let plan = Plan { kind: Kind::Td3, level: Level::Scan, turns: 0, attack: None };
        let made = studio.make(seed, &plan).unwrap();
        let mut jpeg = std::io::Cursor::new(Vec::new());
        image::RgbImage::from_pixel(120, 160, image::Rgb([180, 20 * seed as u8, 120]))
            .write_to(&mut jpeg, image::ImageFormat::Jpeg)
            .unwrap();
        Passport { picture: made.jpeg, zone: zone_group(&made.truth.zone), face: face_group(jpeg.get_ref()) }
    })
});

impl Passport {
    fn object(&self, signer: &Issuer) -> Vec<u8> {
        signer.security_object(&[(1, &self.zone), (2, &self.face)])
    }

    fn files(&self, signer: &Issuer) -> Vec<(&'static str, Vec<u8>)> {
        vec![("SOD", self.object(signer)), ("DG1", self.zone.clone()), ("DG2", self.face.clone())]
    }
}

fn run_test<F: Future<Output = ()>>(
    test: impl FnOnce(&'static DocAuthClient<Transport>, &'static [Passport; 2]) -> F,
) {
    let (client, passports) = (&*TRUSTING, &*PASSPORTS);
    RUNTIME.block_on(test(client, passports));
}

fn outcome(checked: &CheckDocumentResponse, name: &str) -> (CheckOutcome, String) {
    let check = checked.checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no {name}"));
    (check.outcome(), check.evidence.clone())
}

#[test]
fn an_authentic_chip_confirms_the_picture_and_gives_its_portrait() {
    run_test(|client, [passport, _]| async move {
        let files = passport.files(&authority().signer(2, Validity::NOW));
        let checked = send_with_chip(client, &passport.picture, false, &files).await.unwrap();
        for name in ["chip_signature", "chip_data", "chip_issuer", "chip_mrz"] {
            let (outcome, evidence) = outcome(&checked, name);
            assert_eq!(outcome, CheckOutcome::Passed, "{name}: {evidence}");
        }
        assert_eq!(outcome(&checked, "chip_data").1, "as they were signed: DG1, DG2");
        assert_eq!(outcome(&checked, "chip_issuer").1, "issued by an authority of UT in the operator's list");
        let portrait = image::load_from_memory(&checked.chip_portrait).unwrap();
        assert_eq!((portrait.width(), portrait.height()), (120, 160));
        let number = checked.fields.iter().find(|field| field.name == "document_number").unwrap();
        assert!((number.confidence - 1.0).abs() < 1e-6);
    });
}

#[test]
fn a_picture_that_cannot_be_read_is_filled_from_an_authentic_chip_alone() {
    run_test(|client, [passport, _]| async move {
        let trusted = passport.files(&authority().signer(2, Validity::NOW));
        let unknown = passport.files(&Issuer::authority(77, Validity::NOW).signer(2, Validity::NOW));
        let checked = send_with_chip(client, &crate::blank(), false, &trusted).await.unwrap();
        assert_eq!(outcome(&checked, "chip_mrz").0, CheckOutcome::NotChecked);
        assert!(
            checked
                .fields
                .iter()
                .any(|field| field.name == "last_name" && field.source() == FieldSource::Chip)
        );
        let checked = send_with_chip(client, &crate::blank(), false, &unknown).await.unwrap();
        assert!(checked.fields.is_empty() && checked.chip_portrait.is_empty());
    });
}

#[test]
fn the_chip_of_another_document_is_noticed() {
    run_test(|client, [passport, other]| async move {
        let files = other.files(&authority().signer(2, Validity::NOW));
        let checked = send_with_chip(client, &passport.picture, false, &files).await.unwrap();
        let (outcome, evidence) = outcome(&checked, "chip_mrz");
        assert_eq!(outcome, CheckOutcome::Failed, "{evidence}");
        assert!(evidence.starts_with("the chip has another number"), "{evidence}");
    });
}

#[test]
fn changed_data_and_forged_signatures_fail_and_their_portrait_is_not_used() {
    run_test(|client, [passport, other]| async move {
        let signer = authority().signer(2, Validity::NOW);
        let groups = vec![
            ("SOD", passport.object(&signer)),
            ("DG1", passport.zone.clone()),
            ("DG2", other.face.clone()),
        ];
        let checked = send_with_chip(client, &passport.picture, false, &groups).await.unwrap();
        assert_eq!(
            outcome(&checked, "chip_data"),
            (CheckOutcome::Failed, "not as they were signed: DG2".into())
        );
        assert!(checked.chip_portrait.is_empty());
        let mut object = passport.object(&signer);
        *object.last_mut().unwrap() ^= 1;
        let checked = send_with_chip(client, &passport.picture, false, &[("SOD", object)]).await.unwrap();
        assert_eq!(outcome(&checked, "chip_signature").0, CheckOutcome::Failed);
        assert_eq!(outcome(&checked, "chip_data").0, CheckOutcome::NotChecked);
    });
}

#[test]
fn unknown_expired_and_revoked_issuers_are_reported_as_such() {
    run_test(|client, [passport, _]| async move {
        for (signer, word) in [
            (Issuer::authority(77, Validity::NOW).signer(2, Validity::NOW), "unknown issuer"),
            (authority().signer(3, PAST), "expired issuer: the signer"),
            (Issuer::authority(5, PAST).signer(4, Validity::NOW), "expired issuer: the authority"),
            (authority().signer(REVOKED, Validity::NOW), "revoked issuer"),
        ] {
            let checked =
                send_with_chip(client, &crate::blank(), false, &passport.files(&signer)).await.unwrap();
            let (found, evidence) = outcome(&checked, "chip_issuer");
            assert_eq!(found, CheckOutcome::Failed);
            assert!(evidence.starts_with(word), "{evidence}");
            assert_eq!(outcome(&checked, "chip_signature").0, CheckOutcome::Passed);
        }
    });
}

#[test]
fn without_authorities_the_signature_is_checked_and_nobody_is_trusted() {
    let (client, [passport, _]) = (&*crate::SHARED, &*PASSPORTS);
    RUNTIME.block_on(async {
        let files = passport.files(&authority().signer(2, Validity::NOW));
        let checked = send_with_chip(client, &crate::blank(), false, &files).await.unwrap();
        assert_eq!(outcome(&checked, "chip_signature").0, CheckOutcome::Passed);
        assert_eq!(outcome(&checked, "chip_issuer").0, CheckOutcome::NotChecked);
        assert!(checked.chip_portrait.is_empty() && checked.fields.is_empty());
    });
}

#[test]
fn files_that_are_not_of_a_chip_are_rejected_before_the_picture_is_read() {
    run_test(|client, [passport, _]| async move {
        let object = passport.object(&authority().signer(2, Validity::NOW));
        let (zone, face) = (passport.zone.clone(), passport.face.clone());
        let large = vec![0x61; 10 * 1024];
        for (files, said) in [
            (vec![("SOD", object[..object.len() / 2].to_vec())], "SOD is damaged or has another format"),
            (vec![("SOD", b"random bytes".to_vec())], "SOD is damaged or has another format"),
            (vec![("DG1", zone.clone())], "data groups of a chip need its file SOD"),
            (vec![("SOD", object.clone()), ("DG1", face.clone())], "DG1 is damaged or has another format"),
            (
                vec![("SOD", object.clone()), ("DG2", face[..99].to_vec())],
                "DG2 is damaged or has another format",
            ),
            (vec![("SOD", object.clone()), ("SOD", object.clone())], "a file of the chip came twice"),
            (
                vec![("SOD", object.clone()), ("DG17", zone.clone())],
                "a chip's files are named SOD and DG1 to DG16",
            ),
            (vec![("SOD", vec![0; 1024 * 1024 + 1])], "a file of the chip may have 1 MB, all of them 2 MB"),
            (vec![("SOD", object.clone()), ("DG1", large)], "DG1 is damaged or has another format"),
        ] {
            let refused = send_with_chip(client, b"no picture", false, &files).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, said));
        }
    });
}

#[test]
fn trailing_bytes_of_blocks_read_by_an_app_are_ignored() {
    run_test(|client, [passport, _]| async move {
        let mut files = passport.files(&authority().signer(2, Validity::NOW));
        files[1].1.extend([0; 40]);
        let checked = send_with_chip(client, &crate::blank(), false, &files).await.unwrap();
        assert_eq!(outcome(&checked, "chip_data").0, CheckOutcome::Passed);
    });
}

#[test]
fn a_setting_without_a_usable_certificate_stops_the_start_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("note.txt"), "no certificate").unwrap();
    for path in [folder.path().to_owned(), folder.path().join("missing")] {
        let config = svc_docauth::Config { chip_authorities: Some(path), ..svc_docauth::Config::default() };
        let refused = RUNTIME.block_on(svc_docauth::routes(config)).map(|_| ()).unwrap_err();
        assert!(format!("{refused:#}").contains("docauth.chip_authorities"), "{refused:#}");
    }
}
