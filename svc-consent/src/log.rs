//! The log of a project: its journal as a Merkle tree, with signed checkpoints, promises and proofs.
//!
//! Appending writes nothing for the tree. Hashes of whole groups of marks are stored later by one task of the
//! process, and missing ones are computed from the marks, so nothing waits for it.

use blob::{KeyRing, Purpose};
use ledger::tree::{GROUP, Hash, LogKeys, Tree, record_hash};
use proto::consent as wire;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    error::Error,
    journal::{Mark, ROOT, Seals},
    store::{Journal, Store},
};

pub const SIGN: Purpose = Purpose("sign checkpoints and promises of consent logs");

/// Projects whose groups wait to be stored. Further ones are stored with a later group.
const QUEUE: usize = 256;

/// The logs of all projects. Clones share the keys.
#[derive(Clone)]
pub struct ConsentLog {
    journal: Journal,
    tree: Tree,
    keys: LogKeys,
}

/// Stores hashes of groups; ends with the handle.
pub struct Integrator {
    full: mpsc::Sender<(String, u64)>,
    _task: AbortOnDropHandle<()>,
}

/// Returns the name of a project's log, and of its keys.
///
/// # Errors
/// When the project's id cannot be a part of it.
pub fn origin(project: &str) -> Result<String, Error> {
    let origin = format!("biometry/consent/{project}");
    match LogKeys::is_origin(&origin) && project != ROOT {
        true => Ok(origin),
        false => Err(Error::Invalid("project_id is malformed")),
    }
}

/// Returns the project of a log.
pub fn project_of(origin: &str) -> Option<&str> {
    origin.strip_prefix("biometry/consent/")
}

impl ConsentLog {
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn new(store: Store, ring: &KeyRing) -> Result<Self, blob::Error> {
        let (tree, keys) = (store.tree(ring.clone()), LogKeys::new(ring, SIGN)?);
        Ok(Self { journal: Journal { store, seals: Seals::new(ring.clone()) }, tree, keys })
    }

    /// Returns the promise that the log of its project has this mark.
    ///
    /// # Errors
    /// When the project's id cannot name a log.
    pub fn promise(&self, mark: &Mark) -> Result<String, Error> {
        let (origin, index) = (origin(&mark.project_id)?, u64::try_from(mark.seq - 1).unwrap_or_default());
        Ok(self.keys.promise(&origin, index, record_hash(mark.leaf().as_bytes()), mark.marked_at)?)
    }

    /// Returns the current signed checkpoint.
    ///
    /// # Errors
    /// [`Error::NoLog`]; [`Error::Tampered`] when the journal is not as the service wrote it.
    pub async fn checkpoint(&self, project: &str) -> Result<wire::Checkpoint, Error> {
        let size = self.size(project).await?;
        self.checkpoint_at(project, size).await
    }

    /// Proves that the log has a leaf.
    ///
    /// # Errors
    /// As [`ConsentLog::checkpoint`]; [`Error::NoLeaf`].
    pub async fn inclusion(&self, request: &wire::GetInclusionRequest) -> Result<wire::Inclusion, Error> {
        let project = request.project_id.as_str();
        let index = match &request.leaf {
            Some(wire::get_inclusion_request::Leaf::EntryId(id)) => {
                self.journal.index_of(project, id).await?
            }
            Some(wire::get_inclusion_request::Leaf::Index(index)) => Some(*index),
            None => return Err(Error::Invalid("entry_id or index is required")),
        };
        let size = self.size(project).await?;
        let index = index.filter(|index| *index < size).ok_or(Error::NoLeaf)?;
        let marks = self.journal.marks(project, index, index + 1).await?;
        let leaf = marks.first().map(Mark::leaf).ok_or(Error::NoLeaf)?;
        let proof = self.tree.inclusion(project, index, size, &self.journal).await?;
        Ok(wire::Inclusion {
            index,
            leaf_hash: record_hash(leaf.as_bytes()).to_string(),
            leaf,
            proof: texts(&proof),
            checkpoint: Some(self.checkpoint_at(project, size).await?),
        })
    }

