//! The speaker embedding: the template of a voice.

use crate::{Bandwidth, Error};

/// Numbers in a CAM++ embedding.
pub const EMBEDDING_LEN: usize = 192;
/// Longest speech given to the network, in seconds: more no longer changes the embedding much, only the cost. Its
/// shortest input is due to pooling.
pub(crate) const MAX_SPEECH_S: usize = 20;

/// A voiceprint: a unit-length embedding and its bandwidth, which decides the threshold.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Voiceprint {
    embedding: Vec<f32>,
    bandwidth: Bandwidth,
    speech_s: f32,
}

impl Voiceprint {
    /// Builds a voiceprint from [`EMBEDDING_LEN`] numbers, not all zero; `speech_s` is the length of the speech.
    ///
    /// # Errors
    /// [`Error::BadTemplate`] when the count differs, a number is not finite, or all are zero.
    pub fn new(mut embedding: Vec<f32>, bandwidth: Bandwidth, speech_s: f32) -> Result<Self, Error> {
        let norm = embedding.iter().map(|v| v * v).sum::<f32>().sqrt();
        if embedding.len() != EMBEDDING_LEN || !norm.is_normal() {
            return Err(Error::BadTemplate { expected: EMBEDDING_LEN });
        }
        embedding.iter_mut().for_each(|v| *v /= norm);
        Ok(Self { embedding, bandwidth, speech_s })
    }

    /// Returns the unit-length embedding, [`EMBEDDING_LEN`] numbers.
    #[must_use]
    pub fn embedding(&self) -> &[f32] {
        &self.embedding
    }

    #[must_use]
    pub fn bandwidth(&self) -> Bandwidth {
        self.bandwidth
    }

    /// Returns the seconds of speech behind it.
    #[must_use]
    pub fn speech_seconds(&self) -> f32 {
        self.speech_s
    }

    /// Cosine similarity, -1..=1.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        let dot: f32 = self.embedding.iter().zip(&other.embedding).map(|(a, b)| a * b).sum();
        dot.clamp(-1.0, 1.0)
    }
}

/// The serialised form; deserialisation validates it like [`Voiceprint::new`].
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    embedding: Vec<f32>,
    bandwidth: Bandwidth,
    speech_s: f32,
}

impl TryFrom<Stored> for Voiceprint {
    type Error = Error;

    fn try_from(s: Stored) -> Result<Self, Error> {
        Self::new(s.embedding, s.bandwidth, s.speech_s)
    }
}

impl From<Voiceprint> for Stored {
    fn from(v: Voiceprint) -> Self {
        Self { embedding: v.embedding, bandwidth: v.bandwidth, speech_s: v.speech_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_voice_survives_storage_and_equals_itself(values in prop::collection::vec(-10f32..10.0, EMBEDDING_LEN)) {
            prop_assume!(values.iter().any(|v| v.abs() > 1e-3));
            let voice = Voiceprint::new(values, Bandwidth::Wide, 3.0).unwrap();
            let read: Voiceprint = serde_json::from_str(&serde_json::to_string(&voice).unwrap()).unwrap();
            prop_assert!(voice.cosine(&read) > 0.999);
        }

        #[test]
        fn no_template_of_bad_numbers_is_taken(values in prop::collection::vec(prop::num::f32::ANY, 0..200)) {
            if let Ok(voice) = Voiceprint::new(values, Bandwidth::Narrow, 1.0) {
                prop_assert!(voice.embedding().iter().all(|v| v.is_finite()));
            }
        }
    }
}
