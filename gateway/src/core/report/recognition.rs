//! Results of face and voice recognition.

use proto::{
    Word,
    ml::{FaceRecognition, ServiceResult},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{round4, summary};
use crate::core::disclosure::Disclosure;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VoiceRecognitionReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<String>,
    #[schema(example = "identified")]
    status: &'static str,
    /// The most similar user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    imposter_prob: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "4.6000")]
    log_odds: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    speech_seconds: Option<f64>,
    /// Whether the sound has telephone bandwidth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    narrow_band: Option<bool>,
}

impl From<&ServiceResult> for VoiceRecognitionReport {
    fn from(seen: &ServiceResult) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let voice = seen.voice_recognition().cloned().unwrap_or_default();
        let judged = error.is_none().then_some(&voice);
        Self {
            status: voice.status().to_word().unwrap_or("error"),
            id: judged.map(|voice| voice.id.clone()),
            score: judged.map(|_| round4(seen.score)),
            imposter_prob: judged.map(|voice| voice.imposter_prob),
            log_odds: judged.map(|voice| format!("{:.4}", voice.log_odds)),
            speech_seconds: judged.map(|voice| round4(voice.speech_seconds)),
            narrow_band: judged.map(|voice| voice.narrow_band),
            code,
            description,
            error,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaceRecognitionReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enrolled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    matched: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instances: Option<Vec<FaceInstanceReport>>,
}

impl FaceRecognitionReport {
    pub fn disclose(&mut self, shown: Disclosure<'_>) {
        self.score.iter_mut().for_each(|score| shown.similarity(score));
        self.probability.iter_mut().for_each(|probability| shown.probability(probability));
        for FaceInstanceReport { search } in self.instances.iter_mut().flatten() {
            shown.similarity(&mut search.score);
            shown.probability(&mut search.probability);
            shown.name(&mut search.search_name);
        }
    }
}

impl VoiceRecognitionReport {
    pub fn disclose(&mut self, shown: Disclosure<'_>) {
        self.id.iter_mut().for_each(|name| shown.name(name));
        self.score.iter_mut().for_each(|score| shown.probability(score));
        self.imposter_prob.iter_mut().for_each(|probability| shown.probability(probability));
        self.log_odds.iter_mut().for_each(|log_odds| shown.log_odds(log_odds));
    }
}

/// A face of the video, and the most similar user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaceInstanceReport {
    search: FaceSearchReport,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaceSearchReport {
    probability: f64,
    #[serde(rename = "searchName")]
    search_name: String,
    score: f64,
}

impl From<&ServiceResult> for FaceRecognitionReport {
    fn from(seen: &ServiceResult) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let face = seen.face_recognition().cloned().unwrap_or_default();
        let judged = error.is_none().then_some(&face);
        let instances = |face: &FaceRecognition| {
            let instances = face.instances.iter().map(|hit| FaceInstanceReport {
                search: FaceSearchReport {
                    probability: round4(hit.probability),
                    search_name: hit.name.clone(),
                    score: round4(hit.score),
                },
            });
            instances.collect()
        };
        Self {
            score: judged.map(|_| round4(seen.score)),
            probability: judged.map(|face| round4(face.probability)),
            enrolled: judged.map(|face| face.enrolled),
            matched: judged.map(|_| seen.accepted),
            instances: judged.map(instances),
            code,
            description,
            error,
        }
    }
}
