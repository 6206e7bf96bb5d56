//! Deletion of a project's data in steps: an interrupted call is completed by the next.

use proto::subjects::Remains;

use super::{Transactions, subject::remains};
use crate::{error::Error, record::text};

/// Rows of one kind per step.
const BATCH: u32 = 200;

impl Transactions {
    /// Endpoints first, so that no event is sent about data that is being deleted.
    pub(super) async fn erase_project(&self, project: String) -> Result<Remains, Error> {
        let project = text("project_id", project)?;
        let endpoints = self.store.delete_endpoints(&project).await?;
        let deliveries = self.store.delete_old_deliveries(&project, i64::MAX, BATCH).await?;
        let samples = self.destroy_some_samples(&project).await?;
        let transactions = self.store.delete_transactions(&project, i64::MAX, BATCH).await?;
        let seen = self.store.forget_some_seen(&project, BATCH).await?;
        let answers = self.store.delete_answers(&project, BATCH).await?;
        self.store.delete_review_settings(&project).await?;
        let blocked = self.store.delete_project_blocked(&project).await?;
        let credits = self.store.delete_some_credits(&project, BATCH).await?;
        let names = self.store.forget_old_names(&project, i64::MAX, BATCH).await?;
        self.store.purge(Vec::new()).await?;
        Ok(remains([
            ("transaction", transactions),
            ("sample", samples),
            ("device_or_country_seen", seen),
            ("webhook_delivery", deliveries),
            ("webhook", endpoints),
            ("idempotency_answer", answers),
            ("searchable_name", names),
            ("blocklist_entry", blocked),
            ("credit_entry", credits),
        ]))
    }

    /// The bytes first: they are found by their row.
    async fn destroy_some_samples(&self, project: &str) -> Result<u64, Error> {
        let some = self.store.some_samples(project, BATCH).await?;
        for sample in &some {
            self.samples.delete(sample).await?;
            self.store.delete_sample(&sample.id).await?;
        }
        Ok(some.len() as u64)
    }
}
