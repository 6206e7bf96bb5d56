//! The machine readable zone: parses lines of characters into fields and check digits.
//!
//! Adds to the `mrz` crate, which parses clean text, what photographed documents need: fitting lines to their length
//! ([`fit`]), distinguishing look-alikes ([`repair`], [`shape`]), selecting the form ([`layout`]) and the practices of
//! states ([`habits`]), reading names, dates and numbers as they are written ([`names`], [`dates`], [`numbers`]), and
//! recording what was not read reliably ([`doubt`]). Check digits and codes of states come from the crate.

mod candidate;
mod contest;
mod dates;
mod doubt;
mod fit;
mod habits;
mod layout;
mod look_alikes;
mod names;
mod numbers;
mod repair;
mod shape;

use crate::{Page, geometry::Quad};
use candidate::{character_readings, combinations, is_zone_text};
use fit::Fit;
use habits::habits;
use numbers::{check_digits, long_number, personal_number};
use repair::CharacterReading;

pub(crate) use candidate::Candidate;
pub(crate) use contest::Rereading;
pub(crate) use dates::{Expiry, ZoneDates};
pub(crate) use look_alikes::alike as look_alikes;

#[cfg(test)]
pub(crate) use doubt::CLEAR;
pub use layout::MrzFormat;

/// A machine readable zone as read and parsed.
#[derive(Clone, Debug)]
pub struct Mrz {
    pub format: MrzFormat,
    /// The lines, each with the length of the form.
    pub lines: Vec<String>,
    /// The quads of the lines, in pixels of the page.
    pub quads: Vec<Quad>,
    /// Mean probability of the characters, 0-1.
    pub confidence: f32,
    /// The exchanged look-alikes, and the evidence for each.
    pub repairs: Vec<String>,
    /// `P`, `ID`, `V` and so on, as printed without fillers.
    pub document_code: String,
    /// Three letters.
    pub issuing_state: String,
    pub nationality: String,
    /// The whole number, including its continuation in the optional data.
    pub document_number: String,
    pub surname: String,
    /// Separated by single spaces.
    pub given_names: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// Six characters, year first, as printed.
    pub birth: String,
    pub expiry: String,
    /// The optional data of the issuing state, mostly a personal number; empty when there is none.
    pub personal_number: String,
    /// Name of each check digit of the form and whether it is right.
    pub check_digits: Vec<(&'static str, bool)>,
    /// The reading of each of `lines`.
    readings: Vec<doubt::LineReading>,
    /// Fields in which look-alikes were exchanged by guess.
    guessed: Vec<&'static str>,
    /// Fields that can be read in two ways.
    ambiguous: Vec<&'static str>,
    /// Fields that differ in another reading of the same zone.
    disputed: Vec<&'static str>,
    /// Line and position of characters that another reading of the same zone has as their look-alikes.
    contested: Vec<(usize, usize)>,
    has_long_number: bool,
    /// The lines as read and how they were fitted, to parse them again with further evidence from the picture.
    read: Vec<Candidate>,
    fits: Vec<Fit>,
}

impl Mrz {
    /// Parses `lines` (top to bottom) as a zone, if they form one: of all forms and fits the one with the most right
    /// check digits, and among equals the one closest to the reading.
    pub(crate) fn of(lines: &[Candidate]) -> Option<Self> {
        let mut best: Option<(usize, Self)> = None;
        for format in MrzFormat::ALL {
            let (count, length) = format.size();
            if count != lines.len() {
                continue;
            }
            let fits: Vec<Vec<Fit>> = lines.iter().map(|l| fit::fits(&l.text, length)).collect();
            for chosen in combinations(&fits) {
                let Some(found) = Self::parse(format, chosen, lines, &[]) else { continue };
                let off: usize = lines.iter().map(|l| l.text.len().abs_diff(length)).sum();
                let right = found.check_digits.iter().filter(|(_, ok)| *ok).count();
                // Three right digits out of three rank above three out of five.
                let rank = 100 * right / found.check_digits.len().max(1) + 100 - 2 * off.min(50);
                if best.as_ref().is_none_or(|(most, _)| rank > *most) {
                    best = Some((rank, found));
                }
            }
        }
        best.map(|(_, found)| found)
    }

