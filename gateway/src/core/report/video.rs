//! Results of the services for a video.

use proto::ml::{AnalyzeVideoResponse, Service, ServiceResult};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    CueReport, cues,
    recognition::{FaceRecognitionReport, VoiceRecognitionReport},
    round4, summary,
};
use crate::core::disclosure::Disclosure;

/// The services that ran on a video. One that could not judge has `error` and a code other than 200 instead of a result.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceReports {
    #[serde(rename = "Active Speaker Detection", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub active_speaker: Option<ActiveSpeakerReport>,
    #[serde(rename = "Face Liveness Detection", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub face_liveness: Option<FaceLivenessReport>,
    #[serde(rename = "Face Recognition", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub face_recognition: Option<FaceRecognitionReport>,
    #[serde(rename = "Visual Speech Recognition", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub visual_speech: Option<VisualSpeechReport>,
    #[serde(rename = "Voice Recognition", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub voice_recognition: Option<VoiceRecognitionReport>,
}

impl ServiceReports {
    pub fn new(analysis: &AnalyzeVideoResponse) -> Self {
        let (liveness, visual) =
            (analysis.result(Service::FaceLiveness), analysis.result(Service::VisualSpeech));
        let authenticity = analysis.result(Service::MediaAuthenticity);
        let spoken = analysis.result(Service::SpokenPhrase);
        Self {
            active_speaker: analysis.result(Service::ActiveSpeaker).map(ActiveSpeakerReport::from),
            face_liveness: liveness.map(|liveness| FaceLivenessReport::new(liveness, authenticity)),
            face_recognition: analysis.result(Service::FaceRecognition).map(FaceRecognitionReport::from),
            visual_speech: visual.map(|visual| VisualSpeechReport::new(visual, spoken)),
            voice_recognition: analysis.result(Service::VoiceRecognition).map(VoiceRecognitionReport::from),
        }
    }

    /// Returns the same with the expected phrase, for the record: the heard words mean little without it.
    #[must_use]
    pub fn with_expected_phrase(mut self, phrase: &str) -> Self {
        if let Some(visual) = self.visual_speech.as_mut() {
            visual.expected_phrase = Some(phrase.to_owned());
        }
        self
    }

    /// Reduces the reports to what the caller may see.
    pub fn disclose(&mut self, shown: Disclosure<'_>) {
        if let Some(face) = self.face_recognition.as_mut() {
            face.disclose(shown);
        }
        if let Some(voice) = self.voice_recognition.as_mut() {
            voice.disclose(shown);
        }
    }

    /// Returns the stable word, if every service that ran could not judge for the same reason.
    pub fn common_error(&self) -> Option<&str> {
        let errors = [
            self.active_speaker.as_ref().map(|report| report.error.as_deref()),
            self.face_liveness.as_ref().map(|report| report.error.as_deref()),
            self.face_recognition.as_ref().map(|report| report.error.as_deref()),
            self.visual_speech.as_ref().map(|report| report.error.as_deref()),
            self.voice_recognition.as_ref().map(|report| report.error.as_deref()),
        ];
        let mut errors = errors.into_iter().flatten();
        let first = errors.next()??;
        errors.all(|error| error == Some(first)).then_some(first)
    }

    /// Returns the codes of the services that ran, for another API's convention.
    pub fn codes_mut(&mut self) -> impl Iterator<Item = &mut i32> {
        let codes = [
            self.active_speaker.as_mut().map(|report| &mut report.code),
            self.face_liveness.as_mut().map(|report| &mut report.code),
            self.face_recognition.as_mut().map(|report| &mut report.code),
            self.visual_speech.as_mut().map(|report| &mut report.code),
            self.voice_recognition.as_mut().map(|report| &mut report.code),
        ];
        codes.into_iter().flatten()
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActiveSpeakerReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// Probability that the face speaks, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    /// Sound after lips: positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    lag_ms: Option<Option<f64>>,
    cues: Vec<CueReport>,
}

impl From<&ServiceResult> for ActiveSpeakerReport {
    fn from(seen: &ServiceResult) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| round4(seen.score)),
            score: judged.map(|seen| round4(seen.score)),
            lag_ms: judged.map(|seen| seen.active_speaker().and_then(|speaker| speaker.lag_ms).map(round4)),
            cues: cues(&seen.cues),
            code,
            description,
            error,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaceLivenessReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    cues: Vec<CueReport>,
    /// Whether the video was filmed rather than generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    media_authenticity: Option<MediaAuthenticityReport>,
}

impl FaceLivenessReport {
    fn new(seen: &ServiceResult, authenticity: Option<&ServiceResult>) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| seen.accepted),
            score: judged.map(|seen| round4(seen.score)),
            cues: cues(&seen.cues),
            media_authenticity: authenticity.map(MediaAuthenticityReport::from),
            code,
            description,
            error,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaAuthenticityReport {
    #[schema(example = 200)]
    code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// True: no trace of a generated face or mouth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<bool>,
    /// Probability (0-1) that the video was filmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    cues: Vec<CueReport>,
}

impl From<&ServiceResult> for MediaAuthenticityReport {
    fn from(seen: &ServiceResult) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| seen.accepted),
            score: judged.map(|seen| round4(seen.score)),
            cues: cues(&seen.cues),
            code,
            description,
            error,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VisualSpeechReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// The words read from the lips.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    cues: Vec<CueReport>,
    /// The words heard in the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    audio_transcript: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    spoken_phrase: Option<SpokenPhraseReport>,
    /// The expected phrase; only in the transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expected_phrase: Option<String>,
}

impl VisualSpeechReport {
    fn new(seen: &ServiceResult, spoken: Option<&ServiceResult>) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| seen.visual_speech().cloned().unwrap_or_default().words),
            score: judged.map(|seen| round4(seen.score)),
            cues: cues(&seen.cues),
            audio_transcript: spoken
                .map(|spoken| spoken.spoken_phrase().cloned().unwrap_or_default().transcript),
            spoken_phrase: spoken.map(SpokenPhraseReport::from),
            expected_phrase: None,
            code,
            description,
            error,
        }
    }
}

/// Whether the phrase was spoken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpokenPhraseReport {
    #[schema(example = 200)]
    code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    said: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    log_likelihood_ratio: Option<f64>,
}

impl From<&ServiceResult> for SpokenPhraseReport {
    fn from(spoken: &ServiceResult) -> Self {
        let (code, description, error) = summary(spoken.outcome.as_ref());
        let judged = error.is_none().then_some(spoken);
        Self {
            said: judged.map(|spoken| spoken.accepted),
            score: judged.map(|spoken| round4(spoken.score)),
            log_likelihood_ratio: judged.map(|spoken| {
                round4(spoken.spoken_phrase().map_or(0.0, |phrase| phrase.log_likelihood_ratio))
            }),
            code,
            description,
            error,
        }
    }
}
