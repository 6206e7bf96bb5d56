//! The journal of a project as the leaves of its log, each mark authenticated.

use ledger::tree::{Hash, Leaves, record_hash};

use super::Store;
use crate::{
    error::Error,
    journal::{Event, Head, Mark, ROOT, Seals},
};

/// A journal whose marks are verified as they are read.
#[derive(Clone)]
pub struct Journal {
    pub store: Store,
    pub seals: Seals,
}

impl Journal {
    /// Returns the number of leaves by the sealed head; `None`: there is no such log.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the journal has another end.
    pub async fn size(&self, project: &str) -> Result<Option<u64>, Error> {
        const HEAD: &str = "SELECT project_id, seq, mac, seal FROM consent_heads WHERE project_id = $1";
        const LAST: &str =
            "SELECT COUNT(*) FROM consent_journal WHERE project_id = $1 AND seq = $2 AND mac = $3";
        const OPENED: &str =
            "SELECT COUNT(*) FROM consent_journal WHERE project_id = $1 AND event = $2 AND chain = $3";
        let db = &self.store.db;
        let head: Option<Head> = db.fetch_optional(HEAD, db::params![project]).await?;
        let Some(head) = head.filter(|head| head.seq > 0) else {
            let opened = db::params![ROOT, Event::Project.as_str(), project];
            let (opened,): (i64,) = db.fetch_one(OPENED, opened).await?;
            return if opened == 0 { Ok(None) } else { Err(tampered(project, "its journal is gone")) };
        };
        let (last,): (i64,) = db.fetch_one(LAST, db::params![project, head.seq, &head.mac]).await?;
        if last != 1 || !self.seals.is_sealed(&head)? {
            return Err(tampered(project, "the end of the journal was cut off or changed"));
        }
        Ok(u64::try_from(head.seq).ok())
    }

    /// Returns the number of an entry's leaf.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn index_of(&self, project: &str, entry: &str) -> Result<Option<u64>, Error> {
        const SQL: &str = "SELECT j.seq FROM consent_entries e JOIN consent_journal j ON j.project_id = e.project_id \
            AND j.chain = e.chain AND j.chain_seq = e.seq AND j.chain_hash = e.hash AND j.event = $3 \
            WHERE e.project_id = $1 AND e.id = $2";
        let of = db::params![project, entry, Event::Entry.as_str()];
        let row: Option<(i64,)> = self.store.db.fetch_optional(SQL, of).await?;
        Ok(row.and_then(|(seq,)| u64::try_from(seq - 1).ok()))
    }

    /// Returns the marks of the leaves `from..to`.
    ///
    /// # Errors
    /// [`Error::Tampered`] when one is missing or not authentic.
    pub async fn marks(&self, project: &str, from: u64, to: u64) -> Result<Vec<Mark>, Error> {
        const MARKS: &str = "SELECT project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac, endorsement \
            FROM consent_journal WHERE project_id = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq";
        let range =
            |number: u64| i64::try_from(number).map_err(|_| Error::Invalid("the log has no such leaf"));
        let (from, to) = (range(from)?, range(to)?);
        let mut marks: Vec<Mark> = self.store.db.fetch_all(MARKS, db::params![project, from, to]).await?;
        let mut before = (0, String::new());
        if from > 0 && marks.first().is_some_and(|mark| mark.seq == from) {
            let mark = marks.remove(0);
            before = (mark.seq, mark.mac);
        }
        if before.0 != from || marks.last().map_or(from, |mark| mark.seq) != to {
            return Err(tampered(project, "a mark of the journal is missing"));
        }
        for mark in &marks {
            if mark.seq != before.0 + 1 || !self.seals.follows((before.0, &before.1), mark)? {
                return Err(tampered(project, "a mark of the journal was changed or removed"));
            }
            before = (mark.seq, mark.mac.clone());
        }
        Ok(marks)
    }
}

impl Leaves for Journal {
    type Error = Error;

    async fn leaf_hashes(&self, project: &str, from: u64, to: u64) -> Result<Vec<Hash>, Error> {
        let marks = self.marks(project, from, to).await?;
        Ok(marks.iter().map(|mark| record_hash(mark.leaf().as_bytes())).collect())
    }
}

fn tampered(project: &str, what: &'static str) -> Error {
    Error::Tampered { project: project.to_owned(), what }
}
