//! Every SQL statement of this service: `append.rs` writes entries and erases chains, each with its mark in the
//! journal; `state.rs` reads and verifies the current state; `audit.rs` reads everything for verification;
//! `rewrap.rs` endorses marks under a new master key; `log.rs` reads the journal as leaves of a tree; this file has
//! the other queries.

mod append;
mod audit;
mod log;
mod rewrap;
mod state;
mod texts;

use blob::KeyRing;
use db::Db;
use ledger::tree::Tree;

use crate::{entry::Entry, error::Error};

pub use texts::TextRow;

/// The columns of an [`Entry`], the same in every statement that reads one.
const COLUMNS: &str =
    "id, project_id, subject, seq, kind, given, recorded_at, api_key_id, transaction_id, sealed, hash, chain";

pub use append::Written;
pub use log::Journal;

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
pub const FIND_SEALED: &str = "SELECT sealed FROM consent_entries LIMIT 1";

/// The first entry of every user.
pub const FIRST_ENTRIES: &str = "SELECT project_id, id, sealed FROM consent_entries WHERE seq = 1";

#[derive(Clone)]
pub struct Store {
    db: Db,
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// The trees over the journals.
    pub fn tree(&self, ring: KeyRing) -> Tree {
        Tree::new(self.db.clone(), ring)
    }

    /// Returns up to `most` subjects of a project.
    pub async fn some_subjects(&self, project: &str, most: u32) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT DISTINCT subject FROM consent_entries WHERE project_id = $1 LIMIT $2";
        let subjects: Vec<(String,)> = self.db.fetch_all(SQL, db::params![project, most]).await?;
        Ok(subjects.into_iter().map(|(subject,)| subject).collect())
    }

    /// Counts the subject's entries.
    pub async fn count_entries(&self, project: &str, subject: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM consent_entries WHERE project_id = $1 AND subject = $2";
        let (count,) = self.db.fetch_one(SQL, db::params![project, subject]).await?;
        Ok(count)
    }

    /// Returns the subject's newest `limit` entries, oldest first.
    pub async fn entries(&self, project: &str, subject: &str, limit: i64) -> Result<Vec<Entry>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            COLUMNS,
            " FROM consent_entries WHERE project_id = $1 AND subject = $2 ORDER BY seq DESC LIMIT $3",
        ];
        let mut entries: Vec<Entry> = self.db.fetch_all(SQL, db::params![project, subject, limit]).await?;
        entries.reverse();
        Ok(entries)
    }

    /// Returns the project's next `limit` entries after the one with id `after`, in the order of their creation.
    pub async fn page(&self, project: &str, after: &str, limit: i64) -> Result<Vec<Entry>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            COLUMNS,
            " FROM consent_entries WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        ];
        Ok(self.db.fetch_all(SQL, db::params![project, after, limit]).await?)
    }
}
