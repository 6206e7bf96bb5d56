//! `X-Device-Info`: a client's description of its device.

use serde_json::Value;

use crate::core::error::Error;

const MAX_BYTES: usize = 64 * 1024;
/// Nesting of objects and lists.
const MAX_DEPTH: usize = 16;

/// Validates a JSON object of bounded size and depth and returns it as sent.
pub fn validate_device_info(text: &str) -> Result<String, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::invalid("X-Device-Info header is larger than 64 KiB"));
    }
    // Parsed completely, so that no later parse can fail.
    match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) if depth(&object) <= MAX_DEPTH => Ok(text.to_owned()),
        Ok(Value::Object(_)) => Err(Error::invalid("X-Device-Info header is nested deeper than 16 levels")),
        _ => Err(Error::invalid("X-Device-Info header is not a JSON object")),
    }
}

/// Returns the nesting depth; the parser limits it to 128.
fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        validate_device_info(text).unwrap_err().to_string()
    }

    #[test]
    fn device_info_is_a_bounded_object() {
        let sized = |n: usize| format!("{{\"x\":\"{}\"}}", "a".repeat(n - 8));
        assert!(validate_device_info(&sized(64 * 1024)).is_ok());
        assert_eq!(refused(&sized(64 * 1024 + 1)), "X-Device-Info header is larger than 64 KiB");
        let nest = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(validate_device_info(&nest(16)).is_ok());
        let mixed = format!("{{\"a\":{}1{}}}", "[".repeat(16), "]".repeat(16));
        for deep in [nest(17), mixed] {
            let refused = refused(&deep);
            assert_eq!(refused, "X-Device-Info header is nested deeper than 16 levels");
        }
        let nested = nest(200);
        for bad in ["[]", "\"x\"", "not json", "{", nested.as_str()] {
            assert_eq!(refused(bad), "X-Device-Info header is not a JSON object");
        }
    }
}
