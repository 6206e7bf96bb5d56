//! Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures, `— <name> <base64 of key hash and signature>`.
//!
//! The name of a key is the origin of its log, which is also the first line of its texts, so a note of one log is
//! invalid for another. Crate: none. `signed_note` brings a second implementation of Ed25519 with nine crates; the
//! format is five lines with the existing one.

use std::{fmt::Write, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use blob::{KeyRing, Purpose, SigningKey};
use sha2::{Digest, Sha256};
use tlog_tiles::{Checkpoint, Hash};

/// Algorithm identifier of Ed25519, in a key's hash and in its public form.
const ED25519: u8 = 1;
/// The second line of a promise: that of a checkpoint is a number, so they cannot be confused.
const PROMISE: &str = "promise v1";
const MAX_NOTE: usize = 16 * 1024;

/// Why a note is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("it is neither a checkpoint nor a promise")]
    Malformed,
    #[error("no key of this installation signed it")]
    Unsigned,
}

/// The content of a note.
#[derive(Clone, Debug, PartialEq)]
pub enum Noted {
    Checkpoint { origin: String, size: u64, root: Hash },
    Promise { origin: String, index: u64, leaf: Hash },
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPublicKey {
    /// `<name>+<key hash>+<key>`, as C2SP tools read it.
    pub verifier: String,
    pub is_signing: bool,
    /// Whether its signatures are trusted: its master key is configured and not distrusted.
    pub is_trusted: bool,
}

/// The keys of a service's logs. Clones share them.
#[derive(Clone, Debug)]
pub struct LogKeys(Arc<[SigningKey]>);

impl LogKeys {
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn new(ring: &KeyRing, purpose: Purpose) -> Result<Self, blob::Error> {
        Ok(Self(ring.signing_keys(purpose)?.into()))
    }

    /// Whether a log can have this name: no space, no plus, no control character.
    pub fn is_origin(origin: &str) -> bool {
        let bad = |c: char| c == '+' || c.is_whitespace() || c.is_control();
        !origin.is_empty() && !origin.contains(bad)
    }

    /// Returns the signed checkpoint of a log.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn checkpoint(&self, origin: &str, size: u64, root: Hash) -> Result<String, blob::Error> {
        self.sign(origin, &format!("{origin}\n{size}\n{root}\n"))
    }

    /// Returns the signed promise that the log contains this leaf permanently.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn promise(&self, origin: &str, index: u64, leaf: Hash, at_ms: i64) -> Result<String, blob::Error> {
        self.sign(origin, &format!("{origin}\n{PROMISE}\n{index}\n{leaf}\n{at_ms}\n"))
    }

    fn sign(&self, name: &str, text: &str) -> Result<String, blob::Error> {
        let mut note = format!("{text}\n");
        if let Some(key) = self.0.first() {
            let mut signature = key_hash(name, key).to_vec();
            signature.extend(key.sign(text.as_bytes())?);
            // Writing to a String cannot fail.
            let _ = writeln!(note, "— {name} {}", BASE64_STANDARD.encode(signature));
        }
        Ok(note)
    }

    /// Returns every key, the signing one first, under the name of a log.
    pub fn public_keys(&self, origin: &str) -> Vec<LogPublicKey> {
        let public = |(at, key): (usize, &SigningKey)| {
            let encoded = BASE64_STANDARD.encode([[ED25519].as_slice(), &key.public_key].concat());
            LogPublicKey {
                verifier: format!("{origin}+{}+{encoded}", hex::encode(key_hash(origin, key))),
                is_signing: at == 0,
                is_trusted: key.is_trusted,
            }
        };
        self.0.iter().enumerate().map(public).collect()
    }

    /// Parses `note` if a key of this installation, current or earlier, signed it.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn read_note(&self, note: &str) -> Result<Noted, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = note.get(..=text.len()).ok_or(NoteError::Malformed)?;
        let noted = parse(text).ok_or(NoteError::Malformed)?;
        let (Noted::Checkpoint { origin, .. } | Noted::Promise { origin, .. }) = &noted;
        let is_signed = signatures.lines().any(|line| self.has_signed(origin, text, line));
        if is_signed { Ok(noted) } else { Err(NoteError::Unsigned) }
    }

    fn has_signed(&self, origin: &str, text: &str, line: &str) -> bool {
        let Some((name, encoded)) = line.strip_prefix("— ").and_then(|line| line.split_once(' ')) else {
            return false;
        };
        let Ok(bytes) = BASE64_STANDARD.decode(encoded) else { return false };
        let Some((hash, signature)) = bytes.split_first_chunk::<4>() else { return false };
        let mut keys = self.0.iter().filter(|key| key_hash(name, key) == *hash);
        name == origin && keys.any(|key| key.has_signed(text.as_bytes(), signature))
    }
}

