//! Conversion of a review between the wire, plain values and the database.

use blob::KeyRing;
use proto::transactions as wire;
use serde::{Deserialize, Serialize};

use super::{Claim, DEFAULT_TARGET_MINUTES, Decision, Queue, Reason, Reviewer, Settings, Standing, Status};
use crate::{
    error::Error,
    record::text,
    seal,
    store::{ReviewRow, StepRow},
};

/// Display names of the holder and the decider. Sealed at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Names {
    #[serde(default)]
    pub claimed: String,
    #[serde(default)]
    pub decided: String,
}

/// A reviewer's note, and their name. Sealed at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Written {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub note: String,
}

impl ReviewRow {
    pub fn names(&self, ring: &KeyRing) -> Result<Names, Error> {
        match &self.sealed_names {
            Some(sealed) => seal::open_reviewers(ring, &self.project_id, &self.id, sealed),
            None => Ok(Names::default()),
        }
    }

    pub fn standing(&self) -> Result<Standing, Error> {
        let first = self.first_by.clone().zip(self.first_decision.as_deref());
        Ok(Standing {
            status: Status::from_stored(&self.status)?,
            claim: self.claimed_by.clone().zip(self.claimed_until).map(|(by, until)| Claim { by, until }),
            first: first
                .map(|(by, decision)| Ok::<_, Error>((by, Decision::from_stored(decision)?)))
                .transpose()?,
        })
    }

    /// Returns the message at `now`, without its steps.
    pub fn to_wire(&self, ring: &KeyRing, now: i64) -> Result<wire::Review, Error> {
        let names = self.names(ring)?;
        let status = Status::from_stored(&self.status)?;
        let target = self.target_minutes.and_then(|minutes| u32::try_from(minutes).ok());
        let target_minutes = target.unwrap_or(DEFAULT_TARGET_MINUTES);
        let settings = Settings { target_minutes, ..Settings::default() };
        let claim = self.claimed_by.as_ref().zip(self.claimed_until).filter(|(_, until)| *until > now);
        let reason = self.reason.as_deref().map(Reason::from_stored).transpose()?;
        Ok(wire::Review {
            transaction_id: self.id.clone(),
            status: status_to_wire(status).into(),
            waiting: Queue::from_stored(&self.queue)? == Queue::Waiting,
            causes: self.causes(),
            opened_at_ms: self.opened_at,
            due_at_ms: settings.due_at(self.opened_at),
            claimed_by: claim.map(|(by, _)| reviewer_to_wire(by, names.claimed)),
            claimed_until_ms: claim.map(|(_, until)| until),
            reason: reason.map(reason_to_wire).unwrap_or_default().into(),
            decided_by: self.decided_by.as_deref().map(|by| reviewer_to_wire(by, names.decided)),
            decided_at_ms: self.decided_at,
            steps: Vec::new(),
        })
    }

    fn causes(&self) -> Vec<i32> {
        use wire::ReviewCause as Cause;
        let causes = [
            (self.referred, Cause::Refer),
            (self.fraud, Cause::Fraud),
            (self.duplicate, Cause::DuplicateIdentity),
            (self.requested, Cause::Requested),
        ];
        causes.into_iter().filter(|(flag, _)| *flag != 0).map(|(_, cause)| cause.into()).collect()
    }
}

impl StepRow {
    pub fn to_wire(&self, ring: &KeyRing, project: &str, id: &str) -> Result<wire::ReviewStep, Error> {
        let written = seal::open_note(ring, project, id, self.step, &self.sealed)?;
        Ok(wire::ReviewStep {
            at_ms: self.made_at,
            by: Some(reviewer_to_wire(&self.made_by, written.name)),
            decision: decision_to_wire(Decision::from_stored(&self.decision)?).into(),
            reason: reason_to_wire(Reason::from_stored(&self.reason)?).into(),
            note: written.note,
        })
    }
}

