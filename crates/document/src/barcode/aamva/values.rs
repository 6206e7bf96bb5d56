//! Values of AAMVA elements: dates in the order of their country, words for "none", names in their several forms.

use time::{Date, Month};

use crate::partial_date::PartialDate;

/// Values for a missing name (AAMVA DL/ID Card Design Standard, D.12.3.1). Other words are names: Null, Na.
const NO_NAME: [&str; 4] = ["NONE", "UNAVL", "UNAVAIL", "UNAVAILABLE"];
/// Values for any other field that is unknown or does not apply.
const ABSENT: [&str; 8] = ["NONE", "UNAVL", "UNAVAIL", "UNAVAILABLE", "UNK", "N/A", "NA", "NULL"];

/// Prefixes of a date of expiry that means never, without spaces and punctuation: for holders over an age, members of
/// the forces, identity cards.
const NO_EXPIRY: [&str; 17] = [
    "INDEF",
    "MIL",
    "NONE",
    "NOEXP",
    "NOTEXP",
    "NONEXP",
    "UNEXPIR",
    "DOESNOTEXPIRE",
    "DONOTEXPIRE",
    "WITHOUTEXP",
    "NEVER",
    "PERM",
    "LIFE",
    "FORLIFE",
    "UNLIMITED",
    "VALIDINDEF",
    "VALIDWITHOUTEXP",
];
/// The same in digits, besides dates of the year 9999.
const NO_EXPIRY_DIGITS: [&str; 2] = ["99999999", "00000000"];
const FOREVER: &str = "9999";

/// Valid years on licences.
const YEARS: std::ops::RangeInclusive<i32> = 1880..=2199;

/// When a licence expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    On(Date),
    Never,
    /// The value is not a date.
    Invalid,
    Missing,
}

/// The order of the digits of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateOrder {
    YearFirst,
    MonthFirst,
}

impl DateOrder {
    /// Returns the order of a country in a version of the standard: up to version 01 the year came first everywhere;
    /// since then the United States write the month first.
    pub fn of(country: &str, version: u8) -> Self {
        if version <= 1 || country != "USA" { Self::YearFirst } else { Self::MonthFirst }
    }
}

/// Returns a value without padding and trailing commas; `None` for words that mean it is missing.
pub(super) fn stated(value: &str) -> Option<&str> {
    stated_but(value, &ABSENT)
}

/// Returns a name in the same way.
pub(super) fn stated_name(value: &str) -> Option<&str> {
    stated_but(value, &NO_NAME)
}

fn stated_but<'a>(value: &'a str, absent: &[&str]) -> Option<&'a str> {
    let value = value.trim().trim_end_matches(',').trim();
    let is_absent = absent.iter().any(|word| value.eq_ignore_ascii_case(word));
    (!value.is_empty() && !is_absent).then_some(value)
}

/// Parses a date, with separators or without, in the usual order, or in the other one when that is not a date. Both
/// orders never fit: a year begins with 18 to 21, which is no month.
pub(super) fn parse_date(value: &str, order: DateOrder) -> Option<PartialDate> {
    let is_date = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/' | '.' | ' '));
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if !is_date || digits.len() != 8 {
        return None;
    }
    let part = |at: std::ops::Range<usize>| digits.get(at)?.parse::<u16>().ok();
    let date = |year: u16, month: u16, day: u16| {
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        PartialDate::from_parts(year.into(), month, day).filter(|d| YEARS.contains(&d.year()))
    };
    let year_first = || date(part(0..4)?, part(4..6)?, part(6..8)?);
    let month_first = || date(part(4..8)?, part(0..2)?, part(2..4)?);
    match order {
        DateOrder::YearFirst => year_first().or_else(month_first),
        DateOrder::MonthFirst => month_first().or_else(year_first),
    }
}

/// Parses a date of expiry, including words and digits that mean never. A month expires on its last day.
pub(super) fn parse_expiry(value: Option<&str>, order: DateOrder) -> Expiry {
    let Some(value) = value.map(str::trim).filter(|v| !v.is_empty()) else { return Expiry::Missing };
    let word: String =
        value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let is_forever = word.len() == 8
        && word.bytes().all(|c| c.is_ascii_digit())
        && (word.starts_with(FOREVER) || word.ends_with(FOREVER));
    let is_never = NO_EXPIRY.iter().any(|never| word.starts_with(never));
    if is_forever || is_never || NO_EXPIRY_DIGITS.contains(&word.as_str()) {
        return Expiry::Never;
    }
    if stated(value).is_none() {
        return Expiry::Missing;
    }
    parse_date(value, order).map(PartialDate::latest).map_or(Expiry::Invalid, Expiry::On)
}

/// Parses the date of expiry of a magnetic stripe: two digits of the year, two of the month. Month 77 means never, 88
/// the end of the month of birth, 99 the birthday.
pub(super) fn parse_stripe_expiry(value: &str, birth: Option<Date>) -> Expiry {
    let part = |at: std::ops::Range<usize>| value.get(at)?.parse::<u8>().ok();
    let (Some(year), Some(month)) = (part(0..2), part(2..4)) else { return Expiry::Invalid };
    let year = 2000 + i32::from(year);
    let end_of = |month: Month| Date::from_calendar_date(year, month, month.length(year)).ok();
    let date = match month {
        77 => return Expiry::Never,
        88 => birth.and_then(|b| end_of(b.month())),
        99 => birth.and_then(|b| b.replace_year(year).ok().or_else(|| end_of(b.month()))),
        month => Month::try_from(month).ok().and_then(end_of),
    };
    date.map_or(Expiry::Invalid, Expiry::On)
}

