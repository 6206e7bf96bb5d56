//! The only statements that change the ledger. Each change and its mark in the journal are one database transaction,
//! which begins by locking the project's head, so that writers of a project are serialised and numbers never fork.
//! One transaction may write many entries of a project, each with its own mark.

use std::collections::HashMap;

use db::{Tx, Value};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{COLUMNS, Store};
use crate::{
    entry::Entry,
    error::Error,
    journal::{Event, Head, Mark, ROOT, Seals},
};

/// The subject's newest entry: number, hash, chain.
type Last = Option<(i64, String, String)>;
const LAST: &str = "SELECT seq, hash, chain FROM consent_entries WHERE project_id = $1 AND subject = $2 \
    ORDER BY seq DESC LIMIT 1";

/// A written entry, and its mark.
#[derive(Clone, Debug)]
pub struct Written {
    pub entry: Entry,
    pub mark: Mark,
}

/// Rows per statement. Few sizes, so that few statements are prepared.
const ROWS_AT_ONCE: [usize; 4] = [128, 32, 8, 1];
/// Names per lookup.
const NAMES_AT_ONCE: [usize; 3] = [1, 16, 128];

impl Store {
    /// Appends `entries`, all of one project, to their subjects' chains in order; returns them with their numbers,
    /// hashes, chains and marks.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a number is taken although the head did not have it. Then nothing is written.
    pub async fn append(&self, entries: &[Entry], seals: &Seals) -> Result<Vec<Written>, Error> {
        self.try_append(entries, seals).await.map_err(conflict)
    }

    async fn try_append(&self, entries: &[Entry], seals: &Seals) -> Result<Vec<Written>, Error> {
        let Some(first) = entries.first() else { return Ok(Vec::new()) };
        let mut tx = self.db.begin().await?;
        let mut head = take_project(&mut tx, seals, &first.project_id, first.recorded_at).await?;
        let mut ends = ends_of_chains(&mut tx, entries).await?;
        let (mut written, mut marks) = (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
        for entry in entries {
            let entry = entry.following(ends.remove(&entry.subject));
            ends.insert(entry.subject.clone(), (entry.seq, entry.hash.clone(), entry.chain.clone()));
            let draft = draft(Event::Entry, &entry.chain, (entry.seq, &entry.hash), entry.recorded_at);
            let (mark, next) = seals.extend(&head, draft)?;
            head = next;
            marks.push(mark);
            written.push(entry);
        }
        insert_entries(&mut tx, &written).await?;
        insert_marks(&mut tx, &marks).await?;
        move_head(&mut tx, &head).await?;
        tx.commit().await?;
        Ok(written.into_iter().zip(marks).map(|(entry, mark)| Written { entry, mark }).collect())
    }

    /// Destroys the subject's entries and writes a mark with their number and the last one's hash; returns how many,
    /// and adds the values for [`Store::purge`] to `secrets`.
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
        const ENTRIES: [&str; 3] =
            ["SELECT ", COLUMNS, " FROM consent_entries WHERE project_id = $1 AND subject = $2"];
        let entries: Vec<Entry> = self.db.fetch_all(ENTRIES, db::params![project, subject]).await?;
        let erased = self.delete_entries(project, subject, now_ms, seals).await.map_err(conflict)?;
        // Rows of an interrupted earlier call are found by the subject's hash.
        secrets.push(subject.as_bytes().to_vec());
        secrets.extend(entries.into_iter().map(|entry| entry.sealed));
        Ok(erased)
    }

    /// Removes deleted rows from the database's files.
    ///
    /// # Errors
    /// When the files cannot be cleaned: repeat the call.
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
        // Nothing is written: the transaction ends without a commit.
        let Some((seq, hash, chain)) = last else { return Ok(0) };
        let erased = tx.execute(DELETE, db::params![project, subject]).await?;
        write_mark(&mut tx, seals, &head, draft(Event::Erased, &chain, (seq, &hash), now_ms)).await?;
        tx.commit().await?;
        Ok(erased)
    }
}

/// Locks a project's head, and adds a new project to the journal of projects.
async fn take_project(tx: &mut Tx, seals: &Seals, project: &str, now_ms: i64) -> Result<Head, Error> {
    let (head, is_new) = take_head(tx, project).await?;
    if is_new {
        let (root, _) = take_head(tx, ROOT).await?;
        write_mark(tx, seals, &root, draft(Event::Project, project, (0, ""), now_ms)).await?;
    }
    Ok(head)
}

/// Locks the head of a journal, creating a missing one; returns it and whether it is new.
async fn take_head(tx: &mut Tx, project: &str) -> Result<(Head, bool), Error> {
    const OPEN: &str = "INSERT INTO consent_heads (project_id, seq, mac, seal) VALUES ($1, 0, '', '') \
        ON CONFLICT (project_id) DO NOTHING";
    // Changes nothing; it only locks.
    const TAKE: &str = "UPDATE consent_heads SET seq = seq WHERE project_id = $1 \
        RETURNING project_id, seq, mac, seal";
    if let Some(head) = tx.fetch_optional(TAKE, db::params![project]).await? {
        return Ok((head, false));
    }
    let is_new = tx.execute(OPEN, db::params![project]).await? == 1;
    Ok((tx.fetch_one(TAKE, db::params![project]).await?, is_new))
}

