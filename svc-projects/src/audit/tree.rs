//! The audit log as a Merkle tree, with signed checkpoints and proofs. One log for the installation.
//!
//! A leaf has the number and the time of an entry, and a hash over the rest: the leaf of another organisation's entry
//! reveals nothing about it. Appending writes nothing for the tree.

use blob::{KeyRing, Purpose};
use ledger::tree::{Hash, Leaves, LogKeys, LogPublicKey, Tree, TreeError, record_hash};

use super::{Entry, Log};
use crate::{error::Error, store::Store};

pub const SIGN: Purpose = Purpose("sign checkpoints of the audit log");
pub const ORIGIN: &str = "biometry/audit";
/// The log's name among the stored hashes.
const LOG: &str = "audit";

/// The log and its keys. Clones share them.
#[derive(Clone)]
pub struct AuditTree {
    entries: Entries,
    tree: Tree,
    keys: LogKeys,
}

/// Size and root of the log, and both as a signed note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub size: u64,
    pub root_hash: String,
    pub note: String,
}

/// An entry's leaf and its path to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    pub index: u64,
    pub leaf: String,
    pub leaf_hash: String,
    pub proof: Vec<String>,
    pub checkpoint: Checkpoint,
}

/// The proof that the log of `from` entries is a prefix of the checkpoint's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    pub from: u64,
    pub proof: Vec<String>,
    pub checkpoint: Checkpoint,
}

impl AuditTree {
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn new(store: Store, ring: &KeyRing) -> Result<Self, blob::Error> {
        let (tree, keys) = (store.tree(ring.clone()), LogKeys::new(ring, SIGN)?);
        let log = store.log().clone();
        Ok(Self { entries: Entries { store, log }, tree, keys })
    }

    /// Returns the current checkpoint; `None` while the log is empty.
    ///
    /// # Errors
    /// [`Error::AuditTampered`] when an entry is not authentic.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        match self.entries.size().await? {
            0 => Ok(None),
            size => self.checkpoint_at(size).await.map(Some),
        }
    }

    /// Proves that entry `seq`, of this organisation, is in the log.
    ///
    /// # Errors
    /// As [`AuditTree::checkpoint`]; [`Error::NoSuchEntry`].
    pub async fn inclusion(&self, organisation: &str, seq: u64) -> Result<Inclusion, Error> {
        let size = self.entries.size().await?;
        let index = seq.checked_sub(1).filter(|index| *index < size).ok_or(Error::NoSuchEntry)?;
        let entries = self.entries.range(index, seq).await?;
        let entry = entries.first().filter(|entry| entry.organisation_id == organisation);
        let leaf = self.entries.log.leaf(entry.ok_or(Error::NoSuchEntry)?)?;
        let proof = texts(&self.tree.inclusion(LOG, index, size, &self.entries).await?);
        let leaf_hash = record_hash(leaf.as_bytes()).to_string();
        Ok(Inclusion { index, leaf, leaf_hash, proof, checkpoint: self.checkpoint_at(size).await? })
    }

    /// Proves that the log of `to` entries (`None`: all) begins with that of `from`.
    ///
    /// # Errors
    /// As [`AuditTree::checkpoint`]; [`Error::Invalid`] when it has or had no such size.
    pub async fn consistency(&self, from: u64, to: Option<u64>) -> Result<Consistency, Error> {
        let size = self.entries.size().await?;
        let to = to.unwrap_or(size);
        if from == 0 || from > to || to > size {
            return Err(Error::Invalid(
                "from and to must be sizes the log has or had, from 1, in this order".into(),
            ));
        }
        let proof = texts(&self.tree.consistency(LOG, from, to, &self.entries).await?);
        Ok(Consistency { from, proof, checkpoint: self.checkpoint_at(to).await? })
    }

    /// Returns the keys that verify checkpoints, the signing one first.
    pub fn public_keys(&self) -> Vec<LogPublicKey> {
        self.keys.public_keys(ORIGIN)
    }

    async fn checkpoint_at(&self, size: u64) -> Result<Checkpoint, Error> {
        // Changes are rare, so full groups are stored by the call that needs them.
        self.tree.integrate(LOG, size, &self.entries).await?;
        let root = self.tree.root(LOG, size, &self.entries).await?;
        let note = self.keys.checkpoint(ORIGIN, size, root)?;
        Ok(Checkpoint { size, root_hash: root.to_string(), note })
    }
}

/// The entries, each verified as it is read.
#[derive(Clone)]
struct Entries {
    store: Store,
    log: Log,
}

impl Entries {
    async fn size(&self) -> Result<u64, Error> {
        let head = self.store.audit_head().await?.ok_or(Error::AuditTampered("the log has no head"))?;
        if head.seq == 0 {
            return Ok(0);
        }
        let last = self.store.audit_page(head.seq - 1, 1).await?;
        let is_last = last.first().is_some_and(|entry| (entry.seq, &entry.mac) == (head.seq, &head.mac));
        if !is_last || !self.log.is_sealed(&head)? {
            return Err(Error::AuditTampered("the end of the log was cut off or changed"));
        }
        Ok(u64::try_from(head.seq).unwrap_or_default())
    }

    /// Returns the entries of the leaves `from..to`.
    async fn range(&self, from: u64, to: u64) -> Result<Vec<Entry>, Error> {
        let signed = |number: u64| i64::try_from(number).map_err(|_| Error::NoSuchEntry);
        let (from, to) = (signed(from)?, signed(to)?);
        let mut entries = self.store.audit_page((from - 1).max(0), to - (from - 1).max(0)).await?;
        let mut before = (0, String::new());
        if from > 0 && entries.first().is_some_and(|entry| entry.seq == from) {
            let entry = entries.remove(0);
            before = (entry.seq, entry.mac);
        }
        if before.0 != from || entries.last().map_or(from, |entry| entry.seq) != to {
            return Err(Error::AuditTampered("an entry is missing"));
        }
        for entry in &entries {
            if entry.seq != before.0 + 1 || !self.log.follows((before.0, &before.1), entry)? {
                return Err(Error::AuditTampered("an entry was changed or removed"));
            }
            before = (entry.seq, entry.mac.clone());
        }
        Ok(entries)
    }
}

impl Leaves for Entries {
    type Error = Error;

    async fn leaf_hashes(&self, _: &str, from: u64, to: u64) -> Result<Vec<Hash>, Error> {
        let entries = self.range(from, to).await?;
        entries.iter().map(|entry| Ok(record_hash(self.log.leaf(entry)?.as_bytes()))).collect()
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Database(error) => Self::Database(error),
            TreeError::Sealed(error) => Self::Sealed(error),
            TreeError::OutOfRange => Self::Invalid("the log has no such size".into()),
        }
    }
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
