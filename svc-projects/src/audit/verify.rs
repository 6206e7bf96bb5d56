//! Verifies the audit log: every entry against the one before, and the end against its seal.

use std::collections::BTreeSet;

use anyhow::Context;

use super::{Entry, Head, Log};
use crate::{Config, error::Error, store::Store};

const PAGE: i64 = 500;

/// A place where the log does not hold.
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
}

/// Where the log ended when it was verified before: `<number>:<mac>`.
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

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    pub findings: u64,
    pub end: KnownEnd,
}

/// The name of the log among the anchors of an installation.
pub const LEDGER: &str = "audit";

/// Reads the whole log and reports each place where it does not hold. `known`: heads noted by hand, besides those of the
/// configured file of anchors.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn verify(
    config: Config,
    known: &[KnownEnd],
    report: impl FnMut(Finding),
) -> anyhow::Result<Verified> {
    let noted = ledger::noted_heads(&config.anchor, LEDGER).context("projects.anchor.file")?;
    let noted: Result<Vec<KnownEnd>, _> = noted.iter().map(|head| head.parse()).collect();
    let noted = noted.map_err(|error: &str| anyhow::anyhow!("projects.anchor.file: {error}"))?;
    let known: Vec<&KnownEnd> = known.iter().chain(&noted).collect();
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let log = Log::new(ring.clone());
    let store = Store::new(db, log.clone(), ledger::RowMacs::new(ring));
    Ok(walk(&store, &log, &known, report).await?)
}

async fn walk(
    store: &Store,
    log: &Log,
    known: &[&KnownEnd],
    mut report: impl FnMut(Finding),
) -> Result<Verified, Error> {
    let mut findings = 0;
    let mut found = |finding: Finding| {
        findings += 1;
        report(finding);
    };
    // Read first: what is appended meanwhile lies behind it.
    let head = store.audit_head().await?;
    let mut last = (0, String::new());
    let mut entries = 0;
    let mut missing: BTreeSet<(i64, String)> = known.iter().map(|end| (end.seq, end.mac.clone())).collect();
    loop {
        let page: Vec<Entry> = store.audit_page(last.0, PAGE).await?;
        for entry in &page {
            if entry.seq != last.0 + 1 {
                found(Finding::Gap(entry.seq));
            } else if !log.follows((last.0, &last.1), entry)? || log.open(entry).is_err() {
                found(Finding::Changed(entry.seq));
            }
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
    Ok(Verified { entries, findings, end: KnownEnd { seq: last.0, mac: last.1 } })
}
