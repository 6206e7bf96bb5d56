//! What verification reads: everything, in one snapshot, row by row.

use futures::TryStreamExt;
use sqlx::{query_as, query_scalar};

use super::{Store, columns};
use crate::{
    audit::{Auditor, Finding, KnownHead},
    entry::Entry,
    error::Error,
    journal::{Head, Mark},
};

/// What a row of project, name and number stands for.
type ToFinding = fn(String, String, i64) -> Finding;

const HEADS: &str = "SELECT project_id, seq, mac, seal FROM consent_heads";
const MARKS: &str = "SELECT project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac, endorsement \
    FROM consent_journal ORDER BY project_id, seq";
const ENTRIES: &str =
    concat!("SELECT ", columns!(), " FROM consent_entries ORDER BY project_id, subject, seq");
/// Marks of entries that are not there, though their chain was not erased.
const MISSING: &str = "SELECT j.project_id, j.chain, j.chain_seq FROM consent_journal j \
    LEFT JOIN consent_entries e ON e.chain = j.chain AND e.seq = j.chain_seq AND e.hash = j.chain_hash \
        AND e.project_id = j.project_id \
    WHERE j.event = 'entry' AND e.id IS NULL AND NOT EXISTS (SELECT 1 FROM consent_journal x \
        WHERE x.chain = j.chain AND x.event = 'erased' AND x.project_id = j.project_id)";
/// Entries without a mark.
const UNMARKED: &str = "SELECT e.project_id, e.id, e.seq FROM consent_entries e \
    LEFT JOIN consent_journal j ON j.chain = e.chain AND j.chain_seq = e.seq AND j.chain_hash = e.hash \
        AND j.project_id = e.project_id AND j.event = 'entry' \
    WHERE j.seq IS NULL";
/// Entries of a chain that was erased.
const RETURNED: &str = "SELECT e.project_id, e.id, e.seq FROM consent_entries e \
    JOIN consent_journal j ON j.chain = e.chain AND j.project_id = e.project_id AND j.event = 'erased'";
const ERASED: &str = "SELECT COUNT(*) FROM consent_journal WHERE event = 'erased'";

impl Store {
    /// Where each journal ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heads(&self) -> Result<Vec<KnownHead>, Error> {
        let heads: Vec<Head> = self.db.fetch_all(HEADS, &[]).await?;
        let heads = heads.into_iter().filter(|head| head.seq > 0);
        Ok(heads
            .map(|head| KnownHead { project_id: head.project_id, seq: head.seq, mac: head.mac })
            .collect())
    }

    /// Shows the whole ledger to `auditor`, as it is at one moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, auditor: &mut Auditor<'_>) -> Result<(), Error> {
        let begin = match self.db {
            db::Db::Pg(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            db::Db::Lite(_) => "BEGIN",
        };
        db::on!(&self.db, |pool| async {
            let mut tx = pool.begin_with(begin).await?;
            let heads: Vec<Head> = query_as(HEADS).fetch_all(&mut *tx).await?;
            auditor.heads(heads)?;
            let mut marks = query_as::<_, Mark>(MARKS).fetch(&mut *tx);
            while let Some(mark) = marks.try_next().await? {
                auditor.mark(mark)?;
            }
            drop(marks);
            auditor.end_of_journal();
            let mut entries = query_as::<_, Entry>(ENTRIES).fetch(&mut *tx);
            while let Some(entry) = entries.try_next().await? {
                auditor.entry(entry);
            }
            drop(entries);
            let findings: [(&'static str, ToFinding); 3] = [
                (MISSING, |project, chain, seq| Finding::Missing { project, chain, seq }),
                (UNMARKED, |project, id, seq| Finding::Unmarked { project, id, seq }),
                (RETURNED, |project, id, seq| Finding::Returned { project, id, seq }),
            ];
            for (sql, finding) in findings {
                let mut rows = query_as::<_, (String, String, i64)>(sql).fetch(&mut *tx);
                while let Some((project, name, seq)) = rows.try_next().await? {
                    auditor.found(&finding(project, name, seq));
                }
            }
            auditor.erased(query_scalar(ERASED).fetch_one(&mut *tx).await?);
            Ok(())
        }
        .await)
    }
}
