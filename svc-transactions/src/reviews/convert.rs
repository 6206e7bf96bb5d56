//! Conversion of a review between the wire, plain values and the database.

use blob::KeyRing;
use proto::{Word, transactions as wire};
use serde::{Deserialize, Serialize};

use super::{Claim, DEFAULT_TARGET_MINUTES, Decision, Queue, Reason, Reviewer, Settings, Standing, Status};
use crate::{
    error::Error,
    record::text,
    seal,
    service::convert::{to_wire, word},
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
            status: to_wire::<wire::ReviewStatus>(status.as_str()),
            waiting: Queue::from_stored(&self.queue)? == Queue::Waiting,
            causes: self.causes(),
            opened_at_ms: self.opened_at,
            due_at_ms: settings.due_at(self.opened_at),
            claimed_by: claim.map(|(by, _)| reviewer_to_wire(by, names.claimed)),
            claimed_until_ms: claim.map(|(_, until)| until),
            reason: to_wire::<wire::ReviewReason>(reason.map_or("", Reason::as_str)),
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
            decision: to_wire::<wire::ReviewDecision>(Decision::from_stored(&self.decision)?.as_str()),
            reason: to_wire::<wire::ReviewReason>(Reason::from_stored(&self.reason)?.as_str()),
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

pub fn status_from_wire(number: i32) -> Result<Status, Error> {
    Status::from_stored(required::<wire::ReviewStatus>("review", number)?)
}

pub fn decision_from_wire(number: i32) -> Result<Decision, Error> {
    Decision::from_stored(required::<wire::ReviewDecision>("decision", number)?)
}

pub fn reason_from_wire(number: i32) -> Result<Reason, Error> {
    Reason::from_stored(required::<wire::ReviewReason>("reason", number)?)
}

fn required<E: Word>(field: &str, number: i32) -> Result<&'static str, Error> {
    word::<E>(field, number)?.ok_or_else(|| Error::Invalid(format!("{field} is required")))
}

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
