//! Reviews: human decisions about transactions that were referred, hit by a fraud rule or found to be duplicates.
//!
//! A review opens with its transaction (`store.rs`) or with a hit of the fraud rules (`store/fraud.rs`), or when a
//! reviewer claims any other transaction. A claim reserves it for the project's lease. One decision is final; if the
//! project requires two people, two consecutive equal decisions of different people are. A requested new capture ends
//! the waiting once the user has made one of the same kind.
//!
//! Of two concurrent reviewers one wins: every change names the version it read.

pub mod convert;
mod service;

use crate::error::Error;

pub use convert::{Names, Written, status_from_wire};
pub use service::Reviews;

/// Longest note, in characters.
const MAX_NOTE: usize = 2000;
/// Default target of a project.
pub const DEFAULT_TARGET_MINUTES: u32 = 24 * 60;
const DEFAULT_LEASE_MINUTES: u32 = 30;
/// Longest target.
const MAX_TARGET_MINUTES: u32 = 90 * 24 * 60;
const MAX_LEASE_MINUTES: u32 = 8 * 60;
const MINUTE_MS: i64 = 60_000;

/// Maps enums to their names in the database, both ways.
macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $type {
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }

            /// # Errors
            /// [`Error::DamagedReview`].
            pub fn from_stored(name: &str) -> Result<Self, Error> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(Error::DamagedReview),
                }
            }
        }
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Open,
    SecondReview,
    NewCapture,
    Approved,
    Rejected,
}

names! { Status {
    Open = "open",
    SecondReview = "second_review",
    NewCapture = "new_capture",
    Approved = "approved",
    Rejected = "rejected",
} }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
    NewCapture,
}

names! { Decision { Approve = "approve", Reject = "reject", NewCapture = "new_capture" } }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    IdentityConfirmed,
    FalseAlarm,
    DifferentPerson,
    PresentationAttack,
    ForgedDocument,
    DuplicateIdentity,
    SuspectedFraud,
    PoorQuality,
    IncompleteCapture,
    UnreadableDocument,
    ExpiredDocument,
    Other,
}

names! { Reason {
    IdentityConfirmed = "identity_confirmed",
    FalseAlarm = "false_alarm",
    DifferentPerson = "different_person",
    PresentationAttack = "presentation_attack",
    ForgedDocument = "forged_document",
    DuplicateIdentity = "duplicate_identity",
    SuspectedFraud = "suspected_fraud",
    PoorQuality = "poor_quality",
    IncompleteCapture = "incomplete_capture",
    UnreadableDocument = "unreadable_document",
    ExpiredDocument = "expired_document",
    Other = "other",
} }

/// A part of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Open,
    Waiting,
    Done,
}

names! { Queue { Open = "open", Waiting = "waiting", Done = "done" } }

impl Reason {
    const fn decision(self) -> Option<Decision> {
        Some(match self {
            Self::IdentityConfirmed | Self::FalseAlarm => Decision::Approve,
            Self::DifferentPerson
            | Self::PresentationAttack
            | Self::ForgedDocument
            | Self::DuplicateIdentity
            | Self::SuspectedFraud => Decision::Reject,
            Self::PoorQuality
            | Self::IncompleteCapture
            | Self::UnreadableDocument
            | Self::ExpiredDocument => Decision::NewCapture,
            Self::Other => return None,
        })
    }
}

impl Decision {
    const fn status(self) -> Status {
        match self {
            Self::Approve => Status::Approved,
            Self::Reject => Status::Rejected,
            Self::NewCapture => Status::NewCapture,
        }
    }
}

impl Status {
    /// Whether the decision is final.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Open | Self::SecondReview)
    }
}

/// A reviewer: a person or a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewer {
    /// `user:<id>` or `key:<id>`.
    pub id: String,
    pub name: String,
}

impl Reviewer {
    fn is_person(&self) -> bool {
        self.id.starts_with("user:")
    }
}

