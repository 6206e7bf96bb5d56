//! Every SQL statement of this service, over rows whose personal fields are encrypted already.

/// The columns of a [`Row`], the same in every statement that reads one.
macro_rules! columns {
    () => {
        "id, project_id, api_key_id, session_id, subject_hash, kind, created_at, http_status, verdict, score, reasons, \
         rules, action_trigger, tags, durations_json, duration_ms, client_app, client_app_version, flag, sealed"
    };
}

/// Makes `$row` be found by each of `$tags`, inside whichever transaction `$tx` is.
macro_rules! add_tags {
    ($tx:ident, $row:expr, $tags:expr) => {
        for tag in $tags {
            let add = query(
                "INSERT INTO transaction_tags (project_id, tag, created_at, id) VALUES ($1, $2, $3, $4)",
            );
            add.bind(&$row.project_id)
                .bind(tag)
                .bind($row.created_at)
                .bind(&$row.id)
                .execute(&mut *$tx)
                .await?;
        }
    };
}

mod list;
mod row;

use db::Db;
use sqlx::{query, query_as};

use crate::{
    error::Error,
    record::{Flag, TransactionId},
};

pub use row::{Lines, Row};

#[derive(Clone)]
pub struct Store {
    db: Db,
}

/// Which rows of a batch were new; the others' ids were taken.
pub type Inserted = Vec<bool>;

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Inserts every row in one database transaction: when this answers, all of them are durable.
    pub async fn insert(&self, rows: &[&Row]) -> Result<Inserted, Error> {
        // A taken id must not abort the others, so it is no error of the statement.
        const SQL: &str = "INSERT INTO transactions (id, project_id, api_key_id, session_id, subject_hash, kind, \
                           created_at, http_status, verdict, score, reasons, rules, action_trigger, tags, \
                           durations_json, duration_ms, client_app, client_app_version, sealed) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
                           ON CONFLICT (id) DO NOTHING";
        let mut inserted = Vec::with_capacity(rows.len());
        db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            for row in rows {
                let insert = query(SQL)
                    .bind(&row.id)
                    .bind(&row.project_id)
                    .bind(&row.api_key_id)
                    .bind(&row.session_id)
                    .bind(&row.subject_hash)
                    .bind(&row.kind)
                    .bind(row.created_at)
                    .bind(row.http_status)
                    .bind(&row.verdict)
                    .bind(row.score)
                    .bind(row.reasons.json())
                    .bind(&row.rules)
                    .bind(&row.action_trigger)
                    .bind(row.tags.json())
                    .bind(&row.durations_json)
                    .bind(row.duration_ms)
                    .bind(&row.client_app)
                    .bind(&row.client_app_version)
                    .bind(&row.sealed);
                let new = insert.execute(&mut *tx).await?.rows_affected() == 1;
                if new {
                    add_tags!(tx, row, &row.tags.0);
                }
                inserted.push(new);
            }
            tx.commit().await
        }
        .await)?;
        Ok(inserted)
    }

    /// One transaction of `project`.
    pub async fn find(&self, project: &str, id: &TransactionId) -> Result<Option<Row>, Error> {
        const SQL: &str =
            concat!("SELECT ", columns!(), " FROM transactions WHERE id = $1 AND project_id = $2");
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(id.as_str())
            .bind(project)
            .fetch_optional(pool)
            .await)?)
    }

    /// Replaces the tags of one transaction of `project` and answers it as it is then.
    pub async fn put_tags(
        &self,
        project: &str,
        id: &TransactionId,
        tags: &Lines,
    ) -> Result<Option<Row>, Error> {
        const PUT: &str = concat!(
            "UPDATE transactions SET tags = $3 WHERE id = $1 AND project_id = $2 RETURNING ",
            columns!()
        );
        const FORGET: &str = "DELETE FROM transaction_tags WHERE id = $1";
        Ok(db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let put = query_as::<_, Row>(PUT).bind(id.as_str()).bind(project).bind(tags.json());
            let Some(row) = put.fetch_optional(&mut *tx).await? else { return Ok(None) };
            query(FORGET).bind(id.as_str()).execute(&mut *tx).await?;
            add_tags!(tx, row, &tags.0);
            tx.commit().await?;
            Ok::<_, sqlx::Error>(Some(row))
        }
        .await)?)
    }

    /// Sets the flag of one transaction of `project` and answers it as it is then.
    pub async fn put_flag(
        &self,
        project: &str,
        id: &TransactionId,
        flag: Flag,
    ) -> Result<Option<Row>, Error> {
        const SQL: &str = concat!(
            "UPDATE transactions SET flag = $3 WHERE id = $1 AND project_id = $2 RETURNING ",
            columns!()
        );
        Ok(db::on!(&self.db, |pool| {
            let put = query_as(SQL).bind(id.as_str()).bind(project).bind(flag.as_str());
            put.fetch_optional(pool).await
        })?)
    }
}