    /// Proves that the log of `to` leaves begins with that of `from`.
    ///
    /// # Errors
    /// As [`ConsentLog::checkpoint`]; [`Error::Invalid`] when it has or had no such size.
    pub async fn consistency(
        &self,
        request: &wire::GetConsistencyRequest,
    ) -> Result<wire::Consistency, Error> {
        let (project, from) = (request.project_id.as_str(), request.from);
        let size = self.size(project).await?;
        let to = request.to.unwrap_or(size);
        if from == 0 || from > to || to > size {
            return Err(Error::Invalid(
                "from and to must be sizes the log has or had, from 1, in this order",
            ));
        }
        let proof = self.tree.consistency(project, from, to, &self.journal).await?;
        let checkpoint = Some(self.checkpoint_at(project, to).await?);
        Ok(wire::Consistency { from, proof: texts(&proof), checkpoint })
    }

    /// Returns the keys that verify signed notes of the project's log.
    ///
    /// # Errors
    /// When the project's id cannot name a log.
    pub fn public_keys(&self, project: &str) -> Result<wire::LogKeys, Error> {
        let keys = self.keys.public_keys(&origin(project)?).into_iter();
        let key = |key: ledger::tree::LogPublicKey| wire::LogKey {
            verifier: key.verifier,
            signing: key.is_signing,
            trusted: key.is_trusted,
        };
        Ok(wire::LogKeys { keys: keys.map(key).collect() })
    }

    /// Returns the signed checkpoint of every log.
    ///
    /// # Errors
    /// When the database fails. A log that was tampered with is left out.
    pub async fn checkpoints(&self) -> Result<Vec<String>, Error> {
        let mut notes = Vec::new();
        for head in self.journal.store.heads().await? {
            match self.checkpoint(&head.project_id).await {
                Ok(checkpoint) => notes.push(checkpoint.note),
                Err(Error::Invalid(_)) => {}
                Err(Error::Tampered { project, what }) => {
                    tracing::error!(project, what, "a tampered consent log has no checkpoint");
                }
                Err(other) => return Err(other),
            }
        }
        Ok(notes)
    }

    /// Starts the task that stores hashes of groups, beginning with all existing groups.
    pub fn start_integrator(&self) -> Integrator {
        let (full, mut waiting) = mpsc::channel::<(String, u64)>(QUEUE);
        let log = self.clone();
        let task = tokio::spawn(async move {
            let heads = log.journal.store.heads().await.unwrap_or_default();
            for head in heads.into_iter().filter(|head| head.project_id != ROOT) {
                log.integrate(&head.project_id, u64::try_from(head.seq).unwrap_or_default()).await;
            }
            while let Some((project, size)) = waiting.recv().await {
                log.integrate(&project, size).await;
            }
        });
        Integrator { full, _task: AbortOnDropHandle::new(task) }
    }

    async fn integrate(&self, project: &str, size: u64) {
        if let Err(error) = self.tree.integrate(project, size, &self.journal).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(project, error, "hashes of a consent log could not be stored");
        }
    }

    async fn size(&self, project: &str) -> Result<u64, Error> {
        origin(project)?;
        self.journal.size(project).await?.ok_or(Error::NoLog)
    }

    async fn checkpoint_at(&self, project: &str, size: u64) -> Result<wire::Checkpoint, Error> {
        let origin = origin(project)?;
        let root = self.tree.root(project, size, &self.journal).await?;
        let note = self.keys.checkpoint(&origin, size, root)?;
        Ok(wire::Checkpoint { origin, size, root_hash: root.to_string(), note })
    }
}

impl Integrator {
    /// Schedules storing the group that `mark` completes.
    pub fn notice(&self, mark: &Mark) {
        let size = u64::try_from(mark.seq).unwrap_or_default();
        if size.is_multiple_of(GROUP) {
            // Full: a later group includes this one.
            let _ = self.full.try_send((mark.project_id.clone(), size));
        }
    }
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
