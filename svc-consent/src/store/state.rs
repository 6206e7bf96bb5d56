//! The current consents of a subject, from entries with a valid MAC.
//!
//! An attacker with write access to the database can change an entry, or remove the newest one, and recompute hashes,
//! but cannot make a mark of the journal. So an entry is valid only with its mark, and only if the journal has no
//! later one.

use super::{COLUMNS, Store};
use crate::{
    entry::{Entry, Kind},
    error::Error,
    journal::{Event, Head, Mark, Seals},
};

/// A concurrent append can look like tampering once; real tampering persists.
const MAX_READS: u32 = 4;

/// The newest entry of each kind; `None`: never recorded.
#[derive(Debug, Default)]
pub struct Newest {
    pub authorization: Option<Entry>,
    pub storage: Option<Entry>,
}

impl Newest {
    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.authorization.iter().chain(&self.storage)
    }
}

impl Store {
    /// Returns the current consents of the subject.
    ///
    /// # Errors
    /// [`Error::Tampered`] when an entry, the subject's newest one, or the end of the project's journal was not
    /// written by the service.
    pub async fn newest(&self, project: &str, subject: &str, seals: &Seals) -> Result<Newest, Error> {
        for _ in 1..MAX_READS {
            let newest = self.read_newest(project, subject).await?;
            if self.find_tampering(project, &newest, seals).await?.is_none() {
                return Ok(newest);
            }
        }
        let newest = self.read_newest(project, subject).await?;
        match self.find_tampering(project, &newest, seals).await? {
            None => Ok(newest),
            Some(what) => Err(Error::Tampered { project: project.to_owned(), what }),
        }
    }

    async fn read_newest(&self, project: &str, subject: &str) -> Result<Newest, Error> {
        Ok(Newest {
            authorization: self.newest_of(project, subject, Kind::Authorization).await?,
            storage: self.newest_of(project, subject, Kind::Storage).await?,
        })
    }

    async fn newest_of(&self, project: &str, subject: &str, kind: Kind) -> Result<Option<Entry>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            COLUMNS,
            " FROM consent_entries WHERE project_id = $1 AND subject = $2 AND kind = $3 ORDER BY seq DESC LIMIT 1",
        ];
        Ok(self.db.fetch_optional(SQL, db::params![project, subject, kind.as_str()]).await?)
    }

    async fn find_tampering(
        &self,
        project: &str,
        newest: &Newest,
        seals: &Seals,
    ) -> Result<Option<&'static str>, Error> {
        // Without an entry there is no consent, and nothing to verify.
        let Some(last) = newest.all().max_by_key(|entry| entry.seq) else { return Ok(None) };
        for entry in newest.all() {
            if !self.is_marked(entry, seals).await? {
                return Ok(Some("an entry was changed"));
            }
        }
        if self.has_later_mark(last).await? {
            return Ok(Some("the newest entry was removed"));
        }
        if !self.ends_as_sealed(project, seals).await? {
            return Ok(Some("the end of the journal was cut off or changed"));
        }
        Ok(None)
    }

    /// Whether the journal has a mark, made under the master key, for exactly this entry.
    async fn is_marked(&self, entry: &Entry, seals: &Seals) -> Result<bool, Error> {
        const MARK: &str = "SELECT project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac, endorsement \
            FROM consent_journal WHERE project_id = $1 AND chain = $2 AND chain_seq = $3 AND event = $4";
        const MAC_BEFORE: &str = "SELECT mac FROM consent_journal WHERE project_id = $1 AND seq = $2";
        const HASH_BEFORE: &str =
            "SELECT hash FROM consent_entries WHERE project_id = $1 AND subject = $2 AND seq = $3";
        let e = &seals.peel(entry);
        let hash_before: Option<(String,)> =
            self.db.fetch_optional(HASH_BEFORE, db::params![&e.project_id, &e.subject, e.seq - 1]).await?;
        if e.hash != e.hash_after(hash_before.as_ref().map_or("", |(hash,)| hash)) {
            return Ok(false);
        }
        let of_entry = db::params![&e.project_id, &e.chain, e.seq, Event::Entry.as_str()];
        let Some(mark) = self.db.fetch_optional::<Mark>(MARK, of_entry).await? else { return Ok(false) };
        let before: Option<(String,)> =
            self.db.fetch_optional(MAC_BEFORE, db::params![&e.project_id, mark.seq - 1]).await?;
        let mac_before = before.as_ref().map_or("", |(mac,)| mac);
        Ok(mark.chain_hash == e.hash && seals.follows((mark.seq - 1, mac_before), &mark)?)
    }

    async fn has_later_mark(&self, last: &Entry) -> Result<bool, Error> {
        const LATER: &str = "SELECT COUNT(*) FROM consent_journal WHERE project_id = $1 AND chain = $2 \
            AND (event = $3 OR chain_seq > $4)";
        let params = db::params![&last.project_id, &last.chain, Event::Erased.as_str(), last.seq];
        let (later,): (i64,) = self.db.fetch_one(LATER, params).await?;
        Ok(later > 0)
    }

    /// Whether the project's journal ends where its sealed head says.
    async fn ends_as_sealed(&self, project: &str, seals: &Seals) -> Result<bool, Error> {
        const HEAD: &str = "SELECT h.project_id, h.seq, h.mac, h.seal FROM consent_heads h JOIN consent_journal j \
            ON j.project_id = h.project_id AND j.seq = h.seq AND j.mac = h.mac WHERE h.project_id = $1";
        let head: Option<Head> = self.db.fetch_optional(HEAD, db::params![project]).await?;
        head.map_or(Ok(false), |head| seals.is_sealed(&head))
    }
}
