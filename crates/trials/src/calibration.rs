//! From a score to a log-likelihood ratio.
//!
//! Pool adjacent violators (Zadrozny and Elkan 2002; Brümmer and du Preez, "The PAV algorithm optimizes binary proper
//! scoring rules", 2013): the rising step function that fits best, told by few points between which a reader
//! interpolates. Both ends are pulled in by one made-up trial of each side (Laplace's rule), so that a set without a single
//! error does not promise certainty.

use serde::{Deserialize, Serialize};

use crate::{
    Trial,
    curve::{Curve, at_fmr, equal_error},
};

/// A rising curve from score to the natural logarithm of p(score | genuine) / p(score | other), and thresholds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The score that decides.
    pub threshold: f64,
    /// The FMR the threshold was chosen for, and the FNMR it had.
    pub target_fmr: f64,
    pub fnmr: f64,
    /// `[score, log-likelihood ratio]`, rising in both.
    pub points: Vec<(f64, f64)>,
    /// Genuine and other trials it was fitted on.
    pub genuine: usize,
    pub others: usize,
}

/// Why scores cannot be calibrated.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("needs at least {MIN} genuine and {MIN} other trials with a score, has {0} and {1}")]
    TooFew(usize, usize),
    #[error("an FMR of {0} needs at least {1} impostor or attack trials, there are {2}")]
    Unsupported(f64, usize, usize),
}

/// Fewest trials of each side a curve is drawn from.
const MIN: usize = 10;
/// Most points of a curve.
const POINTS: usize = 64;

/// Fits the curve, and the threshold for `target_fmr` (0..1).
///
/// # Errors
/// When there are too few trials for a curve, or for that FMR.
pub fn fit(trials: &[Trial], target_fmr: f64) -> Result<Calibration, Error> {
    let curve = Curve::new(trials);
    let (genuine, others) = curve.counts();
    if genuine < MIN || others < MIN {
        return Err(Error::TooFew(genuine, others));
    }
    if target_fmr * (others as f64) < 1.0 {
        return Err(Error::Unsupported(target_fmr, (1.0 / target_fmr).ceil() as usize, others));
    }
    let points = curve.points(&vec![1.0; trials.len()]);
    let at = at_fmr(&points, target_fmr).or_else(|| equal_error(&points));
    let at = at.ok_or(Error::TooFew(genuine, others))?;
    Ok(Calibration {
        threshold: at.threshold,
        target_fmr,
        fnmr: at.fnmr,
        points: thinned(steps(&curve, genuine, others)),
        genuine,
        others,
    })
}

impl Calibration {
    /// The log-likelihood ratio of a score: linear between the points, level beyond the first and the last.
    #[must_use]
    pub fn log_likelihood_ratio(&self, score: f64) -> f64 {
        let above = self.points.partition_point(|p| p.0 < score);
        let before = above.checked_sub(1).and_then(|i| self.points.get(i));
        match (before, self.points.get(above)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (score - a.0) / (b.0 - a.0),
            (Some(end), None) | (None, Some(end)) => end.1,
            (None, None) => 0.0,
        }
    }

    /// The probability of a genuine trial when both were as likely beforehand, 0..=1.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        1.0 / (1.0 + (-self.log_likelihood_ratio(score)).exp())
    }
}

/// Neighbouring trials that share a likelihood ratio.
struct Block {
    sum: f64,
    genuine: f64,
    count: f64,
}

/// The pooled blocks as `(mean score, log-likelihood ratio)`.
fn steps(curve: &Curve, genuine: usize, others: usize) -> Vec<(f64, f64)> {
    let mut blocks: Vec<Block> = Vec::new();
    for (score, is_genuine) in curve.scores() {
        let mut block = Block { sum: score, genuine: f64::from(u8::from(is_genuine)), count: 1.0 };
        while let Some(last) = blocks.last() {
            if last.genuine / last.count < block.genuine / block.count {
                break;
            }
            block = Block {
                sum: block.sum + last.sum,
                genuine: block.genuine + last.genuine,
                count: block.count + last.count,
            };
            blocks.pop();
        }
        blocks.push(block);
    }
    let prior = (genuine as f64 / others as f64).ln();
    let ratio = |b: &Block| {
        // One trial of each side more, shared by all blocks in proportion to their size: bounded at both ends.
        ((b.genuine + 0.5) / (b.count - b.genuine + 0.5)).ln() - prior
    };
    let mut steps: Vec<(f64, f64)> = blocks.iter().map(|b| (b.sum / b.count, ratio(b))).collect();
    // The additions can turn the order of two blocks of very different size.
    for i in 1..steps.len() {
        steps[i].1 = steps[i].1.max(steps[i - 1].1);
    }
    steps.dedup_by(|b, a| b.0 <= a.0);
    steps
}

fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let count = points.len();
    if count <= POINTS {
        return points;
    }
    (0..POINTS).map(|i| points[i * (count - 1) / (POINTS - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Expected;

    fn trials(scores: impl IntoIterator<Item = (f64, bool)>) -> Vec<Trial> {
        let trial = |(score, genuine): (f64, bool)| Trial {
            expected: if genuine { Expected::Accept } else { Expected::Reject("impostor".into()) },
            score: Some(score),
            accepted: None,
            unjudged: None,
            subject: "s".into(),
            group: None,
            words: None,
            first_rank: None,
        };
        scores.into_iter().map(trial).collect()
    }

    #[test]
    fn perfect_separation_is_no_certainty() {
        let set = trials((0..100).map(|i| (f64::from(i) / 100.0, i >= 50)));
        let fitted = fit(&set, 0.02).unwrap();
        assert!(fitted.probability(1.0) > 0.98 && fitted.probability(1.0) < 0.999);
        assert!(fitted.probability(0.0) < 0.02 && fitted.probability(0.0) > 0.001);
        assert_eq!((fitted.fnmr, fitted.genuine, fitted.others), (0.0, 50, 50));
    }

    #[test]
    fn nothing_is_promised_from_too_little() {
        assert_eq!(fit(&trials([(0.1, true), (0.2, false)]), 0.1), Err(Error::TooFew(1, 1)));
        let set = trials((0..40).map(|i| (f64::from(i), i % 2 == 0)));
        assert_eq!(fit(&set, 1e-3), Err(Error::Unsupported(1e-3, 1000, 20)));
    }

    #[test]
    fn known_likelihoods_are_found_again() {
        // Two normal distributions one apart: the log-likelihood ratio is the score, minus a half.
        let mut random = fastrand::Rng::with_seed(7);
        let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let set = trials((0..4000).map(|i| (normal() + f64::from(u8::from(i % 2 == 0)), i % 2 == 0)));
        let fitted = fit(&set, 0.1).unwrap();
        for score in [-0.5, 0.5, 1.5] {
            assert!((fitted.log_likelihood_ratio(score) - (score - 0.5)).abs() < 0.35, "{score}");
        }
    }

    proptest! {
        #[test]
        fn the_curve_rises_and_is_finite(
            scores in prop::collection::vec((-1f64..1.0, any::<bool>()), 40..200), at in -2f64..2.0, more in 0f64..1.0,
        ) {
            let fitted = fit(&trials(scores), 0.2);
            prop_assume!(fitted.is_ok());
            let fitted = fitted.unwrap();
            prop_assert!(fitted.points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1));
            prop_assert!(fitted.log_likelihood_ratio(at).is_finite());
            prop_assert!(fitted.probability(at) <= fitted.probability(at + more));
        }
    }
}
