//! What was recorded lately, and what belongs to a transaction.

use sqlx::{QueryBuilder, query_as, query_scalar};

use super::{Row, Store, list::up_to_a_message};
use crate::error::Error;

/// New ids told at a time.
const MOST: i64 = 5000;

impl Store {
    /// The ids of what ended at `since_ms` or later, and after the call that ended at `after.0` with the id `after.1`;
    /// newest first.
    pub async fn ended_since(
        &self,
        project: &str,
        since_ms: i64,
        after: (i64, &str),
    ) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT id FROM transactions WHERE project_id = $1 AND created_at + duration_ms >= $2 \
             AND (created_at + duration_ms > $3 OR (created_at + duration_ms = $3 AND id > $4)) \
             ORDER BY created_at + duration_ms DESC, id DESC LIMIT $5";
        Ok(db::on!(&self.db, |pool| {
            let ended =
                query_scalar(SQL).bind(project).bind(since_ms.max(after.0)).bind(after.0).bind(after.1);
            ended.bind(MOST).fetch_all(pool).await
        })?)
    }

    /// These rows of the project, those that ended last first; fewer where they are larger than a message.
    pub async fn rows(&self, project: &str, ids: &[String]) -> Result<Vec<Row>, Error> {
        const SELECT: &str = concat!("SELECT ", columns!(), " FROM transactions WHERE project_id = ");
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(db::on!(&self.db, |pool| {
            let mut sql = QueryBuilder::new(SELECT);
            sql.push_bind(project).push(" AND id IN (");
            let mut list = sql.separated(", ");
            ids.iter().for_each(|id| _ = list.push_bind(id));
            sql.push(") ORDER BY created_at + duration_ms DESC, id DESC");
            up_to_a_message(sql.build_query_as().persistent(false).fetch(pool)).await
        })?)
    }

    /// Up to `most` transactions that were made with the device of `row`, newest first.
    pub async fn of_same_device(&self, row: &Row, most: u32) -> Result<Vec<Row>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM transactions WHERE project_id = $1 AND id IN (SELECT id FROM transaction_devices \
             WHERE project_id = $1 AND device_hash = (SELECT device_hash FROM transaction_devices WHERE id = $2) \
             ORDER BY created_at DESC, id DESC LIMIT $3) ORDER BY created_at DESC, id DESC"
        );
        Ok(db::on!(&self.db, |pool| {
            query_as(SQL).bind(&row.project_id).bind(&row.id).bind(i64::from(most)).fetch_all(pool).await
        })?)
    }
}
