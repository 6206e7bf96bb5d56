//! From scores to probabilities: what training fitted, as the pack carries it.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{Error, sync::Scores};

/// `lips_calibration.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) active_speaker: ActiveSpeaker,
    /// Over the log-likelihood ratio a word of the lips' own phones.
    pub(crate) reading: Phrase,
    /// Over the evidence a word of digits that the sound has timed.
    pub(crate) digits: Phrase,
    /// The phones of the emissions in order, silence first.
    pub(crate) phones: Vec<String>,
    /// Phones that training never saw, and the look-alike whose emission the network gives them.
    #[serde(rename = "borrowed")]
    _borrowed: HashMap<String, String>,
}

/// Logistic regression over the [`Scores`] of the lag profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActiveSpeaker {
    agreement: f32,
    s_norm: f32,
    prominence: f32,
    lead: f32,
    aperture_correlation: f32,
    bias: f32,
    pub(crate) threshold: f32,
    /// From here to the threshold poor evidence cannot be judged; below, the answer is no whatever the quality.
    pub(crate) undecided_from: f32,
    /// Frames of lag either way that a device may add.
    pub(crate) accepted_lag_frames: isize,
}

/// Logistic regression over one number a word.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phrase {
    #[serde(alias = "ratio_per_word", alias = "evidence_per_word")]
    weight: f32,
    bias: f32,
    pub(crate) threshold: f32,
}

impl Calibration {
    /// # Errors
    /// [`Error::BadModel`] when it is not what this version expects.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let parsed: Option<Self> = serde_json::from_slice(bytes).ok();
        let sound = |c: &Self| c.phones.first().is_some_and(|p| p == "sil");
        parsed.filter(sound).ok_or(Error::BadModel("the lips calibration"))
    }
}

impl ActiveSpeaker {
    pub(crate) fn probability(&self, scores: &Scores) -> f32 {
        logistic(
            self.agreement * scores.agreement
                + self.s_norm * scores.s_norm
                + self.prominence * scores.prominence
                + self.lead * scores.lead
                + self.aperture_correlation * scores.aperture_correlation
                + self.bias,
        )
    }
}

impl Phrase {
    pub(crate) fn probability(&self, a_word: f32) -> f32 {
        logistic(self.weight * a_word + self.bias)
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
