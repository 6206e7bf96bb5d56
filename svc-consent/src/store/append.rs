//! The only statements that change the ledger. Each change and its mark in the journal are one database transaction,
//! which begins by taking the project's head: whoever writes next in the project waits for it, so numbers never fork.

use db::Tx;
use uuid::Uuid;

use super::{Store, columns};
use crate::{
    entry::Entry,
    error::Error,
    journal::{Event, Head, Mark, ROOT, Seals},
};

/// The subject's newest entry: number, hash, chain.
type Last = Option<(i64, String, String)>;
const LAST: &str = "SELECT seq, hash, chain FROM consent_entries WHERE project_id = $1 AND subject = $2 \
    ORDER BY seq DESC LIMIT 1";

impl Store {
    /// Adds `entry` to the end of its subject's chain; answers it with its number, hash and chain.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a number is taken though the head said otherwise.
    pub async fn append(&self, entry: Entry, seals: &Seals) -> Result<Entry, Error> {
        self.try_append(&entry, seals).await.map_err(conflict)
    }

    async fn try_append(&self, entry: &Entry, seals: &Seals) -> Result<Entry, Error> {
        const SQL: &str = "INSERT INTO consent_entries (id, project_id, subject, seq, kind, given, recorded_at, \
            api_key_id, transaction_id, sealed, hash, chain) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let mut tx = self.db.begin().await?;
        let head = take_project(&mut tx, seals, &entry.project_id, entry.recorded_at).await?;
        let of_subject = db::params![&entry.project_id, &entry.subject];
        let e = entry.following(tx.fetch_optional(LAST, of_subject).await?);
        let insert = db::params![
            &e.id,
            &e.project_id,
            &e.subject,
            e.seq,
            &e.kind,
            e.given,
            e.recorded_at,
            &e.api_key_id,
            &e.transaction_id,
            &e.sealed,
            &e.hash,
            &e.chain,
        ];
        tx.execute(SQL, insert).await?;
        let mark = draft(Event::Entry, &e.chain, (e.seq, &e.hash), e.recorded_at);
        write_mark(&mut tx, seals, &head, mark).await?;
        tx.commit().await?;
        Ok(e)
    }

    /// Destroys the subject's entries and marks that, and how many there were and the last one's hash; answers how many,
    /// and adds to `secrets` what [`Store::purge`] must find nowhere.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub async fn erase(
        &self,
        project: &str,
        subject: &str,
        now_ms: i64,
        seals: &Seals,
        secrets: &mut Vec<Vec<u8>>,
    ) -> Result<u64, Error> {
        const ENTRIES: &str =
            concat!("SELECT ", columns!(), " FROM consent_entries WHERE project_id = $1 AND subject = $2");
        let entries: Vec<Entry> = self.db.fetch_all(ENTRIES, db::params![project, subject]).await?;
        let erased = self.delete_entries(project, subject, now_ms, seals).await.map_err(conflict)?;
        // Rows of an earlier call that broke off are found by the subject's hash.
        secrets.push(subject.as_bytes().to_vec());
        secrets.extend(entries.into_iter().map(|entry| entry.sealed));
        Ok(erased)
    }

    /// Removes what was deleted from the database's files.
    ///
    /// # Errors
    /// When the files cannot be cleared: the call is to be repeated.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> Result<(), Error> {
        Ok(self.db.purge(secrets).await?)
    }

    async fn delete_entries(
        &self,
        project: &str,
        subject: &str,
        now_ms: i64,
        seals: &Seals,
    ) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM consent_entries WHERE project_id = $1 AND subject = $2";
        let mut tx = self.db.begin().await?;
        let head = take_project(&mut tx, seals, project, now_ms).await?;
        let last: Last = tx.fetch_optional(LAST, db::params![project, subject]).await?;
        // Nothing is written then: the transaction ends without a commit.
        let Some((seq, hash, chain)) = last else { return Ok(0) };
        let erased = tx.execute(DELETE, db::params![project, subject]).await?;
        write_mark(&mut tx, seals, &head, draft(Event::Erased, &chain, (seq, &hash), now_ms)).await?;
        tx.commit().await?;
        Ok(erased)
    }
}

/// Locks a project's head, and enters a new project into the journal of projects.
async fn take_project(tx: &mut Tx, seals: &Seals, project: &str, now_ms: i64) -> Result<Head, Error> {
    let (head, is_new) = take_head(tx, project).await?;
    if is_new {
        let (root, _) = take_head(tx, ROOT).await?;
        write_mark(tx, seals, &root, draft(Event::Project, project, (0, ""), now_ms)).await?;
    }
    Ok(head)
}

/// Locks the head of a journal, making it when there is none; returns it and whether it is new.
async fn take_head(tx: &mut Tx, project: &str) -> Result<(Head, bool), Error> {
    const OPEN: &str = "INSERT INTO consent_heads (project_id, seq, mac, seal) VALUES ($1, 0, '', '') \
        ON CONFLICT (project_id) DO NOTHING";
    // Changes nothing; it is the lock.
    const TAKE: &str = "UPDATE consent_heads SET seq = seq WHERE project_id = $1 \
        RETURNING project_id, seq, mac, seal";
    let is_new = tx.execute(OPEN, db::params![project]).await? == 1;
    Ok((tx.fetch_one(TAKE, db::params![project]).await?, is_new))
}

/// Writes `draft` into the journal after `head`.
async fn write_mark(tx: &mut Tx, seals: &Seals, head: &Head, draft: Mark) -> Result<(), Error> {
    const MARK: &str = "INSERT INTO consent_journal \
        (project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const MOVE: &str = "UPDATE consent_heads SET seq = $2, mac = $3, seal = $4 WHERE project_id = $1";
    let (m, head) = seals.extend(head, draft)?;
    let mark = db::params![
        &m.project_id,
        m.seq,
        &m.event,
        &m.chain,
        m.chain_seq,
        &m.chain_hash,
        m.marked_at,
        &m.mac,
    ];
    tx.execute(MARK, mark).await?;
    tx.execute(MOVE, db::params![&head.project_id, head.seq, &head.mac, &head.seal]).await?;
    Ok(())
}

impl Entry {
    /// The entry after `last` of its chain, or the first of a new one.
    fn following(&self, last: Last) -> Self {
        let next = |chain| Self { chain, ..self.clone() };
        match last {
            Some((seq, hash, chain)) if !chain.is_empty() => next(chain).chained(Some((seq, &hash))),
            // Entries made before there was a journal are in no chain of it.
            Some((seq, hash, _)) => next(Uuid::new_v4().to_string()).chained(Some((seq, &hash))),
            None => next(Uuid::new_v4().to_string()).chained(None),
        }
    }
}

fn draft(event: Event, chain: &str, (chain_seq, chain_hash): (i64, &str), now_ms: i64) -> Mark {
    Mark {
        project_id: String::new(),
        seq: 0,
        event: event.as_str().to_owned(),
        chain: chain.to_owned(),
        chain_seq,
        chain_hash: chain_hash.to_owned(),
        marked_at: now_ms,
        mac: String::new(),
        endorsement: String::new(),
    }
}

fn conflict(error: Error) -> Error {
    match error {
        Error::Database(cause) if db::is_unique_violation(&cause) => Error::Conflict,
        other => other,
    }
}
