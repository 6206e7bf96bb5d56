//! Deletes records past the retention period of their project.

use proto::transactions as wire;

use super::Transactions;
use crate::{error::Error, record::text};

/// Rows per statement: bounds how long it holds the database.
const BATCH: u32 = 500;

impl Transactions {
    /// Deletes one batch of each kind. The caller calls again while there is more; concurrent callers are harmless.
    pub(super) async fn apply_retention(
        &self,
        request: wire::ApplyRetentionRequest,
    ) -> Result<wire::ApplyRetentionResponse, Error> {
        let project = text("project_id", request.project_id)?;
        let now_ms = (self.clock)();
        let samples = self.store.expire_samples(&project, request.samples_before_ms, now_ms, BATCH).await?;
        let before_ms = request.transactions_before_ms;
        let transactions = self.store.delete_transactions(&project, before_ms, BATCH).await?;
        // After the transactions: while they exist, the rules may add to it.
        self.store.forget_unseen(&project, before_ms).await?;
        let names = self.store.forget_old_names(&project, before_ms, BATCH).await?;
        let deliveries = self.store.delete_old_deliveries(&project, before_ms, BATCH).await?;
        let whole = u64::from(BATCH);
        Ok(wire::ApplyRetentionResponse {
            samples,
            transactions,
            more: samples.max(transactions).max(deliveries).max(names) == whole,
        })
    }
}
