//! Words of answers that form closed sets, for the description alone: generated clients get an enumeration.

#![expect(
    dead_code,
    reason = "the values are written as text by those who answer; only their description is made here"
)]

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema::Type},
};

/// The outcome of a decision.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Fail,
    /// A person shall look at it.
    Refer,
}

/// What a reviewer made of a transaction.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewFlag {
    Fraudulent,
    PossiblyFraudulent,
    Ok,
}

/// How a condition of the rules ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionOutcome {
    Passed,
    Referred,
    Failed,
    NotEnrolled,
    Missing,
    NotJudged,
}

/// What a service's condition may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionMode {
    Required,
    Advisory,
    Off,
}

/// Whether an API key is good.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    Active,
    Revoked,
    Expired,
}

/// Whether the calls of an API key count.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    Live,
    /// They are answered without models.
    Test,
}

/// The shapes an API key is answered in: empty for this API's own, `sdk` for those of the vendor's client library.
pub fn response_shape() -> Object {
    // Written out, because the derivation takes an empty name for none.
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["", "sdk"])).build()
}

/// Whether a webhook endpoint is sent events.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    Active,
    Paused,
    /// The endpoint answered 410.
    Disabled,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    Pending,
    Delivered,
    Dead,
}
