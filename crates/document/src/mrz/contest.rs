//! Look-alikes in another reading of the same zone. A check digit that is right in only one of several readings proves
//! nothing: otherwise enough readings would make every second forged number right.

use super::{Mrz, doubt::CLEAR, fit::Fit, layout::Class, look_alikes, shape::Shape};

/// Probability of a look-alike from which another network reads the line too.
const RIVAL: f32 = 0.1;

/// How a zone was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rereading {
    /// By another network, which makes other errors: its clear readings count.
    OtherNetwork,
    /// By the same network from other crops: its clear readings of before count.
    SameNetwork,
}

impl Mrz {
    /// Records the characters that `earlier`, another reading of the same zone, has as look-alikes, unless this reading
    /// is better. Only fields whose check digit is right are affected, since a wrong one proves nothing anyway.
    pub(crate) fn contest(&mut self, earlier: &Self, by: Rereading) {
        if earlier.format != self.format {
            return;
        }
        let places = self.fits.iter().enumerate().flat_map(|(line, fit)| {
            fit.text.bytes().enumerate().map(move |(at, read)| (line, at, read)).collect::<Vec<_>>()
        });
        let contested: Vec<(usize, usize)> = places
            .filter(|(line, at, read)| {
                let is_as_read = self.lines.get(*line).and_then(|l| l.as_bytes().get(*at)) == Some(read);
                is_as_read && self.is_contested_by(earlier, by, (*line, *at), *read)
            })
            .map(|(line, at, _)| (line, at))
            .collect();
        for place in contested {
            if !self.contested.contains(&place) {
                self.contested.push(place);
            }
        }
    }

    fn is_contested_by(&self, earlier: &Self, by: Rereading, place: (usize, usize), read: u8) -> bool {
        let (line, at) = place;
        // Compared as it was read, because characters exchanged by guess are not a reading.
        let text = earlier.fits.get(line).map(|fit| fit.text.as_str());
        let Some(other) = text.and_then(|text| text.as_bytes().get(at).copied()) else { return false };
        let is_open = self.field_of(place).is_some_and(|field| self.is_right(field));
        if !is_open || !look_alikes(read).any(|alike| alike == other) {
            return false;
        }
        let is_clear = self.probability(line, at) >= CLEAR;
        let was_clear = by == Rereading::SameNetwork && earlier.probability(line, at) >= CLEAR;
        !is_clear || was_clear
    }

    /// Returns whether this reading by another network has clear letters where `guessed` has letters that were
    /// exchanged for digits by guess: digits are hardly ever read as letters.
    pub(crate) fn confirms_letters_of(&self, guessed: &Self) -> bool {
        let is_alike = self.format == guessed.format
            && self.fits.iter().map(|fit| &fit.text).eq(guessed.fits.iter().map(|fit| &fit.text));
        let mut exchanged = guessed
            .fits
            .iter()
            .zip(&guessed.lines)
            .enumerate()
            .flat_map(|(line, (fit, made))| {
                let places = fit.text.bytes().zip(made.bytes()).enumerate();
                places.filter(|(_, (read, made))| read != made).map(move |(at, (read, _))| (line, at, read))
            })
            .filter(|(line, at, _)| self.field_of((*line, *at)).is_some())
            .peekable();
        let is_clear_letter = |(line, at, read): (usize, usize, u8)| {
            read.is_ascii_uppercase() && self.probability(line, at) >= CLEAR
        };
        is_alike && exchanged.peek().is_some() && exchanged.all(is_clear_letter)
    }

    /// Returns the lines with a character that proves a check digit but was read hardly better than its look-alike.
    pub(crate) fn lines_with_rivals(&self) -> Vec<usize> {
        let has_rival = |line: usize, at: usize, from: usize| {
            let alternatives = self.read.get(line).and_then(|read| read.alternatives.get(from));
            let is_rival = alternatives.is_some_and(|all| all.iter().any(|(_, odds)| *odds >= RIVAL));
            is_rival
                && self.probability(line, at) < CLEAR
                && self.field_of((line, at)).is_some_and(|field| self.is_right(field))
        };
        let on_line = |(line, fit): (usize, &Fit)| {
            let places = fit.from.iter().enumerate();
            places.filter_map(|(at, from)| Some((at, (*from)?))).any(|(at, from)| has_rival(line, at, from))
        };
        (0..self.fits.len()).filter(|line| on_line((*line, &self.fits[*line]))).collect()
    }

    /// Returns the fields with a contested character.
    pub(super) fn contested_fields(&self) -> Vec<&'static str> {
        let mut fields: Vec<_> = self.contested.iter().filter_map(|place| self.field_of(*place)).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// Returns contested characters that their heights do not settle.
    pub(super) fn contested_beyond(&self, shapes: &[Vec<Option<Shape>>]) -> Vec<(usize, usize)> {
        let is_settled = |(line, at): &(usize, usize)| {
            let read = self.fits.get(*line).and_then(|fit| fit.text.as_bytes().get(*at));
            let shape = shapes.get(*line).and_then(|line| line.get(*at).copied().flatten());
            read.zip(shape).is_some_and(|(c, shape)| c.is_ascii_digit() == (shape == Shape::Digit))
        };
        self.contested.iter().copied().filter(|place| !is_settled(place)).collect()
    }

