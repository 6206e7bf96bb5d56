//! Seals personal fields before they reach the database; users are looked up by a keyed hash.

use blob::{KeyRing, Purpose};

use crate::{
    blocklist::Said,
    error::Error,
    record::{Personal, TransactionId},
    reviews::{Names, Written},
};

pub const PERSONAL: Purpose = Purpose("personal fields of a transaction");
pub const EVIDENCE: Purpose = Purpose("evidence of a fraud hit");
pub const REVIEWERS: Purpose = Purpose("names of reviewers");
pub const NOTE: Purpose = Purpose("note of a reviewer");
pub const PREFIX: Purpose = Purpose("beginning of a subject's name");
pub const TRAIT: Purpose = Purpose("device or country of a subject");
pub const LINK: Purpose = Purpose("what transactions have in common");
pub const LABEL: Purpose = Purpose("label of a link between transactions");
pub const BLOCKED: Purpose = Purpose("entry of a block list");
pub const SUBJECT: Purpose = Purpose("find transactions of a subject");

/// Seals `personal` for the row `project`/`id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal(
    ring: &KeyRing,
    project: &str,
    id: &TransactionId,
    personal: &Personal,
) -> Result<Vec<u8>, Error> {
    Ok(ring.seal(PERSONAL, &context(project, id), &serde_json::to_vec(personal)?)?)
}

/// Opens the output of [`seal`] for the same row.
///
/// # Errors
/// When the bytes are of another row, damaged, or sealed under a master key that is not in `ring`.
pub fn open(ring: &KeyRing, project: &str, id: &TransactionId, sealed: &[u8]) -> Result<Personal, Error> {
    let json = ring.open_sealed(PERSONAL, &context(project, id), sealed)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Seals the evidence of a hit in the row `project`/`id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal_evidence(
    ring: &KeyRing,
    project: &str,
    id: &TransactionId,
    evidence: &serde_json::Value,
) -> Result<Vec<u8>, Error> {
    Ok(ring.seal(EVIDENCE, &context(project, id), &serde_json::to_vec(evidence)?)?)
}

/// Opens the output of [`seal_evidence`] for the same row, as JSON. Empty bytes give an empty object: it was erased.
///
/// # Errors
/// As [`open`].
pub fn open_evidence(
    ring: &KeyRing,
    project: &str,
    id: &TransactionId,
    sealed: &[u8],
) -> Result<String, Error> {
    if sealed.is_empty() {
        return Ok("{}".into());
    }
    let json = ring.open_sealed(EVIDENCE, &context(project, id), sealed)?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

/// Seals the names of the reviewers of the row `project`/`id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal_reviewers(ring: &KeyRing, project: &str, id: &str, names: &Names) -> Result<Vec<u8>, Error> {
    let context = format!("{project}\0{id}");
    Ok(ring.seal(REVIEWERS, context.as_bytes(), &serde_json::to_vec(names)?)?)
}

/// Opens the output of [`seal_reviewers`] for the same row.
///
/// # Errors
/// As [`open`].
pub fn open_reviewers(ring: &KeyRing, project: &str, id: &str, sealed: &[u8]) -> Result<Names, Error> {
    let context = format!("{project}\0{id}");
    Ok(serde_json::from_slice(&ring.open_sealed(REVIEWERS, context.as_bytes(), sealed)?)?)
}

/// Seals a reviewer's note in the step `step` of the review `project`/`id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal_note(
    ring: &KeyRing,
    project: &str,
    id: &str,
    step: i64,
    written: &Written,
) -> Result<Vec<u8>, Error> {
    let context = format!("{project}\0{id}\0{step}");
    Ok(ring.seal(NOTE, context.as_bytes(), &serde_json::to_vec(written)?)?)
}

