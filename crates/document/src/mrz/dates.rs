//! The dates of a zone: completes years of two digits, keeps unknown days and months unknown, and distinguishes marks
//! for "never expires" from dates.

use time::Date;

use super::{Mrz, habits::habits};
use crate::{
    partial_date::PartialDate,
    printed::{Confirmation, Printed},
    report::FieldName,
};

/// When a document expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    On(Date),
    /// Never, and the evidence for it.
    Never(&'static str),
    /// Never, or on this day a century ago: nothing on the picture decides it.
    Never99(Date),
    /// The form has no date, or the date is missing on a document that must have one.
    NotStated,
    /// The value is not a date.
    Invalid,
}

impl Expiry {
    /// Returns the date, if there is one.
    pub fn day(self) -> Option<Date> {
        if let Self::On(date) = self { Some(date) } else { None }
    }
}

/// The dates of a zone, with the dates of the VIZ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ZoneDates {
    /// `None` when unknown or not a date; see [`Self::is_birth_unknown`].
    pub birth: Option<PartialDate>,
    /// Whether the zone states that the date of birth is unknown.
    pub is_birth_unknown: bool,
    pub expiry: Expiry,
}

/// Digits that mean "no date of expiry" on documents of any state, besides fillers.
const OPEN: [&str; 3] = ["<<<<<<", "000000", "999999"];
/// Digits that mean it where the print confirms it: 1 January and 31 December of the year 9999.
const LAST_YEAR: [&str; 2] = ["990101", "991231"];

impl ZoneDates {
    /// Reads the dates of `mrz`. `printed` are the readings of the VIZ; they decide centuries and whether a document
    /// is permanent.
    pub fn resolve(mrz: &Mrz, printed: &[Printed], today: Date) -> Self {
        let expiry = expiry(mrz, printed, today);
        let issue = printed.iter().find_map(Printed::issue_date);
        let centuries = birth_centuries(&mrz.birth, today);
        Self {
            birth: birth_of(&centuries, printed, issue, expiry.day()),
            is_birth_unknown: is_unknown(&mrz.birth),
            expiry,
        }
    }
}

/// Returns every day, month or year that six digits can mean, latest first, none after `today`.
fn birth_centuries(figures: &str, today: Date) -> Vec<PartialDate> {
    let Some((year, month, day)) = parts(figures) else { return Vec::new() };
    let this = today.year() / 100 * 100;
    let dates = [this, this - 100]
        .into_iter()
        .filter_map(|century| PartialDate::from_parts(century + year, month, day));
    dates.filter(|date| date.earliest() <= today).collect()
}

/// Selects the date of birth among those of different centuries: the printed one, otherwise the latest before issue and
/// expiry.
fn birth_of(
    centuries: &[PartialDate],
    printed: &[Printed],
    issue: Option<Date>,
    expiry: Option<Date>,
) -> Option<PartialDate> {
    let is_printed = |date: &&PartialDate| {
        let confirms =
            |p: &Printed| matches!(p.confirms_date(FieldName::BirthDate, **date), Confirmation::Confirmed(_));
        printed.iter().any(confirms)
    };
    let shown: Vec<_> = centuries.iter().filter(is_printed).collect();
    if let [only] = shown[..] {
        return Some(*only);
    }
    let is_possible =
        |date: &&PartialDate| [issue, expiry].into_iter().flatten().all(|later| date.earliest() < later);
    centuries.iter().find(is_possible).or(centuries.first()).copied()
}

fn is_unknown(figures: &str) -> bool {
    OPEN.contains(&figures) || figures.starts_with("<<")
}

fn expiry(mrz: &Mrz, printed: &[Printed], today: Date) -> Expiry {
    let figures = mrz.expiry.as_str();
    if !mrz.format.has_expiry() {
        return Expiry::NotStated;
    }
    if OPEN.contains(&figures) {
        let why = "the zone leaves the date of expiry open: the document is permanent";
        return if mrz.format.may_be_permanent() { Expiry::Never(why) } else { Expiry::NotStated };
    }
    let Some((year, month, day)) = parts(figures) else { return Expiry::Invalid };
    let century = today.year() / 100 * 100;
    // Documents are valid for 20 years, some cards for 50: a later date of expiry is a century too late.
    let year = if century + year > today.year() + 50 { century - 100 + year } else { century + year };
    let Some(date) = PartialDate::from_parts(year, month, day).map(PartialDate::latest) else {
        return Expiry::Invalid;
    };
    if !LAST_YEAR.contains(&figures) || !mrz.format.may_be_permanent() {
        return Expiry::On(date);
    }
    let confirms = |p: &Printed| {
        matches!(p.confirms_date(FieldName::ExpiryDate, date.into()), Confirmation::Confirmed(_))
    };
    if printed.iter().any(Printed::is_permanent) {
        Expiry::Never("permanent: the print says so, and the zone has the year 9999")
    } else if printed.iter().any(confirms) {
        Expiry::On(date)
    } else if habits(&mrz.issuing_state, mrz.format).permanent == figures {
        Expiry::Never("permanent: so the issuing state writes it")
    } else {
        Expiry::Never99(date)
    }
}

