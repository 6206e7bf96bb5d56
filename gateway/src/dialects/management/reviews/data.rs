//! A review as JSON.

use boot::timestamp::rfc3339;
use proto::transactions as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An enum in JSON and the wire enum it corresponds to.
pub trait WireEnum: Sized + Serialize {
    type Wire;

    /// Converts from the wire; returns `None` for an unspecified value.
    fn from_wire(wire: Self::Wire) -> Option<Self>;

    fn to_wire(self) -> Self::Wire;

    /// Returns the value as it appears in JSON.
    fn word(self) -> Option<String> {
        serde_json::to_value(self).ok()?.as_str().map(str::to_owned)
    }
}

/// Defines such an enum from the names of its values.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident as $schema:ident for $wire:ty { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = $schema)]
        pub enum $name {
            $($variant),*
        }

        impl WireEnum for $name {
            type Wire = $wire;

            fn from_wire(wire: $wire) -> Option<Self> {
                match wire {
                    $(<$wire>::$variant => Some(Self::$variant),)*
                    <$wire>::Unspecified => None,
                }
            }

            fn to_wire(self) -> $wire {
                match self {
                    $(Self::$variant => <$wire>::$variant),*
                }
            }
        }
    };
}

pub(in crate::dialects::management) use wire_enum;

wire_enum! {
    /// `open`: not decided yet. `second_review`: one person has decided, and a second must. The others are final.
    Status as ReviewStatus for wire::ReviewStatus { Open, SecondReview, NewCapture, Approved, Rejected }
}
wire_enum! {
    Decision as ReviewDecision for wire::ReviewDecision { Approve, Reject, NewCapture }
}
wire_enum! {
    /// Why a transaction is reviewed. `requested`: a person asked for the review.
    Cause as ReviewCause for wire::ReviewCause { Refer, Fraud, DuplicateIdentity, Requested }
}
wire_enum! {
    /// `identity_confirmed` and `false_alarm` approve; `different_person`, `presentation_attack`, `forged_document`,
    /// `duplicate_identity` and `suspected_fraud` reject; `poor_quality`, `incomplete_capture`, `unreadable_document` and
    /// `expired_document` ask for a new capture; `other` goes with each of them and needs a note.
    Reason as ReviewReason for wire::ReviewReason {
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
}
wire_enum! {
    /// `unassigned`: open and not claimed. `mine`: claimed by the caller. `waiting`: for a second person or for the new
    /// capture.
    Queue as ReviewQueue for wire::ReviewQueue { Unassigned, Mine, Waiting, Done }
}
wire_enum! {
    ReviewerKind as ReviewerKind for wire::ReviewerKind { User, ApiKey }
}

/// The reviewer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reviewer)]
pub struct ReviewerData {
    kind: Option<ReviewerKind>,
    id: String,
    /// The display name; empty for a key.
    name: String,
}

/// The status of a transaction's review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewData {
    pub transaction_id: String,
    pub status: Option<Status>,
    /// Whether a second person or a new capture is awaited.
    pub waiting: bool,
    pub causes: Vec<Cause>,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    pub opened_at: String,
    /// The due time by the project's target.
    pub due_at: String,
    /// The reviewer with the claim, while it lasts.
    pub claimed_by: Option<ReviewerData>,
    pub claimed_until: Option<String>,
    /// The final decision.
    pub decision: Option<Decision>,
    pub reason: Option<Reason>,
    pub decided_by: Option<ReviewerData>,
    pub decided_at: Option<String>,
}

/// A review with the decision of each person.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewDetails {
    #[serde(flatten)]
    review: ReviewData,
    steps: Vec<Step>,
}

/// The decision of one person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewStep)]
pub struct Step {
    at: String,
    by: Option<ReviewerData>,
    decision: Option<Decision>,
    reason: Option<Reason>,
    /// Empty for callers who may not review, and once the user is erased.
    note: String,
}

impl From<wire::Reviewer> for ReviewerData {
    fn from(reviewer: wire::Reviewer) -> Self {
        Self { kind: ReviewerKind::from_wire(reviewer.kind()), id: reviewer.id, name: reviewer.name }
    }
}

impl ReviewData {
    /// Returns status, reason, reviewer and time, for a row of a file.
    pub fn cells(self) -> [Option<String>; 4] {
        let name = |by: ReviewerData| if by.name.is_empty() { by.id } else { by.name };
        let reason = self.reason.and_then(Reason::word);
        [self.status.and_then(Status::word), reason, self.decided_by.map(name), self.decided_at]
    }
}

impl From<wire::Review> for ReviewData {
    fn from(review: wire::Review) -> Self {
        let status = Status::from_wire(review.status());
        let decision = match status {
            Some(Status::Approved) => Some(Decision::Approve),
            Some(Status::Rejected) => Some(Decision::Reject),
            Some(Status::NewCapture) => Some(Decision::NewCapture),
            Some(Status::Open | Status::SecondReview) | None => None,
        };
        Self {
            status,
            decision,
            reason: Reason::from_wire(review.reason()),
            causes: review.causes().filter_map(Cause::from_wire).collect(),
            waiting: review.waiting,
            opened_at: rfc3339(review.opened_at_ms),
            due_at: rfc3339(review.due_at_ms),
            claimed_by: review.claimed_by.map(ReviewerData::from),
            claimed_until: review.claimed_until_ms.map(rfc3339),
            decided_by: review.decided_by.map(ReviewerData::from),
            decided_at: review.decided_at_ms.map(rfc3339),
            transaction_id: review.transaction_id,
        }
    }
}

impl From<wire::Review> for ReviewDetails {
    fn from(mut review: wire::Review) -> Self {
        let steps = std::mem::take(&mut review.steps).into_iter().map(Step::from).collect();
        Self { review: review.into(), steps }
    }
}

impl From<wire::ReviewStep> for Step {
    fn from(step: wire::ReviewStep) -> Self {
        Self {
            at: rfc3339(step.at_ms),
            decision: Decision::from_wire(step.decision()),
            reason: Reason::from_wire(step.reason()),
            by: step.by.map(ReviewerData::from),
            note: step.note,
        }
    }
}
