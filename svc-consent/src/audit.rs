//! Verifies the whole ledger: every journal against its head, every chain, and each against the other.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use ledger::tree::{Hash, LogKeys, NoteError, Noted, TreeCheck, TreeFinding, record_hash};

use crate::{
    Config,
    entry::Entry,
    error::Error,
    journal::{Event, Head, Mark, ROOT, Seals},
    log,
    store::Store,
};

/// A violation of the ledger's integrity. Contains no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("project {project}: the journal misses a mark before number {seq}")]
    Gap { project: String, seq: i64 },
    #[error("project {project}: mark {seq} of the journal was changed, or marks after {} were removed", seq - 1)]
    Changed { project: String, seq: i64 },
    #[error("project {project}: the journal ends at number {ends}, its head says {head}")]
    CutOff { project: String, ends: i64, head: i64 },
    #[error("project {project}: the journal's head is not sealed by this master key")]
    Unsealed { project: String },
    #[error("project {project}: the journal has no head")]
    Headless { project: String },
    #[error("project {project}: its journal is gone")]
    NoJournal { project: String },
    #[error("project {project}: entered into the ledger {times} times instead of once")]
    Opened { project: String, times: u64 },
    #[error("project {project}: entry {seq} of chain {chain} is missing or was changed")]
    Missing { project: String, chain: String, seq: i64 },
    #[error("project {project}: entry {id} (number {seq}) has no mark in the journal")]
    Unmarked { project: String, id: String, seq: i64 },
    #[error("project {project}: entry {id} (number {seq}) is there though its chain was erased")]
    Returned { project: String, id: String, seq: i64 },
    #[error("project {project}: entry {id} (number {seq}) does not follow the one before it")]
    Broken { project: String, id: String, seq: i64 },
    #[error("project {project}: the head noted earlier, number {seq}, is not in the journal")]
    Unknown { project: String, seq: i64 },
    #[error("project {project}: {finding}")]
    Tree { project: String, finding: TreeFinding },
    #[error("note {number} is not of a consent log of this installation: {error}")]
    Note { number: usize, error: NoteError },
}

/// The end of a project's journal at an earlier verification, as returned by [`verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHead {
    pub project_id: String,
    pub seq: i64,
    pub mac: String,
}

impl std::str::FromStr for KnownHead {
    type Err = &'static str;

    /// `<project>:<number>:<mac>`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = "a head is written <project>:<number>:<mac>, as verify prints it";
        let mut parts = text.rsplitn(3, ':');
        let (Some(mac), Some(seq), Some(project)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(shape);
        };
        let seq = seq.parse().map_err(|_| shape)?;
        Ok(Self { project_id: project.to_owned(), seq, mac: mac.to_owned() })
    }
}

impl std::fmt::Display for KnownHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.project_id, self.seq, self.mac)
    }
}

/// Earlier notes about the ledger.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub heads: Vec<KnownHead>,
    /// Signed checkpoints, and promises given to callers.
    pub notes: Vec<String>,
}

impl From<Vec<KnownHead>> for Known {
    fn from(heads: Vec<KnownHead>) -> Self {
        Self { heads, notes: Vec::new() }
    }
}

/// The result of a verification.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    pub entries: u64,
    pub marks: u64,
    pub erased_chains: i64,
    pub findings: u64,
    /// The head of each journal; that of the journal of projects has the empty project. Noted elsewhere, they reveal
    /// at the next verification that an older copy of the database was restored.
    pub heads: Vec<KnownHead>,
    /// The signed checkpoint of each project's log.
    pub checkpoints: Vec<String>,
}

/// The name of the ledger among the anchors of an installation.
pub const LEDGER: &str = "consent";

