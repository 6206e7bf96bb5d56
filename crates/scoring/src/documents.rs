//! The decision about a document: its checks -> verdict, score, reasons.
//!
//! One default set of rules: a failed check that decides is a fail, whatever else is right; a pass needs a zone or a
//! barcode whose figures are right and a date of expiry that has not passed; what cannot be judged, and a document on
//! which several advisory checks failed, a person shall look at.

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Verdict,
    decide::{PASS_FROM, REFER_FROM},
};

/// What must have passed for a pass, one of each group.
const NEEDED: [&[&str]; 2] =
    [&["mrz_check_digits", "barcode_structure", "external_provider"], &["not_expired"]];
/// From this many failed advisory checks on, a person shall look at it.
const DOUBTS: usize = 2;

/// One check of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentCheck {
    /// Stable snake_case word.
    pub name: String,
    /// Passed, failed, or [`Outcome::NotJudged`] when it was not made.
    pub outcome: Outcome,
    /// Reported, and never decides alone.
    pub advisory: bool,
}

impl DocumentCheck {
    /// `not_expired_passed`.
    fn reason(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            _ => "not_checked",
        };
        format!("{}_{outcome}", self.name)
    }
}

/// The decision about a document and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentDecision {
    pub verdict: Verdict,
    /// 0..=100 with two decimals, always in the band of the verdict.
    pub score: f64,
    /// One stable word for each check, in their order; `nothing_decisive` where what a pass needs was not on the picture.
    pub reasons: Vec<String>,
    pub conditions: Vec<DocumentCheck>,
    /// Those that made it a fail.
    pub failed_conditions: Vec<DocumentCheck>,
    /// Those that made it a refer.
    pub failed_refer_conditions: Vec<DocumentCheck>,
}

/// Judges the checks of a document that `can_be_judged`; of one that cannot, a person shall take another picture.
pub fn decide_document(checks: &[DocumentCheck], can_be_judged: bool) -> DocumentDecision {
    let failed = |advisory: bool| {
        let these = checks.iter().filter(move |c| c.outcome == Outcome::Failed && c.advisory == advisory);
        these.cloned().collect::<Vec<_>>()
    };
    let (gating, doubts) = (failed(false), failed(true));
    let has_passed = |name: &str| checks.iter().any(|c| c.name == name && c.outcome == Outcome::Passed);
    let has_all = NEEDED.iter().all(|group| group.iter().any(|name| has_passed(name)));
    let verdict = if !gating.is_empty() {
        Verdict::Fail
    } else if !has_all || !can_be_judged || doubts.len() >= DOUBTS {
        Verdict::Refer
    } else {
        Verdict::Pass
    };
    let mut reasons: Vec<String> = checks.iter().map(DocumentCheck::reason).collect();
    if !can_be_judged {
        reasons.push("picture_cannot_be_judged".into());
    }
    if !has_all {
        reasons.push("nothing_decisive".into());
    }
    DocumentDecision {
        verdict,
        score: score(checks, verdict),
        reasons,
        conditions: checks.to_vec(),
        failed_conditions: gating,
        failed_refer_conditions: if verdict == Verdict::Refer { doubts } else { Vec::new() },
    }
}

/// The share of checks that passed, a check not made counting half, put into the band of the verdict.
fn score(checks: &[DocumentCheck], verdict: Verdict) -> f64 {
    let worth = |check: &DocumentCheck| match check.outcome {
        Outcome::Passed => 1.0,
        Outcome::Failed => 0.0,
        _ => 0.5,
    };
    let share = checks.iter().map(worth).sum::<f64>() / checks.len().max(1) as f64;
    let (low, high) = match verdict {
        Verdict::Fail => (0.0, REFER_FROM - 0.01),
        Verdict::Refer => (REFER_FROM, PASS_FROM - 0.01),
        Verdict::Pass => (PASS_FROM, 100.0),
    };
    ((low + (high - low) * share) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, outcome: Outcome, advisory: bool) -> DocumentCheck {
        DocumentCheck { name: name.into(), outcome, advisory }
    }

    fn right() -> Vec<DocumentCheck> {
        vec![check("mrz_check_digits", Outcome::Passed, false), check("not_expired", Outcome::Passed, false)]
    }

    #[test]
    fn right_figures_and_a_valid_date_pass() {
        let decision = decide_document(&right(), true);
        assert_eq!((decision.verdict, decision.score), (Verdict::Pass, 100.0));
        assert_eq!(decision.reasons, ["mrz_check_digits_passed", "not_expired_passed"]);
    }

    #[test]
    fn expired_or_wrong_figures_never_pass() {
        for at in 0..2 {
            let mut checks = right();
            checks[at].outcome = Outcome::Failed;
            let decision = decide_document(&checks, true);
            assert_eq!(decision.verdict, Verdict::Fail);
            assert!(decision.score < REFER_FROM && decision.failed_conditions.len() == 1);
        }
    }

    #[test]
    fn what_was_not_on_the_picture_is_no_pass() {
        assert_eq!(decide_document(&right()[1..], true).verdict, Verdict::Refer);
        assert_eq!(decide_document(&[], true).reasons, ["nothing_decisive"]);
        assert_eq!(decide_document(&right(), false).verdict, Verdict::Refer);
    }

    #[test]
    fn one_doubt_is_told_and_two_are_for_a_person() {
        let mut checks = right();
        checks.push(check("screen_recapture", Outcome::Failed, true));
        let one = decide_document(&checks, true);
        assert_eq!(one.verdict, Verdict::Pass);
        assert!(one.score < 100.0);
        checks.push(check("print_copy", Outcome::Failed, true));
        let two = decide_document(&checks, true);
        assert_eq!((two.verdict, two.failed_refer_conditions.len()), (Verdict::Refer, 2));
    }
}
