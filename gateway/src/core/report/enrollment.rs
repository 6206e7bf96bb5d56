//! The outcome of an enrollment, and the quality of its samples.

use proto::{
    Word,
    ml::{EnrollFaceResponse, EnrollVoiceResponse, EnrollmentState, Measure, MeasureLimit, ServiceResult},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{OutcomeReport, round4};

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
    op: &'static str,
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
    fn new(measure: &Measure, spoken: Option<&ServiceResult>) -> Self {
        let heard = |spoken: &ServiceResult| {
            let phrase = spoken.spoken_phrase().filter(|phrase| !phrase.transcript.is_empty()).into_iter();
            phrase
                .map(|of| HeardReport { score: round4(spoken.score), text: of.transcript.clone() })
                .collect()
        };
        Self {
            status: quality_status(measure.passed),
            property: measure.property.clone(),
            value: round4(measure.value),
            op: limit_operator(measure.limit()),
            threshold: round4(measure.threshold),
            results: spoken.filter(|_| measure.property == "phrase").map(heard),
        }
    }
}

const fn limit_operator(limit: MeasureLimit) -> &'static str {
    match limit {
        MeasureLimit::AtMost => "<=",
        MeasureLimit::AtLeast | MeasureLimit::Unspecified => ">=",
    }
}

const fn quality_status(passed: bool) -> &'static str {
    if passed { "good" } else { "fail" }
}

/// The result of a face enrollment.
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
            state: enrolled.state().to_word().unwrap_or("refused"),
            pictures: enrolled.kept,
            quality: enrolled.measures.iter().map(|measure| QualityReport::new(measure, None)).collect(),
        }
    }
}

/// The result of a voice enrollment, in the format of the vendor's client.
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
        // The phrase has results even if nothing was heard.
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
            state: enrolled.state().to_word().unwrap_or("refused"),
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
