//! Bootstrap intervals that draw subjects.
//!
//! Efron and Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval, with the subject as the unit
//! (Bolle et al., "Error analysis of pattern recognition systems: the subsets bootstrap", 2004).

use std::collections::BTreeMap;

use crate::Trial;

/// Draws per interval; enough for two digits.
const DRAWS: usize = 500;
const SEED: u64 = 0x5EED;

/// The 95 % interval of a rate.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// Returns the intervals of the output of `rates` for weights of the trials, in its order. `None` for fewer than two
/// subjects, or for too few draws with a rate.
pub fn intervals(trials: &[Trial], rates: impl Fn(&[f64]) -> Vec<Option<f64>>) -> Vec<Option<Interval>> {
    let subjects = subjects(trials);
    let count = subjects.iter().max().map_or(0, |last| last + 1);
    let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); rates(&vec![1.0; trials.len()]).len()];
    if count < 2 {
        return vec![None; drawn.len()];
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    for _ in 0..DRAWS {
        let mut times = vec![0.0; count];
        (0..count).for_each(|_| times[random.usize(0..count)] += 1.0);
        let weights: Vec<f64> = subjects.iter().map(|subject| times[*subject]).collect();
        for (values, rate) in drawn.iter_mut().zip(rates(&weights)) {
            values.extend(rate);
        }
    }
    drawn.into_iter().map(percentiles).collect()
}

/// Returns the number of each trial's subject.
fn subjects(trials: &[Trial]) -> Vec<usize> {
    let mut known = BTreeMap::new();
    let number = |trial: &Trial| {
        let next = known.len();
        *known.entry(trial.subject.clone()).or_insert(next)
    };
    trials.iter().map(number).collect()
}

fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    if values.len() < DRAWS / 2 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Some(Interval { low: at(0.025), high: at(0.975) })
}