/// Opens the output of [`seal_note`] for the same step. Empty bytes give an empty note: it was erased.
///
/// # Errors
/// As [`open`].
pub fn open_note(
    ring: &KeyRing,
    project: &str,
    id: &str,
    step: i64,
    sealed: &[u8],
) -> Result<Written, Error> {
    if sealed.is_empty() {
        return Ok(Written::default());
    }
    let context = format!("{project}\0{id}\0{step}");
    Ok(serde_json::from_slice(&ring.open_sealed(NOTE, context.as_bytes(), sealed)?)?)
}

/// Returns the lookup hashes of a device or a country: the active key's first, then those of retired keys.
///
/// # Errors
/// Never in practice; a failure of the cipher library.
pub fn trait_hashes(ring: &KeyRing, name: &str, value: &str) -> Result<Vec<Vec<u8>>, Error> {
    let hashes = ring.fingerprints(TRAIT, format!("{name}\0{value}").as_bytes())?;
    Ok(hashes.into_iter().map(Vec::from).collect())
}

/// Returns the lookup hashes of a name prefix in `project`: the active key's first, then those of retired keys.
///
/// # Errors
/// Never in practice; a failure of the cipher library.
pub fn prefix_hashes(ring: &KeyRing, project: &str, prefix: &str) -> Result<Vec<Vec<u8>>, Error> {
    let hashes = ring.fingerprints(PREFIX, format!("{project}\0{prefix}").as_bytes())?;
    Ok(hashes.into_iter().map(Vec::from).collect())
}

/// Returns the lookup hashes of a value of `kind` in `project`: the active key's first, then those of retired keys.
///
/// # Errors
/// Never in practice; a failure of the cipher library.
pub fn link_hashes(ring: &KeyRing, project: &str, kind: &str, value: &str) -> Result<Vec<Vec<u8>>, Error> {
    let hashes = ring.fingerprints(LINK, format!("{project}\0{kind}\0{value}").as_bytes())?;
    Ok(hashes.into_iter().map(Vec::from).collect())
}

/// Seals the label of the link `kind` of the row `project`/`id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal_label(
    ring: &KeyRing,
    project: &str,
    id: &str,
    kind: &str,
    label: &str,
) -> Result<Vec<u8>, Error> {
    let context = format!("{project}\0{id}\0{kind}");
    Ok(ring.seal(LABEL, context.as_bytes(), label.as_bytes())?)
}

/// Opens the output of [`seal_label`] for the same link.
///
/// # Errors
/// As [`open`].
pub fn open_label(
    ring: &KeyRing,
    project: &str,
    id: &str,
    kind: &str,
    sealed: &[u8],
) -> Result<String, Error> {
    let context = format!("{project}\0{id}\0{kind}");
    let label = ring.open_sealed(LABEL, context.as_bytes(), sealed)?;
    Ok(String::from_utf8_lossy(&label).into_owned())
}

/// Seals the content of a block list's entry `project`/`id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal_blocked(ring: &KeyRing, project: &str, id: &str, said: &Said) -> Result<Vec<u8>, Error> {
    let context = format!("{project}\0{id}");
    Ok(ring.seal(BLOCKED, context.as_bytes(), &serde_json::to_vec(said)?)?)
}

/// Opens the output of [`seal_blocked`] for the same entry.
///
/// # Errors
/// As [`open`].
pub fn open_blocked(ring: &KeyRing, project: &str, id: &str, sealed: &[u8]) -> Result<Said, Error> {
    let context = format!("{project}\0{id}");
    Ok(serde_json::from_slice(&ring.open_sealed(BLOCKED, context.as_bytes(), sealed)?)?)
}

/// Returns the lookup hashes of `user` of `project`: the active key's first, then those of retired keys (32 bytes each).
///
/// # Errors
/// Never in practice; a failure of the cipher library.
pub fn subject_hashes(ring: &KeyRing, project: &str, user: &str) -> Result<Vec<Vec<u8>>, Error> {
    let hashes = ring.fingerprints(SUBJECT, format!("{project}\0{user}").as_bytes())?;
    Ok(hashes.into_iter().map(Vec::from).collect())
}

fn context(project: &str, id: &TransactionId) -> Vec<u8> {
    format!("{project}\0{}", id.as_str()).into_bytes()
}