/// Splits an element with both surname and given names, separated by commas (versions 00 and 01), dollar signs
/// (magnetic stripes) or at signs: surname, given name, further names, suffix.
pub(super) fn split_full_name(value: &str) -> (String, String) {
    let separator = ['$', '@'].into_iter().find(|c| value.contains(*c)).unwrap_or(',');
    let mut parts = value.split(separator).map(clean_name).filter(|part| !part.is_empty());
    let surname = parts.next().unwrap_or_default();
    // A suffix (JR, III) is not a given name.
    let given: Vec<String> = parts.take(2).collect();
    (surname, given.join(" "))
}

/// Converts a name to capitals with single spaces and without commas.
pub(super) fn clean_name(value: &str) -> String {
    let spaced = value.replace([',', '$'], " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    #[test]
    fn dates_are_read_in_the_order_of_country_and_version_and_with_separators() {
        assert_eq!(DateOrder::of("USA", 1), DateOrder::YearFirst);
        assert_eq!(DateOrder::of("USA", 8), DateOrder::MonthFirst);
        assert_eq!(DateOrder::of("CAN", 8), DateOrder::YearFirst);
        for text in ["06032031", "20310603", "2031-06-03", "06/03/2031", "06-03-2031"] {
            for order in [DateOrder::MonthFirst, DateOrder::YearFirst] {
                assert_eq!(parse_date(text, order).unwrap().to_string(), "2031-06-03", "{text}");
            }
        }
        for text in ["13322031", "2031060", "ABCDEFGH", "00000000", "99999999"] {
            assert_eq!(parse_date(text, DateOrder::MonthFirst), None, "{text}");
        }
    }

    #[test]
    fn words_and_figures_for_no_expiry_are_known() {
        for text in [
            "99999999",
            "00000000",
            "INDEF",
            "Indefinite",
            "MIL",
            "NONE",
            "NON-EXP",
            "12319999",
            "9999-12-31",
            "NO EXP",
            "NON-EXPIRING",
            "DOES NOT EXPIRE",
            "INDEFINITELY",
            "MILITARY",
            "FOR LIFE",
        ] {
            assert_eq!(parse_expiry(Some(text), DateOrder::MonthFirst), Expiry::Never, "{text}");
        }
        assert_eq!(parse_expiry(Some("13132031"), DateOrder::MonthFirst), Expiry::Invalid);
        assert_eq!(parse_expiry(Some("  "), DateOrder::MonthFirst), Expiry::Missing);
        assert_eq!(parse_expiry(None, DateOrder::MonthFirst), Expiry::Missing);
        for text in ["N/A", "UNAVL", "UNK", "NULL"] {
            assert_eq!(parse_expiry(Some(text), DateOrder::MonthFirst), Expiry::Missing, "{text}");
        }
        let end_of_month = Expiry::On(date!(2031 - 02 - 28));
        assert_eq!(parse_expiry(Some("02002031"), DateOrder::MonthFirst), end_of_month);
        assert_eq!(parse_expiry(Some("2031-02-00"), DateOrder::YearFirst), end_of_month);
    }

    #[test]
    fn a_stripe_expires_by_month_or_birthday_or_never() {
        let birth = Some(date!(1988 - 02 - 29));
        assert_eq!(parse_stripe_expiry("3106", birth), Expiry::On(date!(2031 - 06 - 30)));
        assert_eq!(parse_stripe_expiry("3188", birth), Expiry::On(date!(2031 - 02 - 28)));
        assert_eq!(parse_stripe_expiry("3299", birth), Expiry::On(date!(2032 - 02 - 29)));
        assert_eq!(parse_stripe_expiry("3177", birth), Expiry::Never);
        assert_eq!(parse_stripe_expiry("31", birth), Expiry::Invalid);
    }

    #[test]
    fn names_in_one_element_are_parted() {
        let named = |s: &str, g: &str| (s.to_owned(), g.to_owned());
        assert_eq!(split_full_name("WILLIAMS,SUSAN,T"), named("WILLIAMS", "SUSAN T"));
        assert_eq!(split_full_name("TESTER,JOEY, MIDLAND,JR"), named("TESTER", "JOEY MIDLAND"));
        assert_eq!(split_full_name("$SPECIMEN,$JOHN QUINCY"), named("SPECIMEN", "JOHN QUINCY"));
        assert_eq!(split_full_name("TESTER,   "), named("TESTER", ""));
    }

    proptest! {
        #[test]
        fn every_day_is_read_back_in_either_order(day in 0i64..100_000) {
            let date = date!(1900 - 01 - 01) + time::Duration::days(day);
            let (y, m, d) = (date.year(), u8::from(date.month()), date.day());
            for text in [format!("{y:04}{m:02}{d:02}"), format!("{m:02}{d:02}{y:04}")] {
                for order in [DateOrder::MonthFirst, DateOrder::YearFirst] {
                    prop_assert_eq!(parse_date(&text, order).and_then(PartialDate::full), Some(date));
                }
            }
        }

        #[test]
        fn any_text_causes_no_panic(text in "\\PC{0,20}") {
            let _ = (parse_date(&text, DateOrder::YearFirst), parse_expiry(Some(&text), DateOrder::MonthFirst));
            let _ = (parse_stripe_expiry(&text, None), split_full_name(&text), stated(&text));
        }
    }
}
