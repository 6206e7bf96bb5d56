//! The result of a replay.

use std::{cmp::Ordering, collections::BTreeMap};

use boot::timestamp::rfc3339;
use proto::{
    Word,
    transactions::{Flag, ReviewStatus, Transaction},
};
use scoring::{Decision, ShadowDecision};
use serde::Serialize;
use utoipa::ToSchema;

/// Most changes listed in an answer; further ones are only counted.
const MAX_CHANGES: usize = 500;

/// Why a call could not be decided again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// The call was rejected before a decision.
    NoDecision,
    /// No evidence was recorded, or its subject has been erased.
    NoEvidence,
    EvidenceNotReadable,
    /// The rules of the decision are no longer stored.
    RulesUnknown,
    /// This version of the shadow rules did not decide the call: it is older, or its key has rules of its own.
    NoShadowDecision,
}

/// How other rules would have decided past calls.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Replayed {
    /// Number of calls examined.
    considered: u32,
    /// Number of calls decided again.
    replayed: u32,
    /// Number of calls that could not be decided again, by reason: `no_decision`, `no_evidence`,
    /// `evidence_not_readable`, `rules_unknown`, `no_shadow_decision`.
    #[schema(value_type = std::collections::BTreeMap<String, u32>, example = json!({"no_evidence": 2}))]
    not_replayed: BTreeMap<Skipped, u32>,
    /// Number of calls by old and new verdict.
    #[schema(example = json!({"pass": {"pass": 90, "refer": 8}, "fail": {"fail": 12}}))]
    verdicts: BTreeMap<String, BTreeMap<String, u32>>,
    /// Number of calls that would get a worse verdict.
    stricter: u32,
    /// Number of calls that would get a better verdict.
    looser: u32,
    /// The same calls compared with the decisions of people.
    labels: Labels,
    /// Number of calls whose verdict, score or reasons would change.
    changed: u32,
    /// The newest 500 of these changes.
    changes: Vec<Change>,
    /// Pass it as `cursor` to continue with older calls; null when there are none.
    next_cursor: Option<String>,
}

/// Calls decided again that were also decided by people: by a final review, otherwise by a flag.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Labels {
    /// Calls rejected by review or flagged fraudulent: one that is not stopped is a missed attack.
    rejected: Labelled,
    /// Calls approved by review or flagged ok: one that is stopped is a false rejection.
    approved: Labelled,
}

/// Number of calls with a label, and how many of them do not pass.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Labelled {
    #[schema(example = 8)]
    calls: u32,
    /// By the old verdict.
    #[schema(example = 5)]
    stopped_before: u32,
    /// By the new verdict.
    #[schema(example = 7)]
    stopped_after: u32,
}

impl Labels {
    fn of(&mut self, transaction: &Transaction) -> Option<&mut Labelled> {
        let review = transaction.review.as_ref().map(proto::transactions::Review::status);
        match (review, transaction.flag()) {
            (Some(ReviewStatus::Rejected), _) => Some(&mut self.rejected),
            (Some(ReviewStatus::Approved), _) => Some(&mut self.approved),
            (_, Flag::Fraudulent) => Some(&mut self.rejected),
            (_, Flag::Ok) => Some(&mut self.approved),
            _ => None,
        }
    }

    fn add(&mut self, transaction: &Transaction, new: &Judgement) {
        let stopped = |verdict: &str| u32::from(verdict != "pass");
        if let Some(labelled) = self.of(transaction) {
            labelled.calls += 1;
            labelled.stopped_before += stopped(transaction.verdict().as_word());
            labelled.stopped_after += stopped(new.verdict);
        }
    }
}

/// A call whose decision would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// The `X-Request-Id` of the call.
    id: String,
    created_at: String,
    /// Null when the call named no user, or the user was erased.
    user_fullname: Option<String>,
    old: Judgement,
    new: Judgement,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Judgement {
    #[schema(example = "refer")]
    verdict: &'static str,
    score: Option<f64>,
    #[schema(example = json!(["face_match_referred"]))]
    reasons: Vec<String>,
}

impl<C> From<Decision<C>> for Judgement {
    fn from(decision: Decision<C>) -> Self {
        Self { verdict: decision.verdict.as_str(), score: Some(decision.score), reasons: decision.reasons }
    }
}

impl From<&ShadowDecision> for Judgement {
    fn from(decision: &ShadowDecision) -> Self {
        let ShadowDecision { verdict, score, reasons, .. } = decision;
        Self { verdict: verdict.as_str(), score: Some(*score), reasons: reasons.clone() }
    }
}

/// Orders verdicts from worst to best.
fn rank(verdict: &str) -> u8 {
    match verdict {
        "pass" => 2,
        "refer" => 1,
        _ => 0,
    }
}

/// A replay in progress.
#[derive(Debug, Default)]
pub struct Tally(Replayed);

impl Tally {
    pub const fn considered(&self) -> u32 {
        self.0.considered
    }

