//! The journal of a project: what the chains of its subjects do not tell of themselves.
//!
//! A chain shows a changed entry, but not that its end was cut off or that it is gone altogether. The journal has a mark
//! for every entry and every erasure, chained by HMAC under a key of the master key, and a sealed head. Who can write to
//! the database but does not have the key can neither make a mark nor end the journal earlier. Each mark is chained to
//! the *seal* of the head before it, so a head that was tampered with is never healed by what is written next.
//!
//! An erased subject leaves marks with a random id and hashes over encrypted, destroyed entries: nothing that could be
//! made again from a name.

use blob::{KeyRing, Purpose};

use crate::error::Error;

const MARK: Purpose = Purpose("chain the marks of a consent journal");
const HEAD: Purpose = Purpose("seal the head of a consent journal");

/// The journal of which projects there are.
pub const ROOT: &str = "";

/// What a mark says happened.
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
}

/// Where a journal ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    pub project_id: String,
    pub seq: i64,
    pub mac: String,
    pub seal: String,
}

/// The keys marks and heads are made with.
#[derive(Clone)]
pub struct Seals(KeyRing);

impl Seals {
    pub fn new(ring: KeyRing) -> Self {
        Self(ring)
    }

    /// `draft` as the mark after `head` (as the database has it, sealed or not), and the head it makes.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn extend(&self, head: &Head, draft: Mark) -> Result<(Mark, Head), Error> {
        let mut mark = Mark { project_id: head.project_id.clone(), seq: head.seq + 1, ..draft };
        mark.mac = first(self.macs(&head.seal, &mark)?);
        let seal = first(self.seals(&mark.project_id, mark.seq, &mark.mac)?);
        let head = Head { project_id: mark.project_id.clone(), seq: mark.seq, mac: mark.mac.clone(), seal };
        Ok((mark, head))
    }

    /// Whether `mark` was made, by a key of the ring, right after the mark with number `seq` and `mac` (0: none).
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn follows(&self, (seq, mac): (i64, &str), mark: &Mark) -> Result<bool, Error> {
        let before = if seq == 0 { vec![String::new()] } else { self.seals(&mark.project_id, seq, mac)? };
        for seal in before {
            if self.macs(&seal, mark)?.contains(&mark.mac) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `head` was sealed by a key of the ring.
    ///
    /// # Errors
    /// As [`Seals::extend`].
    pub fn is_sealed(&self, head: &Head) -> Result<bool, Error> {
        Ok(self.seals(&head.project_id, head.seq, &head.mac)?.contains(&head.seal))
    }

    fn seals(&self, project: &str, seq: i64, mac: &str) -> Result<Vec<String>, Error> {
        self.keyed(HEAD, &[project.as_bytes(), &seq.to_be_bytes(), mac.as_bytes()])
    }

    fn macs(&self, seal_before: &str, mark: &Mark) -> Result<Vec<String>, Error> {
        let numbers = [mark.seq, mark.chain_seq, mark.marked_at].map(i64::to_be_bytes);
        let texts = [seal_before, &mark.project_id, &mark.event, &mark.chain, &mark.chain_hash];
        let fields: Vec<&[u8]> =
            texts.iter().map(|t| t.as_bytes()).chain(numbers.iter().map(<[u8; 8]>::as_slice)).collect();
        self.keyed(MARK, &fields)
    }

    /// Hex, of the sealing key first. Each field is preceded by its length, so that no two lists share an encoding.
    fn keyed(&self, purpose: Purpose, fields: &[&[u8]]) -> Result<Vec<String>, Error> {
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend((field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        Ok(self.0.fingerprints(purpose, &bytes)?.into_iter().map(hex::encode).collect())
    }
}

fn first(made: Vec<String>) -> String {
    made.into_iter().next().unwrap_or_default()
}
