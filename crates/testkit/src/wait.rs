//! Waits for the work of another task or process.

use std::time::Duration;

/// Far longer than any awaited condition takes on a loaded machine.
const WAIT_LIMIT: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Waits until `condition` holds.
///
/// # Panics
/// After 90 seconds; the message contains `what`.
pub async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let polling = async {
        while !condition().await {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let waited = tokio::time::timeout(WAIT_LIMIT, polling).await;
    assert!(waited.is_ok(), "{what}: not within {WAIT_LIMIT:?}");
}
