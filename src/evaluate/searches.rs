//! Converts comparisons of pairs to searches of a gallery.

use std::{collections::BTreeMap, path::Path};

use trials::identification::Search;

use super::{manifest::Item, results::Outcome};

/// Returns one search for each file that was compared with its own subject and with others. Comparisons are
/// symmetric, so a reference that is also a probe is searched too; any other reference is only a template.
pub fn searches(items: &[Item], outcomes: &[Outcome]) -> Vec<Search> {
    let mut probes: BTreeMap<&Path, Scores> = BTreeMap::new();
    for item in items {
        let subject = item.subject.as_deref();
        if let Some(subject) = subject {
            probes.entry(&item.probe).or_insert_with(|| Scores {
                subject,
                own: None,
                other: None,
                gallery: 0,
            });
        }
    }
    for (item, outcome) in items.iter().zip(outcomes) {
        let Some(score) = outcome.score else { continue };
        let is_own = outcome.trial().expected == trials::Expected::Accept;
        for file in std::iter::once(&item.probe).chain(&item.reference) {
            if let Some(scores) = probes.get_mut(file.as_path()) {
                scores.add(score, is_own);
            }
        }
    }
    probes.values().filter_map(Scores::search).collect()
}

struct Scores<'a> {
    subject: &'a str,
    own: Option<f64>,
    other: Option<f64>,
    gallery: usize,
}

impl Scores<'_> {
    fn add(&mut self, score: f64, is_own: bool) {
        let best = if is_own { &mut self.own } else { &mut self.other };
        *best = Some(best.map_or(score, |known| known.max(score)));
        self.gallery += 1;
    }

    fn search(&self) -> Option<Search> {
        let (own, other) = (self.own?, self.other?);
        Some(Search { subject: self.subject.to_owned(), own, other, gallery: self.gallery })
    }
}
