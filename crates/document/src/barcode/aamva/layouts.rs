//! Licences as issuers really write them: other separators, miscounted headers, several subfiles, words and names that mislead.

use super::{
    Kind, Licence,
    tests::{TODAY, barcode, failed, value},
};
use crate::report::FieldName;

const COMMON: [(&str, &str); 8] = [
    ("DAQ", "D1234562"),
    ("DCS", "SAMPLE"),
    ("DAC", "DANIEL"),
    ("DBB", "08311977"),
    ("DBA", "08312031"),
    ("DBD", "08312023"),
    ("DBC", "1"),
    ("DCG", "USA"),
];

/// The common licence with some of its elements otherwise.
fn with(changed: &[(&str, &str)]) -> Licence {
    let kept = COMMON.iter().filter(|(code, _)| changed.iter().all(|(other, _)| other != code));
    let elements: Vec<_> = kept.chain(changed).copied().collect();
    Licence::parse(&barcode("636014", 8, "DL", &elements)).unwrap()
}

fn assert_is_common(text: &str, what: &str) {
    let licence = Licence::parse(text).unwrap_or_else(|| panic!("{what}: no licence"));
    let read = [FieldName::DocumentNumber, FieldName::LastName, FieldName::FirstName, FieldName::ExpiryDate];
    let read = read.map(|name| value(&licence, name));
    assert_eq!(read, ["D1234562", "SAMPLE", "DANIEL", "2031-08-31"], "{what}");
    assert!(failed(&licence).is_empty(), "{what}: {:?}", failed(&licence));
}

#[test]
fn any_separator_ends_an_element() {
    let text = barcode("636014", 8, "DL", &COMMON);
    for separator in ["\n", "\r", "\r\n", "\u{1c}", "\u{1d}", "\u{1e}", "\u{1f}"] {
        let (head, body) = text.split_at(text.find("DLDAQ").unwrap());
        assert_is_common(&format!("{head}{}", body.replace('\n', separator)), &format!("{separator:?}"));
    }
}

#[test]
fn a_header_may_lack_its_control_characters_or_the_space_of_its_type() {
    let text = barcode("636014", 8, "DL", &COMMON);
    for (from, to) in [
        ("@\n\u{1e}\rANSI ", "@ANSI "),
        ("@\n\u{1e}\rANSI ", "ANSI "),
        ("@\n\u{1e}\rANSI ", "@\r\n\u{1e}\rANSI "),
        ("@\n\u{1e}\rANSI ", "@\n\u{1c}\rANSI "),
        ("ANSI ", "ANSI"),
        ("ANSI ", "AAMVA"),
    ] {
        assert_is_common(&text.replacen(from, to, 1), to);
    }
}

#[test]
fn an_offset_that_points_into_a_value_is_not_followed() {
    let text = barcode("636014", 8, "DL", &COMMON);
    let at = text.find("DANIEL").unwrap();
    let stated = text.find("DLDAQ").unwrap();
    let wrong = text.replacen(&format!("DL{stated:04}"), &format!("DL{at:04}"), 1);
    assert_ne!(wrong, text);
    assert_is_common(&wrong, "offset of a value");
    for by in [1, 3, 9, 40] {
        for offset in [stated + by, stated - by] {
            let wrong = text.replacen(&format!("DL{stated:04}"), &format!("DL{offset:04}"), 1);
            assert_is_common(&wrong, &format!("offset {offset} for {stated}"));
        }
    }
    for length in ["0000", "0001", "0020", "9999"] {
        let entry = format!("DL{stated:04}");
        let from = text.find(&entry).unwrap() + entry.len();
        assert_is_common(&format!("{}{length}{}", &text[..from], &text[from + 4..]), length);
    }
}

/// A barcode of `parts`, each a subfile, with right offsets and lengths.
fn of_subfiles(parts: &[(&str, &str)]) -> String {
    let head = format!("@\n\u{1e}\rANSI 6360140800{:02}", parts.len());
    let start = head.len() + 10 * parts.len();
    let (mut entries, mut body) = (String::new(), String::new());
    for (kind, elements) in parts {
        let subfile = format!("{kind}{elements}\r");
        entries.push_str(&format!("{kind}{:04}{:04}", start + body.len(), subfile.len()));
        body.push_str(&subfile);
    }
    format!("{head}{entries}{body}")
}

#[test]
fn subfiles_come_in_any_order_and_those_of_jurisdictions_are_not_read() {
    let own: String = COMMON.iter().map(|(code, value)| format!("{code}{value}\n")).collect();
    let (first, second) = own.split_at(own.find("DBB").unwrap());
    let foreign = "ZCADAQ999\nDAQFALSE\nDCSFALSE\nDBA01011999\n";
    for parts in [
        &[("ZC", foreign), ("DL", &own)][..],
        &[("DL", &own), ("ZC", foreign), ("ZX", foreign)],
        &[("EN", &own), ("ZC", foreign)],
        &[("ZC", foreign), ("DL", first), ("EN", second)],
        &[("DL", &own), ("ID", "DAQ777\nDCSOTHER\n")],
    ] {
        assert_is_common(
            &of_subfiles(parts),
            &format!("{:?}", parts.iter().map(|p| p.0).collect::<Vec<_>>()),
        );
    }
    let card = Licence::parse(&of_subfiles(&[("ZC", foreign), ("ID", &own)])).unwrap();
    assert_eq!(card.kind(), Kind::IdentityCard);
    assert_eq!(Licence::parse(&of_subfiles(&[("ZC", foreign)])), None);
}

