use super::*;
use crate::Outcome;
use proptest::prelude::*;
use time::macros::date;

pub(super) const TODAY: Date = date!(2026 - 06 - 01);

/// The text of a barcode: `elements` in the subfile `kind`, then a jurisdiction's subfile.
pub(super) fn barcode(issuer: &str, version: u8, kind: &str, elements: &[(&str, &str)]) -> String {
    let body: String = elements.iter().map(|(code, value)| format!("{code}{value}\n")).collect();
    let (own, other) = (format!("{kind}{body}\r"), "ZVZVADLDAQFALSE\n\r");
    let (file, jurisdiction) = if version < 2 { ("AAMVA", "") } else { ("ANSI ", "00") };
    let start = 4 + 5 + 6 + 2 + jurisdiction.len() + 2 + 20;
    let offset = start + own.len();
    format!(
        "@\n\u{1e}\r{file}{issuer}{version:02}{jurisdiction}02{kind}{start:04}{:04}ZV{offset:04}{:04}{own}{other}",
        own.len(),
        other.len()
    )
}

const COMMON: [(&str, &str); 4] =
    [("DAQ", "D1234562"), ("DBB", "19770831"), ("DBA", "20310831"), ("DBC", "1")];

fn read(issuer: &str, version: u8, kind: &str, more: &[(&str, &str)]) -> Licence {
    let elements: Vec<_> = more.iter().chain(&COMMON).copied().collect();
    Licence::parse(&barcode(issuer, version, kind, &elements)).unwrap()
}

pub(super) fn value(licence: &Licence, name: FieldName) -> String {
    licence.fields().get(&name).map(|f| f.value.clone()).unwrap_or_default()
}

pub(super) fn failed(licence: &Licence) -> Vec<&'static str> {
    licence.checks(TODAY).into_iter().filter(Check::gates).map(|c| c.name).collect()
}

#[test]
fn every_version_is_read_with_the_names_it_has() {
    let current = [("DCS", "SAMPLE"), ("DAC", "ALEX"), ("DAD", "J"), ("DCG", "USA")];
    let second = [("DCS", "SAMPLE,"), ("DCT", "ALEX,J"), ("DCG", "USA")];
    let first = [("DAA", "SAMPLE,ALEX,J"), ("DAJ", "CA")];
    let parts = [("DAB", "SAMPLE"), ("DAC", "ALEX"), ("DAD", "J")];
    for version in 0..=10 {
        for names in [&current[..], &second, &first, &parts] {
            let licence = read("636014", version, "DL", names);
            assert_eq!(value(&licence, FieldName::LastName), "SAMPLE", "{version}");
            assert_eq!(value(&licence, FieldName::FirstName), "ALEX J", "{version}");
            assert_eq!(value(&licence, FieldName::DocumentNumber), "D1234562");
            assert_eq!(value(&licence, FieldName::BirthDate), "1977-08-31");
            assert!(failed(&licence).is_empty(), "{version} {:?}", failed(&licence));
        }
    }
}

#[test]
fn the_country_is_the_stated_one_or_the_issuers_or_the_address() {
    let country = |issuer, more: &[(&str, &str)]| {
        value(&read(issuer, 4, "DL", &[more, &[("DCS", "A")]].concat()), FieldName::CountryCode)
    };
    assert_eq!(country("636014", &[("DCG", "CAN")]), "CAN");
    assert_eq!(country("636012", &[]), "CAN");
    assert_eq!(country("999999", &[("DAJ", "QC")]), "CAN");
    assert_eq!(country("999999", &[("DAJ", "CA")]), "USA");
}

#[test]
fn an_identity_card_is_one_and_its_state_is_the_issuers() {
    let card = read("636053", 6, "ID", &[("DCS", "SMITH"), ("DAJ", "KY")]);
    assert_eq!((card.kind(), value(&card, FieldName::IssuingState)), (Kind::IdentityCard, "TN".into()));
}

