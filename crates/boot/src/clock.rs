//! The time of day as it is stored and sent everywhere.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970, UTC, as a component sees them: [`now_ms`], or a time of a test's own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Milliseconds since 1970, UTC, by the clock of the system; a clock before that reads as 0.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock of the system")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
