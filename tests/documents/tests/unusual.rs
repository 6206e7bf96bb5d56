//! Genuine documents that are unusual, drawn and read: permanent ones, unknown and old dates, look-alikes, names of other
//! orders, forms of their own, licences of every version; and pictures that are taken wrongly.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Cursor;

use document::{Check, Engine, FieldName, Kind as Read, Outcome, Report};
use image::{ImageFormat, codecs::jpeg::JpegEncoder, imageops};
use models::{Pack, Runtime};
use specimens::{Custom, Kind, Level, Plan, Studio, TODAY, mrz::check_digit};

struct Desk {
    studio: Studio,
    engine: Engine,
}

impl Desk {
    fn open() -> Self {
        let pack = Pack::open(None).expect("the model pack: run `make setup`");
        let engine = Engine::load(&Runtime::load(&pack).unwrap()).unwrap();
        Self { studio: Studio::open().expect("fonts and fixtures: run `make setup`"), engine }
    }

    fn picture(&self, seed: u64, kind: Kind, custom: &Custom) -> Vec<u8> {
        let plan = Plan { kind, level: Level::Moderate, turns: 0, attack: None };
        self.studio.photograph(seed, &plan, custom).unwrap()
    }

    fn reads(&mut self, seed: u64, kind: Kind, custom: &Custom) -> Report {
        let picture = self.picture(seed, kind, custom);
        self.engine.inspect(&picture, TODAY).unwrap()
    }
}

/// The fields of a card.
struct Card<'a> {
    state: &'a str,
    number: &'a str,
    birth: &'a str,
    expiry: &'a str,
    names: &'a str,
    printed: [&'a str; 5],
}

impl Card<'_> {
    /// Three lines of thirty, their check digits right; printed are surname, given names, birth, issue and expiry.
    fn drawn(&self) -> Custom {
        let Self { state, number, birth, expiry, names, printed } = self;
        let number_field = format!("{number:<<9}");
        let first = format!("{:<<30}", format!("I<{state:<<3}{number_field}{}", check_digit(&number_field)));
        let second =
            format!("{birth}{}F{expiry}{}{state:<<3}{:<<11}", check_digit(birth), check_digit(expiry), "");
        let covered = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..]);
        let [surname, given_names, dates @ ..] = printed.map(str::to_owned);
        Custom {
            zone: vec![first, format!("{second}{}", check_digit(&covered)), format!("{names:<<30}")],
            state: (*state).to_owned(),
            number: (*number).to_owned(),
            surname,
            given_names,
            dates,
            barcode: None,
        }
    }
}

const CARD: Card<'_> = Card {
    state: "ESP",
    number: "BAA482190",
    birth: "500314",
    expiry: "320415",
    names: "GARCIA<<ANA",
    printed: ["GARCIA", "ANA", "14.03.1950", "02.02.2022", "15.04.2032"],
};

fn failed(report: &Report) -> Vec<&Check> {
    report.checks.iter().filter(|check| check.gates()).collect()
}

fn outcome(report: &Report, name: &str) -> Outcome {
    report.checks.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no check {name}")).outcome
}

#[test]
fn a_permanent_card_has_not_expired() {
    let mut desk = Desk::open();
    for (seed, expiry, printed) in [(1, "990101", "01.01.9999"), (2, "<<<<<<", ""), (3, "000000", "")] {
        let [surname, given, birth, issue, _] = CARD.printed;
        let card = Card { expiry, printed: [surname, given, birth, issue, printed], ..CARD };
        let report = desk.reads(seed, Kind::Td1, &card.drawn());
        assert!(failed(&report).is_empty(), "{expiry}: {:?}", failed(&report));
        assert_eq!(outcome(&report, "not_expired"), Outcome::Passed, "{expiry}");
        let evidence = &report.checks.iter().find(|c| c.name == "not_expired").unwrap().evidence;
        assert!(evidence.contains("permanent"), "{evidence}");
    }
}

#[test]
fn an_unknown_day_or_month_of_birth_is_no_wrong_one() {
    let mut desk = Desk::open();
    for (seed, birth, printed, known) in [
        (4, "850000", "00.00.1985", "1985"),
        (5, "850700", "00.07.1985", "1985-07"),
        (6, "85<<<<", "XX.XX.1985", "1985"),
    ] {
        let [surname, given, _, issue, expiry] = CARD.printed;
        let card = Card { birth, printed: [surname, given, printed, issue, expiry], ..CARD };
        let report = desk.reads(seed, Kind::Td1, &card.drawn());
        assert!(failed(&report).is_empty(), "{birth}: {:?}", failed(&report));
        assert_eq!(report.value(FieldName::BirthDate), known, "{birth}");
    }
}

#[test]
fn the_printed_century_of_an_old_holder_wins() {
    let mut desk = Desk::open();
    for (seed, birth, printed, born) in
        [(7, "250314", "14.03.1925", "1925-03-14"), (8, "110305", "05.03.1911", "1911-03-05")]
    {
        let [surname, given, _, issue, expiry] = CARD.printed;
        let card = Card { birth, printed: [surname, given, printed, issue, expiry], ..CARD };
        let report = desk.reads(seed, Kind::Td1, &card.drawn());
        assert!(failed(&report).is_empty(), "{:?}", failed(&report));
        assert_eq!(report.value(FieldName::BirthDate), born);
    }
}

