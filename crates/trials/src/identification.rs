//! Identification (1:N): is the nearest template the right one, and is an unenrolled person rejected.
//!
//! ISO/IEC 19795-1: rank-one identification on a closed set, and on an open one the rate of false negatives (FNIR:
//! the right template is not the nearest, or not near enough) at a rate of false positives (FPIR: an unenrolled
//! person is near enough to some template).

use serde::Serialize;

use crate::{
    Expected, Trial,
    curve::{Curve, at_fmr},
    draws::{Interval, intervals},
};

/// One probe against a whole gallery.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The subject of the probe: the bootstrap unit.
    pub subject: String,
    /// The best score with a template of the same subject.
    pub own: f64,
    /// The best score with another subject's; the probe without its own templates is the unenrolled person of the
    /// open set.
    pub other: f64,
    /// Number of templates it was compared with.
    pub gallery: usize,
}

/// FNIR at an FPIR.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtFpir {
    pub fpir: f64,
    pub fnir: f64,
    pub threshold: f64,
    pub interval: Option<Interval>,
}

/// The rates of a set of searches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identification {
    pub searches: usize,
    /// Median number of templates in a search.
    pub gallery: usize,
    /// Closed set: share of searches whose nearest template is the right one.
    pub rank_one: f64,
    pub rank_one_interval: Option<Interval>,
    /// Open set, as far as the number of searches supports it.
    pub fnir_at_fpir: Vec<AtFpir>,
}

const FPIRS: [f64; 3] = [1e-1, 1e-2, 1e-3];

/// Summarises searches; `None` without any.
#[must_use]
pub fn summarise(searches: &[Search]) -> Option<Identification> {
    let mut gallery: Vec<usize> = searches.iter().map(|s| s.gallery).collect();
    gallery.sort_unstable();
    let median = *gallery.get(gallery.len() / 2)?;
    let trials: Vec<Trial> = searches.iter().flat_map(presentations).collect();
    let curve = Curve::new(&trials);
    let fpirs: Vec<f64> = FPIRS.into_iter().filter(|rate| rate * searches.len() as f64 >= 1.0).collect();
    let first = |weights: &[f64]| {
        // The mated presentation of each search comes first.
        let weight = |i: usize| weights.get(2 * i).copied().unwrap_or(0.0);
        let whole: f64 = (0..searches.len()).map(weight).sum();
        let right: f64 = (0..searches.len()).filter(|i| searches[*i].is_right()).map(weight).sum();
        (whole > 0.0).then(|| right / whole)
    };
    let all = |weights: &[f64]| {
        let points = curve.points(weights);
        let mut rates = vec![first(weights)];
        rates.extend(fpirs.iter().map(|rate| at_fmr(&points, *rate).map(|p| p.fnmr)));
        rates
    };
    let mut drawn = intervals(&trials, all).into_iter();
    let even = vec![1.0; trials.len()];
    let rank_one_interval = drawn.next().flatten();
    let points = curve.points(&even);
    let rates = fpirs.iter().zip(drawn).filter_map(|(fpir, interval)| {
        let at = at_fmr(&points, *fpir)?;
        Some(AtFpir { fpir: *fpir, fnir: at.fnmr, threshold: at.threshold, interval })
    });
    Some(Identification {
        searches: searches.len(),
        gallery: median,
        rank_one: first(&even)?,
        rank_one_interval,
        fnir_at_fpir: rates.collect(),
    })
}

impl Search {
    fn is_right(&self) -> bool {
        self.own > self.other
    }
}

/// Returns the probe among all, accepted when the right template is nearest and near enough; and as an unenrolled person.
fn presentations(search: &Search) -> [Trial; 2] {
    let trial = |expected, score| Trial {
        expected,
        score: Some(score),
        accepted: None,
        unjudged: None,
        subject: search.subject.clone(),
        group: None,
        words: None,
        first_rank: None,
    };
    let mated = if search.is_right() { search.own } else { f64::MIN };
    [trial(Expected::Accept, mated), trial(Expected::Reject("stranger".to_owned()), search.other)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(subject: &str, own: f64, other: f64) -> Search {
        Search { subject: subject.into(), own, other, gallery: 9 }
    }

    #[test]
    fn a_wrong_nearest_counts_in_both_sets() {
        let mut searches: Vec<Search> = (0..19).map(|i| search(&format!("s{i}"), 0.8, 0.2)).collect();
        searches.push(search("unlucky", 0.3, 0.4));
        let found = summarise(&searches).unwrap();
        assert_eq!((found.searches, found.gallery, found.rank_one), (20, 9, 0.95));
        let at = &found.fnir_at_fpir[0];
        assert!(found.fnir_at_fpir.len() == 1 && at.fpir == 0.1, "20 searches carry no FPIR of a hundredth");
        assert!((at.fnir - 0.05).abs() < 1e-9 && at.threshold <= 0.8);
    }

    #[test]
    fn strangers_near_a_template_cost_the_genuine() {
        let searches: Vec<Search> = (0..20)
            .map(|i| {
                search(
                    &format!("s{i}"),
                    if i < 10 { 0.5 } else { 0.9 },
                    if i < 4 { 0.45 + 0.1 * f64::from(i) } else { 0.1 },
                )
            })
            .collect();
        let at = summarise(&searches).unwrap().fnir_at_fpir[0].clone();
        assert!(at.threshold > 0.55 && (at.fnir - 0.5).abs() < 1e-9, "{at:?}");
        assert!(summarise(&[]).is_none());
    }
}
