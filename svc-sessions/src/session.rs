//! The rules of a session: its id, its expiry, its user.

use uuid::Uuid;

use crate::error::Error;

const PREFIX: &str = "sess_";
/// Longest user fullname, bytes.
const MAX_NAME: usize = 256;

/// `sess_<uuid>`; new ones are of version 7, so that they sort by age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId(String);

impl SessionId {
    pub fn new() -> Self {
        Self(format!("{PREFIX}{}", Uuid::now_v7()))
    }

    /// Parses an id; any other text is a session that does not exist.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let uuid = text.strip_prefix(PREFIX).and_then(|rest| Uuid::try_parse(rest).ok());
        // Other spellings of the same uuid are other texts, and only one is stored.
        let canonical = uuid.map(|uuid| format!("{PREFIX}{uuid}")).filter(|canonical| canonical == text);
        canonical.map(Self).ok_or(Error::NotFound)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user's name as the customer sends it; compared byte by byte.
#[derive(Clone, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    /// # Errors
    /// [`Error::Invalid`] when empty or longer than 256 bytes.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.len() {
            0 => Err(Error::Invalid("user_fullname is required")),
            1..=MAX_NAME => Ok(Self(text.to_owned())),
            _ => Err(Error::Invalid("user_fullname is longer than 256 bytes")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A bound user as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundUser {
    /// Keyed hash of project and name, 32 bytes.
    pub hash: Vec<u8>,
    /// The name, sealed for this session only.
    pub sealed: Vec<u8>,
}

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub project_id: String,
    pub api_key_id: String,
    pub user: Option<BoundUser>,
    /// Nothing but consents bound it.
    pub bound_by_consent: bool,
    pub created_at_ms: i64,
    pub expires_at_ms: i64,
    pub ended_at_ms: Option<i64>,
    pub video_bytes: Option<i64>,
}

impl Session {
    /// Rejects an expired session as unknown, and an ended one with its own error.
    ///
    /// # Errors
    /// [`Error::NotFound`] at and after its expiry, [`Error::Ended`].
    pub fn usable(self, now_ms: i64) -> Result<Self, Error> {
        let session = self.unexpired(now_ms)?;
        if session.ended_at_ms.is_some() { Err(Error::Ended) } else { Ok(session) }
    }

    /// # Errors
    /// [`Error::NotFound`] at and after its expiry.
    pub fn unexpired(self, now_ms: i64) -> Result<Self, Error> {
        if now_ms < self.expires_at_ms { Ok(self) } else { Err(Error::NotFound) }
    }
}

impl BoundUser {
    /// Whether this is the user with one of `hashes` (one per master key that may have made the stored one).
    pub fn is(&self, hashes: &[[u8; 32]]) -> bool {
        hashes.iter().any(|hash| hash.as_slice() == self.hash)
    }
}

impl Session {
    /// Returns the values that must be in no file once the session is erased.
    pub fn secrets(&self) -> Vec<Vec<u8>> {
        self.user.iter().flat_map(|user| [user.hash.clone(), user.sealed.clone()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(expires_at_ms: i64, ended_at_ms: Option<i64>) -> Session {
        Session {
            id: SessionId::new(),
            project_id: "project".into(),
            api_key_id: "key".into(),
            user: None,
            bound_by_consent: false,
            created_at_ms: 0,
            expires_at_ms,
            ended_at_ms,
            video_bytes: None,
        }
    }

    #[test]
    fn only_ids_of_ours_parse() {
        let id = SessionId::new();
        assert_eq!(SessionId::parse(id.as_str()).unwrap(), id);
        let upper = format!("{PREFIX}{}", id.as_str()[PREFIX.len()..].to_uppercase());
        let simple = id.as_str().replace('-', "");
        for other in ["", "sess_", "sess_1", &id.as_str()[PREFIX.len()..], &upper, &simple, "sess_' OR 1=1"] {
            assert!(matches!(SessionId::parse(other), Err(Error::NotFound)), "{other}");
        }
    }

    #[test]
    fn a_name_is_1_to_256_bytes() {
        assert!(UserName::parse("").is_err());
        assert!(UserName::parse(&"é".repeat(128)).is_ok());
        assert!(UserName::parse(&"é".repeat(129)).is_err());
    }

    proptest! {
        #[test]
        fn a_session_counts_until_it_ends_or_expires(now in 0_i64..100, expires in 0_i64..100, ended in proptest::option::of(0_i64..100)) {
            let answer = session(expires, ended).usable(now);
            match (now < expires, ended) {
                (false, _) => prop_assert!(matches!(answer, Err(Error::NotFound))),
                (true, Some(_)) => prop_assert!(matches!(answer, Err(Error::Ended))),
                (true, None) => prop_assert!(answer.is_ok()),
            }
        }
    }
}