/// Writes `draft` into the journal after `head`.
async fn write_mark(tx: &mut Tx, seals: &Seals, head: &Head, draft: Mark) -> Result<(), Error> {
    let (mark, head) = seals.extend(head, draft)?;
    insert_marks(tx, &[mark]).await?;
    move_head(tx, &head).await
}

async fn move_head(tx: &mut Tx, head: &Head) -> Result<(), Error> {
    const MOVE: &str = "UPDATE consent_heads SET seq = $2, mac = $3, seal = $4 WHERE project_id = $1";
    tx.execute(MOVE, db::params![&head.project_id, head.seq, &head.mac, &head.seal]).await?;
    Ok(())
}

/// Returns the newest entry of each subject that has one.
async fn ends_of_chains(
    tx: &mut Tx,
    entries: &[Entry],
) -> Result<HashMap<String, (i64, String, String)>, Error> {
    let mut ends = HashMap::new();
    let most = NAMES_AT_ONCE[NAMES_AT_ONCE.len() - 1];
    for entries in entries.chunks(most) {
        let size = NAMES_AT_ONCE.into_iter().find(|size| *size >= entries.len()).unwrap_or(most);
        let names: Vec<String> = (0..size).map(|at| format!("${}", at + 2)).collect();
        let sql = format!(
            "SELECT e.subject, e.seq, e.hash, e.chain FROM consent_entries e WHERE e.project_id = $1 \
             AND e.subject IN ({}) AND e.seq = (SELECT MAX(m.seq) FROM consent_entries m \
             WHERE m.project_id = e.project_id AND m.subject = e.subject)",
            names.join(", ")
        );
        let Some(last) = entries.last() else { continue };
        // The last name is repeated, up to the statement's size.
        let subjects = entries.iter().chain(std::iter::repeat(last)).take(size);
        let mut params: Vec<Value<'_>> = vec![(&last.project_id).into()];
        params.extend(subjects.map(|entry| Value::from(&entry.subject)));
        let rows: Vec<(String, i64, String, String)> = tx.fetch_all(AssertSqlSafe(sql), &params).await?;
        ends.extend(rows.into_iter().map(|(subject, seq, hash, chain)| (subject, (seq, hash, chain))));
    }
    Ok(ends)
}

async fn insert_entries(tx: &mut Tx, entries: &[Entry]) -> Result<(), Error> {
    const INTO: &str = "consent_entries (id, project_id, subject, seq, kind, given, recorded_at, api_key_id, \
        transaction_id, sealed, hash, chain)";
    let rows: Vec<[Value<'_>; 12]> = entries.iter().map(Entry::row).collect();
    insert(tx, INTO, &rows).await
}

async fn insert_marks(tx: &mut Tx, marks: &[Mark]) -> Result<(), Error> {
    const INTO: &str =
        "consent_journal (project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac)";
    let rows: Vec<[Value<'_>; 8]> = marks.iter().map(Mark::row).collect();
    insert(tx, INTO, &rows).await
}

/// `into`: a constant of this file.
async fn insert<const N: usize>(
    tx: &mut Tx,
    into: &'static str,
    rows: &[[Value<'_>; N]],
) -> Result<(), Error> {
    let mut rows = rows;
    while !rows.is_empty() {
        let size = ROWS_AT_ONCE.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        let (now, rest) = rows.split_at(size);
        let row = |at: usize| (0..N).map(|of| format!("${}", at * N + of + 1)).collect::<Vec<_>>().join(", ");
        let values: Vec<String> = (0..size).map(|at| format!("({})", row(at))).collect();
        let sql = format!("INSERT INTO {into} VALUES {}", values.join(", "));
        tx.execute(AssertSqlSafe(sql), now.as_flattened()).await?;
        rows = rest;
    }
    Ok(())
}

impl Mark {
    fn row(&self) -> [Value<'_>; 8] {
        [
            (&self.project_id).into(),
            self.seq.into(),
            (&self.event).into(),
            (&self.chain).into(),
            self.chain_seq.into(),
            (&self.chain_hash).into(),
            self.marked_at.into(),
            (&self.mac).into(),
        ]
    }
}

impl Entry {
    fn row(&self) -> [Value<'_>; 12] {
        [
            (&self.id).into(),
            (&self.project_id).into(),
            (&self.subject).into(),
            self.seq.into(),
            (&self.kind).into(),
            self.given.into(),
            self.recorded_at.into(),
            (&self.api_key_id).into(),
            (&self.transaction_id).into(),
            (&self.sealed).into(),
            (&self.hash).into(),
            (&self.chain).into(),
        ]
    }

    /// Returns the entry after `last` of its chain, or the first of a new one.
    fn following(&self, last: Last) -> Self {
        let next = |chain| Self { chain, ..self.clone() };
        match last {
            Some((seq, hash, chain)) if !chain.is_empty() => next(chain).chained(Some((seq, &hash))),
            // Entries from before the journal are not in a chain of it.
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