    /// Parses lines that are known to have the right form.
    pub fn parse_lines(lines: &[String]) -> Option<Self> {
        Self::of(&lines.iter().cloned().map(Candidate::sure).collect::<Vec<_>>())
    }

    /// Parses the same zone with the heights of its characters on the page, which distinguish look-alikes.
    pub(crate) fn with_shapes(&self, page: &Page) -> Option<Self> {
        let heights = shape::heights(page, &self.read);
        let again = Self::parse(self.format, self.fits.clone(), &self.read, &heights)?;
        let contested = self.contested_beyond(&shape::shapes(self.format, &self.fits, &heights));
        Some(Self { disputed: self.disputed.clone(), contested, ..again })
    }

    fn parse(
        format: MrzFormat,
        fits: Vec<Fit>,
        read: &[Candidate],
        heights: &[Option<Vec<f32>>],
    ) -> Option<Self> {
        let head = fits.first()?.text.get(..5)?;
        let code = repair::read_state(head.get(..2)?);
        let state = repair::read_state(head.get(2..)?);
        if !format.accepts(&code, &state) || fits.iter().any(|fit| !is_zone_text(&fit.text)) {
            return None;
        }
        let shapes = shape::shapes(format, &fits, heights);
        let readings: Vec<_> =
            fits.iter().zip(read).map(|(fit, line)| doubt::LineReading::new(fit, line)).collect();
        let characters: Vec<Vec<CharacterReading>> = fits
            .iter()
            .zip(read)
            .enumerate()
            .map(|(line, (fit, read))| {
                character_readings(fit, read, shapes.get(line).map_or(&[], Vec::as_slice))
            })
            .collect();
        let mut lines: Vec<String> = fits.iter().map(|fit| fit.text.clone()).collect();
        let habit = habits(&state, format);
        let repairs = repair::repair(format, habit, &mut lines, &characters);
        let field = |name: &str| {
            let span = format.spans().into_iter().find(|s| s.name == name)?;
            Some(lines.get(span.line)?.get(span.at)?.to_owned())
        };
        let plain = |name| field(name).unwrap_or_default().trim_end_matches('<').to_owned();
        let number = long_number(format, &lines);
        let has_long_number = number.is_some();
        let (surname, given_names) = match field("given names") {
            Some(given) => (names::spaced(&plain("names")), names::spaced(&given)),
            None => names::split_names(&field("names").unwrap_or_default()),
        };
        let issuing_state = plain("issuing state");
        Some(Self {
            format,
            quads: read.iter().map(|l| l.quad).collect(),
            confidence: read.iter().map(|l| l.confidence).sum::<f32>() / read.len().max(1) as f32,
            repairs: repairs.reported,
            guessed: repairs.guessed,
            ambiguous: repairs.ambiguous,
            document_code: code,
            // Only France's form has no nationality: the card is for citizens.
            nationality: if format == MrzFormat::FranceCard {
                issuing_state.clone()
            } else {
                plain("nationality")
            },
            issuing_state,
            check_digits: check_digits(format, &lines, number.as_ref()),
            personal_number: personal_number(format, habit.personal_number, &lines, number.as_ref()),
            document_number: number.map_or_else(|| plain("document number"), |long| long.number),
            surname,
            given_names,
            sex: match field("sex").as_deref() {
                Some(known @ ("M" | "F")) => known.to_owned(),
                _ => "X".to_owned(),
            },
            birth: field("date of birth").unwrap_or_default(),
            expiry: field("date of expiry").unwrap_or_default(),
            readings,
            disputed: Vec::new(),
            contested: Vec::new(),
            has_long_number,
            read: read.to_vec(),
            fits,
            lines,
        })
    }

