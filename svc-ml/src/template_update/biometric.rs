//! The biometrics of templates: faces and voices.

use face::{Embedding, score::ANCHOR_FMR};
use voice::{Bandwidth, Voiceprint};
use zeroize::Zeroizing;

use super::Weighted;
use crate::{
    error::Error,
    face_template::FaceTemplate,
    gallery::Modality,
    voice_template::{voice_from_bytes, voice_to_bytes},
};

/// Seconds of speech, over all recordings, required for a voice template: below about three seconds the error of a
/// speaker network grows steeply.
pub const ENOUGH_SPEECH_S: f32 = 3.0;

/// A biometric that templates are made of.
pub trait Biometric: Clone {
    const MODALITY: Modality;

    /// The template of the biometric.
    type Template: Clone;

    /// # Errors
    /// When the bytes have another format than [`Biometric::to_bytes`].
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error>;

    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;

    /// # Errors
    /// When the bytes have no format of [`Biometric::template_to_bytes`], current or earlier.
    fn template_from_bytes(bytes: &[u8]) -> Result<Self::Template, Error>;

    fn template_to_bytes(template: &Self::Template) -> Zeroizing<Vec<u8>>;

    /// Returns the vector of a template whose samples were not stored.
    fn of_template(template: &Self::Template) -> Self;

    /// Builds a template of `anchor` and all samples, including the anchor; `None` without samples.
    fn template(anchor: &Self, of: &[Weighted<Self>]) -> Option<Self::Template>;

    /// Whether the samples are enough for a template.
    fn suffices(of: &[Weighted<Self>]) -> bool;

    fn is_of(&self, template: &Self::Template) -> bool;

    fn is_same_person(&self, other: &Self) -> bool;

    /// Whether it is near enough to the anchor to change a template.
    fn matches_anchor(&self, anchor: &Self) -> bool;
}

fn weighted_sum<'a>(each: impl Iterator<Item = (&'a [f32], f64)>) -> Vec<f32> {
    let mut sum: Vec<f64> = Vec::new();
    for (values, weight) in each {
        sum.resize(values.len(), 0.0);
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * f64::from(*value));
    }
    sum.into_iter().map(|v| v as f32).collect()
}

impl Biometric for Embedding {
    const MODALITY: Modality = Modality::Face;

    type Template = FaceTemplate;

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_bytes(bytes)?)
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(Self::to_bytes(self))
    }

    fn template_from_bytes(bytes: &[u8]) -> Result<FaceTemplate, Error> {
        FaceTemplate::from_bytes(bytes)
    }

    fn template_to_bytes(template: &FaceTemplate) -> Zeroizing<Vec<u8>> {
        template.to_bytes()
    }

    fn of_template(template: &FaceTemplate) -> Self {
        template.mean.clone()
    }

    /// The mean is over the vectors by both networks if there are any; those of older versions cannot be mixed with them.
    fn template(anchor: &Self, of: &[Weighted<Self>]) -> Option<FaceTemplate> {
        let has_both = of.iter().any(|w| w.vector.has_both());
        let alike = of.iter().filter(|w| w.vector.has_both() == has_both);
        let sum = weighted_sum(alike.map(|w| (w.vector.values(), w.quality)));
        (!sum.is_empty()).then(|| FaceTemplate { mean: Self::unit(&sum), anchor: anchor.clone() })
    }

    fn suffices(of: &[Weighted<Self>]) -> bool {
        !of.is_empty()
    }

    fn is_of(&self, template: &FaceTemplate) -> bool {
        template.compare(self).is_match()
    }

    fn is_same_person(&self, other: &Self) -> bool {
        self.compare(other).is_match()
    }

    fn matches_anchor(&self, anchor: &Self) -> bool {
        self.compare(anchor).matches_at(ANCHOR_FMR)
    }
}

/// Selects the recordings of a voice template: the wide-band ones if there are any, because narrow ones score
/// differently and would blur the mean.
fn heard_best(of: &[Weighted<Voiceprint>]) -> impl Iterator<Item = &Weighted<Voiceprint>> {
    let is_wide = of.iter().any(|w| w.vector.bandwidth() == Bandwidth::Wide);
    of.iter().filter(move |w| !is_wide || w.vector.bandwidth() == Bandwidth::Wide)
}

/// Returns the seconds of speech of a voice template.
pub fn speech_seconds(of: &[Weighted<Voiceprint>]) -> f32 {
    heard_best(of).map(|w| w.vector.speech_seconds()).sum()
}

impl Biometric for Voiceprint {
    const MODALITY: Modality = Modality::Voice;

    type Template = Self;

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        voice_from_bytes(bytes)
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        voice_to_bytes(self)
    }

    fn template_from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        voice_from_bytes(bytes)
    }

    fn template_to_bytes(template: &Self) -> Zeroizing<Vec<u8>> {
        voice_to_bytes(template)
    }

    fn of_template(template: &Self) -> Self {
        template.clone()
    }

    fn template(_: &Self, of: &[Weighted<Self>]) -> Option<Self> {
        let first = heard_best(of).next()?;
        let sum = weighted_sum(heard_best(of).map(|w| (w.vector.embedding(), w.quality)));
        // Only exactly opposite voices have a zero sum.
        let mean = Self::new(sum, first.vector.bandwidth(), speech_seconds(of));
        Some(mean.unwrap_or_else(|_| first.vector.clone()))
    }

    fn suffices(of: &[Weighted<Self>]) -> bool {
        speech_seconds(of) >= ENOUGH_SPEECH_S
    }

    fn is_of(&self, template: &Self) -> bool {
        voice::compare_voices(self, template).matched
    }

    fn is_same_person(&self, other: &Self) -> bool {
        voice::compare_voices(self, other).matched
    }

    /// No stricter than recognition: recordings of one person vary too much (docs/ACCURACY.md).
    fn matches_anchor(&self, anchor: &Self) -> bool {
        voice::compare_voices(self, anchor).matched
    }
}
