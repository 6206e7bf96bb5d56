//! Every SQL statement of this service: one INSERT, and SELECTs. There is none that changes or removes.

use db::Db;
use sqlx::{query, query_as};

use crate::{error::Error, ledger::Entry};

#[derive(Clone)]
pub struct Store {
    db: Db,
}

/// The newest entry of each kind: 1 given, 0 withdrawn, `None` never recorded.
#[derive(Debug, Default, sqlx::FromRow)]
pub struct Newest {
    pub authorization_given: Option<i64>,
    pub storage_given: Option<i64>,
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Adds `entry` to its chain.
    ///
    /// # Errors
    /// [`Error::Conflict`] when its number is taken.
    pub async fn append(&self, entry: &Entry) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO consent_entries (id, project_id, subject, seq, kind, given, recorded_at, \
            api_key_id, transaction_id, sealed, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let e = entry;
        let done = db::on!(&self.db, |pool| query(SQL)
            .bind(&e.id)
            .bind(&e.project_id)
            .bind(&e.subject)
            .bind(e.seq)
            .bind(&e.kind)
            .bind(e.given)
            .bind(e.recorded_at)
            .bind(&e.api_key_id)
            .bind(&e.transaction_id)
            .bind(&e.sealed)
            .bind(&e.hash)
            .execute(pool)
            .await
            .map(drop));
        done.map_err(|error| if db::is_unique_violation(&error) { Error::Conflict } else { error.into() })
    }

    /// Number and hash of the subject's newest entry.
    pub async fn head(&self, project: &str, subject: &str) -> Result<Option<(i64, String)>, Error> {
        const SQL: &str = "SELECT seq, hash FROM consent_entries WHERE project_id = $1 AND subject = $2 \
            ORDER BY seq DESC LIMIT 1";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).bind(subject).fetch_optional(pool).await)?)
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
        const SQL: &str = "SELECT id, project_id, subject, seq, kind, given, recorded_at, api_key_id, transaction_id, \
            sealed, hash FROM consent_entries WHERE project_id = $1 AND subject = $2 ORDER BY seq DESC LIMIT $3";
        let mut entries: Vec<Entry> = db::on!(&self.db, |pool| query_as(SQL)
            .bind(project)
            .bind(subject)
            .bind(limit)
            .fetch_all(pool)
            .await)?;
        entries.reverse();
        Ok(entries)
    }
}
