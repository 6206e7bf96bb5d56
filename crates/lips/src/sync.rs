//! Scores over unit vectors of lips and sound, one of each per frame.
//!
//! Everything follows from one [`LagProfile`]: the agreement of lips and sound at each lag. Sound produced by the
//! lips has one clear peak, at the lag of the device; other sound has none.

use std::ops::RangeInclusive;

/// Dimensions of a frame's vector: two networks of 32.
pub(crate) const DIM: usize = 64;
/// Largest searched lag, in frames: 1.6 s.
const MAX_LAG: usize = 40;
/// Frames next to the peak that belong to it: neighbouring frames of speech are similar.
const PEAK_WIDTH: usize = 5;
/// Least deviation used as a divisor.
const MIN_DEVIATION: f32 = 1e-3;

/// The measures of one clip's lips and sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scores {
    /// Mean cosine at the peak.
    pub(crate) agreement: f32,
    pub(crate) s_norm: f32,
    pub(crate) prominence: f32,
    pub(crate) lead: f32,
    pub(crate) aperture_correlation: f32,
}

/// One clip's sound: a unit vector and a weight per frame. Loud frames weigh most: pauses agree with pauses of every
/// speaker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard<'a> {
    pub(crate) vectors: &'a [[f32; DIM]],
    pub(crate) weights: &'a [f32],
}

impl Heard<'_> {
    pub(crate) fn part(self, frames: std::ops::Range<usize>) -> Self {
        Self { vectors: &self.vectors[frames.clone()], weights: &self.weights[frames] }
    }
}

/// Mean cosine of lips and sound at every lag from `-range` to `range` frames; at a positive lag the sound is late.
#[derive(Clone, Debug)]
pub(crate) struct LagProfile {
    cosines: Vec<f32>,
    range: isize,
}

impl LagProfile {
    /// Searches 1.6 s in either direction, or two fifths of a shorter clip.
    pub(crate) fn new(lips: &[[f32; DIM]], sound: Heard<'_>) -> Self {
        let frames = lips.len().min(sound.vectors.len());
        let range = MAX_LAG.min(2 * frames / 5).cast_signed();
        Self { cosines: (-range..=range).map(|lag| mean_cosine(lips, sound, lag)).collect(), range }
    }

    /// Returns the lag within `lags` with the best agreement of lips and sound.
    pub(crate) fn best_lag(&self, lags: RangeInclusive<isize>) -> isize {
        let within = self.lags().filter(|(lag, _)| lags.contains(lag));
        within.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(lag, _)| lag)
    }

    /// Returns the lag with the best agreement of all searched lags.
    pub(crate) fn best_lag_of_all(&self) -> isize {
        self.best_lag(-self.range..=self.range)
    }

    /// Returns the mean cosine at a lag; -1 beyond the searched ones.
    pub(crate) fn at(&self, lag: isize) -> f32 {
        let found = usize::try_from(lag + self.range).ok().and_then(|i| self.cosines.get(i));
        found.copied().unwrap_or(-1.0)
    }

    /// Returns the deviations of the other lags by which `peak` exceeds their mean. Needs no cohort.
    pub(crate) fn prominence(&self, peak: isize) -> f32 {
        let others = self.lags().filter(|(lag, _)| lag.abs_diff(peak) > PEAK_WIDTH);
        let (mean, deviation) = mean_and_deviation(&others.map(|(_, cosine)| cosine).collect::<Vec<_>>());
        (self.at(peak) - mean) / deviation.max(MIN_DEVIATION)
    }

    /// Returns the lead of `peak` over the best lag outside `accepted`: negative for late or early sound.
    pub(crate) fn lead(&self, peak: isize, accepted: &RangeInclusive<isize>) -> f32 {
        let outside = self.lags().filter(|(lag, _)| !accepted.contains(lag));
        self.at(peak) - outside.map(|(_, cosine)| cosine).fold(-1.0, f32::max)
    }

    fn lags(&self) -> impl Iterator<Item = (isize, f32)> + '_ {
        (-self.range..).zip(self.cosines.iter().copied())
    }
}

