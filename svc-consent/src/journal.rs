//! The journal of a project: tamper evidence beyond the chains of its subjects.
//!
//! A chain reveals a changed entry, but not that its end or the whole chain was removed. The journal has a mark for
//! every entry and every erasure, chained by HMAC under a key of the master key, and a sealed head. An attacker with
//! write access to the database but without the key can neither make a mark nor truncate the journal. Each mark is
//! chained to the *seal* of the head before it, so later writes never repair a head that was tampered with.
//!
//! An erased subject leaves marks with a random id and hashes over encrypted, destroyed entries, which cannot be
//! recomputed from a name.
//!
//! Under a new master key the marks stay unchanged, and each gets an endorsement ([`ledger::Endorser`]); the head is
//! resealed. A mark is valid if its key is trusted, or with an endorsement by a trusted key.

use blob::{KeyId, KeyRing, Mac, Purpose};
use ledger::Endorser;

use crate::{entry::Entry, error::Error, service::PERSONAL};

pub const MARK: Purpose = Purpose("chain the marks of a consent journal");
/// The first line of a leaf.
const LEAF: &str = "biometry consent leaf v1";
pub const HEAD: Purpose = Purpose("seal the head of a consent journal");

/// The journal of projects.
pub const ROOT: &str = "";

/// The event of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Entry,
    Erased,
    Project,
}

impl Event {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Erased => "erased",
            Self::Project => "project",
        }
    }
}

/// One row of a journal.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Mark {
    pub project_id: String,
    pub seq: i64,
    pub event: String,
    pub chain: String,
    pub chain_seq: i64,
    pub chain_hash: String,
    pub marked_at: i64,
    pub mac: String,
    /// Empty: none.
    pub endorsement: String,
}

impl Mark {
    /// Returns the mark as a leaf of the project's log, one field per line. Holders of an entry know its hash from
    /// the history; the chain id is random, so nothing in a leaf can be derived from a name.
    pub fn leaf(&self) -> String {
        let Self { project_id, seq, event, chain, chain_seq, chain_hash, marked_at, .. } = self;
        let index = seq - 1;
        format!("{LEAF}\n{project_id}\n{index}\n{event}\n{chain}\n{chain_seq}\n{chain_hash}\n{marked_at}\n")
    }
}

/// The end of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    pub project_id: String,
    pub seq: i64,
    pub mac: String,
    pub seal: String,
}

/// The keys of marks and heads.
#[derive(Clone)]
pub struct Seals {
    ring: KeyRing,
    endorser: Endorser,
}

impl Seals {
    pub fn new(ring: KeyRing) -> Self {
        Self { endorser: Endorser::new(ring.clone()), ring }
    }

