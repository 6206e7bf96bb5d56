//! Errors: `{"success": false, "error": "<sentence>"}`.

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
    schema: ErrorSchema { name: "IdvError", schema: <IdvError as PartialSchema>::schema },
};

/// An error.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API's documentation")]
pub struct IdvError {
    #[schema(example = false)]
    success: bool,
    #[schema(example = "API key is required")]
    error: String,
    /// The error of a file.
    #[schema(nullable = false)]
    details: Option<String>,
    /// The request id, on 500.
    #[schema(nullable = false)]
    request_id: Option<String>,
}

pub const USER: &str = "user_identifier";
/// Why a page's link cannot be used.
const LINK_WORDS: [&str; 3] = ["link_not_found", "link_is_used", "link_has_expired"];
const PROCESSING_FAILED: &str = "Verification processing failed";

fn status(report: &ErrorReport) -> StatusCode {
    match &report.error {
        Some(Error::MissingToken | Error::NotMultipart) => StatusCode::BAD_REQUEST,
        Some(Error::KeyNotActive) => StatusCode::UNAUTHORIZED,
        Some(Error::Worded { word, .. }) if LINK_WORDS.contains(&word.as_ref()) => StatusCode::UNAUTHORIZED,
        _ => report.status,
    }
}

fn body(report: &ErrorReport) -> Value {
    let sentence = match &report.error {
        Some(Error::MissingToken) => "API key is required",
        Some(Error::KeyFormat | Error::InvalidKey | Error::KeyNotActive) => "Invalid API key",
        Some(Error::MissingFields(names)) if names.contains(&USER) => "User identifier is required",
        Some(Error::MissingFields(_)) => "Both selfie video and ID photo are required",
        Some(Error::FileTooLarge | Error::BodyTooLarge) => "File size exceeds 50MB",
        Some(Error::ConsentRequired) => "User consent is required",
        Some(Error::RouteNotFound) => "Not found",
        Some(Error::Worded { word, .. }) if LINK_WORDS.contains(&word.as_ref()) => {
            "This page was used or has expired"
        }
        Some(Error::Worded { message, .. }) => {
            return json!({ "success": false, "error": PROCESSING_FAILED, "details": message });
        }
        Some(Error::UnreadablePictures(_)) => {
            let details = "the ID photo cannot be read";
            return json!({ "success": false, "error": PROCESSING_FAILED, "details": details });
        }
        Some(Error::Refused(..)) => {
            return json!({ "success": false, "error": PROCESSING_FAILED, "details": report.message });
        }
        Some(Error::Internal) => {
            return json!({ "success": false, "error": PROCESSING_FAILED, "request_id": report.request_id });
        }
        _ => report.message.as_str(),
    };
    json!({ "success": false, "error": sentence })
}
