//! From scores to probabilities: what training fitted, as the pack carries it.

use std::collections::HashMap;

use serde::Deserialize;

use crate::Error;

/// `lips_calibration.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) active_speaker: ActiveSpeaker,
    pub(crate) reading: Phrase,
    /// The phones of the emissions in order, silence first.
    pub(crate) phones: Vec<String>,
    /// Phones that training never saw, and the look-alike whose emission the network gives them.
    #[serde(rename = "borrowed")]
    _borrowed: HashMap<String, String>,
}

/// Logistic regression over the s-normed cosine, its lead over other lags, and the aperture correlation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActiveSpeaker {
    s_norm: f32,
    lead: f32,
    aperture_correlation: f32,
    bias: f32,
    /// The most probability there is where lips and sound agree better out of sync than in sync.
    trailing: f32,
    pub(crate) threshold: f32,
    pub(crate) absorbed_lag_frames: usize,
    pub(crate) lag_range_frames: usize,
}

/// Logistic regression over the log-likelihood ratio a word.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phrase {
    ratio_per_word: f32,
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
    pub(crate) fn probability(&self, s_norm: f32, lead: f32, correlation: f32) -> f32 {
        let x = self.s_norm * s_norm + self.lead * lead + self.aperture_correlation * correlation + self.bias;
        if lead > 0.0 { logistic(x) } else { logistic(x).min(self.trailing) }
    }
}

impl Phrase {
    pub(crate) fn probability(&self, ratio: f32) -> f32 {
        logistic(self.ratio_per_word * ratio + self.bias)
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
