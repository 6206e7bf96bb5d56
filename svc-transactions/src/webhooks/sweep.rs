//! Deletes deliveries past their retention period, whatever their state.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;
use uuid::{NoContext, Timestamp, Uuid};

use super::Store;
use crate::{Clock, error::Error};

const PERIOD: Duration = Duration::from_secs(3600);
/// Rows per statement: bounds how long it holds the database.
const BATCH: i64 = 500;

/// Starts sweeping. The task ends with its handle; a sweep may be interrupted anywhere.
pub fn start_sweeper(store: Store, keep_days: u32, clock: Clock) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = sweep(&store, keep_days, clock()).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot remove old webhook deliveries"
                );
            }
        }
    }))
}

pub async fn sweep(store: &Store, keep_days: u32, now_ms: i64) -> Result<u64, Error> {
    let first_kept = first_id(now_ms - i64::from(keep_days) * 24 * 3600 * 1000);
    let mut removed = 0;
    loop {
        let some = store.delete_before(&first_kept, BATCH).await?;
        removed += some;
        if some == 0 {
            return Ok(removed);
        }
    }
}

/// Returns the smallest id of that time: ids start with their time.
fn first_id(at_ms: i64) -> String {
    let at_ms = u64::try_from(at_ms).unwrap_or_default();
    let nanos = u32::try_from(at_ms % 1000).unwrap_or_default() * 1_000_000;
    let made = Uuid::new_v7(Timestamp::from_unix(NoContext, at_ms / 1000, nanos));
    let time = made.to_string().chars().take(13).collect::<String>();
    format!("msg_{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_older_or_younger_than_a_moment() {
        let at = |ms: u64| {
            let seconds = Timestamp::from_unix(NoContext, ms / 1000, (ms % 1000) as u32 * 1_000_000);
            format!("msg_{}", Uuid::new_v7(seconds))
        };
        let moment = 1_760_000_000_123;
        let first = first_id(1_760_000_000_123);
        assert!(at(moment - 1) < first && at(moment) >= first && at(moment + 1) > first);
    }
}