/// Verifies the ledger of `config` and calls back with each finding. `known`: notes in addition to those in the
/// configured anchor file.
///
/// # Errors
/// When the database cannot be read or the master key is missing.
pub async fn verify(
    config: Config,
    known: impl Into<Known>,
    mut tell: impl FnMut(&Finding) + Send,
) -> anyhow::Result<Audit> {
    let mut known: Known = known.into();
    known.notes.extend(ledger::noted_checkpoints(&config.anchor, LEDGER).context("consent.anchor.file")?);
    for head in ledger::noted_heads(&config.anchor, LEDGER).context("consent.anchor.file")? {
        known.heads.push(head.parse().map_err(|error| anyhow::anyhow!("consent.anchor.file: {error}"))?);
    }
    let ledger::Opened { db, ring, .. } = ledger::open(&config, boot::now_ms()).await?;
    let store = Store::new(db);
    let keys = LogKeys::new(&ring, log::SIGN)?;
    let mut auditor = Auditor {
        seals: Seals::new(ring),
        tell: &mut tell,
        known: known.heads.into_iter().map(|head| (head.project_id, head.seq, head.mac)).collect(),
        heads: BTreeMap::new(),
        opened: BTreeMap::new(),
        trees: BTreeMap::new(),
        keys,
        at: None,
        last: None,
        audit: Audit::default(),
    };
    auditor.notes(&known.notes);
    store.audit(&mut auditor).await?;
    Ok(auditor.audit)
}

/// Reads the ledger row by row; stores a head for each project and one row of each kind.
pub struct Auditor<'a> {
    seals: Seals,
    tell: &'a mut (dyn FnMut(&Finding) + Send),
    /// Heads noted earlier that were not seen yet.
    known: BTreeSet<(String, i64, String)>,
    heads: BTreeMap<String, Head>,
    /// How often the journal of projects names each project.
    opened: BTreeMap<String, u64>,
    /// The expectations of each project's log.
    trees: BTreeMap<String, TreeCheck>,
    keys: LogKeys,
    /// The journal being read: project, number and mac of its last mark.
    at: Option<(String, i64, String)>,
    /// The previous entry.
    last: Option<Entry>,
    audit: Audit,
}

