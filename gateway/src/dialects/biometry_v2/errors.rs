//! Errors: `{"error": {"code", "message"}, "meta": {"request_id"}}`; the message of a wrong request is a list of fields.

use std::borrow::Cow;

use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    core::error::{Error, Refusal},
    http::{
        error::{ErrorReport, ErrorShape},
        openapi::ErrorSchema,
    },
};

pub const ERRORS: ErrorShape = ErrorShape {
    status,
    body,
    schema: ErrorSchema { name: "BiometryV2Error", schema: <BiometryV2Error as PartialSchema>::schema },
};

/// An error.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API's documentation")]
pub struct BiometryV2Error {
    /// `code` is stable; `message` is a text, or a list of `field` and `message`.
    #[schema(value_type = Object, example = json!({"code": "invalid_request", "message": [{"field": "user_id", "message": "is required"}]}))]
    error: Value,
    /// `request_id`.
    #[schema(value_type = Object, example = json!({"request_id": "0199f0a0-0000-7000-8000-000000000003"}))]
    meta: Value,
}

fn status(report: &ErrorReport) -> StatusCode {
    match &report.error {
        Some(Error::FileTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => report.status,
    }
}

fn body(report: &ErrorReport) -> Value {
    let message = match &report.error {
        Some(Error::MissingFields(names)) => {
            names.iter().map(|name| json!({ "field": name, "message": "is required" })).collect()
        }
        Some(Error::Field(name, message)) => json!([{ "field": name, "message": message }]),
        _ => json!(report.message),
    };
    json!({
        "error": { "code": code(report), "message": message },
        "meta": { "request_id": rpc::current().request_id },
    })
}

fn code(report: &ErrorReport) -> Cow<'static, str> {
    let Some(error) = &report.error else {
        // An error from outside the handlers: its code is the name of the status.
        return report.message.replace(' ', "_").into();
    };
    match error {
        Error::MissingToken => "missing_token",
        Error::KeyFormat | Error::InvalidKey => "invalid_api_key",
        Error::KeyNotActive => "api_key_not_active",
        Error::ConsentRequired | Error::EnrollmentConsentRequired { .. } => "consent_required",
        Error::FileTooLarge | Error::BodyTooLarge => "file_too_large",
        Error::NotMultipart => "unsupported_media",
        Error::Field(..)
        | Error::MissingFields(_)
        | Error::Invalid(_)
        | Error::UserRequired
        | Error::UnreadablePictures(_)
        | Error::Refused(Refusal::Invalid, _) => "invalid_request",
        Error::RateLimited(_) | Error::Throttled(_) | Error::QuotaUsedUp { .. } => "rate_limited",
        Error::StorageFull(limit) => limit.word(),
        Error::Busy | Error::Unavailable | Error::ConnectionLost => "busy",
        Error::RouteNotFound | Error::Refused(Refusal::NotFound, _) => "not_found",
        Error::Refused(Refusal::Conflict, _) => "conflict",
        Error::Refused(Refusal::NotSupported, _) => "not_supported",
        Error::MissingScope(_) => "missing_scope",
        Error::OutsideSession => "session_user_mismatch",
        Error::ChallengeRequired => "challenge_required",
        Error::IdempotencyKeyInUse => "idempotency_key_in_use",
        Error::IdempotencyKeyReused => "idempotency_key_reused",
        Error::OriginNotAllowed => "origin_not_allowed",
        Error::RequestTimeout => "request_timeout",
        Error::HeadersTooLarge => "headers_too_large",
        Error::Worded { word, .. } => return word.clone(),
        Error::Internal => "internal",
        _ => "forbidden",
    }
    .into()
}

/// The codes of session errors.
pub fn of_session(error: Error) -> Error {
    let Error::Refused(refusal, message) = error else { return error };
    let word = match refusal {
        Refusal::NotFound => "session_not_found",
        Refusal::Forbidden => "session_user_mismatch",
        Refusal::Conflict => "session_ended",
        _ => return Error::Refused(refusal, message),
    };
    Error::worded(refusal, word, message)
}

/// Returns the code of a file that its service does not support.
pub fn of_media(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::Invalid, message) => {
            Error::worded(Refusal::UnreadableMedia, "unsupported_media", message)
        }
        other => other,
    }
}

/// Returns the code of a file that does not show what it must, from the reason the service reports.
pub fn unusable(word: &str) -> Error {
    let (word, message) = match word {
        "no_face" => ("face_not_detected", "no face was detected"),
        "more_than_one_face" => ("multiple_faces_detected", "more than one face was detected"),
        "duplicate_identity" | "another_person" | "template_locked" => {
            let message = "the enrollment is in conflict with another one";
            return Error::worded(Refusal::Conflict, word.to_owned(), message);
        }
        other => {
            let message = format!("the file cannot be used: {}", other.replace('_', " "));
            return Error::worded(Refusal::UnusableMedia, other.to_owned(), message);
        }
    };
    Error::worded(Refusal::UnusableMedia, word, message)
}
