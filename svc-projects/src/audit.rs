//! The audit log: who changed what, with the values before and after.
//!
//! Append only. Each entry is chained by HMAC to the seal of the head before it, under a key of the master key:
//! without the master key, an attacker with write access to the database can neither add, change nor remove an entry
//! unnoticed, nor truncate the log. In addition triggers reject changes and removals, so that a mistake does not
//! break the chain. There is one chain for the installation: changes are rare, and no tenant's log can disappear as a
//! whole.
//!
//! The values before and after are sealed; a target is an id, a subject a keyed hash.
//!
//! Under a new master key an entry and its MAC stay unchanged: the sealed content gets a layer, the MAC an endorsement.

pub mod tree;
pub mod verify;

use blob::{KeyId, KeyRing, Mac, Purpose};
use boot::Clock;
use ledger::Endorser;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::Error;

pub const MARK: Purpose = Purpose("chain the entries of the audit log");
pub const HEAD: Purpose = Purpose("seal the head of the audit log");
pub const CONTENT: Purpose = Purpose("encrypt what an audit entry says");
/// The first line of a leaf.
const LEAF: &str = "biometry audit leaf v1";
const SUBJECT: Purpose = Purpose("name a subject in the audit log");

/// The actor of an entry: `user:<id>`, `api_key:<id>`, `operator` or `anonymous`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// An operator of the machine; also a call without a user.
    pub fn operator() -> Self {
        Self("operator".into())
    }

    /// A failed sign-in.
    pub fn anonymous() -> Self {
        Self("anonymous".into())
    }

    pub fn user(id: &str) -> Self {
        Self(format!("user:{id}"))
    }

    /// Returns the actor of the current call.
    pub fn current() -> Self {
        let context = rpc::current();
        let known = |kind: &str| {
            context.actor().strip_prefix(kind).is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
        };
        if known("user:") || known("api_key:") { Self(context.actor().to_owned()) } else { Self::operator() }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A change to log.
#[derive(Clone, Debug)]
pub struct Change {
    pub organisation_id: String,
    /// Empty: of the organisation.
    pub project_id: String,
    pub actor: Actor,
    pub action: String,
    /// An id.
    pub target: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Change {
    /// Builds a change by the user of the current call.
    pub fn new(organisation: &str, action: &str, target: &str) -> Self {
        Self {
            organisation_id: organisation.to_owned(),
            project_id: String::new(),
            actor: Actor::current(),
            action: action.to_owned(),
            target: target.to_owned(),
            before: None,
            after: None,
        }
    }
}

/// A stored entry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Entry {
    pub seq: i64,
    pub organisation_id: String,
    pub project_id: String,
    pub actor: String,
    pub action: String,
    pub target: String,
    pub sealed: Vec<u8>,
    pub happened_at: i64,
    pub mac: String,
    /// Empty: none.
    pub endorsement: String,
}

/// The end of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    pub seq: i64,
    pub mac: String,
    pub seal: String,
}

/// The name of the log in endorsements; it has one part.
const PART: &str = "audit";

/// The keys of the entries, and their clock.
#[derive(Clone)]
pub struct Log {
    ring: KeyRing,
    endorser: Endorser,
    clock: Clock,
}

impl Log {
    pub fn new(ring: KeyRing, clock: Clock) -> Self {
        Self { endorser: Endorser::new(ring.clone()), ring, clock }
    }

    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Returns `change` as the entry after `head`, and the new head.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn extend(&self, head: &Head, change: &Change) -> Result<(Entry, Head), Error> {
        let seq = head.seq + 1;
        let content = serde_json::json!({"before": change.before, "after": change.after}).to_string();
        let mut entry = Entry {
            seq,
            organisation_id: change.organisation_id.clone(),
            project_id: change.project_id.clone(),
            actor: change.actor.as_str().to_owned(),
            action: change.action.clone(),
            target: change.target.clone(),
            sealed: self.ring.seal(CONTENT, &seq.to_be_bytes(), content.as_bytes())?,
            happened_at: self.now_ms(),
            mac: String::new(),
            endorsement: String::new(),
        };
        entry.mac = first(&self.macs(&head.seal, &entry)?);
        let seal = first(&self.seals(seq, &entry.mac)?);
        let head = Head { seq, mac: entry.mac.clone(), seal };
        Ok((entry, head))
    }

    /// Opens the values before and after.
    ///
    /// # Errors
    /// When the entry was changed or its master key is not available.
    pub fn open(&self, entry: &Entry) -> Result<(Option<Value>, Option<Value>), Error> {
        let bytes = self.ring.open_layered(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed)?;
        let content: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let part = |name: &str| content.get(name).filter(|value| !value.is_null()).cloned();
        Ok((part("before"), part("after")))
    }

