//! Recent records, and the records related to a transaction.

use db::Statement;

use super::{COLUMNS, Row, Store};
use crate::error::Error;

/// New ids returned at a time.
const MAX_IDS: i64 = 5000;

impl Store {
    /// Returns the ids of calls that ended at `since_ms` or later, and after the call that ended at `after.0` with
    /// the id `after.1`; newest first.
    pub async fn ended_since(
        &self,
        project: &str,
        since_ms: i64,
        after: (i64, &str),
    ) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT id FROM transactions WHERE project_id = $1 AND created_at + duration_ms >= $2 \
             AND (created_at + duration_ms > $3 OR (created_at + duration_ms = $3 AND id > $4)) \
             ORDER BY created_at + duration_ms DESC, id DESC LIMIT $5";
        let params = db::params![project, since_ms.max(after.0), after.0, after.1, MAX_IDS];
        let ids: Vec<(String,)> = self.db.fetch_all(SQL, params).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Returns these rows of the project, the last ended first; fewer if they exceed a message.
    pub async fn rows(&self, project: &str, ids: &[String]) -> Result<Vec<Row>, Error> {
        const SELECT: [&str; 3] = ["SELECT ", COLUMNS, " FROM transactions WHERE project_id = "];
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut find = Statement::new(SELECT);
        find.bind(project).push(" AND id IN (").bind_list(ids);
        find.push(") ORDER BY created_at + duration_ms DESC, id DESC").once(true);
        self.rows_of_a_message(&find).await
    }

    /// Returns up to `most` transactions of the device of `row`, newest first.
    pub async fn of_same_device(&self, row: &Row, most: u32) -> Result<Vec<Row>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            COLUMNS,
            " FROM transactions WHERE project_id = $1 AND id IN (SELECT id FROM transaction_devices \
             WHERE project_id = $1 AND device_hash = (SELECT device_hash FROM transaction_devices WHERE id = $2) \
             ORDER BY created_at DESC, id DESC LIMIT $3) ORDER BY created_at DESC, id DESC",
        ];
        Ok(self.db.fetch_all(SQL, db::params![&row.project_id, &row.id, most]).await?)
    }
}
