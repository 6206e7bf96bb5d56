//! The JSON of signed checkpoints and proofs of the logs: of consents and of changes.

use proto::{accounts, consent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Size and root of the log, signed. Hashes are base64.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checkpoint {
    #[schema(example = "biometry/consent/0198a2f6-3d1c-7c55-a1de-4a8b1e1f6c11")]
    pub origin: String,
    pub size: u64,
    pub root_hash: String,
    /// The same as a signed note (C2SP tlog-checkpoint): what is to be checked and noted.
    pub note: String,
}

/// That a leaf is in the log (RFC 6962, 2.1.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct Inclusion {
    pub index: u64,
    /// The text that is hashed, after a zero byte. Of a consent: lines of format, project, index, event, chain, number in the
    /// chain, the entry's `hash`, and milliseconds since 1970.
    pub leaf: String,
    pub leaf_hash: String,
    pub proof: Vec<String>,
    pub checkpoint: Checkpoint,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// size of the earlier checkpoint
    #[param(minimum = 1)]
    pub from: u64,
    /// size of the later one; the present one when absent
    #[param(minimum = 1)]
    pub to: Option<u64>,
}

/// That the log of an earlier checkpoint only grew (RFC 6962, 2.1.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct Consistency {
    pub from: u64,
    pub proof: Vec<String>,
    /// The later one.
    pub checkpoint: Checkpoint,
}

/// A key that checkpoints and promises are checked with.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogKey {
    /// `<name>+<key hash>+<key>` (C2SP signed-note, Ed25519).
    pub verifier: String,
    /// Whether it signs now; the others signed earlier.
    pub is_signing: bool,
    /// Whether what it signed still counts.
    pub is_trusted: bool,
}

/// The keys of a log, that which signs first. Note them somewhere else.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogKeys {
    pub keys: Vec<LogKey>,
}

impl From<consent::Checkpoint> for Checkpoint {
    fn from(checkpoint: consent::Checkpoint) -> Self {
        let consent::Checkpoint { origin, size, root_hash, note } = checkpoint;
        Self { origin, size, root_hash, note }
    }
}

impl From<consent::Inclusion> for Inclusion {
    fn from(found: consent::Inclusion) -> Self {
        let consent::Inclusion { index, leaf, leaf_hash, proof, checkpoint } = found;
        Self { index, leaf, leaf_hash, proof, checkpoint: checkpoint.unwrap_or_default().into() }
    }
}

impl From<consent::Consistency> for Consistency {
    fn from(found: consent::Consistency) -> Self {
        let consent::Consistency { from, proof, checkpoint } = found;
        Self { from, proof, checkpoint: checkpoint.unwrap_or_default().into() }
    }
}

impl From<consent::LogKeys> for LogKeys {
    fn from(found: consent::LogKeys) -> Self {
        let key = |key: consent::LogKey| LogKey {
            verifier: key.verifier,
            is_signing: key.signing,
            is_trusted: key.trusted,
        };
        Self { keys: found.keys.into_iter().map(key).collect() }
    }
}

impl From<accounts::AuditCheckpoint> for Checkpoint {
    fn from(checkpoint: accounts::AuditCheckpoint) -> Self {
        let accounts::AuditCheckpoint { origin, size, root_hash, note } = checkpoint;
        Self { origin, size, root_hash, note }
    }
}

impl From<accounts::AuditInclusion> for Inclusion {
    fn from(found: accounts::AuditInclusion) -> Self {
        let accounts::AuditInclusion { index, leaf, leaf_hash, proof, checkpoint } = found;
        Self { index, leaf, leaf_hash, proof, checkpoint: checkpoint.unwrap_or_default().into() }
    }
}

impl From<accounts::AuditConsistency> for Consistency {
    fn from(found: accounts::AuditConsistency) -> Self {
        let accounts::AuditConsistency { from, proof, checkpoint } = found;
        Self { from, proof, checkpoint: checkpoint.unwrap_or_default().into() }
    }
}

impl From<accounts::AuditLogKeys> for LogKeys {
    fn from(found: accounts::AuditLogKeys) -> Self {
        let key = |key: accounts::AuditLogKey| LogKey {
            verifier: key.verifier,
            is_signing: key.signing,
            is_trusted: key.trusted,
        };
        Self { keys: found.keys.into_iter().map(key).collect() }
    }
}