pub fn reviewer_to_wire(stored: &str, name: String) -> wire::Reviewer {
    let (kind, id) = match stored.split_once(':') {
        Some(("key", id)) => (wire::ReviewerKind::ApiKey, id),
        Some((_, id)) => (wire::ReviewerKind::User, id),
        None => (wire::ReviewerKind::User, stored),
    };
    wire::Reviewer { kind: kind.into(), id: id.into(), name }
}

pub fn reviewer(wire: Option<wire::Reviewer>) -> Result<Reviewer, Error> {
    let wire = wire.ok_or_else(|| Error::Invalid("reviewer is required".into()))?;
    let kind = match wire.kind() {
        wire::ReviewerKind::User => "user",
        wire::ReviewerKind::ApiKey => "key",
        wire::ReviewerKind::Unspecified => return Err(Error::Invalid("reviewer has no kind".into())),
    };
    Ok(Reviewer { id: format!("{kind}:{}", text("reviewer", wire.id)?), name: wire.name })
}

pub const fn status_to_wire(status: Status) -> wire::ReviewStatus {
    match status {
        Status::Open => wire::ReviewStatus::Open,
        Status::SecondReview => wire::ReviewStatus::SecondReview,
        Status::NewCapture => wire::ReviewStatus::NewCapture,
        Status::Approved => wire::ReviewStatus::Approved,
        Status::Rejected => wire::ReviewStatus::Rejected,
    }
}

pub fn status_from_wire(wire: wire::ReviewStatus) -> Result<Status, Error> {
    Ok(match wire {
        wire::ReviewStatus::Open => Status::Open,
        wire::ReviewStatus::SecondReview => Status::SecondReview,
        wire::ReviewStatus::NewCapture => Status::NewCapture,
        wire::ReviewStatus::Approved => Status::Approved,
        wire::ReviewStatus::Rejected => Status::Rejected,
        wire::ReviewStatus::Unspecified => return Err(Error::Invalid("review has no status".into())),
    })
}

const fn decision_to_wire(decision: Decision) -> wire::ReviewDecision {
    match decision {
        Decision::Approve => wire::ReviewDecision::Approve,
        Decision::Reject => wire::ReviewDecision::Reject,
        Decision::NewCapture => wire::ReviewDecision::NewCapture,
    }
}

pub fn decision_from_wire(wire: wire::ReviewDecision) -> Result<Decision, Error> {
    Ok(match wire {
        wire::ReviewDecision::Approve => Decision::Approve,
        wire::ReviewDecision::Reject => Decision::Reject,
        wire::ReviewDecision::NewCapture => Decision::NewCapture,
        wire::ReviewDecision::Unspecified => return Err(Error::Invalid("decision is required".into())),
    })
}

/// Maps each reason to its name on the wire, both ways.
macro_rules! reasons {
    ($($reason:ident),* $(,)?) => {
        const fn reason_to_wire(reason: Reason) -> wire::ReviewReason {
            match reason {
                $(Reason::$reason => wire::ReviewReason::$reason),*
            }
        }

        pub fn reason_from_wire(wire: wire::ReviewReason) -> Result<Reason, Error> {
            match wire {
                $(wire::ReviewReason::$reason => Ok(Reason::$reason),)*
                wire::ReviewReason::Unspecified => Err(Error::Invalid("reason is required".into())),
            }
        }
    };
}

reasons!(
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
);

impl From<Settings> for wire::ReviewSettings {
    fn from(settings: Settings) -> Self {
        Self {
            four_eyes: settings.four_eyes,
            target_minutes: settings.target_minutes,
            lease_minutes: settings.lease_minutes,
            updated_at_ms: settings.updated_at,
        }
    }
}

impl From<wire::ReviewSettings> for Settings {
    fn from(wire: wire::ReviewSettings) -> Self {
        Self {
            four_eyes: wire.four_eyes,
            target_minutes: wire.target_minutes,
            lease_minutes: wire.lease_minutes,
            updated_at: None,
        }
    }
}
