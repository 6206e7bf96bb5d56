//! The error body of this server's own APIs: `error`, the message for existing clients, and fields for programs and
//! developers.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::{
    core::{error::Error, error_code::ErrorCode},
    http::error::ErrorReport,
};

/// The page that explains the codes, relative to the base URL.
pub const ERRORS_PAGE: &str = "/docs/errors";

pub fn error_body(report: &ErrorReport) -> Value {
    let outside = || Cow::Borrowed(ErrorCode::of_status(report.status.as_u16()));
    let code = report.error.as_ref().map_or_else(outside, Error::code);
    let known = ErrorCode::find(&code);
    let mut body = json!({
        "error": report.message,
        "message": report.message,
        "code": code,
        "request_id": report.request_id,
    });
    if let Some(ErrorCode { hint, .. }) = known {
        body["hint"] = (*hint).into();
        body["doc_url"] = format!("{ERRORS_PAGE}#{code}").into();
    }
    if let Some(param) = report.error.as_ref().and_then(Error::param) {
        body["param"] = param.into();
    }
    if let Some((name, message)) = &report.field {
        body["fields"] = json!({ name: message });
    }
    body
}
