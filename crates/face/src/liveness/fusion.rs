//! All signs of life in one number.
//!
//! An attack usually betrays itself by the one or two cues made for it and looks like life in all others. So each family of
//! attacks has a logistic regression of its own over its cues, and a clip is live or an attack of one of the families: the
//! odds of an attack are the mean of the families' odds. No weight works against its cue's meaning, so more life never lowers
//! the score. Constants, data and held-out figures: `training/liveness/`.

use std::sync::LazyLock;

use serde::Deserialize;

/// Spreads from the live median beyond which a cue counts no more: there it is not surer, only further from the data.
const LOWEST: f32 = -8.0;
const HIGHEST: f32 = 2.0;
/// Probabilities nearer to 0 or 1 than this are not told apart.
const SUREST: f32 = 1e-4;

#[derive(Debug, Deserialize)]
struct Model {
    families: Vec<Family>,
}

#[derive(Debug, Deserialize)]
struct Family {
    /// Log odds of life against this family for a face with the live median in every cue.
    bias: f32,
    cues: Vec<Term>,
}

#[derive(Debug, Deserialize)]
struct Term {
    name: String,
    scale: Scale,
    /// Whether more of it is a sign of life.
    rises: bool,
    /// The median of live clips and the unit of its standing; on the scale.
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
    fn of(self, value: f32) -> f32 {
        match self {
            Self::Linear => value,
            // Not `f32::max`, which takes the other number for what is none.
            Self::Log => if value < 1e-6 { 1e-6 } else { value }.ln(),
            Self::Logit => {
                let p = value.clamp(SUREST, 1.0 - SUREST);
                (p / (1.0 - p)).ln()
            }
        }
    }

    fn back(self, at: f32) -> f32 {
        match self {
            Self::Linear => at,
            Self::Log => at.exp(),
            Self::Logit => sigmoid(at),
        }
    }
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    serde_json::from_str(include_str!("model.json")).expect("the embedded model is checked by a test")
});

fn sigmoid(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// What the model says about one cue alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weighed {
    /// 0-1: the probability of life against the family this cue is made for, were the family's other cues as usual.
    pub score: f32,
    /// Where the score is one half; `None` when this cue alone never refuses.
    pub threshold: Option<f32>,
    /// Whether a value above the threshold is what speaks against life.
    pub is_upper: bool,
}

impl Term {
    /// How far on the side of life, in spreads from the live median.
    fn standing(&self, value: f32) -> f32 {
        let over = self.sign() * (self.scale.of(value) - self.middle) / self.spread;
        // What is no number is as bad as can be.
        if over.is_nan() { LOWEST } else { over.clamp(LOWEST, HIGHEST) }
    }

    fn sign(&self) -> f32 {
        if self.rises { 1.0 } else { -1.0 }
    }

    fn weigh(&self, bias: f32, value: f32) -> Weighed {
        let turning = -bias / self.weight.max(f32::MIN_POSITIVE);
        let at = self.middle + self.sign() * turning * self.spread;
        let threshold = (turning > LOWEST).then(|| self.scale.back(at));
        let score = sigmoid(bias + self.weight * self.standing(value));
        Weighed { score, threshold, is_upper: !self.rises }
    }
}

impl Family {
    /// Log odds of life; what was not measured counts as usual.
    fn log_odds(&self, measured: &[(&'static str, f32)]) -> f32 {
        let share = |term: &Term| {
            let found = measured.iter().find(|(name, _)| *name == term.name);
            found.map_or(0.0, |(_, value)| term.weight * term.standing(*value))
        };
        self.bias + self.cues.iter().map(share).sum::<f32>()
    }
}

/// `None` for a cue that is reported and decides nothing.
pub(super) fn weigh(name: &str, value: f32) -> Option<Weighed> {
    let terms = MODEL.families.iter().flat_map(|f| f.cues.iter().map(|term| (f.bias, term)));
    let (bias, term) = terms.into_iter().find(|(_, term)| term.name == name)?;
    (term.weight > 0.0).then(|| term.weigh(bias, value))
}

/// The probability of life, 0-1, when a live face was as likely as an attack beforehand and no family likelier than another.
pub(super) fn probability(measured: &[(&'static str, f32)]) -> f32 {
    let odds: f32 = MODEL.families.iter().map(|f| (-f.log_odds(measured)).exp()).sum();
    1.0 / (1.0 + odds / MODEL.families.len() as f32)
}

/// The cue that speaks most against life: of the likeliest family, the one that stands lowest by its weight.
pub(super) fn weakest(measured: &[(&'static str, f32)]) -> Option<&'static str> {
    let family =
        MODEL.families.iter().min_by(|a, b| a.log_odds(measured).total_cmp(&b.log_odds(measured)))?;
    let share = |(name, value): &(&'static str, f32)| {
        let term = family.cues.iter().find(|term| term.name == *name)?;
        Some((*name, term.weight * term.standing(*value)))
    };
    measured.iter().filter_map(share).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms() -> impl Iterator<Item = (f32, &'static Term)> {
        MODEL.families.iter().flat_map(|f| f.cues.iter().map(|t| (f.bias, t)))
    }

    #[test]
    fn the_shipped_constants_make_sense() {
        assert!(
            MODEL.families.len() >= 4 && MODEL.families.iter().all(|f| f.bias > 0.0),
            "the usual is live"
        );
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
        fn more_of_a_sign_never_lowers_the_score(a in -50f32..50.0, b in -50f32..50.0) {
            for (bias, term) in terms() {
                let (low, high) = (term.weigh(bias, a.min(b)), term.weigh(bias, a.max(b)));
                let (worse, better) = if term.rises { (low, high) } else { (high, low) };
                prop_assert!(worse.score <= better.score && (0.0..=1.0).contains(&low.score));
            }
        }
    }

    #[test]
    fn no_number_is_as_bad_as_can_be() {
        for (bias, term) in terms() {
            let worst = term.weigh(bias, if term.rises { f32::NEG_INFINITY } else { f32::INFINITY });
            assert_eq!(term.weigh(bias, f32::NAN), worst, "{}", term.name);
        }
        assert!(probability(&[("motion", f32::NAN)]) < 0.5 && probability(&[]) > 0.5);
    }
}
