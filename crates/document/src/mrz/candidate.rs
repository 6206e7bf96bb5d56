//! Lines that may belong to a zone, and the ways to fit them to its form.

use super::{fit::Fit, repair::CharacterReading, shape};
use crate::geometry::Quad;

/// A line that may become a part of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub text: String,
    /// The probability of each character, 0-1.
    pub probabilities: Vec<f32>,
    /// The look-alikes of each character and their probabilities.
    pub alternatives: Vec<Vec<(u8, f32)>>,
    pub quad: Quad,
    pub confidence: f32,
}

impl Candidate {
    /// Creates a line that is known to be right.
    pub(crate) fn sure(text: String) -> Self {
        let quad = Quad([[0.0; 2]; 4]);
        Self { probabilities: vec![1.0; text.len()], alternatives: Vec::new(), text, quad, confidence: 1.0 }
    }
}

/// Returns whether `text` uses only the zone's alphabet.
pub(super) fn is_zone_text(text: &str) -> bool {
    text.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<')
}

pub(super) fn character_readings(
    fit: &Fit,
    read: &Candidate,
    shapes: &[Option<shape::Shape>],
) -> Vec<CharacterReading> {
    let reading = |(at, from): (usize, &Option<usize>)| {
        let of = |from: usize| {
            let alternatives = read.alternatives.get(from).cloned().unwrap_or_default();
            (read.probabilities.get(from).copied().unwrap_or(0.0), alternatives)
        };
        let (probability, alternatives) = from.map(of).unwrap_or_default();
        CharacterReading { probability, alternatives, shape: shapes.get(at).copied().flatten() }
    };
    fit.from.iter().enumerate().map(reading).collect()
}

/// Returns every combination of one element of each, bounded: lines have only a few fits.
pub(super) fn combinations(fits: &[Vec<Fit>]) -> Vec<Vec<Fit>> {
    fits.iter().fold(vec![Vec::new()], |chosen, line| {
        let longer = |c: &Vec<Fit>| {
            let c = c.clone();
            line.iter().map(move |l| c.iter().cloned().chain([l.clone()]).collect()).collect::<Vec<_>>()
        };
        chosen.iter().flat_map(longer).take(512).collect()
    })
}
