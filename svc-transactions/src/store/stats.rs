//! Counting a span of time: one range of an index that holds all that is counted, so no row is read for it.

use sqlx::query_as;

use super::Store;
use crate::{
    error::Error,
    stats::{Alike, Reasoned, Span},
};

/// Durations in classes of at most 2.5 %: sorting each call's own would cost a list of all calls.
pub const COUNT: &str = "SELECT (created_at - $2) / $4 AS bucket, verdict, \
     CAST(CASE WHEN http_status >= 500 THEN 1 ELSE 0 END AS BIGINT) AS failed, \
     CAST(CASE WHEN verdict IS NULL THEN 0 WHEN duration_ms < 200 THEN duration_ms \
          WHEN duration_ms < 2000 THEN duration_ms / 5 * 5 + 2 \
          WHEN duration_ms < 20000 THEN duration_ms / 50 * 50 + 25 \
          WHEN duration_ms < 200000 THEN duration_ms / 500 * 500 + 250 \
          ELSE duration_ms / 5000 * 5000 + 2500 END AS BIGINT) AS took, \
     COUNT(*) AS calls FROM transactions WHERE project_id = $1 AND created_at >= $2 AND created_at < $3 \
     GROUP BY 1, 2, 3, 4";
/// Reasons are in the rows themselves, so only so many are read.
const REASONED: i64 = 100_000;
pub const REASONS: &str = "SELECT bucket, reasons, COUNT(*) AS calls FROM \
     (SELECT (created_at - $2) / $4 AS bucket, reasons FROM transactions WHERE project_id = $1 \
      AND created_at >= $2 AND created_at < $3 AND verdict IS NOT NULL ORDER BY created_at DESC LIMIT $5) AS decided \
     GROUP BY bucket, reasons";

impl Store {
    /// The calls of `span`, by what is counted of them.
    pub async fn count_alike(&self, span: &Span) -> Result<Vec<Alike>, Error> {
        Ok(db::on!(&self.db, |pool| {
            let count = query_as(COUNT).bind(&span.project_id).bind(span.from_ms).bind(span.until_ms);
            count.bind(span.bucket_ms).fetch_all(pool).await
        })?)
    }

    /// The newest decided calls of `span`, by their reasons.
    pub async fn count_reasons(&self, span: &Span) -> Result<Vec<Reasoned>, Error> {
        Ok(db::on!(&self.db, |pool| {
            let count = query_as(REASONS).bind(&span.project_id).bind(span.from_ms).bind(span.until_ms);
            count.bind(span.bucket_ms).bind(REASONED).fetch_all(pool).await
        })?)
    }
}

#[cfg(test)]
mod tests {
    use db::Db;
    use sqlx::Row as _;

    use super::*;

    /// By SQLite's own account: what is counted lies in the index, so a busy month costs no reading of its rows.
    #[tokio::test]
    async fn counting_reads_its_index_and_no_row() {
        let db = Db::open(&db::Config::url("sqlite::memory:", "public"), &crate::MIGRATIONS).await.unwrap();
        let Db::Lite(lite) = &db else { panic!("opened as SQLite above") };
        let sql: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {COUNT}").into_boxed_str());
        let steps = sqlx::query(sql)
            .bind("p")
            .bind(0_i64)
            .bind(1_i64)
            .bind(1_i64)
            .fetch_all(lite.pool())
            .await
            .unwrap();
        let plan: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        assert!(
            plan.iter()
                .any(|step| step.contains("COVERING INDEX transactions_stats (project_id=? AND created_at>")),
            "{plan:?}"
        );
    }
}
