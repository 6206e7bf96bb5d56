//! The decision: evidence of the services + rules -> verdict, score, reasons. Pure, no IO; used live and for replays.
//!
//! [`Rules`] are data (JSON, see [`schema`]): each service is required, advisory or off, with thresholds and a
//! weight. [`decide`] applies them to [`Evidence`]; [`decide_document`] to the checks of a document. Called by the
//! gateway for each video, and by the service that stores rules, to validate them.
//!
//! Invariants, each a property test:
//! - raising one service's score never worsens the verdict and never lowers the score;
//! - a required service that did not run is never a pass, unless its rule has `missing: neutral`, and neither is a
//!   decision without any required service that speaks for it;
//! - an advisory service never changes the verdict;
//! - deciding again from a recorded [`Basis`] by the same rules changes nothing;
//! - a score that is not a number counts as "could not judge";
//! - no rules make an expired document, or one with wrong check digits, pass;
//! - the score lies in the band of its verdict: fail below [`REFER_FROM`], refer below [`PASS_FROM`], pass from there to 100.

pub mod catalogue;
mod confidence;
mod decide;
mod documents;
mod evidence;
mod rules;
mod schema;

pub use confidence::{MIN_CLAIM_PROBABILITY, clamp_to_decision};
pub use decide::{Condition, Decision, Outcome, PASS_FROM, REFER_FROM, Verdict, decide};
pub use documents::{
    CheckMode, DOCUMENT_CHECKS, DocumentBasis, DocumentCheck, DocumentCondition, DocumentDecision,
    DocumentEvidence, DocumentRules, DocumentType, Expired, LIVE_FACE, LiveFaceRule, decide_document,
};
pub use evidence::{
    AppliedRule, Basis, ChallengeUse, EarlierUse, Evidence, Finding, Needs, RulesVersion, Service,
    ShadowDecision,
};
pub use rules::{
    CannotJudge, Error, Missing, Mode, NOTHING_TO_JUDGE, NotEnrolled, Rules, ServiceRule, VERSION,
    built_in_for, default_for,
};
pub use schema::schema;
