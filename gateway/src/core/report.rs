//! Reports of the services, in the JSON format of transactions, webhooks and the dashboard. Version 1 of the Biometry
//! API responds in the same format.

mod codes;
mod enrollment;
mod recognition;
mod video;

use proto::{
    Word,
    ml::{Cue, MatchFacesResponse, Outcome},
    sessions::SimSwap,
};
use serde::Serialize;
use utoipa::ToSchema;

use self::codes::code_of;
pub use self::{
    codes::{OK_CODE, is_refusal},
    enrollment::{FaceEnrollmentReport, VoiceEnrollmentReport},
    video::ServiceReports,
};
use crate::core::{disclosure::Disclosure, evidence::failure};

/// Rounds to four decimals, enough for comparisons and readable.
pub fn round4(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
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
    let description = outcome.map(|outcome| outcome.description.clone()).unwrap_or_default();
    (code_of(outcome), description, failure(outcome).map(str::to_owned))
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

impl OutcomeReport {
    /// The stable word for why there is no result.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

impl From<Option<&Outcome>> for OutcomeReport {
    fn from(outcome: Option<&Outcome>) -> Self {
        let code = code_of(outcome);
        let outcome = outcome.cloned().unwrap_or_default();
        Self {
            code,
            description: outcome.description,
            error: Some(outcome.error).filter(|error| !error.is_empty()),
        }
    }
}

/// A reference picture compared with a video.
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

impl FaceMatchReport {
    /// Reduces the report to what the caller may see.
    pub fn disclose(&mut self, shown: Disclosure<'_>) {
        shown.similarity(&mut self.similarity);
        shown.probability(&mut self.score);
        for percentage in &mut self.percentages {
            let mut probability = *percentage / 100.0;
            shown.probability(&mut probability);
            *percentage = round4(probability * 100.0);
        }
    }
}

impl From<&MatchFacesResponse> for FaceMatchReport {
    fn from(seen: &MatchFacesResponse) -> Self {
        let outcome = seen.outcome.clone().unwrap_or_default();
        Self {
            code: code_of(seen.outcome.as_ref()),
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

/// What is known about a recent change of the number's SIM.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SimSwapReport {
    /// `swapped`, `not_swapped`, `not_checked` (no operator is configured) or `error`.
    #[schema(example = "not_swapped")]
    status: &'static str,
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
            status: result.status().as_word(),
            swapped: result.swapped,
            latest_sim_change: result.latest_sim_change,
            monitored_period: result.monitored_period,
            max_age_hours: result.max_age_hours,
            error: result.error,
            description: result.description,
        }
    }
}