/// Splits six digits into year, month and day; unknown parts are fillers or zeros.
fn parts(figures: &str) -> Option<(i32, u8, u8)> {
    let part = |at: std::ops::Range<usize>| match figures.get(at)? {
        "<<" => Some(0),
        digits => digits.parse().ok(),
    };
    let year = figures.get(..2)?.parse().ok()?;
    Some((year, part(2..4)?, part(4..6)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TextLine, geometry::Quad};
    use proptest::prelude::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 06 - 01);

    fn card(state: &str, birth: &str, expiry: &str) -> Mrz {
        let digit = |field: &str| mrz::check_digit(field).unwrap();
        let first = format!("I<{state}BAA482190{}<<<<<<<<<<<<<<<", digit("BAA482190"));
        let second = format!("{birth}{}F{expiry}{}{state}<<<<<<<<<<<", digit(birth), digit(expiry));
        let covered = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..]);
        let lines = [first, format!("{second}{}", digit(&covered)), format!("{:<<30}", "GARCIA<<ANA")];
        Mrz::parse_lines(&lines).unwrap()
    }

    fn print(texts: &[&str]) -> Printed {
        let line = |(at, text): (usize, &&str)| {
            let y = at as f32 * 20.0;
            let quad = Quad([[0.0, y], [200.0, y], [200.0, y + 12.0], [0.0, y + 12.0]]);
            TextLine { quad, text: (*text).to_owned(), confidence: 0.97 }
        };
        Printed::new(&texts.iter().enumerate().map(line).collect::<Vec<_>>(), &[], TODAY)
    }

    fn expiry(state: &str, figures: &str, printed: &[&str]) -> Expiry {
        ZoneDates::resolve(&card(state, "500101", figures), &[print(printed)], TODAY).expiry
    }

    fn birth(figures: &str, expires: &str, printed: &[&str]) -> String {
        let dates = ZoneDates::resolve(&card("ESP", figures, expires), &[print(printed)], TODAY);
        dates.birth.map_or_else(String::new, |d| d.to_string())
    }

    #[test]
    fn permanent_documents_never_expire() {
        for (state, figures, printed) in [
            ("ESP", "990101", &["VALIDEZ", "01 01 9999"][..]),
            ("ESP", "990101", &[]),
            ("SVN", "991231", &["31.12.9999"]),
            ("HRV", "991231", &["TRAJNO"]),
            ("POL", "991231", &["NIEOZNACZONY"]),
            ("HUN", "991231", &["HATÁROZATLAN"]),
            ("ITA", "991231", &["SCADENZA", "ILLIMITATA"]),
            ("PRT", "991231", &["Vitalício"]),
            ("LVA", "991231", &["BEZTERMIŅA / UNLIMITED"]),
            ("CZE", "991231", &["9999-12-31"]),
            ("SVK", "991231", &["12/31/9999"]),
            ("MNE", "990101", &["01/01/9999"]),
            ("PER", "991231", &["INDEFINIDO"]),
            ("UTO", "<<<<<<", &[]),
            ("UTO", "000000", &[]),
            ("UTO", "999999", &[]),
        ] {
            assert!(matches!(expiry(state, figures, printed), Expiry::Never(_)), "{state} {figures}");
        }
        assert_eq!(expiry("SVN", "991231", &["31.12.1999"]), Expiry::On(date!(1999 - 12 - 31)));
        assert_eq!(expiry("SVN", "991231", &[]), Expiry::Never99(date!(1999 - 12 - 31)));
        assert_eq!(expiry("SVN", "991130", &["31.12.9999"]), Expiry::On(date!(1999 - 11 - 30)));
        assert_eq!(expiry("SVN", "321331", &[]), Expiry::Invalid);
    }

    #[test]
    fn unknown_days_and_months_stay_unknown() {
        for figures in ["850700", "8507<<"] {
            assert_eq!(birth(figures, "320415", &[]), "1985-07");
        }
        for figures in ["850000", "85<<<<"] {
            assert_eq!(birth(figures, "320415", &["00.00.1985"]), "1985");
            assert_eq!(birth(figures, "320415", &["DATE OF BIRTH", "1985"]), "1985");
        }
        assert_eq!(birth("250000", "320415", &["DATE OF BIRTH", "1925"]), "1925");
        assert_eq!(birth("990700", "320415", &["XX JUL 1999"]), "1999-07");
        let dates = ZoneDates::resolve(&card("ESP", "<<<<<<", "320415"), &[], TODAY);
        assert!(dates.birth.is_none() && dates.is_birth_unknown);
        assert_eq!(birth("851332", "320415", &[]), "");
    }

    #[test]
    fn the_printed_century_wins_and_nobody_is_born_after_issue_or_expiry() {
        assert_eq!(birth("250314", "320415", &[]), "2025-03-14");
        assert_eq!(birth("250314", "320415", &["14.03.1925"]), "1925-03-14");
        assert_eq!(birth("250000", "320415", &["00.00.1925"]), "1925");
        assert_eq!(birth("110305", "090415", &[]), "1911-03-05");
        assert_eq!(birth("110305", "320415", &["DATE OF ISSUE", "01.02.2010"]), "1911-03-05");
        assert_eq!(birth("110305", "320415", &["05.03.2011", "DATE OF ISSUE", "01.02.2010"]), "2011-03-05");
        assert_eq!(birth("740812", "320415", &[]), "1974-08-12");
        assert_eq!(birth("260602", "320415", &[]), "1926-06-02", "nobody is born tomorrow");
    }

    proptest! {
        #[test]
        fn any_figures_cause_no_panic(figures in "\\PC{0,8}") {
            let centuries = birth_centuries(&figures, TODAY);
            prop_assert!(centuries.iter().all(|d| d.earliest() <= TODAY));
        }
    }
}
