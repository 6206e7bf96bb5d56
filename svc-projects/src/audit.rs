//! The audit log: who changed what, what it was before and what after.
//!
//! Append only. Each entry is chained by HMAC to the seal of the head before it, under a key of the master key: who can
//! write to the database but has no master key can neither add, change nor remove an entry unseen, nor cut the end off.
//! Triggers refuse changes and removals besides, so that a mistake does not break the chain either. One chain for the
//! installation: changes are rare, and nothing of a tenant can vanish with its whole log.
//!
//! What was before and after is kept sealed; a target is an id, a subject a keyed hash.

pub mod verify;

use blob::{KeyRing, Purpose};
use serde_json::Value;

use crate::error::Error;

const MARK: Purpose = Purpose("chain the entries of the audit log");
const HEAD: Purpose = Purpose("seal the head of the audit log");
const CONTENT: Purpose = Purpose("encrypt what an audit entry says");
const SUBJECT: Purpose = Purpose("name a subject in the audit log");

/// Who does something, as the log has it: `user:<id>`, `api_key:<id>`, `operator` or `anonymous`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// Somebody with access to the machine; also whoever calls without saying for whom.
    pub fn operator() -> Self {
        Self("operator".into())
    }

    /// Somebody who did not get in.
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
    /// By whoever makes the call, now.
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
}

/// Where the log ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    pub seq: i64,
    pub mac: String,
    pub seal: String,
}

/// The keys entries are made with.
#[derive(Clone)]
pub struct Log(KeyRing);

impl Log {
    pub fn new(ring: KeyRing) -> Self {
        Self(ring)
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
            sealed: self.0.seal(CONTENT, &seq.to_be_bytes(), content.as_bytes())?,
            happened_at: change.at_ms,
            mac: String::new(),
        };
        entry.mac = first(self.macs(&head.seal, &entry)?);
        let seal = first(self.seals(seq, &entry.mac)?);
        let head = Head { seq, mac: entry.mac.clone(), seal };
        Ok((entry, head))
    }

    /// What was before and after.
    ///
    /// # Errors
    /// When the entry was changed or its master key is gone.
    pub fn open(&self, entry: &Entry) -> Result<(Option<Value>, Option<Value>), Error> {
        let bytes = self.0.open_sealed(CONTENT, &entry.seq.to_be_bytes(), &entry.sealed)?;
        let content: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let part = |name: &str| content.get(name).filter(|value| !value.is_null()).cloned();
        Ok((part("before"), part("after")))
    }

    /// A subject as the log names it.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn subject(&self, project: &str, name: &str) -> Result<String, Error> {
        let made = self.0.fingerprints(SUBJECT, &framed(&[project.as_bytes(), name.as_bytes()]))?;
        Ok(format!("subject:{}", first(made.into_iter().map(hex::encode).collect())))
    }

    /// Whether `entry` was made, by a key of the ring, right after the entry with this number and mac (0: none).
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn follows(&self, (seq, mac): (i64, &str), entry: &Entry) -> Result<bool, Error> {
        let before = if seq == 0 { vec![String::new()] } else { self.seals(seq, mac)? };
        for seal in before {
            if self.macs(&seal, entry)?.contains(&entry.mac) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `head` was sealed by a key of the ring. An empty log has no seal.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn is_sealed(&self, head: &Head) -> Result<bool, Error> {
        Ok(*head == Head::default() || self.seals(head.seq, &head.mac)?.contains(&head.seal))
    }

    fn seals(&self, seq: i64, mac: &str) -> Result<Vec<String>, Error> {
        self.keyed(HEAD, &[&seq.to_be_bytes(), mac.as_bytes()])
    }

    fn macs(&self, seal_before: &str, entry: &Entry) -> Result<Vec<String>, Error> {
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

    /// Hex, of the sealing key first.
    fn keyed(&self, purpose: Purpose, fields: &[&[u8]]) -> Result<Vec<String>, Error> {
        Ok(self.0.fingerprints(purpose, &framed(fields))?.into_iter().map(hex::encode).collect())
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

fn first(made: Vec<String>) -> String {
    made.into_iter().next().unwrap_or_default()
}
