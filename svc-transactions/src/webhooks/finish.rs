//! Group commit of the results of attempts: those that arrive during a commit are in the next one.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use super::store::{
    Store,
    deliveries::{Counted, Outcome},
};

/// Results that may wait; beyond it attempts wait to submit theirs, and so no new ones begin.
pub const QUEUE: usize = 1024;
/// Results per commit.
const BATCH: usize = 256;

/// Runs until the last sender is dropped. Results that cannot be written are sent again when their lease ends.
pub async fn write_outcomes(store: Store, mut outcomes: mpsc::Receiver<Outcome>) {
    let mut batch = Vec::with_capacity(BATCH);
    while outcomes.recv_many(&mut batch, BATCH).await > 0 {
        for outcome in &batch {
            metrics::counter!("biometry_webhook_attempts_total", "outcome" => outcome.label()).increment(1);
        }
        if let Err(error) = store.finish(&batch, &count(&batch)).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                attempts = batch.len(),
                "cannot write the results of webhook attempts; they will be repeated"
            );
        }
        batch.clear();
    }
}

/// Sorted by the endpoints' ids, so that two processes never deadlock.
fn count(outcomes: &[Outcome]) -> Vec<Counted<'_>> {
    let mut counts: BTreeMap<&str, Counted<'_>> = BTreeMap::new();
    for outcome in outcomes {
        let count = counts.entry(&outcome.endpoint_id).or_default();
        count.endpoint_id = &outcome.endpoint_id;
        count.succeeded += i64::from(outcome.succeeded);
        count.failed += i64::from(!outcome.succeeded);
        count.gone |= outcome.gone;
    }
    counts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_endpoint() {
        let outcome = |endpoint: &str, succeeded, gone| Outcome {
            id: "msg".into(),
            endpoint_id: endpoint.into(),
            claim: "c".into(),
            status: "delivered",
            attempts: 1,
            due_at: None,
            sealed_log: Vec::new(),
            succeeded,
            gone,
        };
        let outcomes = [outcome("b", true, false), outcome("a", false, true), outcome("b", false, false)];
        let counts = count(&outcomes);
        assert_eq!(counts[0], Counted { endpoint_id: "a", succeeded: 0, failed: 1, gone: true });
        assert_eq!(counts[1], Counted { endpoint_id: "b", succeeded: 1, failed: 1, gone: false });
    }
}
