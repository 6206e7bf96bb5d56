//! Common parts of verification responses: the decision, in both formats, and headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use scoring::{CheckMode, Decision, Mode, Outcome, Service};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::{
        caller::{Caller, ResponseFormat},
        disclosure::Disclosure,
        report::{OK_CODE, round4},
    },
    http::openapi::closed_sets,
};

/// The code of success in the `sdk` format.
const SDK_OK_CODE: i32 = 0;

/// The result of a call with a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decided<D, C> {
    pub data: D,
    pub scoring_result: ScoringResult<C>,
    /// 0 to 100; in the `sdk` format 0 to 1.
    #[schema(example = 92.5)]
    pub score: f64,
    #[schema(example = json!(["face_match_passed", "liveness_passed"]))]
    pub decision_reasons: Vec<String>,
    pub message: &'static str,
}

/// The decision; in the `sdk` format of some calls only its verdict.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ScoringResult<C> {
    Full(DecisionReport<C>),
    /// `pass`, `fail` or `refer`.
    Verdict(&'static str),
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionReport<C> {
    #[schema(value_type = closed_sets::Verdict, example = "pass")]
    status: &'static str,
    /// `default`, `project` or a scores id.
    #[schema(example = "default")]
    rules: String,
    /// Every condition of the rules and its outcome.
    conditions: Vec<C>,
    /// The conditions that made it a fail.
    failed_conditions: Vec<C>,
    /// The conditions that made it a refer.
    failed_refer_conditions: Vec<C>,
}

/// A condition as rendered for the caller.
pub trait FromCondition<S> {
    fn from_condition(condition: S, shown: Disclosure<'_>) -> Self;
}

impl<C> DecisionReport<C> {
    pub fn new<S: Clone>(decision: &Decision<S>, caller: &Caller) -> Self
    where
        C: FromCondition<S>,
    {
        let shown = Disclosure::new(caller, None);
        let conditions = |conditions: &[S]| {
            conditions.iter().map(|condition| C::from_condition(condition.clone(), shown)).collect()
        };
        Self {
            status: decision.verdict.as_str(),
            rules: caller.rules_source.clone(),
            conditions: conditions(&decision.conditions),
            failed_conditions: conditions(&decision.failed_conditions),
            failed_refer_conditions: conditions(&decision.failed_refer_conditions),
        }
    }
}

impl<D, C> Decided<D, C> {
    /// Renders a decision. `verdict_alone`: `scoring_result` of the `sdk` format is only the verdict.
    pub fn new<S: Clone>(
        data: D,
        decision: &Decision<S>,
        caller: &Caller,
        verdict_alone: bool,
        message: &'static str,
    ) -> Self
    where
        C: FromCondition<S>,
    {
        let is_sdk = caller.format == ResponseFormat::Sdk;
        let score = Disclosure::new(caller, None).score(decision.score);
        Self {
            data,
            scoring_result: if is_sdk && verdict_alone {
                ScoringResult::Verdict(decision.verdict.as_str())
            } else {
                ScoringResult::Full(DecisionReport::new(decision, caller))
            },
            score: if is_sdk { round4(score / 100.0) } else { score },
            decision_reasons: decision.reasons.clone(),
            message,
        }
    }
}

/// One service of the rules and its outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceCondition {
    #[schema(value_type = String, example = "face_recognition")]
    service: Service,
    #[schema(example = "face_match_passed")]
    reason: String,
    #[schema(value_type = closed_sets::ConditionOutcome, example = "passed")]
    outcome: Outcome,
    #[schema(value_type = closed_sets::ConditionMode, example = "required")]
    mode: Mode,
    /// Null when the service could not judge.
    score: Option<f64>,
    /// Lowest score that passes.
    pass: f64,
    /// Lowest score that refers.
    refer: f64,
    /// Why the service could not judge.
    error: Option<String>,
}

impl FromCondition<scoring::Condition> for ServiceCondition {
    fn from_condition(condition: scoring::Condition, shown: Disclosure<'_>) -> Self {
        Self {
            service: condition.service,
            reason: condition.reason,
            outcome: condition.outcome,
            mode: condition.mode,
            score: condition.score.map(|mut score| {
                shown.probability(&mut score);
                score
            }),
            pass: condition.pass,
            refer: condition.refer,
            error: condition.error,
        }
    }
}

/// One check of a document and its outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentCondition {
    #[schema(example = "not_expired")]
    name: String,
    #[schema(value_type = closed_sets::ConditionOutcome, example = "passed")]
    outcome: Outcome,
    #[schema(value_type = String, example = "required")]
    mode: CheckMode,
    advisory: bool,
}

impl FromCondition<scoring::DocumentCondition> for DocumentCondition {
    fn from_condition(condition: scoring::DocumentCondition, _: Disclosure<'_>) -> Self {
        Self {
            name: condition.name,
            outcome: condition.outcome,
            mode: condition.mode,
            advisory: condition.advisory,
        }
    }
}

/// Converts the code of success to the convention of the caller's format.
pub fn convert_codes<'a>(caller: &Caller, codes: impl IntoIterator<Item = &'a mut i32>) {
    if caller.format == ResponseFormat::Sdk {
        codes.into_iter().filter(|code| **code == OK_CODE).for_each(|code| *code = SDK_OK_CODE);
    }
}

/// Returns the headers with the value `true`.
pub fn flag_headers(flags: impl IntoIterator<Item = (HeaderName, bool)>) -> HeaderMap {
    let set = flags.into_iter().filter(|(_, is_set)| *is_set);
    set.map(|(name, _)| (name, HeaderValue::from_static("true"))).collect()
}
