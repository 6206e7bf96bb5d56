//! Every SQL statement of this service: `append.rs` writes entries and erases chains, each with its mark in the journal;
//! `audit.rs` reads everything to verify it; here is what is asked of the ledger.

mod append;
mod audit;

use db::{Db, Turns};
use sqlx::{query_as, query_scalar};

use crate::{error::Error, ledger::Entry};

/// The columns of an [`Entry`], the same in every statement that reads one.
macro_rules! columns {
    () => {
        "id, project_id, subject, seq, kind, given, recorded_at, api_key_id, transaction_id, sealed, hash, chain"
    };
}
pub(crate) use columns;

#[derive(Clone)]
pub struct Store {
    db: Db,
    turns: Turns,
}

/// The newest entry of each kind: 1 given, 0 withdrawn, `None` never recorded.
#[derive(Debug, Default, sqlx::FromRow)]
pub struct Newest {
    pub authorization_given: Option<i64>,
    pub storage_given: Option<i64>,
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db, turns: Turns::default() }
    }

    /// Up to `most` subjects of a project.
    pub async fn some_subjects(&self, project: &str, most: u32) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT DISTINCT subject FROM consent_entries WHERE project_id = $1 LIMIT $2";
        Ok(db::on!(&self.db, |pool| query_scalar(SQL)
            .bind(project)
            .bind(i64::from(most))
            .fetch_all(pool)
            .await)?)
    }

    /// How many entries the subject has.
    pub async fn count(&self, project: &str, subject: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM consent_entries WHERE project_id = $1 AND subject = $2";
        Ok(db::on!(&self.db, |pool| query_scalar(SQL).bind(project).bind(subject).fetch_one(pool).await)?)
    }

    /// What counts now for the subject.
    pub async fn newest(&self, project: &str, subject: &str) -> Result<Newest, Error> {
        const SQL: &str = "SELECT \
            (SELECT given FROM consent_entries WHERE project_id = $1 AND subject = $2 AND kind = 'authorization' \
             ORDER BY seq DESC LIMIT 1) AS authorization_given, \
            (SELECT given FROM consent_entries WHERE project_id = $1 AND subject = $2 AND kind = 'storage' \
             ORDER BY seq DESC LIMIT 1) AS storage_given";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).bind(subject).fetch_one(pool).await)?)
    }

    /// The subject's newest `limit` entries, oldest first.
    pub async fn entries(&self, project: &str, subject: &str, limit: i64) -> Result<Vec<Entry>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM consent_entries WHERE project_id = $1 AND subject = $2 ORDER BY seq DESC LIMIT $3"
        );
        let mut entries: Vec<Entry> = db::on!(&self.db, |pool| query_as(SQL)
            .bind(project)
            .bind(subject)
            .bind(limit)
            .fetch_all(pool)
            .await)?;
        entries.reverse();
        Ok(entries)
    }

    /// The project's next `limit` entries after the one with id `after`, in the order they were made.
    pub async fn page(&self, project: &str, after: &str, limit: i64) -> Result<Vec<Entry>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM consent_entries WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3"
        );
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(project)
            .bind(after)
            .bind(limit)
            .fetch_all(pool)
            .await)?)
    }
}
