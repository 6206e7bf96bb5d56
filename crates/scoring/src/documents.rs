//! The decision about a document: its checks + rules -> verdict, score, reasons.
//!
//! A failed deciding check is a fail, whatever else passed; a pass needs an MRZ or a barcode with correct check
//! digits and an expiry date that has not passed; pictures that cannot be judged, and documents with several failed
//! advisory checks, need human review. [`DocumentRules`] define which checks decide and what is accepted, but no
//! rules make an expired document or wrong check digits pass.

mod rules;

use serde::{Deserialize, Serialize};

use crate::{
    Decision, Finding, Outcome, RulesVersion, ShadowDecision, Verdict,
    decide::{NOTHING_DECISIVE, PASS_FROM, REFER_FROM},
};

pub use rules::{CheckMode, DOCUMENT_CHECKS, DocumentRules, DocumentType, Expired, LIVE_FACE, LiveFaceRule};

/// Checks required for a pass, one of each group.
const NEEDED: [&[&str]; 2] =
    [&["mrz_check_digits", "barcode_structure", "external_provider"], &[NOT_EXPIRED]];
const NOT_EXPIRED: &str = "not_expired";
/// The reason of a picture that cannot be judged.
pub(crate) const PICTURE_CANNOT_BE_JUDGED: &str = "picture_cannot_be_judged";

/// One check of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentCheck {
    /// Stable snake_case word.
    pub name: String,
    /// Passed, failed, or [`Outcome::NotJudged`] when it was not made.
    pub outcome: Outcome,
    /// Reported, and never decides alone, unless rules define otherwise.
    pub advisory: bool,
}

/// The evidence of a document's picture, as far as rules need it: no holder data except its type and country.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentEvidence {
    pub checks: Vec<DocumentCheck>,
    /// False: the picture is unsuitable, and a new one is needed.
    pub can_be_judged: bool,
    /// As [`DocumentType::as_str`]; empty when unknown.
    pub document_type: String,
    /// The issuing state as a three-letter code; empty when it was not read.
    pub country: String,
    /// The probability that portrait and session's last video show the same person, or the reason code why they were
    /// not compared.
    pub live_face: Option<Finding>,
    /// Whether the session's last video failed or was not judged live: a matching portrait is then at most referred.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub video_not_live: bool,
}

/// The basis of a decision about a document, as recorded with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentBasis {
    pub document: DocumentEvidence,
    /// The deciding rules; `None`: the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesVersion>,
    /// The reasons that prevented a better verdict; not used to decide again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// The decision of the project's shadow rules on the same document. Decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowDecision>,
}

/// One check and its result under the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentCondition {
    pub name: String,
    pub outcome: Outcome,
    /// [`CheckMode::Off`] never appears.
    pub mode: CheckMode,
    /// Whether the mode is [`CheckMode::Advisory`].
    pub advisory: bool,
}

impl DocumentCondition {
    fn new(name: &str, outcome: Outcome, mode: CheckMode) -> Self {
        Self { name: name.to_owned(), outcome, mode, advisory: mode == CheckMode::Advisory }
    }

    /// `not_expired_passed`.
    pub fn reason(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Referred => "referred",
            _ => "not_checked",
        };
        format!("{}_{outcome}", self.name)
    }

    fn fails(&self, rules: &DocumentRules) -> bool {
        self.outcome == Outcome::Failed && self.mode.decides() && !self.is_left_to_a_person(rules)
    }

    fn refers(&self, rules: &DocumentRules) -> bool {
        let is_unclear = match self.outcome {
            Outcome::Passed => false,
            Outcome::Referred => self.mode.decides(),
            Outcome::Failed => self.is_left_to_a_person(rules),
            _ => self.mode == CheckMode::Required,
        };
        is_unclear && !self.advisory
    }

    fn is_left_to_a_person(&self, rules: &DocumentRules) -> bool {
        self.name == NOT_EXPIRED && rules.expired == Expired::Refer
    }
}

/// A decision about a document and its conditions.
pub type DocumentDecision = Decision<DocumentCondition>;

