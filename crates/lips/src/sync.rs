//! Scores over unit vectors of lips and sound, one of each a frame.

/// Numbers in a frame's vector.
pub(crate) const DIM: usize = 32;
/// Least deviation of a cohort's scores that is divided by.
const MIN_DEVIATION: f32 = 1e-3;

/// What is measured of one clip's lips and sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scores {
    /// Mean cosine at the best lag that is absorbed.
    pub(crate) agreement: f32,
    pub(crate) s_norm: f32,
    pub(crate) lead: f32,
    pub(crate) aperture_correlation: f32,
}

/// One clip's sound: a unit vector and a weight for each frame. Loud frames weigh most: pauses agree with pauses whoever
/// speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard<'a> {
    pub(crate) vectors: &'a [[f32; DIM]],
    pub(crate) weights: &'a [f32],
}

impl<'a> Heard<'a> {
    pub(crate) fn part(self, frames: std::ops::Range<usize>) -> Self {
        Self { vectors: &self.vectors[frames.clone()], weights: &self.weights[frames] }
    }
}

/// Weighted mean cosine of lips and sound over the frames both have when the sound is read `lag` frames later.
pub(crate) fn mean_cosine(lips: &[[f32; DIM]], sound: Heard<'_>, lag: isize) -> f32 {
    let (v, a) = shifted(lips, sound.vectors, lag);
    let (_, w) = shifted(lips, sound.weights, lag);
    let (mut total, mut weight) = (0.0, 0.0);
    for ((v, a), w) in v.iter().zip(a).zip(w) {
        total += w * v.iter().zip(a).map(|(x, y)| x * y).sum::<f32>();
        weight += w;
    }
    if weight > 0.0 { total / weight } else { -1.0 }
}

/// The highest mean cosine within `range` frames of lag either way, and its lag; a positive one means late sound.
pub(crate) fn best_within(lips: &[[f32; DIM]], sound: Heard<'_>, range: usize) -> (f32, isize) {
    let range = range.cast_signed();
    let scored = (-range..=range).map(|lag| (mean_cosine(lips, sound, lag), lag));
    scored.fold((f32::NEG_INFINITY, 0), |best, next| if next.0 > best.0 { next } else { best })
}

/// How far the best lag within `absorb` stands above the best at twice that and beyond, up to `range`: negative for
/// shifted sound.
pub(crate) fn lead(lips: &[[f32; DIM]], sound: Heard<'_>, absorb: usize, range: usize) -> f32 {
    let best = |lags: std::ops::RangeInclusive<usize>| {
        let both = lags.flat_map(|lag| [lag.cast_signed(), -lag.cast_signed()]);
        both.map(|lag| mean_cosine(lips, sound, lag)).fold(f32::NEG_INFINITY, f32::max)
    };
    best(0..=absorb) - best(2 * absorb..=range.max(2 * absorb))
}

/// Odds of a probability, finite for certainty.
pub(crate) fn odds(probability: f32) -> f32 {
    probability / (1.0 - probability).max(1e-6)
}

/// Symmetric normalisation of a raw score by (mean, deviation) of the lips' and of the sound's scores with others.
pub(crate) fn s_norm(raw: f32, by_lips: (f32, f32), by_sound: (f32, f32)) -> f32 {
    let z = |(mean, deviation): (f32, f32)| (raw - mean) / deviation.max(MIN_DEVIATION);
    f32::midpoint(z(by_lips), z(by_sound))
}

/// Mean and standard deviation; zeros for nothing.
pub(crate) fn mean_and_deviation(values: &[f32]) -> (f32, f32) {
    let n = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n;
    (mean, variance.sqrt())
}

/// Pearson correlation of the changes of mouth opening and of sound energy, the sound read `lag` frames later: the
/// opinion that needs no training. -1..=1, 0 when either does not change.
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

/// The frames of both that meet when the second is read `lag` frames later.
fn shifted<'a, A, B>(first: &'a [A], second: &'a [B], lag: isize) -> (&'a [A], &'a [B]) {
    let by = lag.unsigned_abs();
    if lag >= 0 {
        (first, second.get(by..).unwrap_or_default())
    } else {
        (first.get(by..).unwrap_or_default(), second)
    }
}

/// A quarter, a half, a quarter over neighbouring frames, ends held.
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

    /// A unit vector that turns with time, so that only the right lag aligns two of them.
    fn turning(frames: usize, offset: usize) -> Vec<[f32; DIM]> {
        let vector = |t: usize| {
            let phase = |k: usize| ((t + offset) as f32 * (0.3 + 0.37 * k as f32)).sin();
            let raw: [f32; DIM] = std::array::from_fn(phase);
            let norm = raw.iter().map(|v| v * v).sum::<f32>().sqrt();
            raw.map(|v| v / norm)
        };
        (0..frames).map(vector).collect()
    }

    /// All frames weighing the same.
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
        let (lips, late) = (turning(60, 5), turning(60, 3));
        let (score, lag) = best_within(&lips, even(&late), 15);
        assert_eq!(lag, 2);
        assert!(score > 0.99, "{score}");
    }

    #[test]
    fn sound_out_of_sync_has_no_lead() {
        assert!(lead(&turning(60, 5), even(&turning(60, 5)), 3, 15) > 0.1);
        assert!(lead(&turning(60, 15), even(&turning(60, 5)), 3, 15) < -0.1);
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
        fn no_length_or_lag_breaks_a_score(v in 0usize..20, a in 0usize..20, lag in -25isize..25) {
            let (lips, sound) = (turning(v, 30), turning(a, 31));
            prop_assert!((-1.001..=1.001).contains(&mean_cosine(&lips, even(&sound), lag)));
            let (aperture, energy) = (vec![0.5; v], vec![0.1; a]);
            prop_assert!(aperture_correlation(&aperture, &energy, lag).is_finite());
        }
    }
}