    /// Returns `draft` as the mark after `head` (as stored, sealed or not), and the new head.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn extend(&self, head: &Head, draft: Mark) -> Result<(Mark, Head), Error> {
        let mut mark = Mark { project_id: head.project_id.clone(), seq: head.seq + 1, ..draft };
        mark.mac = first(&self.macs(&head.seal, &mark)?);
        let seal = first(&self.seals(&mark.project_id, mark.seq, &mark.mac)?);
        let head = Head { project_id: mark.project_id.clone(), seq: mark.seq, mac: mark.mac.clone(), seal };
        Ok((mark, head))
    }

    /// Whether `mark` directly follows the mark with number `seq` and `mac` (0: none), by a trusted key or with an
    /// endorsement by one.
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn follows(&self, before: (i64, &str), mark: &Mark) -> Result<bool, Error> {
        Ok(self.vouched_by(before, mark)?.is_some())
    }

    /// Returns the trusted key that makes `mark` valid, as [`Seals::follows`].
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn vouched_by(&self, before: (i64, &str), mark: &Mark) -> Result<Option<KeyId>, Error> {
        let Some(maker) = self.maker(before, mark)? else { return Ok(None) };
        let name = (mark.project_id.as_str(), mark.seq, mark.mac.as_str());
        if let Some(key) = self.endorser.endorsed_by(name, &mark.endorsement)? {
            return Ok(Some(key));
        }
        if !maker.is_trusted {
            let (project, seq, key) = (&mark.project_id, mark.seq, hex::encode(maker.key_id));
            tracing::error!(project, seq, key, "a mark under a distrusted master key is rejected");
        }
        Ok(maker.is_trusted.then_some(maker.key_id))
    }

    /// Returns the key of the ring, trusted or not, by which `mark` follows.
    fn maker(&self, (seq, mac): (i64, &str), mark: &Mark) -> Result<Option<Mac>, Error> {
        let before = match seq {
            0 => vec![String::new()],
            _ => self.seals(&mark.project_id, seq, mac)?.iter().map(text).collect(),
        };
        for seal in before {
            let made = self.macs(&seal, mark)?.into_iter().find(|made| text(made) == mark.mac);
            if made.is_some() {
                return Ok(made);
            }
        }
        Ok(None)
    }

    /// Returns an endorsement of `mark` under the active key.
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn endorse(&self, mark: &Mark) -> Result<String, Error> {
        Ok(self.endorser.endorse(&mark.project_id, mark.seq, &mark.mac)?)
    }

    /// Whether `head` was sealed by a trusted key.
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn is_sealed(&self, head: &Head) -> Result<bool, Error> {
        Ok(self.sealed_by(head)?.is_some())
    }

    /// Returns the trusted key that sealed `head`.
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn sealed_by(&self, head: &Head) -> Result<Option<KeyId>, Error> {
        let seals = self.seals(&head.project_id, head.seq, &head.mac)?;
        let Some(made) = seals.into_iter().find(|made| text(made) == head.seal) else { return Ok(None) };
        if !made.is_trusted {
            let (project, key) = (&head.project_id, hex::encode(made.key_id));
            tracing::error!(project, key, "a head under a distrusted master key is rejected");
        }
        Ok(made.is_trusted.then_some(made.key_id))
    }

    /// Returns the seal of `head` under the active key.
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn seal(&self, head: &Head) -> Result<String, Error> {
        Ok(first(&self.seals(&head.project_id, head.seq, &head.mac)?))
    }

    /// Returns the entry with its originally sealed bytes. One with a changed layer stays unchanged, and does not
    /// match its hash.
    pub fn peel(&self, entry: &Entry) -> Entry {
        let sealed = self.ring.peel(PERSONAL, entry.id.as_bytes(), &entry.sealed);
        Entry { sealed: sealed.map_or_else(|_| entry.sealed.clone(), Into::into), ..entry.clone() }
    }

    fn seals(&self, project: &str, seq: i64, mac: &str) -> Result<Vec<Mac>, Error> {
        self.keyed(HEAD, &[project.as_bytes(), &seq.to_be_bytes(), mac.as_bytes()])
    }

    fn macs(&self, seal_before: &str, mark: &Mark) -> Result<Vec<Mac>, Error> {
        let numbers = [mark.seq, mark.chain_seq, mark.marked_at].map(i64::to_be_bytes);
        let texts = [seal_before, &mark.project_id, &mark.event, &mark.chain, &mark.chain_hash];
        let fields: Vec<&[u8]> =
            texts.iter().map(|t| t.as_bytes()).chain(numbers.iter().map(<[u8; 8]>::as_slice)).collect();
        self.keyed(MARK, &fields)
    }

    /// The active key first. Each field is preceded by its length, so that no two lists share an encoding.
    fn keyed(&self, purpose: Purpose, fields: &[&[u8]]) -> Result<Vec<Mac>, Error> {
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend((field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        Ok(self.ring.macs(purpose, &bytes)?)
    }
}

fn text(mac: &Mac) -> String {
    hex::encode(mac.tag)
}

fn first(made: &[Mac]) -> String {
    made.first().map(text).unwrap_or_default()
}
