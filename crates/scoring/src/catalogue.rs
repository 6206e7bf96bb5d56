//! The catalogue of reasons: title, explanation, remedy for the person, severity, in every language of the product.
//!
//! The texts are in the JSON files of this folder, one file per group; this module composes the others from a subject
//! and an outcome ("Liveness: unclear"). The crates that emit the codes of a group test that the group is complete in
//! both directions. `docs/REASONS.md` is [`markdown`].

mod languages;
mod markdown;

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::{DOCUMENT_CHECKS, LIVE_FACE, Outcome, Service};

pub use languages::Language;
pub use markdown::markdown;

/// The severity of a reason for the reader of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Speaks for the person, or reports a completed action.
    Ok,
    /// Neutral.
    Info,
    /// Prevents a result, or needs human review.
    Warning,
    /// Speaks against the person or the medium.
    Critical,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One code in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The stable word of `decision_reasons`, of a service's `error` or of a fraud rule.
    pub code: String,
    /// Its source, one of [`GROUPS`].
    pub group: &'static str,
    pub severity: Severity,
    /// A headline of a few words.
    pub title: String,
    /// One sentence.
    pub explanation: String,
    /// What the person or the integrator can do, without a full stop; `None`: nothing.
    pub remedy: Option<String>,
}

const DECISION: &str = "decision";
const DOCUMENT: &str = "document";

/// The groups in their order, each with its texts.
const FILES: [(&str, &str); 10] = [
    (DECISION, include_str!("catalogue/decision.json")),
    (DOCUMENT, include_str!("catalogue/document.json")),
    ("capture", include_str!("catalogue/capture.json")),
    ("evidence", include_str!("catalogue/evidence.json")),
    ("enrollment", include_str!("catalogue/enrollment.json")),
    ("consent", include_str!("catalogue/consent.json")),
    ("fraud", include_str!("catalogue/fraud.json")),
    ("review", include_str!("catalogue/review.json")),
    ("fingerprint", include_str!("catalogue/fingerprint.json")),
    ("card", include_str!("catalogue/card.json")),
];

/// The names of the groups: decisions about recordings and documents, media that cannot be judged, results of
/// enrollments, consents, fraud rules, reviews, fingerprints and cards.
pub const GROUPS: [&str; FILES.len()] = {
    let mut names = [""; FILES.len()];
    let mut at = 0;
    while at < FILES.len() {
        names[at] = FILES[at].0;
        at += 1;
    }
    names
};

/// One code of a file.
#[derive(Deserialize)]
struct Entry {
    severity: Severity,
    #[serde(flatten)]
    texts: BTreeMap<Language, Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    title: String,
    explanation: String,
    remedy: Option<String>,
}

type Entries = BTreeMap<String, Entry>;
type Names = BTreeMap<String, BTreeMap<Language, String>>;

static CATALOGUE: LazyLock<BTreeMap<Language, Vec<Reason>>> =
    LazyLock::new(|| Language::ALL.into_iter().map(|language| (language, composed(language))).collect());

/// Every reason, group by group, each group by code.
pub fn reasons(language: Language) -> &'static [Reason] {
    CATALOGUE.get(&language).map_or(&[], Vec::as_slice)
}

/// One reason; `None` for a code the product does not emit.
pub fn reason(code: &str, language: Language) -> Option<&'static Reason> {
    reasons(language).iter().find(|reason| reason.code == code)
}

/// The codes of a group.
pub fn codes(group: &str) -> impl Iterator<Item = &'static str> {
    let all = reasons(Language::En).iter().filter(move |reason| reason.group == group);
    all.map(|reason| reason.code.as_str())
}

/// Checks of a document that only rules require.
const ASKED_BY_RULES: [&str; 2] = ["accepted_type", "accepted_country"];

/// Returns subject and outcome of the reasons of [`crate::decide`].
fn of_services() -> impl Iterator<Item = (&'static str, &'static str)> {
    use Outcome::{Failed, Missing, NotEnrolled, NotJudged, Passed, Referred};
    let outcomes = |service: Service| match service {
        // An earlier use has its own reason, `media_replayed`.
        Service::MediaReplay => &[Passed][..],
        Service::FaceRecognition | Service::VoiceRecognition => {
            &[Passed, Referred, Failed, NotEnrolled, Missing, NotJudged]
        }
        _ => &[Passed, Referred, Failed, Missing, NotJudged],
    };
    let each = move |service: Service| {
        outcomes(service).iter().map(move |outcome| (service.subject(), outcome.as_str()))
    };
    Service::ALL.into_iter().flat_map(each)
}

/// Returns subject and outcome of the reasons of [`crate::decide_document`].
fn of_checks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let checks = DOCUMENT_CHECKS.into_iter().chain(ASKED_BY_RULES);
    let outcomes = |check| ["passed", "failed", "not_checked"].map(|outcome| (check, outcome));
    checks.flat_map(outcomes).chain([(LIVE_FACE, "referred")])
}

/// Returns the composed reasons of one language.
fn composed(language: Language) -> Vec<Reason> {
    let outcomes = entries(include_str!("catalogue/outcomes.json"));
    let subjects = names(include_str!("catalogue/subjects.json"));
    let checks = names(include_str!("catalogue/checks.json"));
    let mut reasons = Vec::new();
    for (group, file) in FILES {
        let written = entries(file);
        let mut of_group: BTreeMap<String, Reason> = match group {
            DECISION => compose(of_services(), &subjects, &outcomes, (group, language)),
            DOCUMENT => compose(of_checks(), &checks, &outcomes, (group, language)),
            _ => BTreeMap::new(),
        };
        for (code, entry) in written {
            let text = &entry.texts[&language];
            of_group.insert(code.clone(), text.reason(code, group, entry.severity));
        }
        reasons.extend(of_group.into_values());
    }
    reasons
}

fn compose(
    codes: impl Iterator<Item = (&'static str, &'static str)>,
    subjects: &Names,
    outcomes: &Entries,
    (group, language): (&'static str, Language),
) -> BTreeMap<String, Reason> {
    let each = |(subject, outcome): (&str, &str)| {
        let (entry, name) = (&outcomes[outcome], &subjects[subject][&language]);
        let code = format!("{subject}_{outcome}");
        let mut reason = entry.texts[&language].reason(code.clone(), group, entry.severity);
        reason.title = reason.title.replace("{}", name);
        (code, reason)
    };
    codes.map(each).collect()
}

impl Text {
    fn reason(&self, code: String, group: &'static str, severity: Severity) -> Reason {
        let Self { title, explanation, remedy } = self;
        Reason {
            code,
            group,
            severity,
            title: title.clone(),
            explanation: explanation.clone(),
            remedy: remedy.clone(),
        }
    }
}

fn entries(file: &str) -> Entries {
    serde_json::from_str(file).expect("the embedded catalogue is checked by tests")
}

fn names(file: &str) -> Names {
    serde_json::from_str(file).expect("the embedded catalogue is checked by tests")
}

#[cfg(test)]
mod tests;