/// A project's review settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub four_eyes: bool,
    pub target_minutes: u32,
    pub lease_minutes: u32,
    pub updated_at: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            four_eyes: false,
            target_minutes: DEFAULT_TARGET_MINUTES,
            lease_minutes: DEFAULT_LEASE_MINUTES,
            updated_at: None,
        }
    }
}

impl Settings {
    /// # Errors
    /// Names the setting that is out of range.
    fn validate(self) -> Result<Self, Error> {
        if !(1..=MAX_TARGET_MINUTES).contains(&self.target_minutes) {
            return Err(Error::Invalid(format!("target_minutes must be 1 to {MAX_TARGET_MINUTES}")));
        }
        if !(1..=MAX_LEASE_MINUTES).contains(&self.lease_minutes) {
            return Err(Error::Invalid(format!("lease_minutes must be 1 to {MAX_LEASE_MINUTES}")));
        }
        Ok(self)
    }

    pub fn due_at(&self, opened_at: i64) -> i64 {
        opened_at + i64::from(self.target_minutes) * MINUTE_MS
    }
}

/// A reviewer's decision.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub decision: Decision,
    pub reason: Reason,
    pub note: String,
}

impl Verdict {
    /// # Errors
    /// For a reason of another decision, [`Reason::Other`] without a note, or a note that is too long.
    pub fn new(decision: Decision, reason: Reason, note: &str) -> Result<Self, Error> {
        if reason.decision().is_some_and(|of| of != decision) {
            let (reason, decision) = (reason.as_str(), decision.as_str());
            return Err(Error::Invalid(format!("reason {reason} does not belong to {decision}")));
        }
        let note = note.trim();
        if note.chars().count() > MAX_NOTE {
            return Err(Error::Invalid(format!("note is longer than {MAX_NOTE} characters")));
        }
        if note.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
            return Err(Error::Invalid("note must not hold control characters".into()));
        }
        if reason == Reason::Other && note.is_empty() {
            return Err(Error::Invalid("reason other needs a note".into()));
        }
        Ok(Self { decision, reason, note: note.to_owned() })
    }
}

/// The parts of a review that decide which changes are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: Status,
    pub claim: Option<Claim>,
    /// The first of two reviewers, and their decision.
    pub first: Option<(String, Decision)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub by: String,
    pub until: i64,
}

impl Standing {
    /// Checks whether `by` may claim it at `now`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the reason.
    pub fn check_claim(&self, by: &Reviewer, settings: &Settings, now: i64) -> Result<(), Error> {
        if self.status.is_final() {
            return Err(Error::Refused("this review is decided"));
        }
        if self.claim.as_ref().is_some_and(|claim| claim.by != by.id && claim.until > now) {
            return Err(Error::Refused("another reviewer holds this review"));
        }
        if settings.four_eyes {
            if !by.is_person() {
                return Err(Error::Refused("this project requires two people; a key cannot decide"));
            }
            if self.first.as_ref().is_some_and(|(first, _)| *first == by.id) {
                return Err(Error::Refused("the second decision must be another person's"));
            }
        }
        Ok(())
    }