/// Returns the highest mean cosine at one of these lags.
pub(crate) fn peak(lips: &[[f32; DIM]], sound: Heard<'_>, lags: &RangeInclusive<isize>) -> f32 {
    lags.clone().map(|lag| mean_cosine(lips, sound, lag)).fold(-1.0, f32::max)
}

/// Returns the symmetric normalisation of a raw score by (mean, deviation) of the lips' and of the sound's cohort scores.
pub(crate) fn s_norm(raw: f32, by_lips: (f32, f32), by_sound: (f32, f32)) -> f32 {
    let z = |(mean, deviation): (f32, f32)| (raw - mean) / deviation.max(MIN_DEVIATION);
    f32::midpoint(z(by_lips), z(by_sound))
}

/// Returns the weighted mean cosine over the common frames when the sound is read `lag` frames later.
fn mean_cosine(lips: &[[f32; DIM]], sound: Heard<'_>, lag: isize) -> f32 {
    let (v, a) = shifted(lips, sound.vectors, lag);
    let (_, w) = shifted(lips, sound.weights, lag);
    let (mut total, mut weight) = (0.0, 0.0);
    for ((v, a), w) in v.iter().zip(a).zip(w) {
        total += w * v.iter().zip(a).map(|(x, y)| x * y).sum::<f32>();
        weight += w;
    }
    if weight > 0.0 { total / weight } else { -1.0 }
}

/// Returns the odds of a probability, finite for certainty.
pub(crate) fn odds(probability: f32) -> f32 {
    probability / (1.0 - probability).max(1e-6)
}

/// Mean and standard deviation; zeros for nothing.
pub(crate) fn mean_and_deviation(values: &[f32]) -> (f32, f32) {
    let n = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n;
    (mean, variance.sqrt())
}

/// Returns the Pearson correlation of the changes of mouth opening and of sound energy, the sound read `lag` frames
/// later: a second measure that needs no training. -1..=1, 0 when either does not change.
pub(crate) fn aperture_correlation(aperture: &[f32], energy: &[f32], lag: isize) -> f32 {
    let (a, e) = (changes(&smooth(aperture)), changes(&smooth(energy)));
    let (a, e) = shifted(&a, &e, lag);
    let n = a.len().min(e.len());
    let mean = |x: &[f64]| x.iter().take(n).sum::<f64>() / n.max(1) as f64;
    let (mean_a, mean_e) = (mean(a), mean(e));
    let (mut product, mut square_a, mut square_e) = (0.0, 0.0, 0.0);
    for (a, e) in a.iter().map(|v| v - mean_a).zip(e.iter().map(|v| v - mean_e)) {
        product += a * e;
        square_a += a * a;
        square_e += e * e;
    }
    (product / ((square_a * square_e).sqrt() + 1e-9)) as f32
}

/// Returns the frames of both that coincide when the second is read `lag` frames later.
fn shifted<'a, A, B>(first: &'a [A], second: &'a [B], lag: isize) -> (&'a [A], &'a [B]) {
    let by = lag.unsigned_abs();
    if lag >= 0 {
        (first, second.get(by..).unwrap_or_default())
    } else {
        (first.get(by..).unwrap_or_default(), second)
    }
}

/// Smooths with weights of a quarter, a half, a quarter, ends held.
fn smooth(x: &[f32]) -> Vec<f64> {
    let at = |i: usize| f64::from(x[i]);
    let last = x.len().saturating_sub(1);
    (0..x.len())
        .map(|i| 0.25 * at(i.saturating_sub(1)) + 0.5 * at(i) + 0.25 * at((i + 1).min(last)))
        .collect()
}

