//! What each service reported, in the JSON shape that transactions, webhooks and the dashboard have. Version 1 of the
//! Biometry API answers with the same shape.

use proto::{
    ml::{
        ActiveSpeaker, AnalyzeVideoResponse, Cue, EnrollFaceResponse, EnrollVoiceResponse, EnrollmentState,
        FaceLiveness, FaceRecognition, MatchFacesResponse, Measure, MediaAuthenticity, Outcome, SpokenPhrase,
        VisualSpeech, VoiceRecognition,
    },
    sessions::SimSwap,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::evidence::failure;

/// The code of a service that judged.
pub const OK_CODE: i32 = 200;

/// Rounds to four decimals: enough digits to see a difference, few enough to read.
pub fn round4(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

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
        Self {
            active_speaker: analysis.active_speaker.as_ref().map(ActiveSpeakerReport::from),
            face_liveness: analysis
                .face_liveness
                .as_ref()
                .map(|liveness| FaceLivenessReport::new(liveness, analysis.media_authenticity.as_ref())),
            face_recognition: analysis.face.as_ref().map(FaceRecognitionReport::from),
            visual_speech: analysis.visual_speech.as_ref().map(VisualSpeechReport::from),
            voice_recognition: analysis.voice.as_ref().map(VoiceRecognitionReport::from),
        }
    }

    /// The codes of the services that ran, to be written in another convention.
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

/// A measured property that supports a result.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CueReport {
    name: String,
    value: f64,
    threshold: Option<f64>,
    passed: Option<bool>,
    score: Option<f64>,
}

impl From<&Cue> for CueReport {
    fn from(cue: &Cue) -> Self {
        Self {
            name: cue.name.clone(),
            value: round4(cue.value),
            threshold: cue.threshold.map(round4),
            passed: cue.passed,
            score: cue.score.map(round4),
        }
    }
}

fn cues(cues: &[Cue]) -> Vec<CueReport> {
    cues.iter().map(CueReport::from).collect()
}

/// Code, description and, where the service could not judge, a stable word for why.
fn summary(outcome: Option<&Outcome>) -> (i32, String, Option<String>) {
    let code = outcome.map_or(500, |outcome| outcome.code);
    let description = outcome.map(|outcome| outcome.description.clone()).unwrap_or_default();
    (code, description, failure(outcome).map(str::to_owned))
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActiveSpeakerReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// Probability that the face makes the sound, 0 to 1.
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

impl From<&ActiveSpeaker> for ActiveSpeakerReport {
    fn from(seen: &ActiveSpeaker) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| round4(seen.result)),
            score: judged.map(|seen| round4(seen.result)),
            lag_ms: judged.map(|seen| seen.lag_ms.map(round4)),
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
    fn new(seen: &FaceLiveness, authenticity: Option<&MediaAuthenticity>) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| seen.result),
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
    /// True: no trace of a face or mouth drawn by a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<bool>,
    /// Probability (0-1) that the video was filmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
    cues: Vec<CueReport>,
}

impl From<&MediaAuthenticity> for MediaAuthenticityReport {
    fn from(seen: &MediaAuthenticity) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| seen.result),
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
}