#[test]
fn expired_impossible_and_missing_dates_fail_and_no_expiry_does_not() {
    let of = |birth, issue, expiry| {
        let all = [("DAQ", "D1"), ("DCS", "A"), ("DBB", birth), ("DBD", issue), ("DBA", expiry)];
        failed(&Licence::parse(&barcode("636014", 8, "DL", &all)).unwrap())
    };
    assert_eq!(of("08311977", "08312018", "08312023"), ["not_expired"]);
    assert_eq!(of("09302022", "08312022", "08312027"), ["date_logic"]);
    assert_eq!(of("08311977", "08312022", "77777777"), ["not_expired"]);
    assert!(of("08001977", "08312022", "99999999").is_empty(), "only the month of birth is known");
    assert!(of("08311977", "08312022", "INDEF").is_empty());
    assert_eq!(of("08311977", "", ""), [] as [&str; 0]);
}

#[test]
fn a_name_that_the_issuer_cut_is_less_certain() {
    let licence = read("636014", 8, "DL", &[("DCS", "WOLFESCHLEGEL"), ("DDE", "T"), ("DDF", "N")]);
    assert!(licence.fields()[&FieldName::LastName].confidence < 1.0);
    assert!(licence.structure().evidence.contains("cut by the issuer: last_name"));
}

#[test]
fn utf8_in_a_barcode_that_says_latin_1_is_read() {
    let text = barcode(
        "604428",
        8,
        "DL",
        &[("DAQ", "D1"), ("DCS", "BÉLANGER"), ("DBA", "20310101"), ("DBB", "19800101")],
    );
    let as_latin: String = text.bytes().map(char::from).collect();
    for text in [text, as_latin] {
        assert_eq!(value(&Licence::parse(&text).unwrap(), FieldName::LastName), "BÉLANGER");
    }
}

#[test]
fn a_barcode_without_a_number_is_no_licence() {
    assert_eq!(Licence::parse(&barcode("636014", 8, "DL", &[("DCS", "A")])), None);
    assert_eq!(Licence::parse("ANSI 636014"), None);
}

#[test]
fn nothing_is_checked_of_an_expiry_that_is_missing() {
    let licence = Licence::parse(&barcode("636014", 8, "DL", &[("DAQ", "D1"), ("DCS", "A")])).unwrap();
    assert_eq!(licence.validity(TODAY).outcome, Outcome::NotChecked);
}

proptest! {
    /// Elements of the standard are read in any order and among elements that jurisdictions add.
    #[test]
    fn the_order_of_elements_does_not_matter(
        order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
        surname in "[A-Z]{1,20}",
        number in "[A-Z0-9]{4,14}",
        version in 0u8..=10,
        extra in "[A-Z0-9 /.-]{0,20}",
    ) {
        let all = [
            ("DAQ", number.as_str()), ("DCS", &surname), ("DBB", "19770831"), ("DBA", "20310831"), ("DAG", &extra),
            ("DAI", "DLDAQ"), ("DCF", "IDDAQ1"), ("DAU", "069 IN"),
        ];
        let shuffled: Vec<_> = order.into_iter().map(|i| all[i]).collect();
        let licence = Licence::parse(&barcode("636014", version, "DL", &shuffled)).unwrap();
        prop_assert_eq!(value(&licence, FieldName::LastName), stated(&surname).unwrap_or_default());
        prop_assert_eq!(value(&licence, FieldName::DocumentNumber), stated(&number).unwrap_or_default());
        prop_assert_eq!(value(&licence, FieldName::ExpiryDate), "2031-08-31");
    }

    #[test]
    fn any_text_causes_no_panic(text in "\\PC{0,200}", cut in 0usize..200) {
        let _ = Licence::parse(&text);
        let whole = barcode("636014", 8, "DL", &COMMON);
        let _ = Licence::parse(whole.get(cut..).unwrap_or(""));
        let _ = Licence::parse(&format!("{}{text}", whole.get(..cut.min(whole.len())).unwrap_or("")));
    }
}