#[test]
fn names_that_read_like_words_for_none_are_names() {
    for (surname, given) in [("NULL", "CHRISTOPHER"), ("NA", "MINA"), ("UNK", "JO")] {
        let licence = with(&[("DCS", surname), ("DAC", given)]);
        assert_eq!(value(&licence, FieldName::LastName), surname);
        assert_eq!(value(&licence, FieldName::FirstName), given);
        assert!(failed(&licence).is_empty(), "{surname}");
    }
    let licence = with(&[("DAC", "NONE"), ("DAD", "unavl")]);
    assert_eq!(value(&licence, FieldName::FirstName), "");
    assert_eq!(value(&licence, FieldName::LastName), "SAMPLE");
}

#[test]
fn one_element_holds_the_whole_name_with_any_of_its_separators() {
    for name in ["SAMPLE,DANIEL,J,JR", "SAMPLE$DANIEL$J$JR", "SAMPLE@DANIEL@J@JR", "SAMPLE, DANIEL, J, "] {
        let rest: Vec<_> =
            COMMON.iter().filter(|(code, _)| !["DCS", "DAC"].contains(code)).copied().collect();
        let elements = [&[("DAA", name)], &rest[..]].concat();
        let licence = Licence::parse(&barcode("636014", 1, "DL", &elements)).unwrap();
        assert_eq!(
            (value(&licence, FieldName::LastName), value(&licence, FieldName::FirstName)),
            ("SAMPLE".to_owned(), "DANIEL J".to_owned()),
            "{name}"
        );
    }
}

#[test]
fn an_expiry_in_words_passes_or_is_open_and_never_counts_as_past() {
    for text in
        ["INDEFINITE", "NON EXPIRING", "NOEXPIRY", "MILITARY", "MIL", "12319999", "99999999", "00000000"]
    {
        let licence = with(&[("DBA", text)]);
        assert!(failed(&licence).is_empty(), "{text}");
        assert_eq!(value(&licence, FieldName::ExpiryDate), "");
    }
    for text in ["UNAVL", "N/A", ""] {
        assert!(failed(&with(&[("DBA", text)])).is_empty(), "{text}");
    }
    assert_eq!(failed(&with(&[("DBA", "08312023")])), ["date_logic", "not_expired"]);
    assert_eq!(failed(&with(&[("DBA", "02302031")])), ["not_expired"]);
}

#[test]
fn countries_are_known_by_code_and_name() {
    for (stated, country) in
        [("USA", "USA"), ("United States", "USA"), ("U.S.A.", "USA"), ("CANADA", "CAN"), ("MX", "MEX")]
    {
        assert_eq!(value(&with(&[("DCG", stated)]), FieldName::CountryCode), country, "{stated}");
    }
}

#[test]
fn a_date_is_read_in_the_order_of_its_country_in_every_version() {
    for (issuer, version, birth, expiry) in [
        ("636014", 3, "08311977", "08312031"),
        ("636014", 10, "08311977", "08312031"),
        ("636014", 1, "19770831", "20310831"),
        ("636012", 8, "19770831", "20310831"),
        ("636012", 1, "1977/08/31", "2031/08/31"),
        ("636056", 4, "19770831", "20310831"),
        // The other order than is usual.
        ("636014", 8, "19770831", "20310831"),
        ("636012", 8, "08311977", "08312031"),
    ] {
        let elements = [("DAQ", "1"), ("DCS", "A"), ("DBB", birth), ("DBA", expiry)];
        let licence = Licence::parse(&barcode(issuer, version, "DL", &elements)).unwrap();
        assert_eq!(value(&licence, FieldName::BirthDate), "1977-08-31", "{issuer} {version}");
        assert!(licence.checks(TODAY).iter().all(|check| !check.gates()), "{issuer} {version}");
    }
}

#[test]
fn names_truncated_by_the_issuer_are_reported_and_others_are_not() {
    for (flags, cut) in [
        (&[("DDE", "T")][..], &[FieldName::LastName][..]),
        (&[("DDF", "T"), ("DDG", "N")], &[FieldName::FirstName]),
        (&[("DDG", "T")], &[FieldName::FirstName]),
        (&[("DDE", "N"), ("DDF", "N"), ("DDG", "U")], &[]),
    ] {
        let fields = with(flags).fields();
        for name in [FieldName::LastName, FieldName::FirstName] {
            assert_eq!(fields[&name].confidence < 1.0, cut.contains(&name), "{flags:?}");
        }
    }
}
