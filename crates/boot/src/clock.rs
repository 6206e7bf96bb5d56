//! The time of day as it is kept and sent everywhere.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC; a clock before that reads as 0.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
