//! Removes expired samples. They are rejected from their last millisecond, swept or not.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::{Clock, error::Error, samples::Samples, store::Store};

/// Samples per step.
const BATCH: u32 = 100;

/// Starts sweeping every `period`. The task ends with its handle; each step leaves a consistent state.
pub fn start_sweeper(
    store: Store,
    samples: Samples,
    period: Duration,
    clock: Clock,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match sweep(&store, &samples, clock()).await {
                Ok(0) => {}
                Ok(samples) => tracing::info!(samples, "removed expired samples"),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot remove expired samples"
                    );
                }
            }
        }
    }))
}

/// The bytes first: they are found by their row.
async fn sweep(store: &Store, samples: &Samples, now_ms: i64) -> Result<u64, Error> {
    let mut removed = 0;
    loop {
        let expired = store.expired_samples(now_ms, BATCH).await?;
        if expired.is_empty() {
            return Ok(removed);
        }
        for sample in expired {
            samples.delete(&sample).await?;
            store.delete_sample(&sample.id).await?;
            removed += 1;
        }
    }
}
