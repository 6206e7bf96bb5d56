//! The machine readable zone: lines of characters become fields and check digits.
//!
//! The `mrz` crate parses; what is ours is bringing lines as read to their length ([`fit`]), telling look-alikes apart
//! ([`repair`]), choosing among the forms, and knowing what was not read surely ([`doubt`]).

mod doubt;
mod fit;
mod layout;
mod repair;

use mrz::{Checks, MrzData};
use time::{Date, Month};

use crate::geometry::Quad;
use fit::Fit;

#[cfg(test)]
pub(crate) use doubt::CLEAR;
pub use layout::MrzFormat;

/// A machine readable zone as read and parsed.
#[derive(Clone, Debug)]
pub struct Mrz {
    pub format: MrzFormat,
    /// The lines, each of the length the form asks for.
    pub lines: Vec<String>,
    /// Where they are, in pixels of the page.
    pub quads: Vec<Quad>,
    /// Mean probability of the characters, 0-1.
    pub confidence: f32,
    /// What look-alikes were exchanged, and what decided it.
    pub repairs: Vec<String>,
    /// `P`, `ID`, `V` and so on, as printed without fillers.
    pub document_code: String,
    /// Three letters.
    pub issuing_state: String,
    pub nationality: String,
    /// All of it, also where it goes on in the optional data.
    pub document_number: String,
    pub surname: String,
    /// Separated by single spaces.
    pub given_names: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// Six characters, year first, as printed.
    pub birth: String,
    pub expiry: String,
    /// Optional data without fillers, empty when there is none.
    pub optional: String,
    /// Name of each check digit of the form and whether it is right.
    pub check_digits: Vec<(&'static str, bool)>,
    /// How each of `lines` was read.
    readings: Vec<doubt::LineReading>,
    /// Fields in which look-alikes were exchanged by guess.
    guessed: Vec<&'static str>,
    /// Fields that another reading of the same zone has otherwise.
    disputed: Vec<&'static str>,
}

/// A line to be made a part of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub text: String,
    /// The probability of each character, 0-1.
    pub sureness: Vec<f32>,
    pub quad: Quad,
    pub confidence: f32,
}

impl Candidate {
    /// A line that is known to be right.
    pub(crate) fn sure(text: String) -> Self {
        Self { sureness: vec![1.0; text.len()], text, quad: Quad([[0.0; 2]; 4]), confidence: 1.0 }
    }
}

impl Mrz {
    /// The zone `lines` (top to bottom) make, if they make one: of all forms and fits the one with the most right check
    /// digits, and of equals the one nearest to what was read.
    pub(crate) fn of(lines: &[Candidate]) -> Option<Self> {
        let mut best: Option<(usize, Self)> = None;
        for format in MrzFormat::ALL {
            let (count, length) = format.size();
            if count != lines.len() {
                continue;
            }
            let fits: Vec<Vec<Fit>> = lines.iter().map(|l| fit::fits(&l.text, length)).collect();
            for chosen in combinations(&fits) {
                let Some(found) = Self::parse(format, chosen, lines) else { continue };
                let off: usize = lines.iter().map(|l| l.text.len().abs_diff(length)).sum();
                let right = found.check_digits.iter().filter(|(_, ok)| *ok).count();
                // Three right digits out of three beat three out of five.
                let rank = 100 * right / found.check_digits.len().max(1) + 100 - 2 * off.min(50);
                if best.as_ref().is_none_or(|(most, _)| rank > *most) {
                    best = Some((rank, found));
                }
            }
        }
        best.map(|(_, found)| found)
    }

    /// The zone of lines that are known to be right in form.
    pub fn parse_lines(lines: &[String]) -> Option<Self> {
        Self::of(&lines.iter().cloned().map(Candidate::sure).collect::<Vec<_>>())
    }

