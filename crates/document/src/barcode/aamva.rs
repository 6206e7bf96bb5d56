//! What North American driving licences and identity cards carry in their PDF417 (AAMVA DL/ID Card Design Standard,
//! annex D: a header, then elements of three letters and a value, one a line).

use std::collections::BTreeMap;

use time::{Date, Month};

use crate::{
    Check, Field, Kind, Source,
    report::{FieldName, Fields},
    zone_checks::expired,
};

/// A licence's data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Licence {
    /// The six figures of who issued it.
    issuer: String,
    elements: BTreeMap<String, String>,
    is_identity_card: bool,
}

/// Elements no licence is without: number, last name, expiry, birth.
const MANDATORY: [&str; 4] = ["DAQ", "DCS", "DBA", "DBB"];
/// Longest text looked at; the largest PDF417 holds less than 2,000 characters.
const LONGEST: usize = 4096;

impl Licence {
    /// Reads the text of a barcode; none when it is no licence's.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.get(..LONGEST).unwrap_or(text);
        let start = text.find("ANSI ").or_else(|| text.find("AAMVA"))?;
        let issuer: String =
            text.get(start + 5..)?.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect();
        let (body, is_identity_card) = body(text)?;
        let lines = body.split(['\n', '\r', '\u{1e}']);
        let element = |line: &str| {
            let (code, value) = (line.get(..3)?, line.get(3..)?.trim());
            let is_code = code.bytes().all(|c| c.is_ascii_uppercase()) && code.starts_with(['D', 'Z']);
            (is_code && !value.is_empty()).then(|| (code.to_owned(), value.to_owned()))
        };
        let elements: BTreeMap<_, _> = lines.filter_map(element).collect();
        let is_issuer = issuer.len() == 6 && issuer.bytes().all(|c| c.is_ascii_digit());
        (is_issuer && elements.contains_key("DAQ")).then_some(Self { issuer, elements, is_identity_card })
    }

    pub fn kind(&self) -> Kind {
        if self.is_identity_card { Kind::IdentityCard } else { Kind::DrivingLicence }
    }

    fn value(&self, code: &str) -> Option<&str> {
        self.elements.get(code).map(String::as_str).filter(|v| !matches!(*v, "NONE" | "unavl" | "N/A"))
    }

    fn date(&self, code: &str) -> Option<Date> {
        date(self.value(code)?)
    }

    pub fn fields(&self) -> Fields {
        let day = |code| self.date(code).map(|d| d.to_string());
        let given = [self.value("DAC").or_else(|| self.value("DCT")), self.value("DAD")];
        let given = given.into_iter().flatten().collect::<Vec<_>>().join(" ").replace(',', " ");
        let sex = self.value("DBC").map(|sex| match sex {
            "1" | "M" => "M",
            "2" | "F" => "F",
            _ => "X",
        });
        let country = self.value("DCG").unwrap_or("USA").to_owned();
        let all = [
            (FieldName::CountryCode, Some(if country == "US" { "USA".to_owned() } else { country })),
            (FieldName::IssuingState, self.value("DAJ").map(str::to_owned)),
            (FieldName::LastName, self.value("DCS").map(str::to_uppercase)),
            (FieldName::FirstName, Some(given.trim().to_uppercase())),
            (FieldName::Sex, sex.map(str::to_owned)),
            (FieldName::BirthDate, day("DBB")),
            (FieldName::IssueDate, day("DBD")),
            (FieldName::ExpiryDate, day("DBA")),
            (FieldName::DocumentNumber, self.value("DAQ").map(str::to_uppercase)),
        ];
        let read = all.into_iter().filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)));
        // Reed-Solomon codes leave no doubtful characters.
        read.map(|(name, value)| (name, Field { value, source: Source::Barcode, confidence: 1.0 })).collect()
    }

    pub fn checks(&self, today: Date) -> Vec<Check> {
        let missing: Vec<&str> = MANDATORY.into_iter().filter(|code| self.value(code).is_none()).collect();
        let told = format!("issuer {}, {} elements", self.issuer, self.elements.len());
        let structure = if missing.is_empty() {
            Check::gating("barcode_structure", true, told)
        } else {
            Check::gating("barcode_structure", false, format!("{told}; missing {}", missing.join(", ")))
        };
        let expiry = match self.date("DBA") {
            Some(date) => expired(date, today),
            None => Check::gating("not_expired", false, "the barcode's date of expiry is no day"),
        };
        vec![structure, self.date_logic(today), expiry]
    }

    fn date_logic(&self, today: Date) -> Check {
        let (birth, issue, expiry) = (self.date("DBB"), self.date("DBD"), self.date("DBA"));
        let problem = match (birth, issue, expiry) {
            (None, ..) => Some("the date of birth is no day"),
            (Some(birth), ..) if birth > today => Some("born after today"),
            (Some(birth), Some(issue), _) if issue <= birth => Some("issued before the holder's birth"),
            (_, Some(issue), Some(expiry)) if expiry <= issue => Some("expires before it was issued"),
            (_, Some(issue), _) if issue > today => Some("issued after today"),
            _ => None,
        };
        Check::gating(
            "date_logic",
            problem.is_none(),
            problem.unwrap_or("birth before issue, issue before expiry"),
        )
    }
}