/// Decides about a document by the evidence of its picture.
pub fn decide_document(rules: &DocumentRules, evidence: &DocumentEvidence) -> DocumentDecision {
    let conditions = conditions(rules, evidence);
    let failed: Vec<_> = conditions.iter().filter(|c| c.fails(rules)).cloned().collect();
    let is_doubt = |c: &&DocumentCondition| c.advisory && c.outcome == Outcome::Failed;
    let is_doubtful = conditions.iter().filter(is_doubt).count() >= rules.doubts as usize;
    let is_referred = |c: &&DocumentCondition| c.refers(rules) || is_doubtful && is_doubt(c);
    let referred: Vec<_> = conditions.iter().filter(is_referred).cloned().collect();
    let has_passed =
        |name: &str| evidence.checks.iter().any(|c| c.name == name && c.outcome == Outcome::Passed);
    let has_all = NEEDED.iter().all(|group| group.iter().any(|name| has_passed(name)));
    let verdict = if !failed.is_empty() {
        Verdict::Fail
    } else if !has_all || !evidence.can_be_judged || !referred.is_empty() {
        Verdict::Refer
    } else {
        Verdict::Pass
    };
    let mut reasons: Vec<String> = conditions.iter().map(DocumentCondition::reason).collect();
    if !evidence.can_be_judged {
        reasons.push(PICTURE_CANNOT_BE_JUDGED.into());
    }
    if !has_all {
        reasons.push(NOTHING_DECISIVE.into());
    }
    DocumentDecision {
        verdict,
        score: score(&conditions, verdict, evidence.can_be_judged),
        reasons,
        failed_conditions: failed,
        failed_refer_conditions: if verdict == Verdict::Refer { referred } else { Vec::new() },
        conditions,
    }
}

/// Returns the relevant checks: those made, those required but not made, then those that only rules require.
fn conditions(rules: &DocumentRules, evidence: &DocumentEvidence) -> Vec<DocumentCondition> {
    let made = evidence.checks.iter();
    let made = made.map(|c| DocumentCondition::new(&c.name, c.outcome, rules.mode(&c.name, c.advisory)));
    let live_face = evidence.live_face.as_ref().map(|finding| {
        let outcome = match finding {
            Finding::Judged { score } if !score.is_nan() => rules.live_face.outcome(*score),
            _ => Outcome::NotJudged,
        };
        let outcome = match outcome {
            Outcome::Passed if evidence.video_not_live => Outcome::Referred,
            other => other,
        };
        DocumentCondition::new(LIVE_FACE, outcome, rules.mode(LIVE_FACE, false))
    });
    let accepted = |name, asks: bool, value: &str, is_accepted: bool| {
        let outcome = match (value, is_accepted) {
            ("", _) => Outcome::NotJudged,
            (_, true) => Outcome::Passed,
            (_, false) => Outcome::Failed,
        };
        asks.then(|| DocumentCondition::new(name, outcome, CheckMode::Required))
    };
    let (kind, country) = (evidence.document_type.as_str(), evidence.country.as_str());
    let is_type = rules.types.iter().any(|accepted| accepted.as_str() == kind);
    let of_rules = [
        accepted("accepted_type", !rules.types.is_empty(), kind, is_type),
        accepted("accepted_country", !rules.countries.is_empty(), country, rules.countries.contains(country)),
    ];
    let is_made = |name: &str| name == LIVE_FACE || evidence.checks.iter().any(|check| check.name == name);
    let required = rules.checks.iter().filter(|(name, mode)| **mode == CheckMode::Required && !is_made(name));
    let missing = required.map(|(name, mode)| DocumentCondition::new(name, Outcome::NotJudged, *mode));
    let all = made.chain(missing).chain(live_face).chain(of_rules.into_iter().flatten());
    all.filter(|condition| condition.mode != CheckMode::Off).collect()
}

/// Returns the share of checks that passed, a missing or unclear check counting half, scaled to the band of the
/// verdict. A refer of a picture that cannot be judged is at the lower end: it shows nothing for a reviewer to weigh.
fn score(checks: &[DocumentCondition], verdict: Verdict, can_be_judged: bool) -> f64 {
    if verdict == Verdict::Refer && !can_be_judged {
        return REFER_FROM;
    }
    let worth = |check: &DocumentCondition| match check.outcome {
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
