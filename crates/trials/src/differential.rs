//! Differences of error rates between demographic groups (ISO/IEC 19795-10), at the shipped threshold.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::summary::{Rate, Summary};

/// The error rates of each group, and their spread.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Differential {
    pub groups: BTreeMap<String, GroupRates>,
    /// Of the groups that have impostor trials.
    pub false_match: Option<Spread>,
    /// Of the groups that have genuine trials.
    pub false_non_match: Option<Spread>,
}

/// The error rates of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRates {
    /// Impostors accepted, of every species.
    pub false_match: Option<Share>,
    /// Genuine trials rejected.
    pub false_non_match: Option<Share>,
}

/// A rate and its number of trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    pub rate: f64,
    pub trials: usize,
}

/// The spread of the groups' rates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub highest: (String, f64),
    pub lowest: (String, f64),
    /// The highest over the lowest rate; `None` when the lowest is 0, which so few trials cannot distinguish from a
    /// small rate.
    pub ratio: Option<f64>,
    /// The highest over the mean of the groups' rates; `None` when no group has an error.
    pub over_mean: Option<f64>,
}

/// Compares the groups of a summary; `None` when it has fewer than two.
#[must_use]
pub fn compare_groups(summary: &Summary) -> Option<Differential> {
    if summary.groups.len() < 2 {
        return None;
    }
    let rates = |of: &Summary| GroupRates {
        false_match: together(of.apcer.values()),
        false_non_match: together(of.bpcer.iter()),
    };
    let groups: BTreeMap<String, GroupRates> =
        summary.groups.iter().map(|(name, of)| (name.clone(), rates(of))).collect();
    let false_match = spread(groups.iter().filter_map(|(name, of)| Some((name, of.false_match?.rate))));
    let false_non_match =
        spread(groups.iter().filter_map(|(name, of)| Some((name, of.false_non_match?.rate))));
    Some(Differential { groups, false_match, false_non_match })
}

fn together<'a>(rates: impl Iterator<Item = &'a Rate>) -> Option<Share> {
    let (errors, trials) = rates.fold((0.0, 0), |(errors, trials), rate| {
        (errors + rate.rate * rate.trials as f64, trials + rate.trials)
    });
    (trials > 0).then(|| Share { rate: errors / trials as f64, trials })
}

fn spread<'a>(rates: impl Iterator<Item = (&'a String, f64)>) -> Option<Spread> {
    let rates: Vec<(&String, f64)> = rates.collect();
    let highest = rates.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let lowest = rates.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / rates.len() as f64;
    Some(Spread {
        highest: (highest.0.clone(), highest.1),
        lowest: (lowest.0.clone(), lowest.1),
        ratio: (lowest.1 > 0.0).then(|| highest.1 / lowest.1),
        over_mean: (mean > 0.0).then(|| highest.1 / mean),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Expected, Trial, summary::summarise};

    fn trials(group: &str, accepted: usize, of: usize) -> impl Iterator<Item = Trial> {
        let group = group.to_owned();
        (0..of).map(move |i| Trial {
            expected: Expected::Reject("impostor".into()),
            score: Some(0.0),
            accepted: Some(i < accepted),
            unjudged: None,
            subject: format!("{group}{i}"),
            group: Some(group.clone()),
            words: None,
            first_rank: None,
        })
    }

    #[test]
    fn the_spread_is_that_of_the_groups_rates() {
        let all: Vec<_> = trials("a", 1, 100).chain(trials("b", 4, 100)).chain(trials("c", 1, 100)).collect();
        let compared = compare_groups(&summarise(&all)).unwrap();
        let spread = compared.false_match.unwrap();
        assert_eq!((spread.highest.0.as_str(), spread.ratio), ("b", Some(4.0)));
        assert!((spread.over_mean.unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(compared.false_non_match, None, "no genuine trials");
        assert_eq!(compared.groups["a"].false_match.unwrap().trials, 100);
    }

    #[test]
    fn a_group_without_an_error_has_no_ratio_and_one_group_no_spread() {
        let all: Vec<_> = trials("a", 0, 50).chain(trials("b", 2, 50)).collect();
        assert_eq!(compare_groups(&summarise(&all)).unwrap().false_match.unwrap().ratio, None);
        let one: Vec<_> = trials("a", 1, 50).collect();
        assert_eq!(compare_groups(&summarise(&one)), None);
    }
}
