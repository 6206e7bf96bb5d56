//! Errors in the shape of FastAPI: `{"detail": "<text>"}`, or a list with the location of each invalid input.

use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    core::error::Error,
    http::{
        error::{ErrorReport, ErrorShape},
        openapi::ErrorSchema,
    },
};

pub const ERRORS: ErrorShape = ErrorShape {
    status,
    body,
    schema: ErrorSchema { name: "NeuroIdError", schema: <NeuroIdError as PartialSchema>::schema },
};

/// An error.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API's documentation")]
pub struct NeuroIdError {
    /// A text; for missing and invalid fields a list with the location of each.
    #[schema(value_type = Value, example = "Not authenticated")]
    detail: Value,
    /// The request id, on 500.
    #[schema(nullable = false)]
    request_id: Option<String>,
}

fn status(report: &ErrorReport) -> StatusCode {
    match &report.error {
        Some(Error::MissingFields(_) | Error::Field(..) | Error::NotMultipart) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Some(Error::FileTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => report.status,
    }
}

fn body(report: &ErrorReport) -> Value {
    let detail = match &report.error {
        Some(Error::MissingToken) => json!("Not authenticated"),
        Some(Error::KeyFormat | Error::InvalidKey) => json!("Invalid token"),
        Some(Error::KeyNotActive) => json!("Token is not active"),
        Some(Error::ConsentRequired) => json!("Consent required"),
        Some(Error::UnreadablePictures(1)) => json!("Invalid image"),
        Some(Error::UnreadablePictures(_)) => json!("Invalid image(s)"),
        Some(Error::RouteNotFound) => json!("Not Found"),
        Some(Error::MissingFields(names)) => names.iter().map(|name| missing(name)).collect(),
        Some(Error::Field(name, message)) => json!([{
            "type": "value_error", "loc": ["body", name], "msg": message, "input": null,
        }]),
        _ => json!(report.message),
    };
    match report.error {
        Some(Error::Internal) => json!({ "detail": detail, "request_id": report.request_id }),
        _ => json!({ "detail": detail }),
    }
}

fn missing(name: &str) -> Value {
    json!({ "type": "missing", "loc": ["body", name], "msg": "Field required", "input": null })
}
