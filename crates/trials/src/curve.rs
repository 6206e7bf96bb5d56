//! FMR and FNMR at every threshold.

use crate::{Expected, Trial};

/// One judged trial of a curve: its score, whether it should be accepted, and its index among the trials.
#[derive(Clone, Copy, Debug)]
struct Scored {
    score: f64,
    genuine: bool,
    trial: usize,
}

/// The judged trials sorted by score; built once, then evaluated with any weights.
#[derive(Clone, Debug)]
pub struct Curve(Vec<Scored>);

/// The error rates of a threshold; scores of at least the threshold are accepted.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Point {
    pub threshold: f64,
    /// Share of impostors or attacks accepted, 0..=1.
    pub fmr: f64,
    /// Share of genuine trials rejected, 0..=1.
    pub fnmr: f64,
}

impl Curve {
    /// Builds the curve without trials that have no finite score; the caller counts those.
    #[must_use]
    pub fn new(trials: &[Trial]) -> Self {
        let scored = |(trial, t): (usize, &Trial)| {
            let score = t.score.filter(|score| score.is_finite())?;
            Some(Scored { score, genuine: t.expected == Expected::Accept, trial })
        };
        let mut all: Vec<_> = trials.iter().enumerate().filter_map(scored).collect();
        all.sort_by(|a, b| a.score.total_cmp(&b.score));
        Self(all)
    }

    /// Returns the number of genuine and other trials on the curve.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let genuine = self.0.iter().filter(|s| s.genuine).count();
        (genuine, self.0.len() - genuine)
    }

    /// Returns the scores in rising order, each with whether it is genuine.
    pub fn scores(&self) -> impl Iterator<Item = (f64, bool)> + '_ {
        self.0.iter().map(|s| (s.score, s.genuine))
    }

    /// Returns a point per distinct score, and one above all of them. `weights` counts each trial so many times.
    /// Empty when either side has no weight: then there is no rate.
    #[must_use]
    pub fn points(&self, weights: &[f64]) -> Vec<Point> {
        let weight = |s: &Scored| weights.get(s.trial).copied().unwrap_or(0.0);
        let total = |genuine| self.0.iter().filter(|s| s.genuine == genuine).map(weight).sum::<f64>();
        let (genuine, others) = (total(true), total(false));
        if genuine <= 0.0 || others <= 0.0 {
            return Vec::new();
        }
        let (mut below_genuine, mut below_others) = (0.0, 0.0);
        let mut points = Vec::new();
        for same in self.0.chunk_by(|a, b| a.score == b.score) {
            let rates = (1.0 - below_others / others, below_genuine / genuine);
            points.push(Point { threshold: same[0].score, fmr: rates.0.max(0.0), fnmr: rates.1 });
            for scored in same {
                if scored.genuine { below_genuine += weight(scored) } else { below_others += weight(scored) }
            }
        }
        let above = self.0.last().map_or(0.0, |s| s.score.next_up());
        points.push(Point { threshold: above, fmr: 0.0, fnmr: 1.0 });
        points
    }
}

/// Returns the point with equal rates, by linear interpolation between its two neighbours.
#[must_use]
pub fn equal_error(points: &[Point]) -> Option<Point> {
    let crossing = points.windows(2).find(|w| w[0].fmr >= w[0].fnmr && w[1].fmr <= w[1].fnmr)?;
    let (a, b) = (crossing[0], crossing[1]);
    let (before, after) = (a.fmr - a.fnmr, a.fmr - a.fnmr - (b.fmr - b.fnmr));
    let share = if after > 0.0 { before / after } else { 0.0 };
    let rate = a.fmr + share * (b.fmr - a.fmr);
    Some(Point { threshold: if share < 0.5 { a.threshold } else { b.threshold }, fmr: rate, fnmr: rate })
}

/// Returns the lowest threshold whose FMR is at most `fmr`.
#[must_use]
pub fn at_fmr(points: &[Point], fmr: f64) -> Option<Point> {
    points.iter().find(|p| p.fmr <= fmr + 1e-12).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trials(scores: &[(f64, bool)]) -> Vec<Trial> {
        let trial = |(score, genuine): &(f64, bool)| Trial {
            expected: if *genuine { Expected::Accept } else { Expected::Reject("impostor".into()) },
            score: Some(*score),
            accepted: None,
            unjudged: None,
            subject: "s".into(),
            group: None,
            words: None,
            first_rank: None,
        };
        scores.iter().map(trial).collect()
    }

    fn points(scores: &[(f64, bool)]) -> Vec<Point> {
        Curve::new(&trials(scores)).points(&vec![1.0; scores.len()])
    }

    #[test]
    fn separated_scores_have_no_error() {
        let points = points(&[(0.1, false), (0.2, false), (0.8, true), (0.9, true)]);
        let equal = equal_error(&points).unwrap();
        assert_eq!((equal.fmr, equal.threshold), (0.0, 0.8));
    }

    #[test]
    fn one_error_on_each_side_of_four_is_a_quarter() {
        let mixed = [
            (0.1, false),
            (0.2, false),
            (0.3, false),
            (0.4, true),
            (0.5, false),
            (0.6, true),
            (0.7, true),
            (0.8, true),
        ];
        assert!((equal_error(&points(&mixed)).unwrap().fmr - 0.25).abs() < 1e-9);
        let strict = at_fmr(&points(&mixed), 0.0).unwrap();
        assert_eq!((strict.threshold, strict.fnmr), (0.6, 0.25));
    }

    #[test]
    fn one_side_alone_has_no_rates() {
        assert!(points(&[(0.1, true), (0.2, true)]).is_empty());
        assert!(equal_error(&[]).is_none());
    }

    proptest! {
        #[test]
        fn rates_run_from_one_end_to_the_other(
            scores in prop::collection::vec((-1f64..1.0, any::<bool>()), 2..60),
        ) {
            let points = points(&scores);
            prop_assume!(!points.is_empty());
            prop_assert!(points.windows(2).all(|w| w[0].fmr >= w[1].fmr && w[0].fnmr <= w[1].fnmr));
            let (first, last) = (points[0], points[points.len() - 1]);
            prop_assert!((first.fmr - 1.0).abs() < 1e-9 && first.fnmr == 0.0 && last.fmr == 0.0 && last.fnmr == 1.0);
            let equal = equal_error(&points).unwrap();
            prop_assert!((0.0..=1.0).contains(&equal.fmr));
        }

        #[test]
        fn a_trial_of_weight_two_counts_as_two(scores in prop::collection::vec((-1f64..1.0, any::<bool>()), 2..20)) {
            let twice: Vec<_> = scores.iter().flat_map(|s| [*s, *s]).collect();
            let weighted = Curve::new(&trials(&scores)).points(&vec![2.0; scores.len()]);
            prop_assert_eq!(weighted, points(&twice));
        }
    }
}