impl From<&VisualSpeech> for VisualSpeechReport {
    fn from(seen: &VisualSpeech) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            result: judged.map(|seen| seen.result.clone()),
            score: judged.map(|seen| round4(seen.score)),
            cues: cues(&seen.cues),
            audio_transcript: seen.spoken.as_ref().map(|spoken| spoken.transcript.clone()),
            spoken_phrase: seen.spoken.as_ref().map(SpokenPhraseReport::from),
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

impl From<&SpokenPhrase> for SpokenPhraseReport {
    fn from(spoken: &SpokenPhrase) -> Self {
        let (code, description, error) = summary(spoken.outcome.as_ref());
        let judged = error.is_none().then_some(spoken);
        Self {
            said: judged.map(|spoken| spoken.said),
            score: judged.map(|spoken| round4(spoken.score)),
            log_likelihood_ratio: judged.map(|spoken| round4(spoken.log_likelihood_ratio)),
            code,
            description,
            error,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VoiceRecognitionReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    #[schema(example = "identified")]
    status: String,
    /// The user whose voice it is most like.
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

impl From<&VoiceRecognition> for VoiceRecognitionReport {
    fn from(seen: &VoiceRecognition) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        Self {
            status: if seen.status.is_empty() { "error".to_owned() } else { seen.status.clone() },
            id: judged.map(|seen| seen.id.clone()),
            score: judged.map(|seen| round4(seen.score)),
            imposter_prob: judged.map(|seen| seen.imposter_prob),
            log_odds: judged.map(|seen| format!("{:.4}", seen.log_odds)),
            speech_seconds: judged.map(|seen| round4(seen.speech_seconds)),
            narrow_band: judged.map(|seen| seen.narrow_band),
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
    error: Option<String>,
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

/// A face of the video, and whom it is most like.
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

impl From<&FaceRecognition> for FaceRecognitionReport {
    fn from(seen: &FaceRecognition) -> Self {
        let (code, description, error) = summary(seen.outcome.as_ref());
        let judged = error.is_none().then_some(seen);
        let instances = |seen: &FaceRecognition| {
            let instances = seen.instances.iter().map(|hit| FaceInstanceReport {
                search: FaceSearchReport {
                    probability: round4(hit.probability),
                    search_name: hit.name.clone(),
                    score: round4(hit.score),
                },
            });
            instances.collect()
        };
        Self {
            score: judged.map(|seen| round4(seen.score)),
            probability: judged.map(|seen| round4(seen.probability)),
            enrolled: judged.map(|seen| seen.enrolled),
            matched: judged.map(|seen| seen.matched),
            instances: judged.map(instances),
            code,
            description,
            error,
        }
    }
}

/// One side of a face match, or its summary.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OutcomeReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

impl From<Option<&Outcome>> for OutcomeReport {
    fn from(outcome: Option<&Outcome>) -> Self {
        let outcome = outcome.cloned().unwrap_or_default();
        Self {
            code: outcome.code,
            description: outcome.description,
            error: Some(outcome.error).filter(|error| !error.is_empty()),
        }
    }
}

/// A reference picture against a video.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaceMatchReport {
    #[schema(example = 200)]
    pub code: i32,
    /// 1: the same person.
    #[schema(example = 1)]
    result: u8,
    description: String,
    #[schema(example = json!([99.2]))]
    percentages: Vec<f64>,
    /// The probability that both are the same person.
    score: f64,
    similarity: f64,
    /// The picture.
    pub anchor: OutcomeReport,
    /// The video.
    pub target: OutcomeReport,
}

impl From<&MatchFacesResponse> for FaceMatchReport {
    fn from(seen: &MatchFacesResponse) -> Self {
        let outcome = seen.outcome.clone().unwrap_or_default();
        Self {
            code: outcome.code,
            result: u8::from(seen.matched),
            description: outcome.description,
            percentages: seen.percentages.iter().map(|percentage| round4(*percentage)).collect(),
            score: round4(seen.probability),
            similarity: round4(seen.score),
            anchor: seen.anchor.as_ref().into(),
            target: seen.target.as_ref().into(),
        }
    }
}

/// A measured quality of a sample, against what is required.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QualityReport {
    /// `good` or `fail`.
    #[schema(example = "good")]
    status: &'static str,
    #[schema(example = "sharpness")]
    property: String,
    value: f64,
    #[schema(example = ">=")]
    op: String,
    threshold: f64,
    /// With property `phrase`: what was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    results: Option<Vec<HeardReport>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeardReport {
    score: f64,
    text: String,
}

/// The qualities of one recording, or of all together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QualityGroup {
    /// `good` or `fail`.
    #[schema(example = "good")]
    status: &'static str,
    results: Vec<QualityReport>,
}

impl QualityReport {
    fn new(measure: &Measure, spoken: Option<&SpokenPhrase>) -> Self {
        let heard = |spoken: Option<&SpokenPhrase>| {
            let spoken = spoken.filter(|spoken| !spoken.transcript.is_empty()).into_iter();
            spoken.map(|s| HeardReport { score: round4(s.score), text: s.transcript.clone() }).collect()
        };
        Self {
            status: quality_status(measure.passed),
            property: measure.property.clone(),
            value: round4(measure.value),
            op: measure.op.clone(),
            threshold: round4(measure.threshold),
            results: spoken.is_some_and(|_| measure.property == "phrase").then(|| heard(spoken)),
        }
    }
}

const fn quality_status(passed: bool) -> &'static str {
    if passed { "good" } else { "fail" }
}

const fn state_name(state: EnrollmentState) -> &'static str {
    match state {
        EnrollmentState::Partial => "partial",
        EnrollmentState::Enrolled => "enrolled",
        EnrollmentState::Strengthened => "strengthened",
        EnrollmentState::Replaced => "replaced",
        EnrollmentState::Unchanged => "unchanged",
        EnrollmentState::Refused | EnrollmentState::Unspecified => "refused",
    }
}

/// What became of a face's enrollment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaceEnrollmentReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// `enrolled`, `strengthened`, `unchanged`, `replaced` or `refused`.
    #[schema(example = "enrolled")]
    pub state: &'static str,
    /// Pictures the template is made of.
    pictures: u32,
    quality: Vec<QualityReport>,
}

