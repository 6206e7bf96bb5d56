//! The rules of the ledger: entries, their chains, and the current state.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a subject consents to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Processing of biometric data.
    Authorization,
    /// Storage of biometric data.
    Storage,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Storage => "storage",
        }
    }

    /// Parses the stored text; `None` for unknown text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Authorization, Self::Storage].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The personal part of an entry; stored sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    pub user_fullname: String,
    pub session_id: Option<String>,
    pub device_info_json: Option<String>,
    /// How the consent is known; empty: the user gave it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub basis: String,
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    pub id: String,
    pub project_id: String,
    pub subject: String,
    pub seq: i64,
    pub kind: String,
    pub given: i64,
    pub recorded_at: i64,
    pub api_key_id: String,
    pub transaction_id: String,
    pub sealed: Vec<u8>,
    pub hash: String,
    /// The random id of the subject's chain in the journal, erased with its entries.
    pub chain: String,
}

/// A violation of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("an entry is missing before number {0}")]
    Gap(i64),
    #[error("entry number {0} was changed")]
    Changed(i64),
}

impl Entry {
    /// Numbers the entry after `previous` (its number and hash; `None` for the first) and computes its hash.
    pub fn chained(mut self, previous: Option<(i64, &str)>) -> Self {
        let (seq, hash) = previous.unwrap_or((0, ""));
        self.seq = seq + 1;
        self.hash = self.hash_after(hash);
        self
    }

    /// Returns the SHA-256, hex, over the previous entry's hash and every field of this one. Each field is preceded
    /// by its length, so that no two entries share an encoding.
    pub fn hash_after(&self, previous: &str) -> String {
        let numbers = [self.seq, self.given, self.recorded_at].map(i64::to_be_bytes);
        let texts = [
            previous,
            &self.id,
            &self.project_id,
            &self.subject,
            &self.kind,
            &self.api_key_id,
            &self.transaction_id,
        ];
        let fields = texts.iter().map(|t| t.as_bytes()).chain(numbers.iter().map(<[u8; 8]>::as_slice));
        let mut hash = Sha256::new();
        for field in fields.chain([self.sealed.as_slice()]) {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        hex::encode(hash.finalize())
    }
}

/// Checks that `entries`, all of one subject and oldest first, are numbered without a gap and match their hashes.
///
/// # Errors
/// The first violation.
pub fn verify_chain(entries: &[Entry]) -> Result<(), Break> {
    let (mut seq, mut hash) = (0, "");
    for entry in entries {
        if entry.seq != seq + 1 {
            return Err(Break::Gap(entry.seq));
        }
        if entry.hash != entry.hash_after(hash) {
            return Err(Break::Changed(entry.seq));
        }
        (seq, hash) = (entry.seq, &entry.hash);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(length: usize) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 0..length {
            let entry = Entry {
                id: format!("id-{number}"),
                project_id: "project".into(),
                subject: "5ab1ec7".into(),
                seq: 0,
                kind: Kind::Storage.as_str().into(),
                given: (number % 2) as i64,
                recorded_at: 1_000 + number as i64,
                api_key_id: "key".into(),
                transaction_id: "transaction".into(),
                sealed: vec![1, 2, 3],
                hash: String::new(),
                chain: "chain".into(),
            };
            let previous = entries.last().map(|e| (e.seq, e.hash.clone()));
            entries.push(entry.chained(previous.as_ref().map(|(seq, hash)| (*seq, hash.as_str()))));
        }
        entries
    }

    #[test]
    fn a_chain_as_written_holds() {
        assert_eq!(verify_chain(&chain(5)), Ok(()));
    }

    proptest! {
        #[test]
        fn a_changed_entry_is_found(length in 1_usize..8, at in 0_usize..8, field in 0_usize..5) {
            let mut entries = chain(length);
            let entry = &mut entries[at % length];
            match field {
                0 => entry.given ^= 1,
                1 => entry.recorded_at += 1,
                2 => entry.sealed.push(0),
                3 => entry.api_key_id.push('x'),
                _ => entry.kind = Kind::Authorization.as_str().into(),
            }
            prop_assert_eq!(verify_chain(&entries), Err(Break::Changed((at % length) as i64 + 1)));
        }

        #[test]
        fn a_removed_entry_is_found(length in 2_usize..8, at in 0_usize..8) {
            let mut entries = chain(length);
            // A shorter chain is valid, so only entries before the last can be missed.
            entries.remove(at % (length - 1));
            prop_assert!(verify_chain(&entries).is_err());
        }
    }
}
