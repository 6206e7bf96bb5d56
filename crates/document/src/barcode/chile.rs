//! The QR code of Chile's identity card: a URL of the civil registry whose parameter `mrz` repeats number, birth and
//! expiry of the machine readable zone, each with its check digit.

use time::{Date, Month};

use crate::{
    Field, Source,
    report::{FieldName, Fields},
};

/// The parameter with the excerpt, and the host that identifies Chile's code.
const HOST: &str = "registrocivil.cl/";
const PARAMETER: &str = "mrz=";

/// The fields that the code repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    number: String,
    /// Year, month and day of two digits each.
    birth: String,
    expiry: String,
}

impl Excerpt {
    /// Parses the text of a code; `None` for any other code, and for a wrong check digit.
    pub fn parse(text: &str) -> Option<Self> {
        let query = text.split_once(HOST)?.1.split_once(PARAMETER)?.1.get(..24)?;
        let field = |from: usize, length: usize| {
            let value = query.get(from..from + length)?;
            let digit = query.get(from + length..=from + length)?.parse::<u32>().ok()?;
            (mrz::check_digit(value).ok()? == digit).then(|| value.to_owned())
        };
        Some(Self { number: field(0, 9)?, birth: field(10, 6)?, expiry: field(17, 6)? })
    }

    pub fn fields(&self, today: Date) -> Fields {
        let this = today.year() / 100 * 100;
        let birth = day(&self.birth, this).filter(|d| *d <= today).or_else(|| day(&self.birth, this - 100));
        let all = [
            (FieldName::DocumentNumber, Some(self.number.trim_end_matches('<').to_owned())),
            (FieldName::BirthDate, birth.map(|d| d.to_string())),
            (FieldName::ExpiryDate, day(&self.expiry, this).map(|d| d.to_string())),
        ];
        let field = |value| Field { value, source: Source::Barcode, confidence: 1.0 };
        all.into_iter().filter_map(|(name, value)| Some((name, field(value?)))).collect()
    }
}

fn day(text: &str, century: i32) -> Option<Date> {
    let part = |at: std::ops::Range<usize>| text.get(at)?.parse::<u8>().ok();
    let month = Month::try_from(part(2..4)?).ok()?;
    Date::from_calendar_date(century + i32::from(part(0..2)?), month, part(4..6)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    const CODE: &str =
        "https://portal.sidiv.registrocivil.cl/docstatus?RUN=11111111-1&type=CEDULA&serial=512345678";

    fn code(birth: &str) -> String {
        let digit = |v: &str| mrz::check_digit(v).unwrap();
        let (number, expiry) = ("512345678", "310905");
        format!("{CODE}&mrz={number}{}{birth}{}{expiry}{}", digit(number), digit(birth), digit(expiry))
    }

    #[test]
    fn number_and_dates_are_read_with_their_check_digits() {
        let fields = Excerpt::parse(&code("780905")).unwrap().fields(date!(2026 - 06 - 01));
        assert_eq!(fields[&FieldName::DocumentNumber].value, "512345678");
        assert_eq!(fields[&FieldName::BirthDate].value, "1978-09-05");
        assert_eq!(fields[&FieldName::ExpiryDate].value, "2031-09-05");
        assert_eq!(Excerpt::parse(&code("780905").replace("780905", "790905")), None);
        assert_eq!(Excerpt::parse(CODE), None);
    }

    proptest! {
        #[test]
        fn any_text_causes_no_panic(text in "\\PC{0,80}") {
            let _ = Excerpt::parse(&text);
            let _ = Excerpt::parse(&format!("{CODE}&mrz={text}"));
        }
    }
}