/// The subfile of the licence (`DL`) or card (`ID`), from its first element on.
fn body(text: &str) -> Option<(&str, bool)> {
    let licence = text.find("DLD").map(|at| (at, false));
    let card = text.find("IDD").map(|at| (at, true));
    let (at, is_card) = licence.into_iter().chain(card).min()?;
    Some((text.get(at + 2..)?, is_card))
}

/// MMDDYYYY in the United States, YYYYMMDD in Canada.
fn date(text: &str) -> Option<Date> {
    let part = |at: std::ops::Range<usize>| text.get(at)?.parse::<u16>().ok();
    let day = |y: u16, m: u16, d: u16| {
        let month = Month::try_from(u8::try_from(m).ok()?).ok()?;
        Date::from_calendar_date(y.into(), month, u8::try_from(d).ok()?).ok().filter(|d| d.year() >= 1900)
    };
    if text.len() != 8 {
        return None;
    }
    day(part(4..8)?, part(0..2)?, part(2..4)?).or_else(|| day(part(0..4)?, part(4..6)?, part(6..8)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use proptest::prelude::*;
    use time::macros::date;

    fn text(birth: &str, issue: &str, expiry: &str) -> String {
        format!(
            "@\n\u{1e}\rANSI 636014080002DL00410278ZV03190008DLDAQD1234562\nDCSSAMPLE\nDACALEX\nDADJ\nDBB{birth}\nDBD{issue}\n\
             DBA{expiry}\nDBC1\nDAJCA\nDCGUSA\rZVZVA01\r"
        )
    }

    #[test]
    fn a_licence_is_read_and_right() {
        let licence = Licence::parse(&text("08311977", "08312022", "08312027")).unwrap();
        let fields = licence.fields();
        let value = |name| fields[&name].value.clone();
        assert_eq!(
            (value(FieldName::LastName), value(FieldName::FirstName)),
            ("SAMPLE".into(), "ALEX J".into())
        );
        assert_eq!(
            (value(FieldName::BirthDate), value(FieldName::DocumentNumber)),
            ("1977-08-31".into(), "D1234562".into())
        );
        assert!(licence.checks(date!(2026 - 06 - 01)).iter().all(|c| c.outcome == Outcome::Passed));
    }

    #[test]
    fn expired_and_impossible_dates_fail() {
        let failed = |birth, issue, expiry| {
            let all = Licence::parse(&text(birth, issue, expiry)).unwrap().checks(date!(2026 - 06 - 01));
            all.into_iter().filter(Check::gates).map(|c| c.name).collect::<Vec<_>>()
        };
        assert_eq!(failed("08311977", "08312018", "08312023"), ["not_expired"]);
        assert_eq!(failed("09302022", "08312022", "08312027"), ["date_logic"]);
        assert_eq!(
            failed("19770831", "20220831", "20270831"),
            [] as [&str; 0],
            "Canada writes the year first"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,200}", cut in 0usize..200) {
            let _ = Licence::parse(&text);
            let whole = self::text("08311977", "08312022", "08312027");
            let _ = Licence::parse(whole.get(cut..).unwrap_or(""));
        }
    }
}
