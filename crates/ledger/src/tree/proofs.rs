//! Roots and proofs of a log, computed from its entries and from stored hashes.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use blob::KeyRing;
use db::Db;
use tlog_tiles::{Hash, HashReader, split_stored_hash_index, stored_hashes_for_record_hash};

use super::{EMPTY_HASH, GROUP, GROUP_LEVEL, nodes::Nodes, perfect_root};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("a hash cannot be authenticated")]
    Sealed(#[from] blob::Error),
    #[error("the log has no such size or leaf")]
    OutOfRange,
}

/// The entries of logs.
pub trait Leaves: Sync {
    type Error: From<TreeError> + Send;

    /// Returns the hashes of the leaves `from..to` of a log, in order, each of an entry authenticated as the
    /// service's own.
    fn leaf_hashes(
        &self,
        log: &str,
        from: u64,
        to: u64,
    ) -> impl Future<Output = Result<Vec<Hash>, Self::Error>> + Send;
}

/// The trees of a service's logs. Clones share the keys.
#[derive(Clone)]
pub struct Tree {
    nodes: Nodes,
}

impl Tree {
    pub fn new(db: Db, ring: KeyRing) -> Self {
        Self { nodes: Nodes::new(db, ring) }
    }

    /// Returns the root over the first `size` leaves.
    ///
    /// # Errors
    /// When the database fails or a leaf is not the service's own.
    pub async fn root<L: Leaves>(&self, log: &str, size: u64, leaves: &L) -> Result<Hash, L::Error> {
        self.compute(log, size, leaves, |reader| tlog_tiles::tree_hash(size, reader)).await
    }

    /// Proves that leaf `index` is among the first `size` (RFC 6962, 2.1.1).
    ///
    /// # Errors
    /// As [`Tree::root`]; [`TreeError::OutOfRange`].
    pub async fn inclusion<L: Leaves>(
        &self,
        log: &str,
        index: u64,
        size: u64,
        leaves: &L,
    ) -> Result<Vec<Hash>, L::Error> {
        self.compute(log, size, leaves, |reader| tlog_tiles::prove_record(size, index, reader)).await
    }

    /// Proves that the first `size` leaves begin with the first `from` (RFC 6962, 2.1.2).
    ///
    /// # Errors
    /// As [`Tree::inclusion`].
    pub async fn consistency<L: Leaves>(
        &self,
        log: &str,
        from: u64,
        size: u64,
        leaves: &L,
    ) -> Result<Vec<Hash>, L::Error> {
        self.compute(log, size, leaves, |reader| tlog_tiles::prove_tree(size, from, reader)).await
    }

    /// Stores the hashes of the complete groups of a log of `size` leaves that are not stored yet. Several processes
    /// may do so at once: they compute the same.
    ///
    /// # Errors
    /// As [`Tree::root`].
    pub async fn integrate<L: Leaves>(&self, log: &str, size: u64, leaves: &L) -> Result<(), L::Error> {
        let from = self.nodes.groups(log).await.map_err(TreeError::from)?;
        for group in from..size / GROUP {
            let hash = perfect_root(&leaves.leaf_hashes(log, group * GROUP, (group + 1) * GROUP).await?);
            let compute = |reader: &Reader| stored_hashes_for_record_hash(group, hash, reader);
            let wanted = Reader::wanted_by(compute)?;
            let mut known = HashMap::new();
            for position in wanted {
                known.insert(position, self.node(log, position, leaves).await?);
            }
            let hashes = compute(&Reader::Known(known)).map_err(|_| TreeError::OutOfRange)?;
            self.nodes.add_hashes(log, group, &hashes).await?;
        }
        Ok(())
    }

    async fn compute<T, L: Leaves>(
        &self,
        log: &str,
        size: u64,
        leaves: &L,
        compute: impl Fn(&Reader) -> Result<T, tlog_tiles::Error>,
    ) -> Result<T, L::Error> {
        let wanted = Reader::wanted_by(&compute)?;
        let mut groups: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
        let mut known = HashMap::new();
        for index in wanted {
            let (level, number) = split_stored_hash_index(index);
            let hash = match level.checked_sub(GROUP_LEVEL) {
                Some(level) => self.node(log, tlog_tiles::stored_hash_index(level, number), leaves).await?,
                None => {
                    let first = number << level;
                    let group = first / GROUP;
                    if let std::collections::btree_map::Entry::Vacant(place) = groups.entry(group) {
                        let end = size.min((group + 1) * GROUP);
                        place.insert(leaves.leaf_hashes(log, group * GROUP, end).await?);
                    }
                    let at = usize::try_from(first % GROUP).unwrap_or_default();
                    let of_group = groups.get(&group).and_then(|hashes| hashes.get(at..at + (1 << level)));
                    perfect_root(of_group.ok_or(TreeError::OutOfRange)?)
                }
            };
            known.insert(index, hash);
        }
        Ok(compute(&Reader::Known(known)).map_err(|_| TreeError::OutOfRange)?)
    }

    /// Returns a hash over whole groups, by its position in the tree over them: as stored, or computed.
    async fn node<L: Leaves>(&self, log: &str, position: u64, leaves: &L) -> Result<Hash, L::Error> {
        if let Some(hash) = self.nodes.find_hash(log, position).await? {
            return Ok(hash);
        }
        let (level, number) = split_stored_hash_index(position);
        let mut roots = Vec::new();
        for group in (number << level)..((number + 1) << level) {
            roots.push(perfect_root(&leaves.leaf_hashes(log, group * GROUP, (group + 1) * GROUP).await?));
        }
        Ok(perfect_root(&roots))
    }
}

/// The crate reads hashes synchronously, so a first pass records the wanted ones, and a second gets them.
enum Reader {
    Wanted(RefCell<Vec<u64>>),
    Known(HashMap<u64, Hash>),
}

impl Reader {
    fn wanted_by<T>(compute: impl Fn(&Self) -> Result<T, tlog_tiles::Error>) -> Result<Vec<u64>, TreeError> {
        let reader = Self::Wanted(RefCell::default());
        compute(&reader).map_err(|_| TreeError::OutOfRange)?;
        match reader {
            Self::Wanted(wanted) => Ok(wanted.into_inner()),
            Self::Known(_) => Ok(Vec::new()),
        }
    }
}

impl HashReader for Reader {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        match self {
            Self::Wanted(wanted) => {
                wanted.borrow_mut().extend_from_slice(indexes);
                Ok(vec![EMPTY_HASH; indexes.len()])
            }
            Self::Known(known) => {
                let found = indexes.iter().map(|index| known.get(index).copied());
                found.collect::<Option<_>>().ok_or(tlog_tiles::Error::IndexesNotInTree)
            }
        }
    }
}
