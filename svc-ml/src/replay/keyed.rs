//! Stored marks: keyed hashes, different in each project.

use aws_lc_rs::hmac;
use blob::{KeyRing, Purpose};

use super::{Kind, Mark};
use crate::error::Error;

pub const MARKS: Purpose = Purpose("recognise a recording");
/// First byte of the hashed input for bytes; marks have the number of their kind.
const BYTES: u8 = 0;

/// The keys of one project: the active master key's first, then those of retired ones.
pub struct Keys(Vec<hmac::Key>);

impl Keys {
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn of(ring: &KeyRing, project: &str) -> Result<Self, Error> {
        let secrets = ring.fingerprints(MARKS, project.as_bytes())?;
        Ok(Self(secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)).collect()))
    }

    /// Returns the possible stored values of `mark`; the first is the current one.
    pub fn mark(&self, kind: Kind, mark: &Mark) -> impl Iterator<Item = i64> {
        let number = u8::try_from(kind.number()).unwrap_or(u8::MAX);
        let bits = mark.bits.to_be_bytes();
        self.0.iter().map(move |key| {
            let tag = tag(key, number, &bits);
            // 64 of its bits: a chance collision in a project of a million recordings is one in ten thousand per mark.
            tag.as_ref().first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
        })
    }

    /// Returns the possible stored values of a recording's SHA-256; the first is the current one.
    pub fn bytes(&self, sha256: &[u8]) -> impl Iterator<Item = String> {
        self.0.iter().map(move |key| hex::encode(tag(key, BYTES, sha256)))
    }
}

fn tag(key: &hmac::Key, number: u8, value: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(&[number]);
    context.update(value);
    context.sign()
}

#[cfg(test)]
mod tests {
    use blob::KeyConfig;

    use super::*;

    fn ring(secret: &str, retired: &[&str]) -> KeyRing {
        let retired = retired.iter().map(|secret| secret.repeat(32).into()).collect();
        KeyRing::open(&KeyConfig { secret: Some(secret.repeat(32).into()), retired, ..KeyConfig::default() })
            .unwrap()
    }

    #[test]
    fn equal_marks_of_two_projects_or_kinds_have_nothing_in_common_and_old_keys_are_tried() {
        let mark = Mark { place: 7, bits: 0x1234, is_stored: true };
        let all = |keys: &Keys, kind| keys.mark(kind, &mark).collect::<Vec<_>>();
        let one = Keys::of(&ring("07", &[]), "one").unwrap();
        let two = Keys::of(&ring("07", &[]), "two").unwrap();
        assert_eq!(all(&one, Kind::Sound).len(), 1);
        assert_ne!(all(&one, Kind::Sound), all(&two, Kind::Sound));
        assert_ne!(all(&one, Kind::Sound), all(&one, Kind::Picture));
        let rotated = Keys::of(&ring("08", &["07"]), "one").unwrap();
        assert_eq!(all(&rotated, Kind::Sound)[1..], all(&one, Kind::Sound));
        assert_ne!(one.bytes(b"sum").next(), two.bytes(b"sum").next());
        assert_eq!(rotated.bytes(b"sum").nth(1), one.bytes(b"sum").next());
    }
}
