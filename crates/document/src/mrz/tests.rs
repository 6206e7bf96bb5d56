use super::*;
use proptest::prelude::*;

fn zone(lines: &[&str]) -> Option<Mrz> {
    Mrz::parse_lines(&lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>())
}

#[test]
fn the_specimens_of_doc_9303_are_read() {
    let td1 = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];
    let td2 = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
    let td3 =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
    let mrva =
        ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"];
    let mrvb = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"];
    for (lines, format) in [
        (&td1[..], MrzFormat::Td1),
        (&td2[..], MrzFormat::Td2),
        (&td3[..], MrzFormat::Td3),
        (&mrva[..], MrzFormat::MrvA),
        (&mrvb[..], MrzFormat::MrvB),
    ] {
        let read = zone(lines).unwrap();
        assert_eq!((read.format, read.surname.as_str()), (format, "ERIKSSON"));
        assert_eq!(read.given_names, "ANNA MARIA");
        assert!(read.all_digits_right(), "{format:?} {:?}", read.check_digits);
    }
}

#[test]
fn a_changed_date_fails_its_digit_and_the_composite() {
    let lines =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO8408122F1204159ZE184226B<<<<<10"];
    let wrong: Vec<_> = zone(&lines).unwrap().check_digits.into_iter().filter(|(_, right)| !right).collect();
    assert_eq!(wrong, [("date of birth", false), ("composite", false)]);
}

/// Lines of a card with these parts, their check digits made.
pub(super) fn card(code: &str, number: &str, optional: &str, second: &str, names: &str) -> [String; 3] {
    let digit = |field: &str| mrz::check_digit(field).unwrap();
    let (birth, expiry) = ("740812", "320415");
    let check = if number.ends_with('+') { "<".to_owned() } else { digit(number).to_string() };
    let first = format!("{:<<30}", format!("{code}{}{check}{optional}", number.trim_end_matches('+')));
    let second = format!("{birth}{}F{expiry}{}{:<<3}{second:<<11}", digit(birth), digit(expiry), &code[2..5]);
    let covered = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..]);
    [first, format!("{second}{}", digit(&covered)), format!("{names:<<30}")]
}

pub(super) fn read_card(code: &str, number: &str, optional: &str, second: &str, names: &str) -> Mrz {
    Mrz::parse_lines(&card(code, number, optional, second, names)).unwrap()
}

#[test]
fn names_without_separator_and_without_surname_are_read() {
    let of = |names| {
        let read = read_card("IDKWT", "123456789", "", "", names);
        assert!(read.is_plausible(), "{names}: {:?}", read.malformed());
        (read.surname, read.given_names)
    };
    assert_eq!(of("AHMAD<ABDULLAH<ALSABAH"), ("AHMAD ABDULLAH ALSABAH".into(), String::new()));
    assert_eq!(of("<<SUHARTO"), (String::new(), "SUHARTO".into()));
    assert_eq!(of("<<SRI<LESTARI<DEWI"), (String::new(), "SRI LESTARI DEWI".into()));
    assert_eq!(of("U"), ("U".into(), String::new()));
    assert_eq!(
        of("ABCDEFGHIJKLMNOPQRSTUVWXYZABCD"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCD".into(), String::new())
    );
    assert_eq!(of("OHARA<<D<<"), ("OHARA".into(), "D".into()));
}

#[test]
fn a_german_code_of_one_letter_is_known() {
    let read = read_card("IDD<<", "L01X00T47", "", "", "MUSTER<<EVA");
    assert_eq!((read.issuing_state.as_str(), read.unknown_states().len()), ("D", 0));
}

/// The specimen of the French card in two lines of 36, which no part of Doc 9303 describes.
#[test]
fn the_french_card_until_2021_is_read() {
    let read =
        zone(&["IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<", "8806923102858CORINNE<<<<<<<6512068F6"]).unwrap();
    assert_eq!((read.format, read.all_digits_right()), (MrzFormat::FranceCard, true));
    assert_eq!((read.surname.as_str(), read.given_names.as_str()), ("BERTHIER", "CORINNE"));
    assert_eq!(
        (read.document_number.as_str(), read.birth.as_str(), read.sex.as_str()),
        ("880692310285", "651206", "F")
    );
    assert!(read.is_plausible());
}

#[test]
fn the_single_line_of_a_driving_licence_is_read() {
    let read = zone(&["D1FRA13AA000026181231MARTIN<<9"]).unwrap();
    assert_eq!((read.format, read.issuing_state.as_str()), (MrzFormat::Licence, "FRA"));
    assert!(read.is_plausible());
}

proptest! {
    #[test]
    fn no_lines_make_the_parser_panic(lines in prop::collection::vec("[A-Z0-9<]{20,50}", 0..4)) {
        let _ = Mrz::parse_lines(&lines);
    }

    #[test]
    fn any_text_causes_no_panic(lines in prop::collection::vec("\\PC{0,50}", 2..4)) {
        let _ = Mrz::parse_lines(&lines);
    }
}
