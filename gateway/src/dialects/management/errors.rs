//! The error body: the text as `error` and as `message`, as clients of these routes read either.

use serde_json::{Value, json};

use crate::http::error::ErrorReport;

pub fn error_body(report: &ErrorReport) -> Value {
    let mut body = json!({ "error": report.message, "message": report.message });
    if let Some(request_id) = &report.request_id {
        body["request_id"] = request_id.as_str().into();
    }
    if let Some((name, message)) = &report.field {
        body["fields"] = json!({ name: message });
    }
    body
}
