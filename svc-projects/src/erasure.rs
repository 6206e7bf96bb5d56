//! Receipts of erasures: the destroyed items, signed, without the subject's name.

use proto::projects as wire;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    api_key::{ApiKeyId, ProjectId},
    error::Error,
    store::ErasureRow,
};

/// Most lines of a receipt.
const MAX_LINES: usize = 100;
const MAX_WORD: usize = 64;

/// The number of items of one kind that a service destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destroyed {
    service: String,
    kind: String,
    count: u64,
}

/// The signed content of a receipt.
#[derive(Debug, Serialize)]
pub struct Receipt {
    pub receipt_id: String,
    pub project_id: String,
    #[serde(skip)]
    pub api_key_id: String,
    pub subject: String,
    /// RFC 3339, UTC.
    pub erased_at: String,
    #[serde(skip)]
    pub erased_at_ms: i64,
    pub destroyed: Vec<Destroyed>,
    /// Every service has confirmed that nothing is left: without that there is no receipt.
    pub verified: bool,
}

impl Receipt {
    /// Validates the content: a name must never get into a receipt, so the subject has to be a salted hash.
    pub fn new(request: wire::SignErasureRequest, now_ms: i64) -> Result<Self, Error> {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000).ok();
        Ok(Self {
            receipt_id: Uuid::now_v7().to_string(),
            project_id: ProjectId::parse(&request.project_id)?.as_str().into(),
            api_key_id: ApiKeyId::parse(&request.api_key_id)?.as_str().into(),
            subject: salted_hash(request.subject)?,
            erased_at: time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default(),
            erased_at_ms: now_ms,
            destroyed: lines(request.destroyed)?,
            verified: true,
        })
    }

    /// Returns the stored form, with its signature.
    pub fn signed(self, signature: String) -> Result<ErasureRow, Error> {
        Ok(ErasureRow {
            id: self.receipt_id,
            project_id: self.project_id,
            api_key_id: self.api_key_id,
            subject: self.subject,
            destroyed_json: serde_json::to_string(&self.destroyed).map_err(stored)?,
            signature,
            erased_at: self.erased_at_ms,
        })
    }
}

/// `sha256:<salt>:<hash>`, 16 to 64 and 64 lower-case hex digits.
fn salted_hash(text: String) -> Result<String, Error> {
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let shape = match text.split(':').collect::<Vec<_>>()[..] {
        ["sha256", salt, hash] => {
            (16..=64).contains(&salt.len()) && hash.len() == 64 && hex(salt) && hex(hash)
        }
        _ => false,
    };
    if shape { Ok(text) } else { Err(Error::Invalid("subject must be sha256:<salt>:<hash> in hex".into())) }
}

fn lines(given: Vec<wire::Destroyed>) -> Result<Vec<Destroyed>, Error> {
    let word = |text: &str| {
        (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    if given.len() > MAX_LINES || given.iter().any(|line| !word(&line.service) || !word(&line.kind)) {
        return Err(Error::Invalid("destroyed must be lines of service, kind and count".into()));
    }
    let line = |d: wire::Destroyed| Destroyed { service: d.service, kind: d.kind, count: d.count };
    Ok(given.into_iter().map(line).collect())
}

fn stored(error: serde_json::Error) -> Error {
    Error::Database(sqlx::Error::Decode(Box::new(error)))
}

impl TryFrom<ErasureRow> for wire::Erasure {
    type Error = Error;

    fn try_from(row: ErasureRow) -> Result<Self, Error> {
        let destroyed: Vec<Destroyed> = serde_json::from_str(&row.destroyed_json).map_err(stored)?;
        let line = |d: Destroyed| wire::Destroyed { service: d.service, kind: d.kind, count: d.count };
        Ok(Self {
            id: row.id,
            project_id: row.project_id,
            subject: row.subject,
            erased_at_ms: row.erased_at,
            destroyed: destroyed.into_iter().map(line).collect(),
            signature: row.signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_of_a_receipt_is_a_hash_and_never_a_name() {
        let hash = "0a".repeat(32);
        assert!(salted_hash(format!("sha256:{}:{hash}", "0f".repeat(16))).is_ok());
        for bad in ["ada@example.org", "", "sha256:ada:lovelace", &format!("sha256::{hash}"), &hash] {
            assert!(salted_hash(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
