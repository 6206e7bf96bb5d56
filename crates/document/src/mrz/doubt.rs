//! Parts of a zone that were not read reliably, and so cannot count against a document.
//!
//! A field is in doubt when one of its characters or its check digit is improbable, when its line was read with another
//! length and nothing shows that the field is in its place, or when another reading of the same zone differs. A field
//! whose check digit is right is not in doubt: its own arithmetic confirms it.

use super::{Candidate, Mrz, fit::Fit, layout::Span};

/// A character less probable than this was not read clearly. In generated documents with seeds used for nothing else,
/// the digits of changed dates were all above 0.97, and misread characters below 0.7 (docs/ACCURACY.md).
pub(crate) const CLEAR: f32 = 0.9;

const COMPOSITE: &str = "composite";

/// The reading of one line.
#[derive(Clone, Debug)]
pub(super) struct LineReading {
    /// The probability of each character, 0-1; 0 for inserted fillers.
    probabilities: Vec<f32>,
    /// The number of places by which each character was shifted to fit; `None` for inserted fillers.
    moves: Vec<Option<isize>>,
    /// Whether it was read with the right length.
    is_whole: bool,
}

impl LineReading {
    pub fn new(fit: &Fit, read: &Candidate) -> Self {
        let sure =
            |from: &Option<usize>| from.and_then(|at| read.probabilities.get(at).copied()).unwrap_or(0.0);
        let moved =
            |(to, from): (usize, &Option<usize>)| Some(from.as_ref()?.cast_signed() - to.cast_signed());
        Self {
            probabilities: fit.from.iter().map(sure).collect(),
            moves: fit.from.iter().enumerate().map(moved).collect(),
            is_whole: read.text.len() == fit.text.len(),
        }
    }
}

