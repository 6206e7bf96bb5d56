//! From a cosine to log odds: the likelihood of a score for the same speaker relative to different speakers.

use std::sync::LazyLock;

use crate::{Bandwidth, Voiceprint};

/// The bandwidths of two voices: each pairing has its own score distribution and threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    Wide,
    Narrow,
    /// One of each: the same speaker scores lower than in either.
    Mixed,
}

impl Pairing {
    #[must_use]
    pub fn of(a: Bandwidth, b: Bandwidth) -> Self {
        match (a, b) {
            (Bandwidth::Wide, Bandwidth::Wide) => Self::Wide,
            (Bandwidth::Narrow, Bandwidth::Narrow) => Self::Narrow,
            _ => Self::Mixed,
        }
    }
}

/// The result of a comparison of two voices.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Cosine similarity, -1..=1.
    pub score: f32,
    /// Threshold of this pairing.
    pub threshold: f32,
    pub pairing: Pairing,
    pub matched: bool,
    /// Natural logarithm of p(score | same speaker) / p(score | other speaker), bounded by the amount of data.
    pub log_odds: f32,
    /// Probability of an impostor at even prior odds, 0..=1.
    pub imposter_prob: f32,
}

/// Compares two voices with the embedded calibration table.
#[must_use]
pub fn compare_voices(probe: &Voiceprint, template: &Voiceprint) -> Comparison {
    let pairing = Pairing::of(probe.bandwidth(), template.bandwidth());
    TABLES.judge(probe.cosine(template), pairing)
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    serde_json::from_str(include_str!("calibration.json")).expect("the embedded table is checked by a test")
});

/// `calibration.json`: one table per pairing; its other fields document the source.
#[derive(serde::Deserialize)]
struct Tables {
    wide: Table,
    narrow: Table,
    mixed: Table,
}

/// Points of a rising curve, `[score, log_odds]`, in order of score.
#[derive(serde::Deserialize)]
struct Table {
    threshold: f32,
    points: Vec<(f32, f32)>,
}

impl Tables {
    fn judge(&self, score: f32, pairing: Pairing) -> Comparison {
        let table = match pairing {
            Pairing::Wide => &self.wide,
            Pairing::Narrow => &self.narrow,
            Pairing::Mixed => &self.mixed,
        };
        let (threshold, log_odds) = (table.threshold, table.log_odds(score));
        let imposter_prob = 1.0 / (1.0 + log_odds.exp());
        Comparison { score, threshold, pairing, matched: score >= threshold, log_odds, imposter_prob }
    }
}

impl Table {
    /// Linear between the points, constant beyond the first and the last.
    fn log_odds(&self, score: f32) -> f32 {
        let above = self.points.partition_point(|p| p.0 < score);
        match (above.checked_sub(1).and_then(|i| self.points.get(i)), self.points.get(above)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (score - a.0) / (b.0 - a.0),
            (Some(end), None) | (None, Some(end)) => end.1,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(score: f32, pairing: Pairing) -> Comparison {
        TABLES.judge(score, pairing)
    }

    #[test]
    fn tables_rise_from_imposter_to_same_speaker() {
        for table in [&TABLES.wide, &TABLES.narrow, &TABLES.mixed] {
            assert!(table.points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1));
            assert!(table.points[0].1 < -2.0 && table.points.last().unwrap().1 > 2.0);
        }
    }

    #[test]
    fn the_same_score_means_less_in_narrow_sound() {
        let (wide, narrow) = (judge(0.5, Pairing::Wide), judge(0.5, Pairing::Narrow));
        assert!(wide.matched && !narrow.matched && wide.log_odds > narrow.log_odds);
    }

    proptest! {
        #[test]
        fn a_higher_score_never_makes_an_imposter_likelier(a in -1f32..1.0, b in -1f32..1.0) {
            for pairing in [Pairing::Wide, Pairing::Narrow, Pairing::Mixed] {
                let (low, high) = (judge(a.min(b), pairing), judge(a.max(b), pairing));
                prop_assert!(low.imposter_prob >= high.imposter_prob && low.log_odds <= high.log_odds);
                prop_assert!((0.0..=1.0).contains(&low.imposter_prob) && low.log_odds.is_finite());
            }
        }
    }
}
