//! Look-alikes of OCR-B, and every way to exchange them in a field so that it agrees with its check digit.

use super::{doubt::CLEAR, repair::CharacterReading, shape::Shape};

/// A letter, and the digit it looks like.
pub(super) const ALIKE: [(u8, u8); 10] = [
    (b'O', b'0'),
    (b'Q', b'0'),
    (b'D', b'0'),
    (b'I', b'1'),
    (b'Z', b'2'),
    (b'S', b'5'),
    (b'B', b'8'),
    (b'G', b'6'),
    (b'L', b'1'),
    (b'A', b'4'),
];
/// The recogniser reads nearly every O of OCR-B as a zero, whatever probability it reports: this pair is always
/// ambiguous.
const BLIND: (u8, u8) = (b'O', b'0');

/// A character less probable than this may be any of its look-alikes; in generated documents those that had to be
/// exchanged were at 0.5.
pub(super) const UNCLEAR: f32 = 0.7;
/// A look-alike less probable than this is excluded. I and Z among digits of OCR-B are read as 1 and 2, and have
/// between .001 and .3.
const POSSIBLE: f32 = 0.001;
/// Probability of a look-alike that the recogniser cannot distinguish.
const BLIND_PROBABILITY: f32 = 0.3;

/// Most characters exchanged in one field.
const MOST_EXCHANGED: usize = 3;

/// A field that agrees with its check digit.
pub(super) struct Candidate {
    pub field: Vec<u8>,
    /// Its probability relative to the characters that were read.
    pub odds: f32,
    /// Whether the picture supports the replacement of every exchanged character.
    pub is_proven: bool,
}

/// Returns every way to exchange look-alikes of `field` that agrees with the check digit, likeliest first. The
/// composite digit cannot distinguish them, because it weights the characters of a number like the number's own digit.
pub(super) fn candidates(field: &[u8], check: u8, reading: &[CharacterReading]) -> Vec<Candidate> {
    let exchanges: Vec<(usize, u8, f32, bool)> = (0..field.len())
        .flat_map(|at| {
            let read = reading.get(at).cloned().unwrap_or_default();
            let possible = alike(field[at]).filter_map(move |other| possible(field[at], other, &read));
            possible.map(move |(other, odds, is_proven)| (at, other, odds, is_proven)).collect::<Vec<_>>()
        })
        .collect();
    let mut found = Vec::new();
    let mut open: Vec<(usize, Candidate)> =
        vec![(0, Candidate { field: field.to_vec(), odds: 1.0, is_proven: true })];
    for _ in 0..MOST_EXCHANGED {
        let mut next = Vec::new();
        for (from, candidate) in open {
            for (index, (at, other, odds, is_proven)) in exchanges.iter().enumerate().skip(from) {
                // One exchange per place: the candidates of a place are consecutive.
                if candidate.field[*at] != field[*at] {
                    continue;
                }
                let mut changed = candidate.field.clone();
                changed[*at] = *other;
                let made = Candidate {
                    odds: candidate.odds * odds,
                    is_proven: candidate.is_proven && *is_proven,
                    field: changed,
                };
                next.push((index + 1, made));
            }
        }
        found.extend(next.iter().filter(|(_, c)| agrees(&c.field, check)).map(|(_, c)| Candidate {
            field: c.field.clone(),
            odds: c.odds,
            is_proven: c.is_proven,
        }));
        open = next;
    }
    found.sort_by(|a, b| b.odds.total_cmp(&a.odds));
    found
}

/// Returns the relative probability that `other` was read as `read`, and whether the picture supports it; `None` when
/// it is excluded.
///
/// Letters among digits are read as digits with confidence, digits hardly ever as letters: a letter that was read clearly is one.
fn possible(read: u8, other: u8, reading: &CharacterReading) -> Option<(u8, f32, bool)> {
    if read.is_ascii_uppercase() && reading.probability >= CLEAR && reading.shape.is_none() {
        return None;
    }
    let wanted = if other.is_ascii_digit() { Shape::Digit } else { Shape::Letter };
    let stated = reading.alternatives.iter().find(|(c, _)| *c == other).map_or(0.0, |(_, p)| *p);
    let is_blind = [(read, other), (other, read)].contains(&BLIND);
    let probability = if is_blind { stated.max(BLIND_PROBABILITY) } else { stated };
    let odds = probability.max(POSSIBLE) / reading.probability.max(POSSIBLE);
    match reading.shape {
        Some(shape) if shape != wanted => None,
        Some(_) => Some((other, odds.max(BLIND_PROBABILITY), true)),
        None => (probability >= POSSIBLE || reading.probability < UNCLEAR).then_some((other, odds, false)),
    }
}

/// Returns whether the recogniser considered `other` possible or did not read clearly, or the picture supports it; it
/// cannot distinguish the two any better.
pub(super) fn has_evidence(other: u8, reading: &CharacterReading) -> bool {
    let is_stated = reading.alternatives.iter().any(|(c, p)| *c == other && *p >= POSSIBLE);
    is_stated || reading.probability < UNCLEAR || reading.shape.is_some()
}

pub(super) fn agrees(field: &[u8], check: u8) -> bool {
    std::str::from_utf8(field).is_ok_and(|field| mrz::verify(field, char::from(check)))
}

/// Returns the look-alike of `c`: the letter of a digit, the digit of a letter.
pub(crate) fn alike(c: u8) -> impl Iterator<Item = u8> {
    ALIKE.into_iter().filter_map(
        move |(letter, digit)| {
            if c == letter { Some(digit) } else { (c == digit).then_some(letter) }
        },
    )
}

pub(super) fn digit(c: u8) -> u8 {
    ALIKE.iter().find(|(letter, _)| *letter == c).map_or(c, |(_, digit)| *digit)
}

pub(super) fn letter(c: u8) -> u8 {
    ALIKE.iter().find(|(_, digit)| *digit == c).map_or(c, |(letter, _)| *letter)
}
