//! Verifies the audit log: every entry against its predecessor, and the end against its seal.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Context;
use ledger::tree::{Hash, LogKeys, NoteError, Noted, TreeCheck, TreeFinding, record_hash};

use super::{Entry, Head, Log, tree};
use crate::{Config, error::Error, store::Store};

const PAGE: i64 = 500;

/// A violation of the log's integrity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("an entry before number {0} is missing")]
    Gap(i64),
    #[error("entry {0} was changed, or entries after {before} were removed", before = .0 - 1)]
    Changed(i64),
    #[error("the log ends at number {ends}, its head says {head}")]
    CutOff { ends: i64, head: i64 },
    #[error("the head of the log is not sealed by this master key")]
    Unsealed,
    #[error("the log has no head")]
    Headless,
    #[error("the head noted earlier, number {0}, is not in the log")]
    Unknown(i64),
    #[error("{0}")]
    Tree(TreeFinding),
    #[error("note {number} is not of the audit log of this installation: {error}")]
    Note { number: usize, error: NoteError },
}

/// Earlier notes about the log.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub ends: Vec<KnownEnd>,
    /// Signed checkpoints.
    pub notes: Vec<String>,
}

impl From<&[KnownEnd]> for Known {
    fn from(ends: &[KnownEnd]) -> Self {
        Self { ends: ends.to_vec(), notes: Vec::new() }
    }
}

impl From<&Vec<KnownEnd>> for Known {
    fn from(ends: &Vec<KnownEnd>) -> Self {
        ends.as_slice().into()
    }
}

impl<const N: usize> From<&[KnownEnd; N]> for Known {
    fn from(ends: &[KnownEnd; N]) -> Self {
        ends.as_slice().into()
    }
}

/// The end of the log at an earlier verification: `<number>:<mac>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownEnd {
    pub seq: i64,
    pub mac: String,
}

impl std::str::FromStr for KnownEnd {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = "a head is written <number>:<mac>, as verify prints it";
        let (seq, mac) = text.split_once(':').ok_or(shape)?;
        Ok(Self { seq: seq.parse().map_err(|_| shape)?, mac: mac.to_owned() })
    }
}

impl std::fmt::Display for KnownEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.mac)
    }
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    pub findings: u64,
    pub end: KnownEnd,
    /// Signed; empty while the log is empty.
    pub checkpoint: String,
}

/// The name of the log among the anchors of an installation.
pub const LEDGER: &str = "audit";

/// Reads the whole log and reports each violation. `known`: notes in addition to those in the configured anchor file.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn verify(
    config: Config,
    known: impl Into<Known>,
    report: impl FnMut(Finding),
) -> anyhow::Result<Verified> {
    let mut known: Known = known.into();
    known.notes.extend(ledger::noted_checkpoints(&config.anchor, LEDGER).context("projects.anchor.file")?);
    let noted = ledger::noted_heads(&config.anchor, LEDGER).context("projects.anchor.file")?;
    let noted: Result<Vec<KnownEnd>, _> = noted.iter().map(|head| head.parse()).collect();
    known.ends.extend(noted.map_err(|error: &str| anyhow::anyhow!("projects.anchor.file: {error}"))?);
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let log = Log::new(ring.clone(), Arc::new(boot::now_ms));
    let keys = LogKeys::new(&ring, tree::SIGN)?;
    let store = Store::new(db, log.clone(), ledger::RowMacs::new(ring));
    Ok(walk(&store, (&log, &keys), &known, report).await?)
}

async fn walk(
    store: &Store,
    (log, keys): (&Log, &LogKeys),
    known: &Known,
    mut report: impl FnMut(Finding),
) -> Result<Verified, Error> {
    let mut findings = 0;
    let mut found = |finding: Finding| {
        findings += 1;
        report(finding);
    };
    let (mut check, notes) = expected(keys, &known.notes);
    notes.into_iter().for_each(&mut found);
    for (position, hash) in store.audit_nodes().await? {
        let (position, hash) =
            (u64::try_from(position).unwrap_or(u64::MAX), hash.try_into().unwrap_or_default());
        check.expect_node(position, Hash(hash));
    }
    // Read first: later entries are behind it.
    let head = store.audit_head().await?;
    let mut last = (0, String::new());
    let mut entries = 0;
    let mut missing: BTreeSet<(i64, String)> =
        known.ends.iter().map(|end| (end.seq, end.mac.clone())).collect();
    loop {
        let page: Vec<Entry> = store.audit_page(last.0, PAGE).await?;
        for entry in &page {
            if entry.seq != last.0 + 1 {
                found(Finding::Gap(entry.seq));
            } else if !log.follows((last.0, &last.1), entry)? || log.open(entry).is_err() {
                found(Finding::Changed(entry.seq));
            }
            // A changed layer is reported above.
            let leaf = log.leaf(entry).map_or_else(|_| Hash::default(), |leaf| record_hash(leaf.as_bytes()));
            check.push(leaf).into_iter().map(Finding::Tree).for_each(&mut found);
            last = (entry.seq, entry.mac.clone());
            missing.remove(&last);
            entries += 1;
        }
        if page.is_empty() {
            break;
        }
    }
    match &head {
        None => found(Finding::Headless),
        Some(head) if !log.is_sealed(head)? => found(Finding::Unsealed),
        Some(Head { seq, .. }) if *seq > last.0 => found(Finding::CutOff { ends: last.0, head: *seq }),
        Some(_) => {}
    }
    missing.into_iter().filter(|(seq, _)| *seq > 0).for_each(|(seq, _)| found(Finding::Unknown(seq)));
    let checkpoint = match check.size() {
        0 => String::new(),
        size => keys.checkpoint(tree::ORIGIN, size, check.root())?,
    };
    check.finish().into_iter().map(Finding::Tree).for_each(&mut found);
    Ok(Verified { entries, findings, end: KnownEnd { seq: last.0, mac: last.1 }, checkpoint })
}

/// Returns what the log must match, and the foreign notes.
fn expected(keys: &LogKeys, notes: &[String]) -> (TreeCheck, Vec<Finding>) {
    let (mut check, mut findings) = (TreeCheck::default(), Vec::new());
    for (at, note) in notes.iter().enumerate() {
        match keys.read_note(note) {
            Ok(Noted::Checkpoint { origin, size, root }) if origin == tree::ORIGIN => {
                check.expect_root(size, root);
            }
            Ok(_) => findings.push(Finding::Note { number: at + 1, error: NoteError::Malformed }),
            Err(error) => findings.push(Finding::Note { number: at + 1, error }),
        }
    }
    (check, findings)
}