fn key_hash(name: &str, key: &SigningKey) -> [u8; 4] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.public_key)
        .finalize()
        .into();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn parse(text: &str) -> Option<Noted> {
    let mut lines = text.lines();
    let (origin, second) = (lines.next()?.to_owned(), lines.next()?);
    if second != PROMISE {
        let checkpoint = Checkpoint::from_bytes(text.as_bytes()).ok()?;
        return Some(Noted::Checkpoint { origin, size: checkpoint.size(), root: *checkpoint.hash() });
    }
    let (index, leaf) = (lines.next()?.parse().ok()?, Hash::parse_hash(lines.next()?).ok()?);
    // The time.
    lines.next()?.parse::<i64>().ok()?;
    lines.next().is_none().then_some(Noted::Promise { origin, index, leaf })
}

#[cfg(test)]
mod tests {
    use blob::KeyConfig;
    use proptest::prelude::*;

    use super::*;

    const PURPOSE: Purpose = Purpose("sign a log of a test");

    fn keys(secrets: &[&str]) -> LogKeys {
        let mut secrets = secrets.iter().map(|digits| digits.repeat(32).into());
        let (secret, retired) = (secrets.next(), secrets.collect());
        let ring = KeyRing::open(&KeyConfig { secret, retired, ..KeyConfig::default() }).unwrap();
        LogKeys::new(&ring, PURPOSE).unwrap()
    }

    fn root() -> Hash {
        tlog_tiles::record_hash(b"leaf")
    }

    #[test]
    fn only_a_note_of_ones_own_keys_is_read() {
        let note = keys(&["07"]).checkpoint("log/a", 3, root()).unwrap();
        let noted = Noted::Checkpoint { origin: "log/a".into(), size: 3, root: root() };
        assert_eq!(keys(&["07"]).read_note(&note), Ok(noted.clone()));
        assert_eq!(keys(&["08", "07"]).read_note(&note), Ok(noted), "an earlier key");
        assert_eq!(keys(&["08"]).read_note(&note), Err(NoteError::Unsigned));
        let promise = keys(&["07"]).promise("log/a", 2, root(), 5).unwrap();
        let noted = Noted::Promise { origin: "log/a".into(), index: 2, leaf: root() };
        assert_eq!(keys(&["07"]).read_note(&promise), Ok(noted));
    }

    #[test]
    fn a_changed_note_is_refused() {
        let keys = keys(&["07"]);
        let note = keys.checkpoint("log/a", 3, root()).unwrap();
        for (what, by) in [("\n3\n", "\n4\n"), ("log/a\n", "log/b\n"), ("log/a", "log/b")] {
            assert_eq!(keys.read_note(&note.replace(what, by)), Err(NoteError::Unsigned), "{what:?}");
        }
        for bad in ["", "a\n\n", "log/a\n3\nx\n\n— log/a AAAA\n", &note.replace("\n\n", "\n")] {
            assert_eq!(keys.read_note(bad), Err(NoteError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn public_keys_have_the_form_other_tools_read() {
        let keys = keys(&["08", "07"]).public_keys("log/a");
        assert_eq!(
            (keys.len(), keys[0].is_signing, keys[1].is_signing, keys[1].is_trusted),
            (2, true, false, true)
        );
        let parts: Vec<&str> = keys[0].verifier.splitn(3, '+').collect();
        let key = BASE64_STANDARD.decode(parts[2]).unwrap();
        assert_eq!((parts[0], parts[1].len(), key.len(), key[0]), ("log/a", 8, 33, 1));
        assert!(
            LogKeys::is_origin("biometry/a-b") && !LogKeys::is_origin("a b") && !LogKeys::is_origin("a+b")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(note in "(.|\n){0,200}") {
            prop_assert!(keys(&["07"]).read_note(&note).is_err());
        }
    }
}
