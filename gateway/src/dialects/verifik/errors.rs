//! Errors: `{"code", "message"}`, where a message is mostly the status and a stable word; some routes have other
//! shapes.

use axum::http::StatusCode;
use boot::timestamp::rfc3339;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    core::error::{Error, Refusal},
    http::{
        error::{ErrorReport, ErrorShape},
        openapi::ErrorSchema,
    },
};

const SCHEMA: ErrorSchema =
    ErrorSchema { name: "VerifikError", schema: <VerifikError as PartialSchema>::schema };

pub const ERRORS: ErrorShape =
    ErrorShape { status: |report| plain(report).0, body: |report| plain(report).1, schema: SCHEMA };
/// Routes of `/v3`: field errors are a list.
pub const ERRORS_OF_VERSION_3: ErrorShape =
    ErrorShape { status: |report| version_3(report).0, body: |report| version_3(report).1, schema: SCHEMA };
/// Biometric validations: errors have the field `success`.
pub const ERRORS_OF_VALIDATIONS: ErrorShape = ErrorShape {
    status: |report| of_validation(report).0,
    body: |report| of_validation(report).1,
    schema: SCHEMA,
};
/// Face recognition: errors of tokens and fields have other codes.
pub const ERRORS_OF_FACES: ErrorShape =
    ErrorShape { status: |report| of_faces(report).0, body: |report| of_faces(report).1, schema: SCHEMA };

/// An error.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API's documentation")]
pub struct VerifikError {
    /// A stable word.
    #[schema(example = "liveness_failed", nullable = false)]
    code: Option<String>,
    #[schema(example = "409:liveness_failed@0.45", nullable = false)]
    message: Option<String>,
    /// On some routes: the stable word, or a sentence.
    #[schema(nullable = false)]
    error: Option<String>,
    /// On biometric validations: false.
    #[schema(nullable = false)]
    success: Option<bool>,
}

/// Conflicts that share one code, with the word as the message.
const CONFLICTS: [&str; 3] =
    ["signUpForm_validation_not_passed", "mandatory_steps_not_passed", "appRegistration_has_ended"];
/// Refusals that are rendered as `error` and `message`.
const IN_ERROR: [(&str, &str); 5] = [
    ("PROJECT_NAME_EXISTS", "a project with this name exists"),
    ("INVALID_COUNTRY_CODE", "allowedCountries must be ISO 3166 country codes"),
    ("INVALID_BIOMETRIC_DATA", "the picture cannot be used"),
    ("LIVENESS_DETECTION_FAILED", "the picture does not show a live face"),
    ("IDENTITY_VERIFICATION_FAILED", "the face is not that of the identifier"),
];
/// The word of a missing person.
const PERSON_NOT_FOUND: &str = "PERSON_NOT_FOUND";
/// Words whose status differs from the status of the error's kind.
const STATUSES: [(&str, StatusCode); 5] = [
    ("link_is_used", StatusCode::GONE),
    ("link_has_expired", StatusCode::GONE),
    ("emailValidation_has_expired", StatusCode::PRECONDITION_FAILED),
    ("security_not_set", StatusCode::NOT_FOUND),
    ("step_not_supported", StatusCode::INTERNAL_SERVER_ERROR),
];

type Rendered = (StatusCode, Value);

/// Renders a word after its status.
fn word(status: StatusCode, word: &str) -> Rendered {
    (status, json!({ "code": word, "message": format!("{}:{word}", status.as_u16()) }))
}

fn coded(status: StatusCode, code: &str, message: &str) -> Rendered {
    (status, json!({ "code": code, "message": message }))
}

fn plain(report: &ErrorReport) -> Rendered {
    let Some(error) = &report.error else {
        return match report.status {
            StatusCode::PAYLOAD_TOO_LARGE => word(report.status, "image_too_large"),
            status => coded(status, "ERROR", &report.message),
        };
    };
    match error {
        Error::MissingToken | Error::KeyFormat | Error::InvalidKey => {
            coded(StatusCode::UNAUTHORIZED, "Forbidden", "Access forbidden")
        }
        Error::KeyNotActive | Error::SessionTokenOver => {
            coded(StatusCode::FORBIDDEN, "Forbidden", "Access forbidden")
        }
        Error::OtherToken => word(StatusCode::FORBIDDEN, "access_denied"),
        Error::ConsentRequired | Error::EnrollmentConsentRequired { .. } => {
            word(StatusCode::FORBIDDEN, "consent_required")
        }
        Error::MissingFields(names) => {
            let missing: Vec<String> = names.iter().map(|name| format!("missing {name}")).collect();
            coded(StatusCode::CONFLICT, "MissingParameter", &missing.join("\n. "))
        }
        Error::Field(..) | Error::Invalid(_) | Error::UserRequired | Error::Refused(Refusal::Invalid, _) => {
            coded(StatusCode::CONFLICT, "MissingParameter", &report.message)
        }
        Error::UnreadablePictures(_) => {
            coded(StatusCode::PRECONDITION_FAILED, "ERROR", "only_images_in_base64")
        }
        Error::FileTooLarge | Error::BodyTooLarge => word(StatusCode::PAYLOAD_TOO_LARGE, "image_too_large"),
        Error::RouteNotFound => word(StatusCode::NOT_FOUND, "route_not_found"),
        Error::RateLimited(_) | Error::Throttled(_) | Error::QuotaUsedUp { .. } => {
            word(StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
        }
        Error::StorageFull(limit) => word(StatusCode::INSUFFICIENT_STORAGE, limit.word()),
        Error::Busy | Error::Unavailable | Error::ConnectionLost => {
            word(StatusCode::SERVICE_UNAVAILABLE, "busy")
        }
        Error::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({ "code": "ERROR", "message": "internal_error", "request_id": report.request_id }),
        ),
        Error::Worded { word, message, .. } => worded(report.status, word, message),
        Error::MissingScope(_) => coded(StatusCode::FORBIDDEN, "Forbidden", &report.message),
        _ => coded(report.status, "ERROR", &report.message),
    }
}

