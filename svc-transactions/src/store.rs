//! Every SQL statement of this service, over rows whose personal fields are encrypted already.

/// The columns of a [`Row`], the same in every statement that reads one.
macro_rules! columns {
    () => {
        "id, project_id, api_key_id, session_id, subject_hash, kind, created_at, http_status, verdict, score, reasons, \
         rules, action_trigger, tags, durations_json, duration_ms, client_app, client_app_version, flag, sealed"
    };
}

/// Makes each row be found by its tag (`Vec<(&Row, &String)>`), inside whichever transaction `$tx` is.
macro_rules! add_tags {
    ($tx:ident, $tagged:expr) => {
        for tagged in $tagged.chunks(TAGS_AT_ONCE) {
            let mut sql =
                QueryBuilder::new("INSERT INTO transaction_tags (project_id, tag, created_at, id) ");
            sql.push_values(tagged, |mut values, (row, tag)| {
                values
                    .push_bind(&row.project_id)
                    .push_bind(*tag)
                    .push_bind(row.created_at)
                    .push_bind(&row.id);
            });
            sql.build().persistent(tagged.len() == 1).execute(&mut *$tx).await?;
        }
    };
}

mod answers;
mod backlog;
mod erase;
mod fraud;
mod list;
mod project;
mod recent;
mod retention;
mod reviews;
mod row;
mod samples;
mod stats;

use std::{collections::HashSet, sync::Arc};

use db::Db;
use sqlx::{QueryBuilder, query, query_as};
use tokio::sync::Notify;

use crate::{
    error::Error,
    outbox::{self, Event, Outbox},
    record::{Flag, TransactionId},
};

pub use answers::Claim;
pub use backlog::Backlog;
pub use fraud::{Around, Evaluation, Found, HitRow, Trait};
pub use list::Listed;
pub use reviews::{Part, ReviewRow, StepRow};
pub use row::{Lines, Row};

#[derive(Clone)]
pub struct Store {
    db: Db,
    outbox: Outbox,
    /// Wakes whoever runs the fraud rules.
    fraud: Arc<Notify>,
}

/// A row and what its subscribers are told of it.
#[derive(Debug)]
pub struct Entry {
    pub row: Row,
    pub event: Option<Event>,
}

/// Twenty values a row: the batches of [`crate::writer`] stay far below the 32766 one statement may carry.
const INSERT: &str = concat!("INSERT INTO transactions (", columns!(), ") ");
/// The same for tags, four values each, of which one row may have a hundred.
const TAGS_AT_ONCE: usize = 1000;

/// Which rows of a batch were new; the others' ids were taken.
pub type Inserted = Vec<bool>;

impl Store {
    pub fn new(db: Db, outbox: Outbox) -> Self {
        Self { db, outbox, fraud: Arc::default() }
    }

    /// Inserts every row and queues its event in one database transaction: when this answers, all of them are durable. One
    /// statement carries all rows, as each statement is a trip to the database. A taken id is no error of it, or it would
    /// abort the others.
    pub async fn insert(&self, entries: &[&Entry]) -> Result<Inserted, Error> {
        let rows: Vec<&Row> = entries.iter().map(|entry| &entry.row).collect();
        let (inserted, queued) = db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let mut sql = QueryBuilder::new(INSERT);
            sql.push_values(&rows, |values, row| row.bind(values))
                .push(" ON CONFLICT (id) DO NOTHING RETURNING id");
            // Only the statement of a single row comes again and again in the same words.
            let insert = sql.build_query_scalar::<String>().persistent(rows.len() == 1);
            let mut added: HashSet<String> = insert.fetch_all(&mut *tx).await?.into_iter().collect();
            // An id that comes twice in a batch was added once, for the first of the two.
            let inserted: Inserted = rows.iter().map(|row| added.remove(&row.id)).collect();
            let new = rows.iter().zip(&inserted).filter(|(_, new)| **new);
            let tagged: Vec<_> =
                new.flat_map(|(row, _)| row.tags.0.iter().map(move |tag| (*row, tag))).collect();
            add_tags!(tx, tagged);
            let new = rows.iter().zip(&inserted).filter(|(_, new)| **new).map(|(row, _)| *row);
            let waiting: Vec<&Row> = new.collect();
            if !waiting.is_empty() {
                let mut sql = QueryBuilder::new("INSERT INTO fraud_pending (id, claimed_until) ");
                sql.push_values(&waiting, |mut values, row| _ = values.push_bind(&row.id).push_bind(0_i64));
                sql.build().persistent(waiting.len() == 1).execute(&mut *tx).await?;
            }
            let for_people: Vec<_> =
                waiting.iter().filter_map(|row| Some((*row, reviews::causes(row)?))).collect();
            if !for_people.is_empty() {
                let mut sql = QueryBuilder::new(reviews::OPEN);
                sql.push_values(&for_people, |mut values, (row, (referred, duplicate))| {
                    values
                        .push_bind(&row.id)
                        .push_bind(&row.project_id)
                        .push_bind(&row.subject_hash)
                        .push_bind(&row.kind)
                        .push_bind(row.created_at)
                        .push_bind(row.created_at + row.duration_ms)
                        .push_bind(i64::from(*referred))
                        .push_bind(i64::from(*duplicate))
                        .push_bind("open")
                        .push_bind("open");
                });
                sql.build().persistent(for_people.len() == 1).execute(&mut *tx).await?;
            }
            let new = entries.iter().zip(&inserted).filter(|(_, new)| **new);
            let events: Vec<_> = new.filter_map(|(entry, _)| entry.event.as_ref()).collect();
            let queued = outbox::add!(tx, self.outbox, &events);
            tx.commit().await?;
            Ok::<_, Error>((inserted, queued))
        }
        .await)?;
        if queued > 0 {
            self.outbox.wake();
        }
        self.fraud.notify_one();
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
            let tagged: Vec<_> = tags.0.iter().map(|tag| (&row, tag)).collect();
            add_tags!(tx, tagged);
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