impl From<&EnrollFaceResponse> for FaceEnrollmentReport {
    fn from(enrolled: &EnrollFaceResponse) -> Self {
        let OutcomeReport { code, description, error } = enrolled.outcome.as_ref().into();
        Self {
            code,
            description,
            error,
            state: state_name(enrolled.state()),
            pictures: enrolled.kept,
            quality: enrolled.measures.iter().map(|measure| QualityReport::new(measure, None)).collect(),
        }
    }
}

/// What became of a voice's enrollment: the shape of the vendor's client.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VoiceEnrollmentReport {
    #[schema(example = 200)]
    pub code: i32,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// `partial`, `enrolled`, `strengthened`, `unchanged`, `replaced` or `refused`.
    #[schema(example = "enrolled")]
    pub state: &'static str,
    /// Recordings the template is made of.
    recordings: u32,
    /// `good`: more speech is needed; `enrolled`; `qafailed`; `error`.
    #[schema(example = "enrolled")]
    status: &'static str,
    /// Of all recordings together; null while none is stored.
    qa_combined: Option<QualityGroup>,
    /// Of this recording.
    qa_list: Vec<QualityGroup>,
}

impl From<&EnrollVoiceResponse> for VoiceEnrollmentReport {
    fn from(enrolled: &EnrollVoiceResponse) -> Self {
        let OutcomeReport { code, description, error } = enrolled.outcome.as_ref().into();
        // The phrase has its results also where nothing was heard.
        let spoken = enrolled.spoken.clone().unwrap_or_default();
        let is_good = enrolled.measures.iter().all(|measure| measure.passed);
        let of_this = enrolled.measures.iter().map(|measure| QualityReport::new(measure, Some(&spoken)));
        let combined = QualityGroup {
            status: quality_status(enrolled.combined.iter().all(|measure| measure.passed)),
            results: enrolled.combined.iter().map(|measure| QualityReport::new(measure, None)).collect(),
        };
        Self {
            code,
            description,
            error,
            state: state_name(enrolled.state()),
            recordings: enrolled.kept,
            status: match enrolled.state() {
                EnrollmentState::Partial => "good",
                EnrollmentState::Enrolled
                | EnrollmentState::Strengthened
                | EnrollmentState::Unchanged
                | EnrollmentState::Replaced => "enrolled",
                _ if is_good => "error",
                _ => "qafailed",
            },
            qa_list: vec![QualityGroup { status: quality_status(is_good), results: of_this.collect() }],
            qa_combined: (!enrolled.combined.is_empty()).then_some(combined),
        }
    }
}

/// What is known about a recent change of the number's SIM.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SimSwapReport {
    /// `swapped`, `not_swapped`, `not_checked` (no operator is configured) or `error`.
    #[schema(example = "not_swapped")]
    status: String,
    /// Whether it was changed within `max_age_hours`; only when the operator answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    swapped: Option<bool>,
    /// RFC 3339, UTC; where the operator says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2023-07-03T12:27:08.312Z")]
    latest_sim_change: Option<String>,
    /// Days the operator looks back, where it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    monitored_period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 240)]
    max_age_hours: Option<u32>,
    /// A stable word, with status `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "identifier_not_found")]
    error: Option<String>,
    description: String,
}

impl From<SimSwap> for SimSwapReport {
    fn from(result: SimSwap) -> Self {
        Self {
            status: result.status,
            swapped: result.swapped,
            latest_sim_change: result.latest_sim_change,
            monitored_period: result.monitored_period,
            max_age_hours: result.max_age_hours,
            error: result.error,
            description: result.description,
        }
    }
}