    fn parse(format: MrzFormat, fits: Vec<Fit>, read: &[Candidate]) -> Option<Self> {
        let readings: Vec<_> =
            fits.iter().zip(read).map(|(fit, line)| doubt::LineReading::new(fit, line)).collect();
        let mut lines: Vec<String> = fits.into_iter().map(|fit| fit.text).collect();
        let is_visa = lines.first()?.starts_with('V');
        if format.is_visa() != is_visa {
            return None;
        }
        let sureness: Vec<&[f32]> = readings.iter().map(doubt::LineReading::sureness).collect();
        let repairs = repair::repair(format, &mut lines, &sureness);
        let data = parse(format, &lines)?;
        let field = |name: &str| {
            let span = format.spans().into_iter().find(|s| s.name == name)?;
            Some(lines.get(span.line)?.get(span.at)?.to_owned())
        };
        Some(Self {
            format,
            quads: read.iter().map(|l| l.quad).collect(),
            confidence: read.iter().map(|l| l.confidence).sum::<f32>() / read.len().max(1) as f32,
            repairs: repairs.told,
            guessed: repairs.guessed,
            document_code: data.document_type.clone(),
            issuing_state: data.issuing_country.clone(),
            nationality: data.nationality.clone(),
            document_number: data.full_document_number().to_owned(),
            surname: data.surname.clone(),
            given_names: data.given_names.clone(),
            sex: match data.sex.to_string().as_str() {
                known @ ("M" | "F") => known.to_owned(),
                _ => "X".to_owned(),
            },
            birth: field("date of birth")?,
            expiry: field("date of expiry")?,
            optional: data.optional_data_1.clone().unwrap_or_default(),
            check_digits: digits(&data.checks),
            readings,
            disputed: Vec::new(),
            lines,
        })
    }

    pub fn all_digits_right(&self) -> bool {
        self.check_digits.iter().all(|(_, right)| *right)
    }

    /// Whether nothing in it speaks against how it was read: digits, without guesses, states and what each field may hold.
    pub(crate) fn is_plausible(&self) -> bool {
        self.has_right_digits() && self.malformed().is_empty() && self.unknown_states().is_empty()
    }

    /// Whether every check digit is right as it was read: an exchange of look-alikes that makes one right proves nothing.
    pub fn has_right_digits(&self) -> bool {
        self.unproven().is_empty()
    }

    /// The fields whose check digit is wrong, or right by a guess alone.
    pub(crate) fn unproven(&self) -> Vec<&'static str> {
        let wrong = self.check_digits.iter().filter(|(_, right)| !right).map(|(name, _)| *name);
        wrong.chain(self.guessed.iter().copied()).collect()
    }

    /// The fields that hold what they cannot.
    pub(crate) fn malformed(&self) -> Vec<&'static str> {
        let fits = |span: &layout::Span| {
            let text = self.lines.get(span.line).and_then(|l| l.get(span.at.clone())).unwrap_or("");
            match span.name {
                "names" => {
                    text.bytes().all(|c| c.is_ascii_uppercase() || c == b'<') && !text.starts_with('<')
                }
                "sex" => matches!(text, "M" | "F" | "X" | "<"),
                "date of expiry" | "date of birth" => text.bytes().all(|c| c.is_ascii_digit() || c == b'<'),
                _ => true,
            }
        };
        self.format.spans().iter().filter(|span| !fits(span)).map(|span| span.name).collect()
    }

    /// The fields that hold no code of ICAO Doc 9303.
    pub(crate) fn unknown_states(&self) -> Vec<&'static str> {
        let states = [("issuing state", &self.issuing_state), ("nationality", &self.nationality)];
        states
            .into_iter()
            .filter(|(_, code)| mrz::country_name(code).is_none())
            .map(|(name, _)| name)
            .collect()
    }

    /// The lines that hold what is wrong. The composite digit alone says only that one of its lines does.
    pub(crate) fn lines_at_fault(&self) -> Vec<usize> {
        let wrong = [self.unproven(), self.malformed(), self.unknown_states()].concat();
        let spans = self.format.spans();
        let mut lines: Vec<usize> =
            spans.iter().filter(|s| wrong.contains(&s.name)).map(|s| s.line).collect();
        if lines.is_empty() && !wrong.is_empty() {
            lines.extend(self.format.composite().into_iter().map(|(line, _)| line));
        }
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// How many check digits are right.
    pub(crate) fn right_digits(&self) -> usize {
        self.check_digits.iter().filter(|(_, right)| *right).count()
    }

    /// The day of birth; none when the field names no day. The century is the last one in which that day is not after
    /// `today`.
    pub fn birth_date(&self, today: Date) -> Option<Date> {
        let (year, month, day) = parts(&self.birth)?;
        let this = date(today.year() / 100 * 100 + year, month, day);
        let last = date(today.year() / 100 * 100 - 100 + year, month, day);
        this.filter(|date| *date <= today).or(last)
    }

    /// The day of expiry; none when the field names no day. Documents are valid for 20 years at most: what would expire
    /// later has expired a century ago.
    pub fn expiry_date(&self, today: Date) -> Option<Date> {
        let (year, month, day) = parts(&self.expiry)?;
        let century = today.year() / 100 * 100;
        let year = if century + year > today.year() + 50 { century - 100 + year } else { century + year };
        date(year, month, day)
    }
}

