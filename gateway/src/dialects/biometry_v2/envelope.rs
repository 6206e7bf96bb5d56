//! The JSON envelope of results.

use scoring::Decision;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, disclosure::Disclosure, report::round4},
    http::recording::Call,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Answer<T> {
    pub data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub decision: Option<DecisionData>,
    pub meta: Meta,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    /// The id of the request and of its transaction.
    request_id: String,
    #[schema(example = "done")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionData {
    /// `pass`, `fail` or `refer`.
    #[schema(example = "pass")]
    status: &'static str,
    /// 0 to 1.
    #[schema(example = 0.92)]
    score: f64,
    reasons: Vec<String>,
}

impl DecisionData {
    fn new<C>(decision: &Decision<C>, caller: &Caller) -> Self {
        Self {
            status: decision.verdict.as_str(),
            score: round4(Disclosure::new(caller, None).score(decision.score) / 100.0),
            reasons: decision.reasons.clone(),
        }
    }
}

impl<T> Answer<T> {
    pub fn new(call: &Call, message: &'static str, data: T) -> Self {
        let request_id = call.record.transaction_id().to_owned();
        Self { data, decision: None, meta: Meta { request_id, message } }
    }

    /// Wraps the result of a call that has no transaction.
    pub fn unrecorded(message: &'static str, data: T) -> Self {
        Self { data, decision: None, meta: Meta { request_id: rpc::current().request_id, message } }
    }

    #[must_use]
    pub fn decided<C>(self, decision: &Decision<C>, caller: &Caller) -> Self {
        Self { decision: Some(DecisionData::new(decision, caller)), ..self }
    }
}
