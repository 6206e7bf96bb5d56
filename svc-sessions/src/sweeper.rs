//! Removes expired sessions. Correctness does not depend on it: an expired session is rejected from its last millisecond.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::{Clock, error::Error, store::Store, videos::Videos};

/// Rows per statement: bounds how long it holds the database.
const BATCH: i64 = 500;

/// Starts sweeping every `period`. The task ends with its handle; each step leaves a consistent state.
pub fn start_sweeper(store: Store, videos: Videos, period: Duration, clock: Clock) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = sweep(&store, &videos, clock()).await {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot remove expired sessions");
            }
        }
    }))
}

/// Videos first: without its row a video would be found only by its expiry.
async fn sweep(store: &Store, videos: &Videos, now_ms: i64) -> Result<(), Error> {
    let videos = videos.delete_expired(now_ms).await?;
    store.delete_expired_checks(now_ms).await?;
    let mut sessions = 0;
    loop {
        let removed = store.delete_expired(now_ms, BATCH).await?;
        sessions += removed;
        if removed == 0 {
            break;
        }
    }
    if sessions + videos > 0 {
        tracing::info!(sessions, videos, "removed expired sessions");
    }
    Ok(())
}
