//! Sizes of the queues of background tasks.

use super::Store;
use crate::error::Error;

/// The queue sizes at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries with an overdue next attempt.
    pub webhooks_due: i64,
    /// When the oldest of them was due.
    pub oldest_due_at: Option<i64>,
    /// Transactions not evaluated by the fraud rules.
    pub fraud_pending: i64,
}

impl Store {
    /// Counts the queues.
    pub async fn backlog(&self, now_ms: i64) -> Result<Backlog, Error> {
        const WEBHOOKS: &str =
            "SELECT COUNT(*), MIN(due_at) FROM webhook_deliveries WHERE due_at IS NOT NULL AND due_at <= $1";
        const FRAUD: &str = "SELECT COUNT(*) FROM fraud_pending";
        let (webhooks_due, oldest_due_at) =
            self.db.fetch_one::<(i64, Option<i64>)>(WEBHOOKS, &[now_ms.into()]).await?;
        let (fraud_pending,) = self.db.fetch_one::<(i64,)>(FRAUD, &[]).await?;
        Ok(Backlog { webhooks_due, oldest_due_at, fraud_pending })
    }
}
