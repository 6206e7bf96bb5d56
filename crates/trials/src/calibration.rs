//! From a score to a log-likelihood ratio.
//!
//! Pool adjacent violators (Zadrozny and Elkan 2002; Brümmer and du Preez, "The PAV algorithm optimizes binary proper
//! scoring rules", 2013): the best fitting rising step function, reduced to few points for interpolation. Both ends
//! are moderated by one made-up trial of each side (Laplace's rule), so that a set without errors does not claim
//! certainty.

use serde::{Deserialize, Serialize};

use crate::{
    Trial,
    curve::{Curve, at_fmr, equal_error},
};

/// A rising curve from score to the natural logarithm of p(score | genuine) / p(score | other), and thresholds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The decision threshold.
    pub threshold: f64,
    /// The FMR the threshold was chosen for, and its FNMR.
    pub target_fmr: f64,
    pub fnmr: f64,
    /// `[score, log-likelihood ratio]`, rising in both.
    pub points: Vec<(f64, f64)>,
    /// Genuine and other trials of the fit.
    pub genuine: usize,
    pub others: usize,
}

/// A calibration file: its kind, the calibration, and its provenance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `face`, `voice`, ...: the kind of evaluation.
    pub kind: String,
    pub provenance: Provenance,
    pub calibration: Calibration,
}

/// The source of a calibration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The data, as described by their author, or the file of results.
    pub data: String,
    /// YYYY-MM-DD.
    pub date: String,
    pub command: String,
    /// The model pack of the scores; those of another pack are not comparable.
    pub models: String,
    pub items: usize,
    pub subjects: usize,
    /// Items without a score, which the curve does not cover.
    pub not_judged: usize,
}

/// Why scores cannot be calibrated, or a calibration cannot be used.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("needs at least {MIN} genuine and {MIN} other trials with a score, has {0} and {1}")]
    TooFew(usize, usize),
    #[error("an FMR of {0} needs at least {1} impostor or attack trials, there are {2}")]
    Unsupported(f64, usize, usize),
    #[error("not a calibration: {0}; make it with `biometry calibrate`")]
    Unreadable(String),
    #[error("{0} must be {1}")]
    Field(&'static str, &'static str),
}

/// Fewest trials of each side for a curve.
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

impl Record {
    /// Parses and validates a file.
    ///
    /// # Errors
    /// [`Error::Unreadable`] or [`Error::Field`], with the place of the error.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let record: Self = serde_json::from_slice(json).map_err(|e| Error::Unreadable(e.to_string()))?;
        record.calibration.check()?;
        Ok(record)
    }
}

impl Calibration {
    /// # Errors
    /// [`Error::Field`] or [`Error::TooFew`].
    fn check(&self) -> Result<(), Error> {
        let field = |holds: bool, name, must| if holds { Ok(()) } else { Err(Error::Field(name, must)) };
        let share = |v: f64| v > 0.0 && v < 1.0;
        let points = &self.points;
        field(self.threshold.is_finite(), "threshold", "a number")?;
        field(share(self.target_fmr), "target_fmr", "above 0 and below 1")?;
        field((0.0..=1.0).contains(&self.fnmr), "fnmr", "from 0 to 1")?;
        field(
            (2..=POINTS).contains(&points.len()),
            "points",
            "2 to 64 pairs of score and log-likelihood ratio",
        )?;
        field(points.iter().all(|p| p.0.is_finite() && p.1.is_finite()), "points", "numbers")?;
        let rises = points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1);
        field(rises, "points", "in rising order of the score, with a ratio that never falls")?;
        let says = points.first().zip(points.last()).is_some_and(|(a, b)| a.1 < b.1);
        field(
            says,
            "points",
            "of more than one ratio: these scores do not separate genuine from other trials",
        )?;
        if self.genuine < MIN || self.others < MIN {
            return Err(Error::TooFew(self.genuine, self.others));
        }
        Ok(())
    }

    /// Returns the log-likelihood ratio of a score: linear between the points, constant beyond the first and the last.
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

    /// Returns the probability of a genuine trial at even prior odds, 0..=1.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        probability(self.log_likelihood_ratio(score))
    }
}

