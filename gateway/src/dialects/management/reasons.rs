//! `/api-projects/reasons`: explanations of reason codes, from `crates/scoring/src/catalogue`.

use axum::{
    Json,
    extract::{Query, rejection::QueryRejection},
};
use scoring::catalogue::{self, Language, Reason, Severity};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{core::error::Error, http::envelope::Envelope};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReasonsQuery {
    /// The language of the texts: en, es or de; en when absent.
    #[param(example = "en", pattern = "^(en|es|de)$")]
    lang: Option<String>,
}

/// The severity of a reason.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonSeverity {
    /// Supports the person, or reports a completed action.
    Ok,
    /// Supports neither outcome.
    Info,
    /// Prevents a judgement, or requires review by a person.
    Warning,
    /// Counts against the person or the recording.
    Critical,
}

/// The explanation of a code from `decision_reasons`, from a service's `error` or from a fraud rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonData {
    /// Stable; branch on it.
    #[schema(example = "face_match_failed")]
    code: &'static str,
    /// `decision`, `document`, `capture`, `evidence`, `enrollment`, `consent`, `fraud`, `review`, `fingerprint` or `card`.
    #[schema(example = "decision")]
    group: &'static str,
    severity: ReasonSeverity,
    #[schema(example = "Face does not match")]
    title: &'static str,
    #[schema(example = "The face is not that of the enrolled user.")]
    explanation: &'static str,
    /// What the person or the integrator can do; null when nothing.
    #[schema(example = "Record again, alone and in good light")]
    remedy: Option<&'static str>,
}

/// Returns title, explanation, remedy and severity of every reason code, in words for people.
#[utoipa::path(get, path = "/api-projects/reasons", tag = "reference", params(ReasonsQuery),
    responses((status = 200, body = Envelope<Vec<ReasonData>>), (status = 400, description = "a language without texts")))]
pub async fn list_reasons(
    query: Result<Query<ReasonsQuery>, QueryRejection>,
) -> Result<Json<Envelope<Vec<ReasonData>>>, Error> {
    let Query(ReasonsQuery { lang }) = query?;
    let language = match lang {
        None => Language::default(),
        Some(tag) => {
            Language::from_tag(&tag).ok_or_else(|| Error::field("lang", "lang must be en, es or de"))?
        }
    };
    let found = catalogue::reasons(language).iter().map(ReasonData::from).collect();
    Ok(Json(Envelope::new("reasons found", found)))
}

impl From<&'static Reason> for ReasonData {
    fn from(reason: &'static Reason) -> Self {
        Self {
            code: &reason.code,
            group: reason.group,
            severity: match reason.severity {
                Severity::Ok => ReasonSeverity::Ok,
                Severity::Info => ReasonSeverity::Info,
                Severity::Warning => ReasonSeverity::Warning,
                Severity::Critical => ReasonSeverity::Critical,
            },
            title: &reason.title,
            explanation: &reason.explanation,
            remedy: reason.remedy.as_deref(),
        }
    }
}
