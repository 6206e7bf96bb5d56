//! The tracks of a magnetic stripe (AAMVA DL/ID Card Design Standard, annex F), which some issuers put into a PDF417.
//!
//! Track 1: `%`, state, city, `^`, name, `^`, address, `?`. Track 2: `;`, six digits of the issuer, number, `=`, expiry
//! (YYMM), birth (CCYYMMDD), the rest of a long number, `=`, `?`. Track 3: `%` or `_%`, version, postal code, class and so on.

use super::values::{self, DateOrder, Expiry};
use crate::partial_date::PartialDate;

/// Position of the sex in track 3, after the version: postal code 11, class 2, restrictions 10, endorsements 4.
const SEX: usize = 27;
/// Longest number on track 2 before its overflow.
const NUMBER: usize = 13;

/// The fields of the tracks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stripe {
    pub issuer: String,
    pub jurisdiction: String,
    pub surname: String,
    pub given_names: String,
    pub number: String,
    pub birth: Option<PartialDate>,
    pub expiry: Expiry,
    pub sex: Option<char>,
}

impl Stripe {
    /// Parses the tracks in `text`; `None` when they are not those of a licence.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, rest) = text.trim_start().strip_prefix('%')?.split_once('?')?;
        let (second, third) = rest.trim_start().strip_prefix(';')?.split_once('?')?;
        let jurisdiction = first.get(..2)?.to_owned();
        let name = first.split('^').nth(1).or_else(|| first.get(15..50)).unwrap_or_default();
        let issuer = second.get(..6).filter(|i| i.bytes().all(|c| c.is_ascii_digit()))?.to_owned();
        let (number, dates) = second.get(6..)?.split_once('=')?;
        let birth = dates.get(4..12).and_then(|date| values::parse_date(date, DateOrder::YearFirst));
        let overflow = dates.get(12..).unwrap_or_default().trim_end_matches('=').trim();
        let (surname, given_names) = values::split_full_name(name);
        // A bank card has tracks of this form too, but neither a state nor a date of birth.
        let is_licence = jurisdiction.bytes().all(|c| c.is_ascii_uppercase()) && birth.is_some();
        (is_licence && !number.is_empty() && number.len() <= NUMBER).then(|| Self {
            expiry: values::parse_stripe_expiry(dates, birth.and_then(PartialDate::full)),
            number: format!("{}{overflow}", number.trim()),
            sex: sex(third),
            issuer,
            jurisdiction,
            surname,
            given_names,
            birth,
        })
    }
}

/// Returns the sex on track 3, which begins with `%` or `#` and two characters of version.
fn sex(track: &str) -> Option<char> {
    let (_, fields) = track.split_once(['%', '#'])?;
    fields.chars().nth(2 + SEX).filter(|c| matches!(c, 'M' | 'F' | '1' | '2'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "%BCVANCOUVER^$SPECIMEN,$JOHN QUINCY^$1234 MAIN ST$VANCOUVER BC  V6B 1A1^?;6360281234567=310619870319=?\
        _%0AV6B1A1                     M185 80BRNBLU9876543210                E$$C(R2S7?";

    #[test]
    fn the_three_tracks_are_read() {
        let stripe = Stripe::parse(TEXT).unwrap();
        assert_eq!((stripe.surname.as_str(), stripe.given_names.as_str()), ("SPECIMEN", "JOHN QUINCY"));
        assert_eq!((stripe.issuer.as_str(), stripe.number.as_str()), ("636028", "1234567"));
        assert_eq!(stripe.birth.unwrap().to_string(), "1987-03-19");
        assert_eq!((stripe.expiry, stripe.sex), (Expiry::On(time::macros::date!(2031 - 06 - 30)), Some('M')));
    }

    #[test]
    fn a_bank_card_is_none() {
        assert_eq!(Stripe::parse("%B4111111111111111^DOE/JOHN^3012101?;4111111111111111=3012101?"), None);
    }

    proptest! {
        #[test]
        fn any_text_causes_no_panic(text in "\\PC{0,120}") {
            let _ = Stripe::parse(&text);
            let _ = Stripe::parse(&format!("%BC{text}?;{text}?"));
        }
    }
}
