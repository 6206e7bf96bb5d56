//! Counts of a period: one range of a covering index, so no row is read.

use super::Store;
use crate::{
    error::Error,
    stats::{Alike, Reasoned, Span},
};

/// Durations in classes of at most 2.5 %: sorting the exact ones would need a list of all calls.
pub const COUNT: &str = "SELECT (created_at - $2) / $4 AS bucket, verdict, \
     CAST(CASE WHEN http_status >= 500 THEN 1 ELSE 0 END AS BIGINT) AS failed, \
     CAST(CASE WHEN verdict IS NULL THEN 0 WHEN duration_ms < 200 THEN duration_ms \
          WHEN duration_ms < 2000 THEN duration_ms / 5 * 5 + 2 \
          WHEN duration_ms < 20000 THEN duration_ms / 50 * 50 + 25 \
          WHEN duration_ms < 200000 THEN duration_ms / 500 * 500 + 250 \
          ELSE duration_ms / 5000 * 5000 + 2500 END AS BIGINT) AS took, \
     COUNT(*) AS calls FROM transactions WHERE project_id = $1 AND is_test = 0 AND created_at >= $2 AND created_at < $3 \
     GROUP BY 1, 2, 3, 4";
/// Reasons are in the rows themselves, so the number of rows is limited.
const REASONED: i64 = 100_000;
pub const REASONS: &str = "SELECT bucket, reasons, COUNT(*) AS calls FROM \
     (SELECT (created_at - $2) / $4 AS bucket, reasons FROM transactions WHERE project_id = $1 AND is_test = 0 \
      AND created_at >= $2 AND created_at < $3 AND verdict IS NOT NULL ORDER BY created_at DESC LIMIT $5) AS decided \
     GROUP BY bucket, reasons";

impl Store {
    /// Counts the calls of `span` by their properties.
    pub async fn count_alike(&self, span: &Span) -> Result<Vec<Alike>, Error> {
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, span.bucket_ms];
        Ok(self.db.fetch_all(COUNT, params).await?)
    }

    /// Returns the newest decided calls of `span`, by their reasons.
    pub async fn count_reasons(&self, span: &Span) -> Result<Vec<Reasoned>, Error> {
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, span.bucket_ms, REASONED];
        Ok(self.db.fetch_all(REASONS, params).await?)
    }
}

#[cfg(test)]
mod tests {
    use db::Db;

    use super::*;

    /// The index covers all counted columns, so a busy month needs no row reads.
    #[tokio::test]
    async fn counting_reads_its_index_and_no_row() {
        let db = Db::open(&db::Config::url("sqlite::memory:", "public"), &crate::MIGRATIONS).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {COUNT}"));
        let steps: Vec<(i64, i64, i64, String)> =
            db.fetch_all(sql, db::params!["p", 0_i64, 1_i64, 1_i64]).await.unwrap();
        let plan: Vec<String> = steps.into_iter().map(|(_, _, _, detail)| detail).collect();
        assert!(
            plan.iter().any(|step| step
                .contains("COVERING INDEX transactions_stats (project_id=? AND is_test=? AND created_at>")),
            "{plan:?}"
        );
    }
}
