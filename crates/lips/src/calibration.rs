//! From scores to probabilities: the fitted constants of the pack.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{Error, sync::Scores};

/// `lips_calibration.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) active_speaker: ActiveSpeaker,
    /// Over the log-likelihood ratio per word of the lips' own phones.
    pub(crate) reading: Phrase,
    /// Over the evidence per word of digits timed by the sound.
    pub(crate) digits: Phrase,
    /// The phones of the emissions in order, silence first.
    pub(crate) phones: Vec<String>,
    /// Phones without training data, and the similar phone whose emission the network gives them.
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
    /// Between this and the threshold, poor evidence cannot be judged; below, the answer is no whatever the quality.
    pub(crate) undecided_from: f32,
    /// Frames of lag in either direction that a device may add.
    pub(crate) accepted_lag_frames: isize,
}

/// Logistic regression over one number per word.
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