fn parse(format: MrzFormat, lines: &[String]) -> Option<MrzData> {
    match (format, lines) {
        (MrzFormat::Td1, [a, b, c]) => mrz::parse_td1(a, b, c),
        (MrzFormat::Td2, [a, b]) => mrz::parse_td2(a, b),
        (MrzFormat::Td3, [a, b]) => mrz::parse_td3(a, b),
        (MrzFormat::MrvA, [a, b]) => mrz::parse_mrv_a(a, b),
        (MrzFormat::MrvB, [a, b]) => mrz::parse_mrv_b(a, b),
        _ => return None,
    }
    .ok()
}

fn digits(checks: &Checks) -> Vec<(&'static str, bool)> {
    let all = [
        ("document number", checks.document_number),
        ("date of birth", checks.date_of_birth),
        ("date of expiry", checks.date_of_expiry),
        ("personal number", checks.personal_number),
        ("composite", checks.composite),
    ];
    all.into_iter().filter_map(|(name, right)| Some((name, right?))).collect()
}

/// Every choice of one of each, bounded: lines have a handful of fits.
fn combinations(fits: &[Vec<Fit>]) -> Vec<Vec<Fit>> {
    fits.iter().fold(vec![Vec::new()], |chosen, line| {
        let longer = |c: &Vec<Fit>| {
            let c = c.clone();
            line.iter().map(move |l| c.iter().cloned().chain([l.clone()]).collect()).collect::<Vec<_>>()
        };
        chosen.iter().flat_map(longer).take(512).collect()
    })
}

fn parts(text: &str) -> Option<(i32, u8, u8)> {
    Some((text.get(..2)?.parse().ok()?, text.get(2..4)?.parse().ok()?, text.get(4..6)?.parse().ok()?))
}

fn date(year: i32, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

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
        let wrong: Vec<_> =
            zone(&lines).unwrap().check_digits.into_iter().filter(|(_, right)| !right).collect();
        assert_eq!(wrong, [("date of birth", false), ("composite", false)]);
    }

    #[test]
    fn years_get_the_century_they_must_have() {
        let read = zone(&[
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
            "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ])
        .unwrap();
        let today = date!(2026 - 06 - 01);
        assert_eq!(read.birth_date(today), Some(date!(1974 - 08 - 12)));
        assert_eq!(read.expiry_date(today), Some(date!(2012 - 04 - 15)));
        let old = Mrz { expiry: "991231".into(), birth: "260602".into(), ..read };
        assert_eq!(old.expiry_date(today), Some(date!(1999 - 12 - 31)));
        assert_eq!(old.birth_date(today), Some(date!(1926 - 06 - 02)));
    }

    proptest! {
        #[test]
        fn no_lines_whatever_make_it_panic(lines in prop::collection::vec("[A-Z0-9<]{20,50}", 0..4)) {
            let _ = Mrz::parse_lines(&lines);
        }

        #[test]
        fn any_text_is_survived(lines in prop::collection::vec("\\PC{0,50}", 2..4)) {
            let _ = Mrz::parse_lines(&lines);
        }
    }
}