fn worded(status: StatusCode, of: &str, message: &str) -> Rendered {
    let status = STATUSES.iter().find(|(word, _)| *word == of).map_or(status, |(_, status)| *status);
    if of == "insufficient_credits" {
        return coded(StatusCode::PAYMENT_REQUIRED, "PaymentRequired", "402:insufficient_credits");
    }
    if CONFLICTS.contains(&of) {
        return coded(StatusCode::CONFLICT, "Conflict", of);
    }
    if let Some((_, sentence)) = IN_ERROR.iter().find(|(word, _)| *word == of) {
        return (status, json!({ "error": of, "message": sentence }));
    }
    if of == PERSON_NOT_FOUND {
        return (status, json!({ "error": "Person not found", "message": of }));
    }
    if message == of { word(status, of) } else { coded(status, of, message) }
}

fn version_3(report: &ErrorReport) -> Rendered {
    let details: Vec<Value> = match &report.error {
        Some(Error::MissingFields(names)) => names
            .iter()
            .map(|name| json!({ "field": name, "message": format!("\"{name}\" is required") }))
            .collect(),
        Some(Error::Field(name, message)) => vec![json!({ "field": name, "message": message })],
        Some(Error::Invalid(message)) => vec![json!({ "field": "", "message": message })],
        _ => return plain(report),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let body = json!({
        "message": "the request has wrong fields",
        "code": "UnprocessableEntity",
        "status": status.as_u16(),
        "timestamp": rfc3339(boot::now_ms()),
        "details": details,
    });
    (status, body)
}

fn of_validation(report: &ErrorReport) -> Rendered {
    if let Some(Error::Worded { word, .. }) = &report.error {
        if word == "INVALID_PROJECT_FLOW" {
            let body = json!({ "success": false, "error": "Invalid project flow", "code": word });
            return (StatusCode::BAD_REQUEST, body);
        }
        if IN_ERROR.iter().any(|(known, _)| known == word) {
            return plain(report);
        }
    }
    let (status, body) = plain(report);
    let (code, message) = (&body["code"], &body["message"]);
    (status, json!({ "success": false, "error": message, "code": code, "message": message }))
}

fn of_faces(report: &ErrorReport) -> Rendered {
    match &report.error {
        Some(Error::MissingToken | Error::KeyFormat | Error::InvalidKey) => {
            coded(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Authentication required")
        }
        Some(Error::KeyNotActive | Error::SessionTokenOver) => {
            coded(StatusCode::FORBIDDEN, "FORBIDDEN", "token_expired")
        }
        Some(Error::MissingFields(names)) => {
            let missing: Vec<String> = names.iter().map(|name| format!("\"{name}\" is required")).collect();
            coded(StatusCode::CONFLICT, "MissingParameter", &missing.join(", "))
        }
        _ => plain(report),
    }
}

/// Returns the word for a picture that cannot be used, from the reason the service reports.
pub fn unusable(word: &str) -> Error {
    let message = match word {
        "no_face" => "face_not_found",
        "more_than_one_face" => "the image has more than one face",
        other => other,
    };
    Error::worded(Refusal::Conflict, "ERROR", message)
}

/// Renders a message with the score, rounded down to two decimals so that it never appears to be sufficient.
pub fn liveness_failed(score: f64) -> Error {
    let score = (score * 100.0).floor() / 100.0;
    Error::worded(Refusal::Conflict, "liveness_failed", format!("409:liveness_failed@{score:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_rounded_down() {
        for (score, text) in [(0.4599, "0.45"), (0.6, "0.60"), (0.0, "0.00"), (0.599_999, "0.59")] {
            assert_eq!(liveness_failed(score).to_string(), format!("409:liveness_failed@{text}"));
        }
    }
}
