//! Reads the whole ledger for verification: in one snapshot, row by row.

use super::{COLUMNS, Store};
use crate::{
    audit::{Auditor, Finding, KnownHead},
    entry::Entry,
    error::Error,
    journal::{Head, Mark},
};

/// Converts a row of project, name and number.
type ToFinding = fn(String, String, i64) -> Finding;

const HEADS: &str = "SELECT project_id, seq, mac, seal FROM consent_heads";
const MARKS: &str = "SELECT project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac, endorsement \
    FROM consent_journal ORDER BY project_id, seq";
const ENTRIES: [&str; 3] = ["SELECT ", COLUMNS, " FROM consent_entries ORDER BY project_id, subject, seq"];
/// Marks of missing entries whose chain was not erased.
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
const NODES: &str = "SELECT log, position, hash FROM log_nodes ORDER BY log, position";
const ERASED: &str = "SELECT COUNT(*) FROM consent_journal WHERE event = 'erased'";

impl Store {
    /// Returns the head of each journal.
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

    /// Passes the whole ledger to `auditor`, in one snapshot.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, auditor: &mut Auditor<'_>) -> Result<(), Error> {
        let mut snapshot = self.db.snapshot().await?;
        auditor.heads(snapshot.fetch_all::<Head>(HEADS, &[]).await?)?;
        let node = |(project, position, hash): (String, i64, Vec<u8>)| -> Result<(), Error> {
            auditor.node(project, position, hash);
            Ok(())
        };
        snapshot.fetch_each(NODES, &[], node).await?;
        snapshot.fetch_each(MARKS, &[], |mark: Mark| auditor.mark(mark)).await?;
        auditor.end_of_journal();
        let entry = |entry: Entry| -> Result<(), Error> {
            auditor.entry(&entry);
            Ok(())
        };
        snapshot.fetch_each(ENTRIES, &[], entry).await?;
        let findings: [(&'static str, ToFinding); 3] = [
            (MISSING, |project, chain, seq| Finding::Missing { project, chain, seq }),
            (UNMARKED, |project, id, seq| Finding::Unmarked { project, id, seq }),
            (RETURNED, |project, id, seq| Finding::Returned { project, id, seq }),
        ];
        for (sql, finding) in findings {
            let found = |(project, name, seq): (String, String, i64)| -> Result<(), Error> {
                auditor.add_finding(&finding(project, name, seq));
                Ok(())
            };
            snapshot.fetch_each(sql, &[], found).await?;
        }
        let erased: Vec<(i64,)> = snapshot.fetch_all(ERASED, &[]).await?;
        erased.iter().for_each(|(count,)| auditor.erased(*count));
        Ok(())
    }
}