impl Mrz {
    /// Returns why `field` (named like the check digits, or `issuing state`, `nationality`, `sex`, `names`) cannot
    /// count against the document; `None` when it was read reliably, or its check digit is right.
    pub fn doubt(&self, field: &str) -> Option<&'static str> {
        if self.guessed.contains(&field) {
            Some("a look-alike was exchanged, and no reading confirms it")
        } else if self.ambiguous.contains(&field) {
            Some("a character may be a letter or a digit, and the check digit does not tell which")
        } else if self.contested_fields().contains(&field) {
            Some("readings of it differ in a character that looks like another")
        } else if self.is_right(field) {
            None
        } else if !self.is_in_place(field) {
            Some("characters of its line were lost or added")
        } else if self.disputed.contains(&field) {
            Some("another reading of it differs")
        } else if self.field_confidence(field) < CLEAR {
            Some("a character is not clear")
        } else {
            None
        }
    }

    /// Returns the probability of one character, 0-1.
    pub(super) fn probability(&self, line: usize, at: usize) -> f32 {
        self.readings.get(line).and_then(|l| l.probabilities.get(at).copied()).unwrap_or(0.0)
    }

    /// Returns the lowest probability among the characters of `field` and its check digit, 0-1.
    pub fn field_confidence(&self, field: &str) -> f32 {
        let of = |(line, at): (usize, usize)| self.readings.get(line)?.probabilities.get(at).copied();
        self.places(field).into_iter().map(|place| of(place).unwrap_or(0.0)).fold(1.0, f32::min)
    }

    /// Records the differences to `other`, another reading of the same zone; everything when it is none or has another
    /// form.
    pub(crate) fn dispute(&mut self, other: Option<&Self>) {
        let same_form = other.filter(|o| o.format == self.format);
        let text = |zone: &Self, field: &str| -> Vec<Option<u8>> {
            let of = |(line, at): (usize, usize)| zone.lines.get(line)?.as_bytes().get(at).copied();
            zone.places(field).into_iter().map(of).collect()
        };
        for field in self.fields() {
            let agrees = same_form.is_some_and(|o| text(o, field) == text(self, field));
            if !agrees && !self.disputed.contains(&field) {
                self.disputed.push(field);
            }
        }
    }

    fn fields(&self) -> Vec<&'static str> {
        self.format.spans().iter().map(|s| s.name).chain([COMPOSITE]).collect()
    }

    /// Returns line and place of every character of `field` and its check digit.
    fn places(&self, field: &str) -> Vec<(usize, usize)> {
        if field == COMPOSITE {
            return self
                .format
                .composite()
                .into_iter()
                .flat_map(|(line, at)| at.map(move |i| (line, i)))
                .collect();
        }
        let spans = self.format.spans();
        let Some(span) = spans.iter().find(|s| s.name == field) else { return Vec::new() };
        span.at.clone().chain(span.check).map(|at| (span.line, at)).collect()
    }

    /// Returns whether `field` cannot have shifted along its line. A lost or added character shifts all that follow, up
    /// to where the line was made to fit, so a right check digit beyond that shows that there was none.
    fn is_in_place(&self, field: &str) -> bool {
        let lines: Vec<usize> = self.places(field).iter().map(|(line, _)| *line).collect();
        if lines.iter().all(|line| self.readings.get(*line).is_some_and(|l| l.is_whole)) {
            return true;
        }
        let spans = self.format.spans();
        let Some(span) = spans.iter().find(|s| s.name == field) else { return false };
        let moved = |span: &Span| self.moved(span);
        let (Some(by), Some(line)) = (moved(span), self.readings.get(span.line)) else { return false };
        let is_proof = |s: &&Span| s.line == span.line && moved(s) == Some(by) && self.is_right(s.name);
        let proofs: Vec<&Span> = spans.iter().filter(is_proof).collect();
        let at_head = line.moves.first() == Some(&Some(by));
        let at_tail = line.moves.last() == Some(&Some(by));
        (!at_head || proofs.iter().any(|s| s.at.start > span.at.start))
            && (!at_tail || proofs.iter().any(|s| s.at.start < span.at.start))
    }

    /// Returns the number of places by which the field was shifted; `None` when its characters were shifted
    /// differently.
    fn moved(&self, span: &Span) -> Option<isize> {
        let moves = &self.readings.get(span.line)?.moves;
        let mut each = span.at.clone().chain(span.check).map(|at| moves.get(at).copied().flatten());
        let first = each.next()??;
        each.all(|m| m == Some(first)).then_some(first)
    }

    pub(super) fn is_right(&self, field: &str) -> bool {
        self.check_digits.iter().any(|(name, right)| *name == field && *right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Quad;
    use proptest::prelude::*;

    const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const SECOND: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    /// A line as read, with confidence but for the characters at `unclear`.
    fn line(text: &str, unclear: &[usize]) -> Candidate {
        let probabilities =
            (0..text.len()).map(|at| if unclear.contains(&at) { 0.5 } else { 0.99 }).collect();
        Candidate {
            text: text.to_owned(),
            probabilities,
            alternatives: Vec::new(),
            quad: Quad([[0.0; 2]; 4]),
            confidence: 0.98,
        }
    }

    fn passport(second: &str, unclear: &[usize]) -> Mrz {
        Mrz::of(&[line(FIRST, &[]), line(second, unclear)]).unwrap()
    }

    #[test]
    fn a_wrong_digit_read_clearly_is_in_no_doubt() {
        let zone = passport(&SECOND.replace("740812", "840812"), &[30]);
        assert_eq!(zone.doubt("date of birth"), None);
        assert!((zone.field_confidence("date of birth") - 0.99).abs() < 1e-6);
    }

    #[test]
    fn an_unclear_character_or_check_digit_is_a_doubt_where_the_digit_is_wrong() {
        let changed = SECOND.replace("740812", "840812");
        for at in [13, 18, 19] {
            let zone = passport(&changed, &[at]);
            assert!(zone.doubt("date of birth").is_some() && zone.doubt("composite").is_some());
        }
        assert_eq!(passport(SECOND, &[13]).doubt("date of birth"), None, "its check digit confirms it");
        assert!(passport(SECOND, &[11]).doubt("nationality").is_some(), "it has no check digit");
    }

    /// The first two figures of the birth were lost, so the rest of the line stands two places too far left.
    #[test]
    fn characters_after_a_lost_one_are_in_doubt_and_earlier_ones_are_not() {
        let card = |second: &str| {
            let lines = ["I<UTOD231458907<<<<<<<<<<<<<<<", second, "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
            Mrz::of(&lines.map(|l| line(l, &[]))).unwrap()
        };
        let zone = card("08122F1204159UTO<<<<<<<<<<<6");
        assert!(!zone.all_digits_right());
        for (field, _) in zone.check_digits.iter().filter(|(_, right)| !right) {
            assert!(zone.doubt(field).is_some(), "{field}");
        }
        // Two fillers were miscounted, and a birth was changed: the expiry after it shows that it is in its place.
        let forged = card("8408122F1204159UTO<<<<<<<<<6");
        assert_eq!(forged.check_digits[1..3], [("date of birth", false), ("date of expiry", true)]);
        assert_eq!(forged.doubt("date of birth"), None);
    }

    #[test]
    fn fields_with_different_readings_are_in_doubt() {
        let mut zone = passport(&SECOND.replace("740812", "840812"), &[]);
        zone.dispute(Some(&passport(&SECOND.replace("740812", "840812"), &[])));
        assert_eq!(zone.doubt("date of birth"), None);
        zone.dispute(Some(&passport(&SECOND.replace("740812", "340812"), &[])));
        assert!(zone.doubt("date of birth").is_some() && zone.doubt("nationality").is_none());
        zone.dispute(None);
        assert!(zone.doubt("nationality").is_some());
    }

    proptest! {
        #[test]
        fn a_field_is_as_sure_as_its_least_sure_character(at in 0usize..44, p in 0.0f32..0.99) {
            let mut second = line(SECOND, &[]);
            second.probabilities[at] = p;
            let zone = Mrz::of(&[line(FIRST, &[]), second]).unwrap();
            for span in zone.format.spans().iter().filter(|s| s.line == 1) {
                let is_of_it = span.at.contains(&at) || span.check == Some(at);
                let expected = if is_of_it { p } else { 0.99 };
                prop_assert!((zone.field_confidence(span.name) - expected).abs() < 1e-6, "{}", span.name);
            }
        }
    }
}