    /// Returns the field of letters and digits at `place`; the optional data are covered by the composite digit, or by
    /// the number's own digit where it continues there.
    fn field_of(&self, (line, at): (usize, usize)) -> Option<&'static str> {
        let spans = self.format.spans();
        if let Some(span) = spans.iter().find(|span| span.line == line && span.at.contains(&at)) {
            return (span.class == Class::Any).then_some(span.name);
        }
        let is_optional = self.format.optional().iter().any(|(l, range)| *l == line && range.contains(&at));
        is_optional.then_some(if self.has_long_number { "document number" } else { "composite" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{geometry::Quad, mrz::Candidate};

    const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";

    /// A passport of this number, whose check digits are those of another; the third character was read with `probability`.
    fn read_as(number: &str, digits_of: &str, probability: f32) -> Mrz {
        let digit = |field: &str| mrz::check_digit(field).unwrap();
        let covered = format!("{digits_of}{}74081221204159ZE184226B<<<<<1", digit(digits_of));
        let second =
            format!("{number}{}UTO7408122F1204159ZE184226B<<<<<1{}", digit(digits_of), digit(&covered));
        let line = |text: &str, unclear: Option<usize>| Candidate {
            probabilities: (0..text.len())
                .map(|at| if Some(at) == unclear { probability } else { 0.99 })
                .collect(),
            alternatives: match unclear {
                Some(at) => {
                    (0..text.len()).map(|i| if i == at { vec![(b'2', 0.05)] } else { Vec::new() }).collect()
                }
                None => Vec::new(),
            },
            text: text.to_owned(),
            quad: Quad([[0.0; 2]; 4]),
            confidence: 0.98,
        };
        Mrz::of(&[line(FIRST, None), line(&second, Some(2))]).unwrap()
    }

    /// The Z was written in by a forger; the digits are those of a 2.
    fn forged(probability: f32) -> Mrz {
        read_as("L8Z902173", "L82902173", probability)
    }

    fn misread(probability: f32) -> Mrz {
        read_as("L82902173", "L82902173", probability)
    }

    #[test]
    fn a_forged_character_that_was_read_clearly_is_not_exchanged() {
        let zone = forged(0.97);
        assert_eq!(zone.document_number, "L8Z902173");
        assert_eq!((zone.unproven()[0], zone.doubt("document number")), ("document number", None));
    }

    #[test]
    fn a_reading_that_agrees_with_its_check_digit_is_not_believed_against_a_clear_one_of_the_same_network() {
        for probability in [0.6, 0.97] {
            let mut again = misread(probability);
            again.contest(&forged(0.97), Rereading::SameNetwork);
            assert_eq!(again.unproven(), ["document number"], "{probability}");
            assert!(again.doubt("document number").is_some() && !again.is_plausible());
        }
        let mut again = misread(0.97);
        again.contest(&forged(0.6), Rereading::SameNetwork);
        assert!(again.unproven().is_empty(), "what was not clear is read again");
    }

    /// A Z that was read hardly better than the 2 it is exchanged for, which another network then reads as badly.
    #[test]
    fn two_unclear_readings_do_not_confirm_each_other() {
        let first = forged(0.72);
        assert_eq!(first.document_number, "L82902173");
        for (probability, is_open) in [(0.61, true), (0.95, false)] {
            let mut larger = misread(probability);
            larger.contest(&first, Rereading::OtherNetwork);
            assert_eq!(!larger.has_right_digits(), is_open, "{probability}");
        }
    }

    #[test]
    fn another_network_is_believed_where_it_reads_clearly() {
        let contested = |probability| {
            let mut again = misread(probability);
            again.contest(&forged(0.97), Rereading::OtherNetwork);
            !again.unproven().is_empty()
        };
        assert_eq!([0.6, 0.97].map(contested), [true, false]);
    }

    /// A forger's Z that is read as the 2 which agrees, hardly better than as what it is.
    #[test]
    fn an_unclear_character_with_a_probable_look_alike_is_worth_another_look() {
        let seen = |probability: f32, rival: f32| {
            let mut read = misread(probability).read;
            read[1].alternatives = vec![Vec::new(); 44];
            read[1].alternatives[2] = vec![(b'Z', rival)];
            let mut zone = Mrz::of(&read).unwrap();
            assert!(zone.has_right_digits());
            let lines = zone.lines_with_rivals();
            zone.contest(&forged(0.97), Rereading::OtherNetwork);
            (lines, zone.has_right_digits())
        };
        assert_eq!(seen(0.6, 0.38), (vec![1], false));
        assert_eq!(seen(0.6, 0.01), (Vec::new(), false));
        assert_eq!(seen(0.97, 0.02), (Vec::new(), true));
    }

    /// The one network read the forged Z badly and made it the 2 that agrees, the other read it clearly.
    #[test]
    fn a_letter_that_two_networks_read_is_one() {
        let guessed = forged(0.63);
        assert_eq!(guessed.document_number, "L82902173");
        assert!(forged(0.91).confirms_letters_of(&guessed));
        assert!(!forged(0.72).confirms_letters_of(&guessed), "that is a guess too");
        assert!(!misread(0.95).confirms_letters_of(&guessed), "that is another reading");
        assert!(!misread(0.95).confirms_letters_of(&misread(0.6)), "nothing was exchanged there");
    }

    #[test]
    fn a_wrong_digit_stays_wrong_whatever_other_readings_have() {
        let mut zone = forged(0.97);
        zone.contest(&misread(0.6), Rereading::SameNetwork);
        assert_eq!(zone.doubt("document number"), None);
    }

    #[test]
    fn the_height_of_the_character_settles_it() {
        let mut again = misread(0.6);
        again.contest(&forged(0.97), Rereading::SameNetwork);
        let shaped = |shape| {
            let mut shapes = vec![vec![None; 44]; 2];
            shapes[1][2] = shape;
            again.contested_beyond(&shapes).len()
        };
        assert_eq!([Some(Shape::Digit), Some(Shape::Letter), None].map(shaped), [0, 1, 1]);
    }
}
