//! Fuses measured cues into one probability that a video is genuine.
//!
//! An attack usually shows in the one or two cues made for it and looks genuine in all others. So each family of
//! attacks has its own logistic regression over its cues, and a clip is genuine or an attack of one of the families:
//! the odds of an attack are the mean of the families' odds. No weight contradicts the meaning of its cue, so a more
//! genuine value never lowers the score. Constants, data and held-out figures: `training/liveness/`,
//! `training/authenticity/`.

use serde::Deserialize;

/// Deviations from the genuine median, in spreads, are clamped to this range: there were no data beyond it.
const LOWEST: f32 = -8.0;
const HIGHEST: f32 = 2.0;
/// Probabilities are clamped to this distance from 0 and 1.
const PROBABILITY_MARGIN: f32 = 1e-4;

/// The constants of one fusion.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    families: Vec<Family>,
}

#[derive(Debug, Deserialize)]
struct Family {
    /// Log odds of a genuine clip against this family when every cue is at the genuine median.
    bias: f32,
    cues: Vec<Term>,
}

#[derive(Debug, Deserialize)]
struct Term {
    name: String,
    scale: Scale,
    /// Whether higher values are more genuine.
    rises: bool,
    /// The median of genuine clips and the unit of deviation; on the scale.
    middle: f32,
    spread: f32,
    weight: f32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    Linear,
    Log,
    Logit,
}

impl Scale {
    fn apply(self, value: f32) -> f32 {
        match self {
            Self::Linear => value,
            // `f32::max` would turn NaN into the bound.
            Self::Log => if value < 1e-6 { 1e-6 } else { value }.ln(),
            Self::Logit => {
                let p = value.clamp(PROBABILITY_MARGIN, 1.0 - PROBABILITY_MARGIN);
                (p / (1.0 - p)).ln()
            }
        }
    }

    fn inverse(self, at: f32) -> f32 {
        match self {
            Self::Linear => at,
            Self::Log => at.exp(),
            Self::Logit => sigmoid(at),
        }
    }
}

fn sigmoid(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The weight of one cue alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weighed {
    /// Probability (0-1) of a genuine clip against the cue's family when the family's other cues are at the genuine median.
    pub score: f32,
    /// Value at which the score is one half; `None` when this cue alone never rejects.
    pub threshold: Option<f32>,
    /// Whether values above the threshold are suspicious.
    pub is_upper: bool,
}

impl Term {
    /// Returns how far towards genuine the value lies, in spreads from the genuine median.
    fn deviation(&self, value: f32) -> f32 {
        let over = self.sign() * (self.scale.apply(value) - self.middle) / self.spread;
        // NaN counts as the worst value.
        if over.is_nan() { LOWEST } else { over.clamp(LOWEST, HIGHEST) }
    }

    fn sign(&self) -> f32 {
        if self.rises { 1.0 } else { -1.0 }
    }

    fn weigh(&self, bias: f32, value: f32) -> Weighed {
        let turning = -bias / self.weight.max(f32::MIN_POSITIVE);
        let at = self.middle + self.sign() * turning * self.spread;
        let threshold = (turning > LOWEST).then(|| self.scale.inverse(at));
        let score = sigmoid(bias + self.weight * self.deviation(value));
        Weighed { score, threshold, is_upper: !self.rises }
    }
}

impl Family {
    /// Returns the log odds of a genuine clip; a missing cue counts as the genuine median.
    fn log_odds(&self, measured: &[(&'static str, f32)]) -> f32 {
        let share = |term: &Term| {
            let found = measured.iter().find(|(name, _)| *name == term.name);
            found.map_or(0.0, |(_, value)| term.weight * term.deviation(*value))
        };
        self.bias + self.cues.iter().map(share).sum::<f32>()
    }
}

impl Model {
    /// Parses embedded constants.
    ///
    /// # Errors
    /// When the JSON is not a model.
    pub(crate) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Returns what one value of a cue means; `None` for a cue that is only reported.
    pub(crate) fn weigh(&self, name: &str, value: f32) -> Option<Weighed> {
        let terms = self.families.iter().flat_map(|f| f.cues.iter().map(|term| (f.bias, term)));
        let (bias, term) = terms.into_iter().find(|(_, term)| term.name == name)?;
        (term.weight > 0.0).then(|| term.weigh(bias, value))
    }

    /// Returns the probability (0-1) of a genuine clip, for even prior odds of an attack and of each family.
    pub(crate) fn probability(&self, measured: &[(&'static str, f32)]) -> f32 {
        let odds: f32 = self.families.iter().map(|f| (-f.log_odds(measured)).exp()).sum();
        1.0 / (1.0 + odds / self.families.len() as f32)
    }

    /// Returns the most suspicious cue: in the likeliest family, the one with the lowest weighted deviation.
    pub(crate) fn most_suspicious(&self, measured: &[(&'static str, f32)]) -> Option<&'static str> {
        let family =
            self.families.iter().min_by(|a, b| a.log_odds(measured).total_cmp(&b.log_odds(measured)))?;
        let share = |(name, value): &(&'static str, f32)| {
            let term = family.cues.iter().find(|term| term.name == *name)?;
            Some((*name, term.weight * term.deviation(*value)))
        };
        measured.iter().filter_map(share).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn models() -> [Model; 2] {
        [include_str!("liveness/model.json"), include_str!("authenticity/model.json")]
            .map(|json| Model::parse(json).unwrap())
    }

    fn terms() -> Vec<(f32, Term)> {
        let families = models().into_iter().flat_map(|model| model.families);
        families.flat_map(|f| f.cues.into_iter().map(move |term| (f.bias, term))).collect()
    }

    #[test]
    fn the_shipped_constants_make_sense() {
        for model in models() {
            assert!(!model.families.is_empty() && model.families.iter().all(|f| f.bias > 0.0));
            assert!(model.probability(&[]) > 0.5, "a clip with median cues is genuine");
        }
        for (_, term) in terms() {
            assert!(term.weight >= 0.0 && term.spread > 0.0 && term.middle.is_finite(), "{term:?}");
        }
    }

    #[test]
    fn a_cue_is_at_one_half_where_its_threshold_is() {
        for (bias, term) in terms() {
            if let Some(threshold) = term.weigh(bias, 0.5).threshold {
                let there = term.weigh(bias, threshold).score;
                assert!((there - 0.5).abs() < 2e-2, "{}: {there}", term.name);
            }
        }
    }

    proptest! {
        #[test]
        fn a_more_genuine_value_never_lowers_the_score(a in -50f32..50.0, b in -50f32..50.0) {
            for (bias, term) in terms() {
                let (low, high) = (term.weigh(bias, a.min(b)), term.weigh(bias, a.max(b)));
                let (worse, better) = if term.rises { (low, high) } else { (high, low) };
                prop_assert!(worse.score <= better.score && (0.0..=1.0).contains(&low.score));
            }
        }
    }

    #[test]
    fn nan_counts_as_the_worst_value() {
        for (bias, term) in terms() {
            let worst = term.weigh(bias, if term.rises { f32::NEG_INFINITY } else { f32::INFINITY });
            assert_eq!(term.weigh(bias, f32::NAN), worst, "{}", term.name);
        }
        let [liveness, authenticity] = models();
        assert!(liveness.probability(&[("motion", f32::NAN)]) < 0.5);
        assert!(authenticity.probability(&[("mouth_detail", f32::NAN)]) < 0.5);
    }
}
