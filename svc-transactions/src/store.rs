//! Every SQL statement of this service, over rows with sealed personal fields.

mod answers;
mod backlog;
mod blocklist;
mod credits;
mod erase;
mod fraud;
mod fraud_page;
mod links;
mod list;
mod names;
pub mod outbox;
mod project;
mod recent;
mod retention;
mod reviews;
mod row;
mod samples;
mod stats;

use std::{collections::HashSet, sync::Arc};

use db::{Db, Statement, Tx, Value};
use tokio::sync::Notify;

use crate::{
    error::Error,
    outbox::{Event, Outbox},
    record::{Flag, TransactionId},
};

pub use answers::Claim;
pub use backlog::Backlog;
pub use blocklist::BlockedRow;
pub use credits::{CreditRow, PlanRow};
pub use fraud::{Around, Evaluation, Found, HitRow, Trait};
pub use fraud_page::{Counted, FindingRow, Neighbour};
pub use links::StoredLink;
pub use list::Listed;
pub use reviews::{Part, ReviewRow, StepRow};
pub use row::{Lines, Row};

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
pub const FIND_SEALED: &str = "SELECT sealed FROM transactions LIMIT 1";

/// One sealed record of every user.
pub const ONE_OF_EACH_SUBJECT: &str = "SELECT t.project_id, t.id, t.sealed FROM transactions t JOIN (SELECT MIN(id) AS id \
    FROM transactions WHERE subject_hash IS NOT NULL GROUP BY project_id, subject_hash) f ON f.id = t.id";

#[derive(Clone)]
pub struct Store {
    db: Db,
    outbox: Outbox,
    /// Wakes the task that runs the fraud rules.
    fraud: Arc<Notify>,
}

/// A row with the event for its subscribers.
#[derive(Debug)]
pub struct Entry {
    pub row: Row,
    pub links: Vec<links::StoredLink>,
    /// A refer that only needs another picture, not a reviewer.
    pub awaits_capture: bool,
    pub event: Option<Event>,
}

/// The columns of a [`Row`], the same in every statement that reads one.
const COLUMNS: &str = "id, project_id, api_key_id, session_id, subject_hash, kind, created_at, http_status, verdict, score, \
     reasons, rules, action_trigger, tags, durations_json, duration_ms, client_app, client_app_version, flag, is_test, sealed";

/// Twenty-one values per row: the batches of [`crate::writer`] stay far below the limit of 32766 per statement.
const INSERT: [&str; 3] = ["INSERT INTO transactions (", COLUMNS, ") "];
/// The same for tags, four values each; one row may have a hundred.
const TAGS_AT_ONCE: usize = 1000;

/// Which rows of a batch were new; the ids of the others exist.
pub type Inserted = Vec<bool>;

impl Store {
    pub fn new(db: Db, outbox: Outbox) -> Self {
        Self { db, outbox, fraud: Arc::default() }
    }

    /// Inserts every row and queues its event in one database transaction: when this returns, all of them are
    /// durable. One statement has all rows, because each statement is a round trip. An existing id is not an error,
    /// because that would abort the others.
    pub async fn insert(&self, entries: &[&Entry]) -> Result<Inserted, Error> {
        let rows: Vec<&Row> = entries.iter().map(|entry| &entry.row).collect();
        let mut tx = self.db.begin().await?;
        let mut added = insert_rows(&mut tx, &rows).await?;
        // An id that occurs twice in a batch was added once, for the first of the two.
        let inserted: Inserted = rows.iter().map(|row| added.remove(&row.id)).collect();
        let new = || entries.iter().zip(&inserted).filter(|(_, new)| **new).map(|(entry, _)| *entry);
        let tagged: Vec<_> = new()
            .flat_map(|entry| entry.row.tags.0.iter().map(move |tag| (&entry.row, tag.as_str())))
            .collect();
        add_tags(&mut tx, &tagged).await?;
        let linked: Vec<_> = new()
            .filter(|entry| entry.row.is_test == 0)
            .flat_map(|entry| entry.links.iter().map(move |link| (&entry.row, link)))
            .collect();
        links::add(&mut tx, &linked).await?;
        // A call with a test key is not part of a user's behaviour.
        let live = || new().filter(|entry| entry.row.is_test == 0);
        let waiting: Vec<&str> = live().map(|entry| entry.row.id.as_str()).collect();
        if !waiting.is_empty() {
            let mut wait = Statement::new("INSERT INTO fraud_pending (id, claimed_until) ");
            wait.bind_rows(waiting.iter().map(|id| [Value::from(*id), 0_i64.into()])).once(waiting.len() > 1);
            tx.execute(wait.sql(), wait.params()).await?;
        }
        reviews::open(&mut tx, live().filter(|entry| !entry.awaits_capture).map(|entry| &entry.row)).await?;
        let events: Vec<_> = new().filter_map(|entry| entry.event.as_ref()).collect();
        let queued = outbox::queue_events(&mut tx, &self.outbox, &events).await?;
        tx.commit().await?;
        if queued > 0 {
            self.outbox.wake();
        }
        self.fraud.notify_one();
        Ok(inserted)
    }

