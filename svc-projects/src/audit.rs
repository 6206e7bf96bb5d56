//! The audit log: who changed what, what it was before and what after.
//!
//! Append only. Each entry is chained by HMAC to the seal of the head before it, under a key of the master key: who can
//! write to the database but has no master key can neither add, change nor remove an entry unseen, nor cut the end off.
//! Triggers refuse changes and removals besides, so that a mistake does not break the chain either. One chain for the
//! installation: changes are rare, and nothing of a tenant can vanish with its whole log.
//!
//! What was before and after is kept sealed; a target is an id, a subject a keyed hash.
//!
//! Under a new master key an entry and its MAC stay as they are: what is sealed gets a layer, the MAC an endorsement.

pub mod tree;
pub mod verify;

use blob::{KeyId, KeyRing, Mac, Purpose};
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

/// Who does something, as the log has it: `user:<id>`, `api_key:<id>`, `operator` or `anonymous`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// An operator of the machine; also a call that names no user.
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

    /// Who makes the call that is being answered.
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

/// What is to be written.
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
    pub at_ms: i64,
}

impl Change {
    /// By the user of the current call, now.
    pub fn new(organisation: &str, action: &str, target: &str) -> Self {
        Self {
            organisation_id: organisation.to_owned(),
            project_id: String::new(),
            actor: Actor::current(),
            action: action.to_owned(),
            target: target.to_owned(),
            before: None,
            after: None,
            at_ms: crate::service::now_ms(),
        }
    }
}

/// An entry as it is kept.
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

/// Where the log ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    pub seq: i64,
    pub mac: String,
    pub seal: String,
}

/// The name of the log in endorsements; it has one part.
const PART: &str = "audit";

/// The keys entries are made with.
#[derive(Clone)]
pub struct Log {
    ring: KeyRing,
    endorser: Endorser,
}

impl Log {
    pub fn new(ring: KeyRing) -> Self {
        Self { endorser: Endorser::new(ring.clone()), ring }
    }

    /// `change` as the entry after `head`, and the head it makes.
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
            happened_at: change.at_ms,
            mac: String::new(),
            endorsement: String::new(),
        };
        entry.mac = first(&self.macs(&head.seal, &entry)?);
        let seal = first(&self.seals(seq, &entry.mac)?);
        let head = Head { seq, mac: entry.mac.clone(), seal };
        Ok((entry, head))
    }

    /// What was before and after.
    ///
    /// # Errors
    /// When the entry was changed or its master key is gone.
    pub fn open(&self, entry: &Entry) -> Result<(Option<Value>, Option<Value>), Error> {
        let bytes = self.ring.open_layered(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed)?;
        let content: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let part = |name: &str| content.get(name).filter(|value| !value.is_null()).cloned();
        Ok((part("before"), part("after")))
    }

    /// A subject as the log names it.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn subject(&self, project: &str, name: &str) -> Result<String, Error> {
        let made = self.ring.macs(SUBJECT, &framed(&[project.as_bytes(), name.as_bytes()]))?;
        Ok(format!("subject:{}", first(&made)))
    }

    /// The entry as a leaf of the log's tree: number and time, and a hash over the rest, with what is sealed as it was first.
    ///
    /// # Errors
    /// When the layer over what is sealed was changed.
    pub fn leaf(&self, entry: &Entry) -> Result<String, Error> {
        let sealed = self.ring.peel(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed)?;
        let texts = [&entry.organisation_id, &entry.project_id, &entry.actor, &entry.action, &entry.target];
        let mut fields: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        fields.push(&sealed);
        let (index, hash) = (entry.seq - 1, hex::encode(Sha256::digest(framed(&fields))));
        Ok(format!("{LEAF}\n{index}\n{hash}\n{}\n", entry.happened_at))
    }

    /// Whether `entry` was made right after the entry with this number and mac (0: none), by a key that is trusted or with an
    /// endorsement of one that is.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn follows(&self, before: (i64, &str), entry: &Entry) -> Result<bool, Error> {
        Ok(self.vouched_by(before, entry)?.is_some())
    }

    /// The trusted key by which `entry` counts, as [`Log::follows`].
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

    /// The key of the ring, trusted or not, by which `entry` follows.
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

    /// What is stored of an entry under the sealing key: its sealed bytes under a layer, and its endorsement.
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

    /// The trusted key that sealed `head`.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn sealed_by(&self, head: &Head) -> Result<Option<KeyId>, Error> {
        let seals = self.seals(head.seq, &head.mac)?;
        let made = seals.into_iter().find(|made| made.is_trusted && text(made) == head.seal);
        Ok(made.map(|made| made.key_id))
    }

    /// The seal of `head` under the sealing key.
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

    /// Of the sealing key first.
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