    /// Returns the state of the review after the decision of `by`.
    ///
    /// # Errors
    /// As [`Self::check_claim`].
    pub fn decide(
        &self,
        by: &Reviewer,
        decision: Decision,
        settings: &Settings,
        now: i64,
    ) -> Result<Status, Error> {
        self.check_claim(by, settings, now)?;
        let agreed = self.first.as_ref().is_some_and(|(_, first)| *first == decision);
        Ok(if settings.four_eyes && !agreed { Status::SecondReview } else { decision.status() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Reviewer {
        Reviewer { id: format!("user:{name}"), name: name.into() }
    }

    fn open() -> Standing {
        Standing { status: Status::Open, claim: None, first: None }
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn the_catalogue_explains_every_reason_of_reviewers() {
        use Reason::{
            DifferentPerson, DuplicateIdentity, ExpiredDocument, FalseAlarm, ForgedDocument,
            IdentityConfirmed, IncompleteCapture, Other, PoorQuality, PresentationAttack, SuspectedFraud,
            UnreadableDocument,
        };
        use std::collections::BTreeSet;
        let reasons = [
            IdentityConfirmed,
            FalseAlarm,
            DifferentPerson,
            PresentationAttack,
            ForgedDocument,
            SuspectedFraud,
            PoorQuality,
            IncompleteCapture,
            UnreadableDocument,
            ExpiredDocument,
            Other,
        ];
        let explained: BTreeSet<&str> = scoring::catalogue::codes("review").collect();
        assert_eq!(explained, reasons.map(Reason::as_str).into());
        // The models find it too.
        assert!(scoring::catalogue::codes("capture").any(|code| code == DuplicateIdentity.as_str()));
    }

    #[test]
    fn one_decision_is_final_and_is_not_changed() {
        let settings = Settings::default();
        let status = open().decide(&person("ada"), Decision::Reject, &settings, 0).unwrap();
        assert_eq!(status, Status::Rejected);
        let decided = Standing { status, ..open() };
        let again = decided.decide(&person("bob"), Decision::Approve, &settings, 0);
        assert_eq!(refusal(again), "this review is decided");
    }

    #[test]
    fn a_claim_keeps_the_others_out_until_it_ends() {
        let settings = Settings::default();
        let claim = Some(Claim { by: "user:ada".into(), until: 100 });
        let claimed = Standing { claim, ..open() };
        let other = claimed.decide(&person("bob"), Decision::Approve, &settings, 99);
        assert_eq!(refusal(other), "another reviewer holds this review");
        assert!(claimed.decide(&person("ada"), Decision::Approve, &settings, 99).is_ok());
        assert!(claimed.decide(&person("bob"), Decision::Approve, &settings, 100).is_ok());
    }

    #[test]
    fn two_people_in_a_row_must_agree() {
        let settings = Settings { four_eyes: true, ..Settings::default() };
        let decide = |standing: &Standing, name: &str, decision| {
            standing.decide(&person(name), decision, &settings, 0)
        };
        assert_eq!(decide(&open(), "ada", Decision::Approve).unwrap(), Status::SecondReview);
        let first = Some(("user:ada".to_owned(), Decision::Approve));
        let waiting = Standing { status: Status::SecondReview, first, ..open() };
        assert_eq!(
            refusal(decide(&waiting, "ada", Decision::Approve)),
            "the second decision must be another person's"
        );
        assert_eq!(decide(&waiting, "bob", Decision::Approve).unwrap(), Status::Approved);
        assert_eq!(decide(&waiting, "bob", Decision::Reject).unwrap(), Status::SecondReview);
        let key = Reviewer { id: "key:1".into(), name: String::new() };
        let by_key = open().decide(&key, Decision::Approve, &settings, 0);
        assert_eq!(refusal(by_key), "this project requires two people; a key cannot decide");
    }

    #[test]
    fn a_reason_belongs_to_its_decision_and_other_needs_a_note() {
        assert!(Verdict::new(Decision::Reject, Reason::DifferentPerson, "").is_ok());
        assert_eq!(
            refusal(Verdict::new(Decision::Approve, Reason::DifferentPerson, "")),
            "reason different_person does not belong to approve"
        );
        assert_eq!(
            refusal(Verdict::new(Decision::Approve, Reason::Other, " \n")),
            "reason other needs a note"
        );
        assert_eq!(Verdict::new(Decision::Approve, Reason::Other, " seen\n").unwrap().note, "seen");
        assert!(Verdict::new(Decision::Approve, Reason::FalseAlarm, &"x".repeat(2001)).is_err());
        assert!(Verdict::new(Decision::Approve, Reason::FalseAlarm, "a\0b").is_err());
    }

    #[test]
    fn settings_have_a_range() {
        let with = |target_minutes, lease_minutes| {
            Settings { target_minutes, lease_minutes, ..Settings::default() }.validate()
        };
        assert!(with(1, 1).is_ok());
        assert_eq!(refusal(with(0, 1)), "target_minutes must be 1 to 129600");
        assert_eq!(refusal(with(1, 481)), "lease_minutes must be 1 to 480");
    }
}
