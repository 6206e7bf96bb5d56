//! The only statements that change the ledger. Each change and its mark in the journal are one database transaction,
//! which begins by taking the project's head: whoever writes next in the project waits for it, so numbers never fork.

use sqlx::{query, query_as};
use uuid::Uuid;

use super::Store;
use crate::{
    error::Error,
    journal::{Event, Head, Mark, ROOT, Seals},
    ledger::Entry,
};

/// Takes the head of `$project` within `$tx`, making it when there is none: `(head, whether it is new)`.
macro_rules! take_head {
    ($tx:ident, $project:expr) => {{
        const OPEN: &str = "INSERT INTO consent_heads (project_id, seq, mac, seal) VALUES ($1, 0, '', '') \
            ON CONFLICT (project_id) DO NOTHING";
        // Changes nothing; it is the lock.
        const TAKE: &str = "UPDATE consent_heads SET seq = seq WHERE project_id = $1 \
            RETURNING project_id, seq, mac, seal";
        let opened = query(OPEN).bind($project).execute(&mut *$tx).await?.rows_affected() == 1;
        let head: Head = query_as(TAKE).bind($project).fetch_one(&mut *$tx).await?;
        (head, opened)
    }};
}

/// Writes `$draft` into the journal after `$head`.
macro_rules! mark {
    ($tx:ident, $seals:expr, $head:expr, $draft:expr) => {{
        const MARK: &str = "INSERT INTO consent_journal \
            (project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        const MOVE: &str = "UPDATE consent_heads SET seq = $2, mac = $3, seal = $4 WHERE project_id = $1";
        let (mark, head) = $seals.extend(&$head, $draft)?;
        let insert = query(MARK).bind(&mark.project_id).bind(mark.seq).bind(&mark.event).bind(&mark.chain);
        let insert = insert.bind(mark.chain_seq).bind(&mark.chain_hash).bind(mark.marked_at).bind(&mark.mac);
        insert.execute(&mut *$tx).await?;
        let done = query(MOVE).bind(&head.project_id).bind(head.seq).bind(&head.mac).bind(&head.seal);
        done.execute(&mut *$tx).await?;
    }};
}

/// Takes a project's head, and enters a new project into the journal of projects.
macro_rules! take_project {
    ($tx:ident, $seals:expr, $project:expr, $now_ms:expr) => {{
        let (head, opened) = take_head!($tx, $project);
        if opened {
            let (root, _) = take_head!($tx, ROOT);
            mark!($tx, $seals, root, draft(Event::Project, $project, (0, ""), $now_ms));
        }
        head
    }};
}

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
        const SQL: &str = "INSERT INTO consent_entries (id, project_id, subject, seq, kind, given, recorded_at, \
            api_key_id, transaction_id, sealed, hash, chain) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let _turn = self.turns.next(&self.db).await;
        let done: Result<Entry, Error> = db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let head = take_project!(tx, seals, &entry.project_id, entry.recorded_at);
            let last: Last =
                query_as(LAST).bind(&entry.project_id).bind(&entry.subject).fetch_optional(&mut *tx).await?;
            let e = entry.following(last);
            let insert =
                query(SQL).bind(&e.id).bind(&e.project_id).bind(&e.subject).bind(e.seq).bind(&e.kind);
            let insert = insert.bind(e.given).bind(e.recorded_at).bind(&e.api_key_id).bind(&e.transaction_id);
            insert.bind(&e.sealed).bind(&e.hash).bind(&e.chain).execute(&mut *tx).await?;
            mark!(tx, seals, head, draft(Event::Entry, &e.chain, (e.seq, &e.hash), e.recorded_at));
            tx.commit().await?;
            Ok(e)
        }
        .await);
        done.map_err(conflict)
    }

    /// Destroys the subject's entries and marks that, and how many there were and the last one's hash; answers how many.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub async fn erase(
        &self,
        project: &str,
        subject: &str,
        now_ms: i64,
        seals: &Seals,
    ) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM consent_entries WHERE project_id = $1 AND subject = $2";
        let _turn = self.turns.next(&self.db).await;
        let done: Result<u64, Error> = db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let head = take_project!(tx, seals, project, now_ms);
            let last: Last = query_as(LAST).bind(project).bind(subject).fetch_optional(&mut *tx).await?;
            // Nothing is written then: the transaction ends without a commit.
            let Some((seq, hash, chain)) = last else { return Ok(0) };
            let erased = query(SQL).bind(project).bind(subject).execute(&mut *tx).await?.rows_affected();
            mark!(tx, seals, head, draft(Event::Erased, &chain, (seq, &hash), now_ms));
            tx.commit().await?;
            Ok(erased)
        }
        .await);
        let erased = done.map_err(conflict)?;
        self.db.forget().await?;
        Ok(erased)
    }
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
    }
}

fn conflict(error: Error) -> Error {
    match error {
        Error::Database(cause) if db::is_unique_violation(&cause) => Error::Conflict,
        other => other,
    }
}