#[test]
fn a_letter_beside_digits_is_read_as_it_is_printed() {
    let mut desk = Desk::open();
    for (seed, state, number) in [
        (9, "TUR", "A08O26475"),
        (10, "SWE", "12O456789"),
        (11, "NOR", "AB3456I89"),
        (12, "FIN", "K1234Z678"),
    ] {
        let card = Card { state, number, ..CARD };
        let report = desk.reads(seed, Kind::Td1, &card.drawn());
        assert!(failed(&report).is_empty(), "{number}: {:?}", failed(&report));
        let right = report.value(FieldName::DocumentNumber) == number;
        assert!(
            right || report.cannot_judge.is_some(),
            "{number}: {}",
            report.value(FieldName::DocumentNumber)
        );
        // Only the height of the characters or the form of the state's numbers lets it pass.
        if state == "TUR" {
            assert!(right && report.cannot_judge.is_none(), "{:?}", report.cannot_judge);
        }
    }
}

#[test]
fn a_misread_name_is_not_raised_by_one_that_is_nearly_printed() {
    let mut desk = Desk::open();
    let card = Card {
        names: "SMYTH<<JANE",
        printed: ["SMITH", "JANE", "14.03.1950", "02.02.2022", "15.04.2032"],
        ..CARD
    };
    let report = desk.reads(13, Kind::Td1, &card.drawn());
    assert_ne!(outcome(&report, "mrz_print_names"), Outcome::Passed);
    assert!(report.fields[&FieldName::LastName].confidence <= 0.5);
}

#[test]
fn names_without_separator_are_all_surname_and_given_names_may_stand_alone() {
    let mut desk = Desk::open();
    for (seed, names, last, first) in
        [(14, "AHMAD<ABDULLAH<ALSABAH", "AHMAD ABDULLAH ALSABAH", ""), (15, "<<SUHARTO", "", "SUHARTO")]
    {
        let [_, _, birth, issue, expiry] = CARD.printed;
        let card = Card {
            state: "KWT",
            number: "273490165",
            names,
            printed: [last, first, birth, issue, expiry],
            ..CARD
        };
        let report = desk.reads(seed, Kind::Td1, &card.drawn());
        assert!(
            failed(&report).is_empty() && report.cannot_judge.is_none(),
            "{names}: {:?}",
            report.cannot_judge
        );
        assert_eq!((report.value(FieldName::LastName), report.value(FieldName::FirstName)), (last, first));
    }
}

#[test]
fn the_french_card_until_2021_is_read_and_says_that_it_has_no_expiry() {
    let mut desk = Desk::open();
    let custom = Custom {
        zone: vec![
            "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<".into(),
            "8806923102858CORINNE<<<<<<<6512068F6".into(),
        ],
        state: "FRA".into(),
        surname: "BERTHIER".into(),
        given_names: "CORINNE".into(),
        number: "880692310285".into(),
        dates: ["06.12.1965", "", ""].map(str::to_owned),
        barcode: None,
    };
    let report = desk.reads(16, Kind::Td2, &custom);
    assert!(failed(&report).is_empty(), "{:?}", failed(&report));
    assert_eq!(report.value(FieldName::DocumentNumber), "880692310285");
    assert_eq!(
        (report.value(FieldName::LastName), report.value(FieldName::FirstName)),
        ("BERTHIER", "CORINNE")
    );
    assert_eq!(outcome(&report, "not_expired"), Outcome::NotChecked);
}

#[test]
fn a_mirrored_page_and_a_cut_zone_are_reported() {
    let mut desk = Desk::open();
    let drawn = CARD.drawn();
    let picture = desk.picture(17, Kind::Td1, &drawn);
    let picture = image::load(Cursor::new(&picture), ImageFormat::Jpeg).unwrap().into_rgb8();
    let encoded = |picture: &image::RgbImage| {
        let mut jpeg = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 92)).unwrap();
        jpeg
    };
    let reason = |report: Report| report.cannot_judge.unwrap_or_default();
    let mirrored = desk.engine.inspect(&encoded(&imageops::flip_horizontal(&picture)), TODAY).unwrap();
    assert!(reason(mirrored).contains("mirrored"));
    // The first line of the zone and what is above it.
    let plan = Plan { kind: Kind::Td1, level: Level::Scan, turns: 0, attack: None };
    let scan = desk.studio.photograph(17, &plan, &drawn).unwrap();
    let scan = image::load(Cursor::new(&scan), ImageFormat::Jpeg).unwrap().into_rgb8();
    let whole = desk.engine.inspect(&encoded(&scan), TODAY).unwrap();
    let first = whole.mrz.unwrap().quads[0];
    let below = (first.0[3][1] + 0.3 * first.height()) as u32;
    let cut = imageops::crop_imm(&scan, 0, 0, scan.width(), below).to_image();
    let cut = desk.engine.inspect(&encoded(&cut), TODAY).unwrap();
    assert!(reason(cut).contains("cut off"));
}

