//! The time of day as it is stored and sent.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970, UTC: [`now_ms`], or a test's clock.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Returns milliseconds since 1970, UTC, by the system clock; an earlier time is 0.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