    pub fn all_digits_right(&self) -> bool {
        self.check_digits.iter().all(|(_, right)| *right)
    }

    /// Returns whether nothing contradicts the reading: digits without guesses, states, and the characters of each
    /// field.
    pub(crate) fn is_plausible(&self) -> bool {
        self.has_right_digits() && self.malformed().is_empty() && self.unknown_states().is_empty()
    }

    /// Returns whether every check digit is right as read: exchanging look-alikes until it is right proves nothing.
    pub fn has_right_digits(&self) -> bool {
        self.unproven().is_empty()
    }

    /// Returns the fields whose check digit is wrong, or right only by a guess.
    pub(crate) fn unproven(&self) -> Vec<&'static str> {
        let wrong = self.check_digits.iter().filter(|(_, right)| !right).map(|(name, _)| *name);
        let open = self.guessed.iter().chain(&self.ambiguous).copied();
        wrong.chain(open).chain(self.contested_fields()).collect()
    }

    /// Returns the fields that can be read in two ways, as a letter or a digit.
    pub(crate) fn ambiguous_fields(&self) -> &[&'static str] {
        &self.ambiguous
    }

    /// Corrects a word of the names that was misread.
    pub(crate) fn correct_name(&mut self, word: &str, with: &str) {
        for name in [&mut self.surname, &mut self.given_names] {
            let words: Vec<&str> = name.split(' ').map(|w| if w == word { with } else { w }).collect();
            *name = words.join(" ");
        }
        if word.len() == with.len() {
            let in_names = |span: &&layout::Span| matches!(span.name, "names" | "given names");
            for span in self.format.spans().iter().filter(in_names) {
                let Some(line) = self.lines.get_mut(span.line) else { continue };
                let field = line.get(span.at.clone()).unwrap_or("").to_owned();
                let words: Vec<&str> = field.split('<').map(|w| if w == word { with } else { w }).collect();
                line.replace_range(span.at.clone(), &words.join("<"));
            }
        }
        self.repairs.push("names: read again as they are printed".to_owned());
    }

    /// Returns the location of the names, in pixels of the page.
    pub(crate) fn names_quad(&self) -> Option<Quad> {
        let span = self.format.spans().into_iter().find(|s| s.name == "names")?;
        self.quads.get(span.line).copied()
    }

    /// Returns the fields with impossible content.
    pub(crate) fn malformed(&self) -> Vec<&'static str> {
        let fits = |span: &layout::Span| {
            let text = self.lines.get(span.line).and_then(|l| l.get(span.at.clone())).unwrap_or("");
            match span.name {
                // The single name on a card of France is the surname, and given names may be missing.
                "names" => names::is_well_formed(text),
                "given names" => text.bytes().all(|c| c.is_ascii_uppercase() || c == b'<'),
                "sex" => matches!(text, "M" | "F" | "X" | "<"),
                "date of expiry" | "date of birth" => text.bytes().all(|c| c.is_ascii_digit() || c == b'<'),
                _ => true,
            }
        };
        self.format.spans().iter().filter(|span| !fits(span)).map(|span| span.name).collect()
    }

    /// Returns the fields that do not contain a code of ICAO Doc 9303.
    pub(crate) fn unknown_states(&self) -> Vec<&'static str> {
        let states = [("issuing state", &self.issuing_state), ("nationality", &self.nationality)];
        states
            .into_iter()
            .filter(|(name, _)| self.format.spans().iter().any(|span| span.name == *name))
            .filter(|(_, code)| mrz::country_name(code).is_none())
            .map(|(name, _)| name)
            .collect()
    }

    /// Returns the lines with an error. The composite digit alone only shows that one of its lines has one.
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

    /// Returns the number of right check digits.
    pub(crate) fn right_digits(&self) -> usize {
        self.check_digits.iter().filter(|(_, right)| *right).count()
    }
}

#[cfg(test)]
pub(crate) mod tests;