/// Central differences, one-sided at the ends.
fn changes(x: &[f64]) -> Vec<f64> {
    let last = x.len().saturating_sub(1);
    let change = |i: usize| {
        let (left, right) = (i.saturating_sub(1), (i + 1).min(last));
        (x[right] - x[left]) / (right - left).max(1) as f64
    };
    (0..x.len()).map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns a unit vector that rotates with time, so that only the right lag aligns two of them.
    fn turning(frames: usize, offset: usize) -> Vec<[f32; DIM]> {
        let vector = |t: usize| {
            let phase = |k: usize| ((t + offset) as f32 * (0.3 + 0.37 * k as f32)).sin();
            let raw: [f32; DIM] = std::array::from_fn(phase);
            let norm = raw.iter().map(|v| v * v).sum::<f32>().sqrt();
            raw.map(|v| v / norm)
        };
        (0..frames).map(vector).collect()
    }

    /// Returns equal weights.
    fn even(vectors: &[[f32; DIM]]) -> Heard<'_> {
        Heard { vectors, weights: &[1.0; 60][..vectors.len()] }
    }

    #[test]
    fn loud_frames_count_most() {
        let lips = turning(40, 5);
        let half_wrong: Vec<_> =
            lips.iter().enumerate().map(|(t, v)| if t < 20 { *v } else { v.map(|x| -x) }).collect();
        let score = |weights: &[f32]| mean_cosine(&lips, Heard { vectors: &half_wrong, weights }, 0);
        assert!(score(&[[1.0; 20], [0.05; 20]].concat()) > 0.9);
        assert!(score(&[[0.05; 20], [1.0; 20]].concat()) < -0.9);
    }

    #[test]
    fn late_sound_has_a_positive_lag() {
        let profile = LagProfile::new(&turning(60, 15), even(&turning(60, 11)));
        assert_eq!((profile.best_lag(-6..=6), profile.best_lag_of_all()), (4, 4));
        assert!(profile.at(4) > 0.99 && profile.prominence(4) > 3.0, "{profile:?}");
        assert!(profile.lead(4, &(-6..=6)) > 0.1);
    }

    #[test]
    fn later_than_accepted_is_reported_and_has_no_lead() {
        let profile = LagProfile::new(&turning(60, 15), even(&turning(60, 5)));
        assert_eq!(profile.best_lag_of_all(), 10);
        assert!(profile.lead(profile.best_lag(-6..=6), &(-6..=6)) < -0.1);
    }

    #[test]
    fn lips_that_open_with_the_sound_correlate() {
        let opening: Vec<f32> = (0..75).map(|t| (t as f32 * 0.5).sin()).collect();
        let closing: Vec<f32> = opening.iter().map(|v| -v).collect();
        assert!(aperture_correlation(&opening, &opening, 0) > 0.99);
        assert!(aperture_correlation(&opening, &closing, 0) < -0.99);
        assert_eq!(aperture_correlation(&opening, &[0.0; 75], 0), 0.0);
    }

    #[test]
    fn a_score_like_the_cohorts_is_zero() {
        assert!(s_norm(0.2, (0.2, 0.05), (0.2, 0.1)).abs() < 1e-6);
        assert!(s_norm(0.3, (0.2, 0.05), (0.2, 0.1)) > 1.4);
    }

    proptest! {
        #[test]
        fn no_length_or_lag_breaks_a_score(v in 0usize..60, a in 0usize..60, lag in -50isize..50) {
            let (lips, sound) = (turning(v, 30), turning(a, 31));
            let profile = LagProfile::new(&lips, even(&sound));
            let peak = profile.best_lag(-6..=6);
            prop_assert!((-1.001..=1.001).contains(&profile.at(lag)));
            prop_assert!(profile.prominence(peak).is_finite() && profile.lead(peak, &(-6..=6)).is_finite());
            let (aperture, energy) = (vec![0.5; v], vec![0.1; a]);
            prop_assert!(aperture_correlation(&aperture, &energy, lag).is_finite());
        }
    }
}
