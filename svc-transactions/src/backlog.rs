//! Prometheus gauges of the queues of background tasks. Without a recorder the macros do nothing.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Clock,
    store::{Backlog, Store},
};

/// Counting reads an index each time, so it is done rarely.
const PERIOD: Duration = Duration::from_secs(15);

/// Starts to report the queues. The task ends with its handle.
pub fn start_reporting(store: Store, clock: Clock) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now_ms = clock();
            match store.backlog(now_ms).await {
                Ok(backlog) => show(&backlog, now_ms),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot count the backlog for metrics"
                ),
            }
        }
    }))
}

fn show(backlog: &Backlog, now_ms: i64) {
    let age = backlog.oldest_due_at.map_or(0, |due_at| now_ms.saturating_sub(due_at));
    metrics::gauge!("biometry_webhooks_due").set(lossy(backlog.webhooks_due));
    metrics::gauge!("biometry_webhooks_oldest_due_seconds").set(lossy(age) / 1000.0);
    metrics::gauge!("biometry_fraud_pending").set(lossy(backlog.fraud_pending));
}

/// Counts and ages stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
const fn lossy(number: i64) -> f64 {
    number as f64
}