    pub fn add(&mut self, transaction: Transaction, replayed: Result<Judgement, Skipped>) {
        let sum = &mut self.0;
        sum.considered += 1;
        let new = match replayed {
            Ok(judgement) => judgement,
            Err(skipped) => return *sum.not_replayed.entry(skipped).or_default() += 1,
        };
        sum.replayed += 1;
        sum.labels.add(&transaction, &new);
        let old = Judgement {
            verdict: transaction.verdict().as_word(),
            score: transaction.score,
            reasons: transaction.reasons,
        };
        match rank(new.verdict).cmp(&rank(old.verdict)) {
            Ordering::Less => sum.stricter += 1,
            Ordering::Equal => {}
            Ordering::Greater => sum.looser += 1,
        }
        let by_old = sum.verdicts.entry(old.verdict.to_owned()).or_default();
        *by_old.entry(new.verdict.to_owned()).or_default() += 1;
        if old != new {
            sum.changed += 1;
            if sum.changes.len() < MAX_CHANGES {
                let created_at = rfc3339(transaction.created_at_ms);
                let Transaction { id, user_fullname, .. } = transaction;
                sum.changes.push(Change { id, created_at, user_fullname, old, new });
            }
        }
    }

    /// Returns the result. `cursor` continues with older calls; empty when there are none.
    pub fn finish(self, cursor: String) -> Replayed {
        Replayed { next_cursor: Some(cursor).filter(|cursor| !cursor.is_empty()), ..self.0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proto::transactions::Verdict;
    use scoring::{Evidence, Finding, Service, decide, default_for};

    use super::*;
    use crate::core::record::wire_verdict;

    fn decided(evidence: &Evidence) -> (Transaction, Decision) {
        let decision = decide(&default_for(&Service::ALL.into_iter().collect()), evidence);
        let transaction = Transaction {
            verdict: wire_verdict(decision.verdict).into(),
            score: Some(decision.score),
            reasons: decision.reasons.clone(),
            ..Transaction::default()
        };
        (transaction, decision)
    }

    fn evidence() -> impl Strategy<Value = Evidence> {
        let finding = prop_oneof![
            (0.0..=1.0f64).prop_map(|score| Finding::Judged { score }.recordable()),
            Just(Finding::NotEnrolled),
            Just(Finding::CouldNotJudge { error: "no_face".into() }),
        ];
        prop::collection::btree_map(prop::sample::select(Service::ALL.to_vec()), finding, 0..=6)
    }

    proptest! {
        #[test]
        fn the_rules_in_force_change_nothing_and_every_call_is_counted_once(
            past in prop::collection::vec((evidence(), any::<bool>()), 0..30),
        ) {
            let mut tally = Tally::default();
            for (evidence, readable) in &past {
                let (transaction, decision) = decided(evidence);
                tally.add(transaction, if *readable { Ok(decision.into()) } else { Err(Skipped::NoEvidence) });
            }
            let sum = tally.finish(String::new());
            prop_assert_eq!((sum.changed, sum.changes.len()), (0, 0));
            prop_assert!(sum.verdicts.iter().all(|(old, new)| new.keys().all(|new| new == old)));
            let counted: u32 = sum.verdicts.values().flat_map(BTreeMap::values).sum();
            prop_assert_eq!(counted, sum.replayed);
            prop_assert_eq!(sum.replayed + sum.not_replayed.values().sum::<u32>(), sum.considered);
            prop_assert_eq!(sum.considered as usize, past.len());
        }
    }

    #[test]
    fn reviewer_decisions_are_counted_and_take_precedence_over_flags() {
        let call = |verdict: Verdict, review: Option<ReviewStatus>, flag: Flag| Transaction {
            verdict: verdict.into(),
            review: review.map(|status| proto::transactions::Review {
                status: status.into(),
                ..proto::transactions::Review::default()
            }),
            flag: flag.into(),
            ..Transaction::default()
        };
        let new = |verdict: &'static str| Ok(Judgement { verdict, score: None, reasons: Vec::new() });
        let mut tally = Tally::default();
        tally.add(call(Verdict::Pass, Some(ReviewStatus::Rejected), Flag::Unspecified), new("fail"));
        tally.add(call(Verdict::Refer, Some(ReviewStatus::Rejected), Flag::Ok), new("pass"));
        tally.add(call(Verdict::Pass, Some(ReviewStatus::Approved), Flag::Unspecified), new("refer"));
        tally.add(call(Verdict::Pass, None, Flag::Ok), new("pass"));
        tally.add(call(Verdict::Pass, Some(ReviewStatus::Open), Flag::Unspecified), new("fail"));
        tally.add(
            call(Verdict::Pass, Some(ReviewStatus::Rejected), Flag::Unspecified),
            Err(Skipped::NoEvidence),
        );
        let sum = tally.finish(String::new());
        assert_eq!((sum.stricter, sum.looser), (3, 1));
        let labels = sum.labels;
        assert_eq!(labels.rejected, Labelled { calls: 2, stopped_before: 1, stopped_after: 1 });
        assert_eq!(labels.approved, Labelled { calls: 2, stopped_before: 0, stopped_after: 1 });
    }

    #[test]
    fn the_list_of_changes_is_bounded_and_the_counts_are_not() {
        let mut tally = Tally::default();
        for _ in 0..MAX_CHANGES + 10 {
            let (mut transaction, decision) = decided(&Evidence::new());
            transaction.verdict = Verdict::Pass.into();
            tally.add(transaction, Ok(decision.into()));
        }
        let sum = tally.finish("next".into());
        assert_eq!((sum.changed as usize, sum.changes.len()), (MAX_CHANGES + 10, MAX_CHANGES));
        assert_eq!(sum.verdicts["pass"]["refer"] as usize, MAX_CHANGES + 10);
        assert_eq!(sum.next_cursor.as_deref(), Some("next"));
    }
}