impl Auditor<'_> {
    pub fn add_finding(&mut self, finding: &Finding) {
        self.audit.findings += 1;
        (self.tell)(finding);
    }

    fn notes(&mut self, notes: &[String]) {
        for (at, note) in notes.iter().enumerate() {
            let noted = self.keys.read_note(note);
            let of = |origin: &str| log::project_of(origin).map(str::to_owned).ok_or(NoteError::Malformed);
            let expected = noted.and_then(|noted| match noted {
                Noted::Checkpoint { origin, size, root } => {
                    self.trees.entry(of(&origin)?).or_default().expect_root(size, root);
                    Ok(())
                }
                Noted::Promise { origin, index, leaf } => {
                    self.trees.entry(of(&origin)?).or_default().expect_leaf(index, leaf);
                    Ok(())
                }
            });
            if let Err(error) = expected {
                self.add_finding(&Finding::Note { number: at + 1, error });
            }
        }
    }

    /// Checks a stored hash of a project's tree.
    pub fn node(&mut self, project: String, position: i64, hash: Vec<u8>) {
        let hash: [u8; 32] = hash.try_into().unwrap_or_default();
        // A position below 0 belongs to no log, and is reported as such.
        let position = u64::try_from(position).unwrap_or(u64::MAX);
        self.trees.entry(project).or_default().expect_node(position, Hash(hash));
    }

    fn add_tree_findings(&mut self, project: &str, findings: Vec<TreeFinding>) {
        for finding in findings {
            self.add_finding(&Finding::Tree { project: project.to_owned(), finding });
        }
    }

    pub fn heads(&mut self, heads: Vec<Head>) -> Result<(), Error> {
        for head in heads {
            if !self.seals.is_sealed(&head)? {
                self.add_finding(&Finding::Unsealed { project: head.project_id.clone() });
            }
            let known =
                KnownHead { project_id: head.project_id.clone(), seq: head.seq, mac: head.mac.clone() };
            self.audit.heads.push(known);
            self.heads.insert(head.project_id.clone(), head);
        }
        Ok(())
    }

    /// Checks the next mark, by project and number.
    pub fn mark(&mut self, mark: Mark) -> Result<(), Error> {
        self.audit.marks += 1;
        if self.at.as_ref().is_none_or(|(project, ..)| *project != mark.project_id) {
            self.end_of_project();
            self.at = Some((mark.project_id.clone(), 0, String::new()));
        }
        let (_, seq, mac) = self.at.clone().unwrap_or_default();
        let project = || mark.project_id.clone();
        if mark.seq != seq + 1 {
            self.add_finding(&Finding::Gap { project: project(), seq: mark.seq });
        } else if !self.seals.follows((seq, &mac), &mark)? {
            self.add_finding(&Finding::Changed { project: project(), seq: mark.seq });
        }
        if mark.project_id == ROOT && mark.event == Event::Project.as_str() {
            *self.opened.entry(mark.chain.clone()).or_default() += 1;
        }
        if mark.project_id != ROOT {
            let tree = self.trees.entry(mark.project_id.clone()).or_default();
            let found = tree.push(record_hash(mark.leaf().as_bytes()));
            self.add_tree_findings(&mark.project_id, found);
        }
        let at = (mark.project_id, mark.seq, mark.mac);
        self.known.remove(&at);
        self.at = Some(at);
        Ok(())
    }

    fn end_of_project(&mut self) {
        let Some((project, ends, mac)) = self.at.take() else { return };
        match self.heads.remove(&project) {
            None => self.add_finding(&Finding::Headless { project: project.clone() }),
            Some(head) if (head.seq, &head.mac) != (ends, &mac) => {
                self.add_finding(&Finding::CutOff { project: project.clone(), ends, head: head.seq });
            }
            Some(_) => {}
        }
        if project != ROOT {
            self.end_of_tree(&project);
            let times = self.opened.remove(&project).unwrap_or_default();
            if times != 1 {
                self.add_finding(&Finding::Opened { project, times });
            }
        }
    }

    fn end_of_tree(&mut self, project: &str) {
        let tree = self.trees.remove(project).unwrap_or_default();
        if let (1.., Ok(origin)) = (tree.size(), log::origin(project)) {
            self.audit.checkpoints.extend(self.keys.checkpoint(&origin, tree.size(), tree.root()));
        }
        self.add_tree_findings(project, tree.finish());
    }

    pub fn end_of_journal(&mut self) {
        self.end_of_project();
        for (project, tree) in std::mem::take(&mut self.trees) {
            self.add_tree_findings(&project, tree.finish());
        }
        let heads = std::mem::take(&mut self.heads).into_keys();
        let opened = std::mem::take(&mut self.opened).into_keys();
        let gone: std::collections::BTreeSet<_> = heads.chain(opened).collect();
        gone.into_iter().for_each(|project| self.add_finding(&Finding::NoJournal { project }));
        for (project, seq, _) in std::mem::take(&mut self.known) {
            self.add_finding(&Finding::Unknown { project, seq });
        }
    }

    /// Checks the next entry, by project, subject and number.
    pub fn entry(&mut self, entry: &Entry) {
        self.audit.entries += 1;
        let entry = self.seals.peel(entry);
        let same = |last: &&Entry| (&last.project_id, &last.subject) == (&entry.project_id, &entry.subject);
        let (seq, hash) =
            self.last.as_ref().filter(same).map_or((0, ""), |last| (last.seq, last.hash.as_str()));
        if entry.seq != seq + 1 || entry.hash != entry.hash_after(hash) {
            let (project, id) = (entry.project_id.clone(), entry.id.clone());
            self.add_finding(&Finding::Broken { project, id, seq: entry.seq });
        }
        self.last = Some(entry);
    }

    pub fn erased(&mut self, chains: i64) {
        self.audit.erased_chains = chains;
    }
}