/// Returns the probability of natural log odds, 0..=1.
#[must_use]
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Neighbouring trials with one likelihood ratio.
struct Block {
    sum: f64,
    genuine: f64,
    count: f64,
}

/// Returns the pooled blocks as `(mean score, log-likelihood ratio)`.
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
        // One more trial of each side, shared by all blocks in proportion to their size: bounded at both ends.
        ((b.genuine + 0.5) / (b.count - b.genuine + 0.5)).ln() - prior
    };
    let mut steps: Vec<(f64, f64)> = blocks.iter().map(|b| (b.sum / b.count, ratio(b))).collect();
    // The additions can swap the order of two blocks of very different size.
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
        // Two normal distributions one apart: the log-likelihood ratio is the score minus a half.
        let mut random = fastrand::Rng::with_seed(7);
        let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let set = trials((0..4000).map(|i| (normal() + f64::from(u8::from(i % 2 == 0)), i % 2 == 0)));
        let fitted = fit(&set, 0.1).unwrap();
        for score in [-0.5, 0.5, 1.5] {
            assert!((fitted.log_likelihood_ratio(score) - (score - 0.5)).abs() < 0.35, "{score}");
        }
    }

    fn record() -> serde_json::Value {
        serde_json::json!({"kind": "face", "provenance": {"data": "own", "date": "2026-01-31", "command": "-", "models": "1",
            "items": 40, "subjects": 9, "not_judged": 1}, "calibration": {"threshold": 0.4, "target_fmr": 0.01, "fnmr": 0.02,
            "points": [[0.1, -3.0], [0.6, 3.0]], "genuine": 20, "others": 20}})
    }

    #[test]
    fn a_record_is_read_back_and_every_fault_is_named() {
        let read = Record::parse(record().to_string().as_bytes()).unwrap();
        assert!(read.calibration.log_likelihood_ratio(0.35).abs() < 1e-9);
        let faults = [
            ("/calibration/threshold", serde_json::json!("high"), "not a calibration"),
            ("/calibration/target_fmr", serde_json::json!(1.5), "target_fmr must be above 0"),
            ("/calibration/fnmr", serde_json::json!(-0.1), "fnmr must be from 0"),
            ("/calibration/points", serde_json::json!([[0.1, 1.0]]), "points must be 2 to 64"),
            ("/calibration/points", serde_json::json!([[0.5, -1.0], [0.1, 1.0]]), "rising order"),
            ("/calibration/points", serde_json::json!([[0.1, 2.0], [0.5, 1.0]]), "rising order"),
            ("/calibration/points", serde_json::json!([[0.1, 2.0], [0.5, 2.0]]), "do not separate"),
            ("/calibration/others", serde_json::json!(3), "needs at least 10"),
            ("/provenance/items", serde_json::Value::Null, "not a calibration"),
        ];
        for (place, value, expected) in faults {
            let mut broken = record();
            *broken.pointer_mut(place).unwrap() = value;
            let error = Record::parse(broken.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{place}: {error}");
        }
        assert!(Record::parse(b"{}").is_err() && Record::parse(b"").is_err());
    }

    proptest! {
        #[test]
        fn every_fitted_calibration_can_be_loaded(scores in prop::collection::vec((-1f64..1.0, any::<bool>()), 40..120)) {
            let fitted = fit(&trials(scores), 0.2);
            prop_assume!(fitted.is_ok());
            let mut whole = Record::parse(record().to_string().as_bytes()).unwrap();
            whole.calibration = fitted.unwrap();
            prop_assume!(whole.calibration.points[0].1 < whole.calibration.points.last().unwrap().1);
            let read = Record::parse(&serde_json::to_vec(&whole).unwrap());
            prop_assert!(read.is_ok(), "{:?}", read);
        }

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
