//! Enrollment candidates, sealed and handed to the caller.
//!
//! The caller decides about enrollment after it has the verdict; until then it carries the vectors without being able
//! to read or change them. Any replica with the master key and the same models can enroll them.

use blob::{KeyRing, Purpose};
use zeroize::Zeroizing;

use crate::error::Error;

const CANDIDATE: Purpose = Purpose("candidate for enrolment");
/// A verdict takes seconds; a candidate that comes later was stored by a third party.
const VALID_MS: i64 = 10 * 60 * 1000;

/// Templates before enrollment: the bytes of [`crate::templates`].
#[derive(Debug, Default, PartialEq)]
pub struct Candidate {
    /// Whether the face of the video was judged live.
    pub is_live: bool,
    pub face: Option<Zeroizing<Vec<u8>>>,
    pub voice: Option<Zeroizing<Vec<u8>>>,
}

/// The user a candidate belongs to, and its models.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    pub project: &'a str,
    pub user: &'a str,
    pub models: &'a str,
}

impl Owner<'_> {
    /// Lengths first: no two owners share a context.
    fn context(&self) -> Vec<u8> {
        let Self { project, user, models } = self;
        format!("{} {} {project}{user}{models}", project.len(), user.len()).into_bytes()
    }
}

impl Candidate {
    /// Encrypts the candidate, bound to `owner` and to the time.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, ring: &KeyRing, owner: Owner<'_>, now_ms: i64) -> Result<Vec<u8>, Error> {
        let mut plain = Zeroizing::new(now_ms.to_be_bytes().to_vec());
        plain.push(self.is_live.into());
        for part in [&self.face, &self.voice] {
            let bytes = part.as_ref().map_or(&[][..], |p| p);
            plain.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes());
            plain.extend_from_slice(bytes);
        }
        Ok(ring.seal(CANDIDATE, &owner.context(), &plain)?)
    }

    /// Opens a sealed candidate of `owner`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not one of this owner, or older than ten minutes.
    pub fn open(ring: &KeyRing, owner: Owner<'_>, sealed: &[u8], now_ms: i64) -> Result<Self, Error> {
        let plain = ring
            .open_sealed(CANDIDATE, &owner.context(), sealed)
            .map_err(|_| Error::Invalid("the candidate is not one of this service for this user"))?;
        let (made, rest) = plain.split_first_chunk::<8>().ok_or(Error::Malformed)?;
        let age_ms = now_ms.saturating_sub(i64::from_be_bytes(*made));
        // Clocks of replicas differ a little; a candidate from far in the future is as invalid as an old one.
        if age_ms.saturating_abs() > VALID_MS {
            return Err(Error::Invalid("the candidate has expired"));
        }
        let (is_live, rest) = rest.split_first().ok_or(Error::Malformed)?;
        let (face, rest) = part(rest)?;
        let (voice, _) = part(rest)?;
        Ok(Self { is_live: *is_live == 1, face, voice })
    }

    pub fn is_empty(&self) -> bool {
        self.face.is_none() && self.voice.is_none()
    }
}

type Part = Option<Zeroizing<Vec<u8>>>;

fn part(bytes: &[u8]) -> Result<(Part, &[u8]), Error> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Error::Malformed)?;
    let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(Error::Malformed)?;
    Ok(((!part.is_empty()).then(|| Zeroizing::new(part.to_vec())), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use blob::KeyConfig;
    use proptest::prelude::*;

    const NOW: i64 = 1_700_000_000_000;

    fn ring() -> KeyRing {
        let secret = Some("07".repeat(32).into());
        KeyRing::open(&KeyConfig { secret, ..KeyConfig::default() }).unwrap()
    }

    fn owner<'a>(project: &'a str, user: &'a str) -> Owner<'a> {
        Owner { project, user, models: "sface 1" }
    }

    proptest! {
        #[test]
        fn a_candidate_opens_for_its_owner_alone(
            face in prop::option::of(prop::collection::vec(any::<u8>(), 1..600)),
            voice in prop::option::of(prop::collection::vec(any::<u8>(), 1..900)),
            (project, user, other) in ("[ab]{0,3}", "[ab]{0,3}", "[ab]{0,3}"), is_live in any::<bool>(),
        ) {
            let candidate =
                Candidate { is_live, face: face.map(Zeroizing::new), voice: voice.map(Zeroizing::new) };
            let sealed = candidate.seal(&ring(), owner(&project, &user), NOW).unwrap();
            prop_assert_eq!(Candidate::open(&ring(), owner(&project, &user), &sealed, NOW).unwrap(), candidate);
            prop_assert_eq!(Candidate::open(&ring(), owner(&project, &other), &sealed, NOW).is_ok(), other == user);
            prop_assert_eq!(Candidate::open(&ring(), owner(&other, &user), &sealed, NOW).is_ok(), other == project);
            let newer = Owner { models: "sface 2", ..owner(&project, &user) };
            prop_assert!(Candidate::open(&ring(), newer, &sealed, NOW).is_err());
        }
    }

    #[test]
    fn a_candidate_is_good_for_ten_minutes() {
        let candidate = Candidate { face: Some(vec![1].into()), ..Candidate::default() };
        let sealed = candidate.seal(&ring(), owner("p", "u"), NOW).unwrap();
        assert!(Candidate::open(&ring(), owner("p", "u"), &sealed, NOW + VALID_MS).is_ok());
        for late in [NOW + VALID_MS + 1, NOW - VALID_MS - 1, 0] {
            assert!(matches!(
                Candidate::open(&ring(), owner("p", "u"), &sealed, late),
                Err(Error::Invalid(_))
            ));
        }
    }
}