/// A licence's barcode whose text is given.
fn licence(text: &str) -> Custom {
    Custom { number: "D1234562".into(), barcode: Some(text.to_owned()), ..Custom::default() }
}

#[test]
fn licences_of_old_versions_and_of_other_layouts_are_read() {
    let mut desk = Desk::open();
    for (seed, text, country, surname, expiry) in [
        (
            18,
            "@\n\u{1e}\rANSI 6360260102DL00390126ZA01650010DLDAQD04852767\nDAAWILLIAMS,SUSAN,T\nDAG5123 WACO DR\nDAITUCSON\nDAJAZ\n\
             DBB19890124\nDBA20540124\nDBC2\nDBD20130604\nDAU505\nZAZAAR7PR\n",
            "USA",
            "WILLIAMS",
            "2054-01-24",
        ),
        (
            19,
            "@\n\u{1e}\rANSI 636012030001DL00000167DLDCAG\nDBA20310603\nDCSTESTER,        \nDCTMARY,ANN\nDBD20170607\nDBB19960603\n\
             DBC2\nDAJON\nDAQS9244-43879-65702\n",
            "CAN",
            "TESTER",
            "2031-06-03",
        ),
        (
            20,
            "@\n\u{1e}\rANSI 636053060001ID00310110IDDAQ115775955\nDCSSMITH\nDACELIZABETH\nDBD02062018\nDBB12131961\nDBA99999999\n\
             DBC2\nDAJTN\nDCGUSA\r",
            "USA",
            "SMITH",
            "",
        ),
        (
            21,
            "%BCVANCOUVER^$SPECIMEN,$JOHN QUINCY^$1234 MAIN ST$VANCOUVER BC  V6B 1A1^?;6360281234567=310619870319=?_%0AV6B1A1\
             \u{20}                    M185 80BRNBLU9876543210                E$$C(R2S7?",
            "CAN",
            "SPECIMEN",
            "2031-06-30",
        ),
        // Surname and given names apart, and dates with dashes, in version 01.
        (
            23,
            "@\n\u{1e}\rANSI 6360100102DL00390100ZF01390020DLDAQS514172809410\nDABSAMPLE\nDACNICK\nDAG123 MAIN STREET\nDAITAMPA\n\
             DAJFL\nDBB1980-03-09\nDBA2032-03-09\nDBD2024-02-01\nDBC1\rZFZFAREPLACED\r",
            "USA",
            "SAMPLE",
            "2032-03-09",
        ),
        // The subfile's type is not repeated before its first element.
        (
            24,
            "@\n\u{1e}\rANSI 6360610202DL00410120ZW01610010DAQF123456\nDCSDOE\nDCTJANE\nDBB03091980\nDBA03092031\nDBD03092026\n\
             DBC2\nDAJWV\nDCGUSA\r",
            "USA",
            "DOE",
            "2031-03-09",
        ),
        // The header points at the element, behind the type.
        (
            25,
            "@\n\u{1e}\rANSI 6360060101DL00310090DLDAACONNOR,ANN,M\nDAQ123456789\nDBB19610416\nDBA20300416\nDBD20240416\nDBC2\n\
             DAJCT\r",
            "USA",
            "CONNOR",
            "2030-04-16",
        ),
        (
            26,
            "@\n\u{1e}\rANSI 636035090002ID00410140ZI01810020IDDAQ12345678901\nDCSDOE\nDDEN\nDACJOHN\nDDFN\nDADQ\nDDGN\n\
             DBD02062024\nDBB12131961\nDBA12132031\nDBC1\nDAJIL\nDCGUSA\rZIZIAORG\r",
            "USA",
            "DOE",
            "2031-12-13",
        ),
        // UTF-8 in a barcode that says Latin-1.
        (
            27,
            "@\n\u{1e}\rANSI 604428080001DL00310110DLDAQB123403096018\nDCSB\u{c3}\u{89}LANGER\nDACANNE\nDBB19800309\n\
             DBA20310309\nDBD20240309\nDBC2\nDAJQC\r",
            "CAN",
            "B\u{c9}LANGER",
            "2031-03-09",
        ),
    ] {
        let report = desk.reads(seed, Kind::Licence, &licence(text));
        assert!(failed(&report).is_empty(), "{surname}: {:?}", failed(&report));
        assert_eq!(report.value(FieldName::CountryCode), country, "{surname}");
        assert_eq!(
            (report.value(FieldName::LastName), report.value(FieldName::ExpiryDate)),
            (surname, expiry)
        );
        assert_eq!(outcome(&report, "not_expired"), Outcome::Passed);
        assert!(matches!(report.kind, Read::DrivingLicence | Read::IdentityCard));
    }
}

#[test]
fn a_barcode_of_another_kind_is_named() {
    let mut desk = Desk::open();
    let report =
        desk.reads(22, Kind::Licence, &licence("00123456789@GARCIA@JUAN@M@12345678@A@01/01/1990@01/01/2015"));
    let reason = report.cannot_judge.unwrap_or_default();
    assert!(reason.contains("barcode holds text"), "{reason}");
}
