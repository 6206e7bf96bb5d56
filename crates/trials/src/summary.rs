//! The rates of a set of trials.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    Expected, Trial,
    curve::{Curve, Point, at_fmr, equal_error},
    differential::Differential,
    draws::{Interval, intervals},
    identification::Identification,
};

/// FMRs at which the FNMR is reported, as far as the number of trials supports it.
const FMRS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// A rate, its number of trials, and its 95 % interval (`None`: fewer than two subjects).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rate {
    pub rate: f64,
    pub trials: usize,
    pub interval: Option<Interval>,
}

/// The point where FMR and FNMR are equal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EqualError {
    pub rate: f64,
    pub threshold: f64,
    pub interval: Option<Interval>,
}

/// FNMR at an FMR.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtFmr {
    pub fmr: f64,
    pub fnmr: f64,
    pub threshold: f64,
    pub interval: Option<Interval>,
}

/// All rates of a set of trials.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    pub items: usize,
    pub judged: usize,
    pub subjects: usize,
    /// Trials that could not be judged, by reason; they are in no rate below.
    pub not_judged: BTreeMap<String, usize>,
    pub eer: Option<EqualError>,
    pub fnmr_at_fmr: Vec<AtFmr>,
    /// Smallest FMR that the number of impostor or attack trials can support: one of them is more.
    pub smallest_fmr: Option<f64>,
    /// At the shipped threshold: genuine trials rejected (BPCER of attack detection, FNMR of recognition).
    pub bpcer: Option<Rate>,
    /// At the shipped threshold: attacks or impostors accepted, by species (APCER, FMR).
    pub apcer: BTreeMap<String, Rate>,
    /// Word errors for each word of the genuine trials.
    pub wer: Option<Rate>,
    /// Searches with the right template nearest.
    pub top1: Option<Rate>,
    /// The same comparisons as searches, when subjects are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identification: Option<Identification>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Summary>,
    /// The spread of the groups, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differential: Option<Differential>,
}

/// Summarises the trials, and those of each group if there are several groups.
#[must_use]
pub fn summarise(trials: &[Trial]) -> Summary {
    let mut summary = of(trials);
    let groups: BTreeSet<&str> = trials.iter().filter_map(|t| t.group.as_deref()).collect();
    if groups.len() > 1 {
        let members = |group: &str| -> Vec<Trial> {
            trials.iter().filter(|t| t.group.as_deref() == Some(group)).cloned().collect()
        };
        summary.groups = groups.iter().map(|g| ((*g).to_owned(), of(&members(g)))).collect();
    }
    summary
}

fn of(trials: &[Trial]) -> Summary {
    let curve = Curve::new(trials);
    let (genuine, others) = curve.counts();
    let species: BTreeSet<&str> = trials.iter().filter_map(|t| species(&t.expected)).collect();
    let fmrs: Vec<f64> = FMRS.into_iter().filter(|fmr| fmr * others as f64 >= 1.0).collect();
    let curve_rates = |weights: &[f64]| {
        let points = curve.points(weights);
        let mut rates = vec![equal_error(&points).map(|p| p.fmr)];
        rates.extend(fmrs.iter().map(|fmr| at_fmr(&points, *fmr).map(|p| p.fnmr)));
        rates
    };
    let shares: Vec<Share> = shares(&species);
    let share_rates = |weights: &[f64]| shares.iter().map(|share| share.of(trials, weights).0).collect();
    let mut of_curve = intervals(trials, curve_rates).into_iter();
    let of_shares = intervals(trials, share_rates);
    let points = if genuine * others > 0 { curve.points(&vec![1.0; trials.len()]) } else { Vec::new() };

    let mut summary = Summary {
        items: trials.len(),
        judged: trials.iter().filter(|t| t.unjudged.is_none()).count(),
        subjects: trials.iter().map(|t| &t.subject).collect::<BTreeSet<_>>().len(),
        smallest_fmr: (others > 0).then(|| 1.0 / others as f64),
        eer: equal_error(&points).map(|Point { threshold, fmr, .. }| EqualError {
            rate: fmr,
            threshold,
            interval: of_curve.next().flatten(),
        }),
        ..Summary::default()
    };
    for reason in trials.iter().filter_map(|t| t.unjudged.clone()) {
        *summary.not_judged.entry(reason).or_default() += 1;
    }
    let rates = fmrs.iter().zip(of_curve).filter_map(|(fmr, interval)| {
        let point = at_fmr(&points, *fmr)?;
        Some(AtFmr { fmr: *fmr, fnmr: point.fnmr, threshold: point.threshold, interval })
    });
    summary.fnmr_at_fmr = rates.collect();
    for (share, interval) in shares.iter().zip(of_shares) {
        let (rate, counted) = share.of(trials, &vec![1.0; trials.len()]);
        let rate = rate.map(|rate| Rate { rate, trials: counted, interval });
        match share {
            Share::Refused => summary.bpcer = rate,
            Share::Accepted(species) => summary.apcer.extend(rate.map(|rate| ((*species).to_owned(), rate))),
            Share::WrongWords => summary.wer = rate,
            Share::FirstRank => summary.top1 = rate,
        }
    }
    summary
}

fn species(expected: &Expected) -> Option<&str> {
    match expected {
        Expected::Accept => None,
        Expected::Reject(species) => Some(species),
    }
}

/// A rate as a share of trials, or of their words.
enum Share<'a> {
    Refused,
    Accepted(&'a str),
    WrongWords,
    FirstRank,
}

fn shares<'a>(species: &BTreeSet<&'a str>) -> Vec<Share<'a>> {
    let mut shares = vec![Share::Refused, Share::WrongWords, Share::FirstRank];
    shares.extend(species.iter().map(|species| Share::Accepted(species)));
    shares
}

impl Share<'_> {
    /// Returns the numerator and denominator of one trial; `None` when the rate does not apply to it.
    fn counts(&self, trial: &Trial) -> Option<(f64, f64)> {
        let one = |is: bool| (f64::from(u8::from(is)), 1.0);
        let genuine = trial.expected == Expected::Accept;
        match self {
            Self::Refused => trial.accepted.filter(|_| genuine).map(|accepted| one(!accepted)),
            Self::Accepted(of) => trial.accepted.filter(|_| species(&trial.expected) == Some(*of)).map(one),
            Self::WrongWords => {
                trial.words.filter(|_| genuine).map(|(wrong, all)| (wrong as f64, all as f64))
            }
            Self::FirstRank => trial.first_rank.map(one),
        }
    }

    /// Returns the rate and its number of trials.
    fn of(&self, trials: &[Trial], weights: &[f64]) -> (Option<f64>, usize) {
        let (mut part, mut whole, mut counted) = (0.0, 0.0, 0);
        for (trial, weight) in trials.iter().zip(weights) {
            if let Some((some, all)) = self.counts(trial) {
                part += some * weight;
                whole += all * weight;
                counted += 1;
            }
        }
        ((whole > 0.0).then(|| part / whole), counted)
    }
}
