//! Compares a log, read from its first entry to its last, with its signed notes and its stored hashes.

use std::collections::BTreeMap;

use tlog_tiles::{EMPTY_HASH, Hash, node_hash, stored_hash_index};

use super::GROUP_LEVEL;

/// A mismatch between a log and its signatures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFinding {
    #[error(
        "the signed checkpoint of size {size} is of another tree: entries were changed, or the log was forked"
    )]
    Forked { size: u64 },
    #[error("the signed checkpoint of size {size} is beyond the end of the log, which has {entries} entries")]
    Beyond { size: u64, entries: u64 },
    #[error("entry {index} of the log (from 0) is not the one that a signed promise names")]
    Broken { index: u64 },
    #[error(
        "entry {index} of the log (from 0), which a signed promise names, is missing: the log has {entries} entries"
    )]
    Gone { index: u64, entries: u64 },
    #[error("the stored hash {position} of the tree is not that of the log's entries")]
    Node { position: u64 },
}

/// The expectations of one log.
#[derive(Debug, Default)]
pub struct TreeCheck {
    /// By size.
    checkpoints: BTreeMap<u64, Vec<Hash>>,
    /// By number.
    promises: BTreeMap<u64, Vec<Hash>>,
    /// By position in the tree over the groups.
    nodes: BTreeMap<u64, Hash>,
    /// The roots of the perfect trees of the leaves so far, the largest first, with their levels.
    roots: Vec<(u8, Hash)>,
    size: u64,
}

impl TreeCheck {
    /// Adds a checkpoint; one of an empty log is ignored.
    pub fn expect_root(&mut self, size: u64, root: Hash) {
        if size > 0 {
            self.checkpoints.entry(size).or_default().push(root);
        }
    }

    pub fn expect_leaf(&mut self, index: u64, leaf: Hash) {
        self.promises.entry(index).or_default().push(leaf);
    }

    pub fn expect_node(&mut self, position: u64, hash: Hash) {
        self.nodes.insert(position, hash);
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) -> Vec<TreeFinding> {
        let (index, mut findings) = (self.size, Vec::new());
        if self.promises.remove(&index).is_some_and(|promised| promised.iter().any(|other| *other != leaf)) {
            findings.push(TreeFinding::Broken { index });
        }
        let (mut level, mut hash) = (0, leaf);
        loop {
            findings.extend(self.check_node(level, index >> level, hash));
            match self.roots.pop_if(|(below, _)| *below == level) {
                Some((_, left)) => (level, hash) = (level + 1, node_hash(left, hash)),
                None => break,
            }
        }
        self.roots.push((level, hash));
        self.size += 1;
        if let Some(roots) = self.checkpoints.remove(&self.size) {
            let root = self.root();
            findings.extend(
                roots.iter().filter(|noted| **noted != root).map(|_| TreeFinding::Forked { size: self.size }),
            );
        }
        findings
    }

    fn check_node(&mut self, level: u8, number: u64, hash: Hash) -> Option<TreeFinding> {
        let position = stored_hash_index(level.checked_sub(GROUP_LEVEL)?, number);
        let stored = self.nodes.remove(&position)?;
        (stored != hash).then_some(TreeFinding::Node { position })
    }

    /// Returns the root over the leaves so far.
    pub fn root(&self) -> Hash {
        let above = self.roots.iter().rev().map(|(_, hash)| *hash);
        above.reduce(|right, left| node_hash(left, right)).unwrap_or(EMPTY_HASH)
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Checks the log after its last leaf.
    pub fn finish(self) -> Vec<TreeFinding> {
        let entries = self.size;
        let beyond = self.checkpoints.into_keys().map(|size| TreeFinding::Beyond { size, entries });
        let gone = self.promises.into_keys().map(|index| TreeFinding::Gone { index, entries });
        let nodes = self.nodes.into_keys().map(|position| TreeFinding::Node { position });
        beyond.chain(gone).chain(nodes).collect()
    }
}
