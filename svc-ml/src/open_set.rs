//! The threshold from which the nearest of many voices is identified.
//!
//! The more voices are enrolled, the nearer the nearest impostor is by chance: an unenrolled probe is taken for one
//! of `n` with probability 1 - (1 - FMR)^n, about n FMR. So the threshold has the false match rate of the wanted rate
//! of false positive identifications (FPIR, ISO/IEC 19795-1) over n. Beyond the measured impostor scores, their
//! normal distribution is used. Faces do not need this: their log odds include the number of candidates
//! ([`crate::calibration::compare_faces`]), those of voices are bounded by the amount of data.

use voice::{Comparison, Pairing};

/// One search in a hundred may identify an unenrolled person.
const FPIR: f64 = 0.01;

/// Mean and deviation of the impostor scores of one pairing of bandwidths: the normal distributions behind the
/// voices' calibration (LibriSpeech and FSDD; docs/ACCURACY.md).
const fn impostors(pairing: Pairing) -> (f64, f64) {
    match pairing {
        Pairing::Wide => (0.10, 0.087),
        Pairing::Narrow => (0.32, 0.084),
        Pairing::Mixed => (0.04, 0.085),
    }
}

/// Judges the comparison with the nearest of `n`: a match if it is one 1:1 and few unenrolled voices come as near to
/// any of them.
pub fn identified(nearest: Comparison, n: usize) -> Comparison {
    let threshold = nearest.threshold.max(reached(nearest.pairing, n) as f32);
    Comparison { threshold, matched: nearest.matched && nearest.score >= threshold, ..nearest }
}

/// Returns the score that a share [`FPIR`] of unenrolled voices reach with the nearest of `n`.
fn reached(pairing: Pairing, n: usize) -> f64 {
    let (mean, deviation) = impostors(pairing);
    mean + deviation * upper_quantile(FPIR / n.max(1) as f64)
}

/// Returns the z with a share `q` (at most one half) of a standard normal distribution above it: Abramowitz and
/// Stegun 26.2.23, accurate to 4.5e-4.
fn upper_quantile(q: f64) -> f64 {
    let t = (-2.0 * q.clamp(f64::MIN_POSITIVE, 0.5).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use voice::{Bandwidth, EMBEDDING_LEN, Voiceprint, compare_voices};

    /// Returns two voices of a given cosine.
    fn compared(cosine: f32) -> Comparison {
        let voice = |x: f32, y: f32| {
            let mut numbers = vec![0.0; EMBEDDING_LEN];
            (numbers[0], numbers[1]) = (x, y);
            Voiceprint::new(numbers, Bandwidth::Wide, 3.0).unwrap()
        };
        compare_voices(&voice(1.0, 0.0), &voice(cosine, (1.0 - cosine * cosine).sqrt()))
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (q, z) in [(0.5, 0.0), (0.05, 1.6449), (0.01, 2.3263), (0.001, 3.0902), (1e-6, 4.7534)] {
            assert!((upper_quantile(q) - z).abs() < 1e-3, "{q}: {}", upper_quantile(q));
        }
    }

    #[test]
    fn a_score_sufficient_in_a_small_gallery_is_unknown_in_a_large_one() {
        let near = compared(0.47);
        assert!(near.matched && identified(near, 1).matched && identified(near, 50).matched);
        assert!(!identified(near, 20_000).matched);
        assert!(identified(compared(0.8), 20_000).matched);
    }

    proptest! {
        #[test]
        fn more_enrolled_never_lower_the_threshold(n in 1usize..1_000_000, more in 0usize..1_000_000, cosine in -0.99f32..0.99) {
            let (few, many) = (identified(compared(cosine), n), identified(compared(cosine), n + more));
            prop_assert!(few.threshold <= many.threshold && many.threshold < 1.0);
            prop_assert!(few.threshold >= compared(cosine).threshold && (few.matched || !many.matched));
            for pairing in [Pairing::Wide, Pairing::Narrow, Pairing::Mixed] {
                prop_assert!(reached(pairing, n) <= reached(pairing, n + more));
            }
        }
    }
}
