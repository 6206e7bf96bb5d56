//! Spoken digits read from the lips: the sound gives the time of each word, the lips alone give the digit.

use std::ops::Range;

use crate::{DIGITS, LIP_FEATURES};

/// Frames that a word is stretched to for the network.
pub(crate) const ROWS: usize = 16;
/// Frames before and after a word that are included.
const MARGIN: f64 = 1.0;
/// Least probability that the other digits keep together.
const LEAST: f32 = 1e-6;

/// Returns the index of each word in [`DIGITS`]; `None` unless all are digits.
pub(crate) fn places(words: &[&str]) -> Option<Vec<usize>> {
    words.iter().map(|word| DIGITS.iter().position(|digit| digit == word)).collect()
}

/// Returns the lip features of one word, resampled to [`ROWS`] frames by linear interpolation, ends held.
pub(crate) fn stretched(features: &[f32], word: &Range<usize>) -> Vec<f32> {
    let last = (features.len() / LIP_FEATURES).saturating_sub(1);
    let (start, end) = (word.start as f64 - MARGIN, word.end as f64 + MARGIN);
    let row = |frame: usize| &features[frame * LIP_FEATURES..(frame + 1) * LIP_FEATURES];
    let between = |i: usize| {
        let at = start + (i as f64 + 0.5) * (end - start) / ROWS as f64 - 0.5;
        let at = at.clamp(0.0, last as f64);
        let low = at as usize;
        let share = (at - low as f64) as f32;
        row(low).iter().zip(row((low + 1).min(last))).map(move |(a, b)| a * (1.0 - share) + b * share)
    };
    (0..ROWS).flat_map(between).collect()
}

/// Log posteriors of the ten digits for each word.
pub(crate) struct Posteriors(Vec<[f32; DIGITS.len()]>);

impl Posteriors {
    pub(crate) fn new(values: &[f32]) -> Self {
        Self(values.chunks_exact(DIGITS.len()).map(|row| std::array::from_fn(|k| row[k])).collect())
    }

    /// Returns the mean log-likelihood ratio of an expected digit to the mean of the other nine.
    pub(crate) fn evidence(&self, expected: &[usize]) -> f32 {
        self.mean(expected, |row, own| own - ((1.0 - own.exp()).max(LEAST) / (row.len() - 1) as f32).ln())
    }

    /// Returns the mean log-likelihood ratio of an expected digit to the likeliest; 0 when they are the same.
    pub(crate) fn ratio(&self, expected: &[usize]) -> f32 {
        self.mean(expected, |row, own| own - row[best(row)])
    }

    /// Returns the likeliest digits.
    pub(crate) fn words(&self) -> Vec<String> {
        self.0.iter().map(|row| DIGITS[best(row)].to_owned()).collect()
    }

    fn mean(&self, expected: &[usize], of: impl Fn(&[f32; DIGITS.len()], f32) -> f32) -> f32 {
        let words = self.0.iter().zip(expected);
        words.map(|(row, k)| of(row, row[*k])).sum::<f32>() / self.0.len().max(1) as f32
    }
}

fn best(row: &[f32; DIGITS.len()]) -> usize {
    (0..row.len()).reduce(|a, b| if row[b] > row[a] { b } else { a }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns lips whose features are all the number of the frame.
    fn counting(frames: usize) -> Vec<f32> {
        (0..frames).flat_map(|t| [t as f32; LIP_FEATURES]).collect()
    }

    fn posteriors(likely: &[usize]) -> Posteriors {
        let row = |k: usize| std::array::from_fn(|i| if i == k { 0.55f32.ln() } else { 0.05f32.ln() });
        Posteriors(likely.iter().map(|k| row(*k)).collect())
    }

    #[test]
    fn a_word_is_stretched_with_a_frame_on_either_side() {
        let rows = stretched(&counting(40), &(11..25));
        let first: Vec<f32> = rows.iter().step_by(LIP_FEATURES).copied().collect();
        assert_eq!(first, (10..26).map(|t| t as f32).collect::<Vec<_>>());
        let short = stretched(&counting(40), &(11..17));
        assert!((short[0] - 9.75).abs() < 1e-5 && (short[15 * LIP_FEATURES] - 17.25).abs() < 1e-5);
    }

    #[test]
    fn the_digits_shown_have_evidence_and_others_have_none() {
        let shown = posteriors(&[3, 7]);
        assert_eq!(shown.words(), ["three", "seven"]);
        assert_eq!(shown.ratio(&[3, 7]), 0.0);
        assert!((shown.evidence(&[3, 7]) - 11f32.ln()).abs() < 1e-5);
        assert!(shown.evidence(&[3, 1]) < shown.evidence(&[3, 7]) && shown.evidence(&[1, 2]) < 0.0);
        assert!((shown.ratio(&[3, 1]) + 11f32.ln() / 2.0).abs() < 1e-5);
    }

    #[test]
    fn only_digits_have_places() {
        assert_eq!(places(&["nine", "zero"]), Some(vec![9, 0]));
        assert_eq!(places(&["nine", "lives"]), None);
    }

    proptest! {
        #[test]
        fn no_word_leaves_the_clip(frames in 1usize..60, start in 0usize..60, length in 1usize..40) {
            let rows = stretched(&counting(frames), &(start..start + length));
            prop_assert_eq!(rows.len(), ROWS * LIP_FEATURES);
            prop_assert!(rows.iter().all(|v| (0.0..=(frames - 1) as f32).contains(v)));
        }

        #[test]
        fn certainty_is_no_infinity(likely in 0usize..10, asked in 0usize..10) {
            let row: Vec<f32> = (0..10).map(|i| if i == likely { 0.0 } else { -90.0 }).collect();
            prop_assert!(Posteriors::new(&row).evidence(&[asked]).is_finite());
        }
    }
}