    /// Returns one transaction of `project`.
    pub async fn find_transaction(&self, project: &str, id: &TransactionId) -> Result<Option<Row>, Error> {
        const SQL: [&str; 3] = ["SELECT ", COLUMNS, " FROM transactions WHERE id = $1 AND project_id = $2"];
        Ok(self.db.fetch_optional(SQL, db::params![id.as_str(), project]).await?)
    }

    /// Replaces the tags of one transaction of `project` and returns it.
    pub async fn put_tags(
        &self,
        project: &str,
        id: &TransactionId,
        tags: &Lines,
    ) -> Result<Option<Row>, Error> {
        const PUT: [&str; 2] =
            ["UPDATE transactions SET tags = $3 WHERE id = $1 AND project_id = $2 RETURNING ", COLUMNS];
        const FORGET: &str = "DELETE FROM transaction_tags WHERE id = $1";
        let json = tags.json();
        let mut tx = self.db.begin().await?;
        let put: Option<Row> = tx.fetch_optional(PUT, db::params![id.as_str(), project, &json]).await?;
        let Some(row) = put else { return Ok(None) };
        tx.execute(FORGET, db::params![id.as_str()]).await?;
        let tagged: Vec<_> = tags.0.iter().map(|tag| (&row, tag.as_str())).collect();
        add_tags(&mut tx, &tagged).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    /// Sets the flag of one transaction of `project` and returns it.
    pub async fn put_flag(
        &self,
        project: &str,
        id: &TransactionId,
        flag: Flag,
    ) -> Result<Option<Row>, Error> {
        const SQL: [&str; 2] =
            ["UPDATE transactions SET flag = $3 WHERE id = $1 AND project_id = $2 RETURNING ", COLUMNS];
        let mut tx = self.db.begin().await?;
        let row = tx.fetch_optional(SQL, db::params![id.as_str(), project, flag.as_str()]).await?;
        tx.commit().await?;
        Ok(row)
    }
}

/// Returns the ids of the rows that were new.
async fn insert_rows(tx: &mut Tx, rows: &[&Row]) -> Result<HashSet<String>, Error> {
    let lists: Vec<_> = rows.iter().map(|row| row.lists()).collect();
    let mut insert = Statement::new(INSERT);
    insert.bind_rows(rows.iter().zip(&lists).map(|(row, lists)| row.values(lists)));
    // Only the statement of a single row has a recurring text.
    insert.push(" ON CONFLICT (id) DO NOTHING RETURNING id").once(rows.len() > 1);
    let added: Vec<(String,)> = tx.fetch_all(insert.sql(), insert.params()).await?;
    Ok(added.into_iter().map(|(id,)| id).collect())
}

/// Adds the tags of each row to the index.
async fn add_tags(tx: &mut Tx, tagged: &[(&Row, &str)]) -> Result<(), Error> {
    for tagged in tagged.chunks(TAGS_AT_ONCE) {
        let mut add = Statement::new("INSERT INTO transaction_tags (project_id, tag, created_at, id) ");
        add.bind_rows(tagged.iter().map(|(row, tag)| {
            [Value::from(&row.project_id), (*tag).into(), row.created_at.into(), (&row.id).into()]
        }));
        add.once(tagged.len() > 1);
        tx.execute(add.sql(), add.params()).await?;
    }
    Ok(())
}