    /// Returns a subject's keyed hash.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn subject(&self, project: &str, name: &str) -> Result<String, Error> {
        let made = self.ring.macs(SUBJECT, &framed(&[project.as_bytes(), name.as_bytes()]))?;
        Ok(format!("subject:{}", first(&made)))
    }

    /// Returns the entry as a leaf of the log's tree: number and time, and a hash over the rest, with its originally
    /// sealed content.
    ///
    /// # Errors
    /// When the layer over the sealed content was changed.
    pub fn leaf(&self, entry: &Entry) -> Result<String, Error> {
        let sealed = self.ring.peel(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed)?;
        let texts = [&entry.organisation_id, &entry.project_id, &entry.actor, &entry.action, &entry.target];
        let mut fields: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        fields.push(&sealed);
        let (index, hash) = (entry.seq - 1, hex::encode(Sha256::digest(framed(&fields))));
        Ok(format!("{LEAF}\n{index}\n{hash}\n{}\n", entry.happened_at))
    }

    /// Whether `entry` directly follows the entry with this number and mac (0: none), by a trusted key or with an
    /// endorsement by one.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn follows(&self, before: (i64, &str), entry: &Entry) -> Result<bool, Error> {
        Ok(self.vouched_by(before, entry)?.is_some())
    }

    /// Returns the trusted key that makes `entry` valid, as [`Log::follows`].
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn vouched_by(&self, before: (i64, &str), entry: &Entry) -> Result<Option<KeyId>, Error> {
        let Some(maker) = self.maker(before, entry)? else { return Ok(None) };
        if let Some(key) = self.endorser.endorsed_by((PART, entry.seq, &entry.mac), &entry.endorsement)? {
            return Ok(Some(key));
        }
        if !maker.is_trusted {
            let key = hex::encode(maker.key_id);
            tracing::error!(seq = entry.seq, key, "an audit entry under a distrusted master key is rejected");
        }
        Ok(maker.is_trusted.then_some(maker.key_id))
    }

    /// Returns the key of the ring, trusted or not, by which `entry` follows.
    fn maker(&self, (seq, mac): (i64, &str), entry: &Entry) -> Result<Option<Mac>, Error> {
        let sealed = self.ring.peel(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed);
        let Ok(sealed) = sealed else { return Ok(None) };
        let entry = Entry { sealed: sealed.into_owned(), ..entry.clone() };
        let before = match seq {
            0 => vec![String::new()],
            _ => self.seals(seq, mac)?.iter().map(text).collect(),
        };
        for seal in before {
            let made = self.macs(&seal, &entry)?.into_iter().find(|made| text(made) == entry.mac);
            if made.is_some() {
                return Ok(made);
            }
        }
        Ok(None)
    }

    /// Returns the layered content and the endorsement of an entry under the active key.
    ///
    /// # Errors
    /// When it does not open.
    pub fn endorse(&self, entry: &Entry) -> Result<(Vec<u8>, String), Error> {
        let layered = self.ring.add_layer(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed)?;
        let endorsement = self.endorser.endorse(PART, entry.seq, &entry.mac)?;
        Ok((layered.unwrap_or_else(|| entry.sealed.clone()), endorsement))
    }

    /// Whether `head` was sealed by a trusted key. An empty log has no seal.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn is_sealed(&self, head: &Head) -> Result<bool, Error> {
        Ok(*head == Head::default() || self.sealed_by(head)?.is_some())
    }

    /// Returns the trusted key that sealed `head`.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn sealed_by(&self, head: &Head) -> Result<Option<KeyId>, Error> {
        let seals = self.seals(head.seq, &head.mac)?;
        let made = seals.into_iter().find(|made| made.is_trusted && text(made) == head.seal);
        Ok(made.map(|made| made.key_id))
    }

    /// Returns the seal of `head` under the active key.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn seal(&self, head: &Head) -> Result<String, Error> {
        Ok(first(&self.seals(head.seq, &head.mac)?))
    }

    fn seals(&self, seq: i64, mac: &str) -> Result<Vec<Mac>, Error> {
        self.keyed(HEAD, &[&seq.to_be_bytes(), mac.as_bytes()])
    }

    fn macs(&self, seal_before: &str, entry: &Entry) -> Result<Vec<Mac>, Error> {
        let numbers = [entry.seq, entry.happened_at].map(i64::to_be_bytes);
        let texts = [
            seal_before,
            &entry.organisation_id,
            &entry.project_id,
            &entry.actor,
            &entry.action,
            &entry.target,
        ];
        let mut fields: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        fields.extend(numbers.iter().map(<[u8; 8]>::as_slice));
        fields.push(&entry.sealed);
        self.keyed(MARK, &fields)
    }

    /// The active key first.
    fn keyed(&self, purpose: Purpose, fields: &[&[u8]]) -> Result<Vec<Mac>, Error> {
        Ok(self.ring.macs(purpose, &framed(fields))?)
    }
}

/// Each field is preceded by its length, so that no two lists share an encoding.
fn framed(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend((field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

fn text(mac: &Mac) -> String {
    hex::encode(mac.tag)
}

fn first(made: &[Mac]) -> String {
    made.first().map(text).unwrap_or_default()
}
