//! Scripted responses of the services, in the format of the models.

use proto::{
    Word,
    docauth::{CheckDocumentResponse, CheckOutcome, DocumentCheck, DocumentField, DocumentType, FieldSource},
    ml::{
        self, AnalyzeVideoResponse, Duplicate, EnrollFaceResponse, EnrollVoiceResponse, EnrollmentState,
        FaceRecognition, MatchFacesResponse, Outcome, OutcomeStatus, RecognitionStatus, Replay, ReplayTrace,
        ServiceResult, SpokenPhrase, VisualSpeech, VoiceRecognition, service_result::Detail,
    },
};
use scoring::{
    Finding, LIVE_FACE, Needs, Service,
    catalogue::{self, Language},
};

use super::{NO, Script, UNCLEAR, YES, is_of_capture, outcome_of};
use crate::core::report::is_refusal;

/// The checks of a test document.
const CHECKS: [&str; 14] = [
    "mrz_structure",
    "mrz_check_digits",
    "mrz_states",
    "date_logic",
    "issue_date_logic",
    "not_expired",
    "not_specimen",
    "mrz_print_number",
    "mrz_print_birth",
    "mrz_print_expiry",
    "picture_size",
    "picture_sharp",
    "picture_glare",
    "picture_whole",
];
const FIELDS: [(&str, &str); 5] = [
    ("first_name", "TEST"),
    ("last_name", "PERSON"),
    ("document_number", "TEST00000"),
    ("country_code", "UTO"),
    ("birth_date", "1990-01-01"),
];

fn ok() -> Option<Outcome> {
    let status = OutcomeStatus::Judged.into();
    Some(Outcome { status, description: "test mode".into(), error: String::new() })
}

fn unjudged(status: OutcomeStatus, error: &str) -> Outcome {
    let explained = catalogue::reason(error, Language::En);
    let description = explained.map(|reason| reason.explanation.clone()).unwrap_or_default();
    Outcome { status: status.into(), description, error: error.to_owned() }
}

/// Whether a picture or recording is refused for this reason, or only cannot be judged.
fn refusal_status(error: &str) -> OutcomeStatus {
    if is_refusal(error) { OutcomeStatus::Refused } else { OutcomeStatus::CannotJudge }
}

/// A finding as a service reports it: outcome, score, and decision.
struct Judged {
    outcome: Option<Outcome>,
    score: f64,
    yes: bool,
    enrolled: bool,
}

impl Script {
    fn judged(&self, service: Service) -> Option<Judged> {
        Some(match self.finding(service)? {
            Finding::Judged { score } => Judged { outcome: ok(), score, yes: score >= 0.5, enrolled: true },
            Finding::NotEnrolled => Judged { outcome: ok(), score: 0.0, yes: false, enrolled: false },
            Finding::CouldNotJudge { error } => Judged {
                outcome: Some(unjudged(OutcomeStatus::CannotJudge, &error)),
                score: 0.0,
                yes: false,
                enrolled: false,
            },
        })
    }

    /// Returns the findings of the services of `run` in a video.
    pub fn analyze_video(&self, run: &[Service], phrase: &str, user: &str) -> AnalyzeVideoResponse {
        let of_videos = Service::ALL.into_iter().filter(|service| service.needs() != Needs::Nothing);
        let services = of_videos.filter(|service| run.contains(&service.selected_by()));
        AnalyzeVideoResponse {
            results: services.filter_map(|service| self.result(service, phrase, user)).collect(),
            replay: self.replay(),
            ..AnalyzeVideoResponse::default()
        }
    }

    fn result(&self, service: Service, phrase: &str, user: &str) -> Option<ServiceResult> {
        const OTHER_WORDS: &str = "something else";
        let Judged { outcome, score, yes, enrolled } = self.judged(service)?;
        let words = || if yes { phrase } else { OTHER_WORDS }.to_owned();
        let detail = match service {
            Service::VisualSpeech => Some(Detail::VisualSpeech(VisualSpeech { words: words() })),
            Service::SpokenPhrase => {
                Some(Detail::SpokenPhrase(SpokenPhrase { transcript: words(), log_likelihood_ratio: 0.0 }))
            }
            Service::VoiceRecognition => Some(Detail::VoiceRecognition(voice(score, yes, enrolled, user))),
            Service::FaceRecognition => {
                let face = FaceRecognition { probability: score, enrolled, instances: Vec::new() };
                Some(Detail::FaceRecognition(face))
            }
            _ => None,
        };
        let service = ml::Service::from_word(service.field())?.into();
        let evidence = enrolled.then_some(score);
        Some(ServiceResult { service, outcome, accepted: yes, score, evidence, cues: Vec::new(), detail })
    }

    fn replay(&self) -> Option<Replay> {
        self.is_reason("media_replayed")
            .then(|| Replay { by: vec![ReplayTrace::Bytes.into()], ..Replay::default() })
    }

    /// A reference picture against a video.
    pub fn match_faces(&self) -> MatchFacesResponse {
        let found = self.judged(Service::ReferenceMatch);
        let Judged { outcome, score, yes, .. } =
            found.unwrap_or(Judged { outcome: ok(), score: YES, yes: true, enrolled: true });
        let outcome = outcome.map(|outcome| match outcome.error.is_empty() {
            true => outcome,
            false => Outcome { status: refusal_status(&outcome.error).into(), ..outcome },
        });
        MatchFacesResponse {
            anchor: ok(),
            target: outcome.clone(),
            outcome,
            matched: yes,
            score,
            probability: score,
            percentages: vec![score * 100.0],
            replay: self.replay(),
            ..MatchFacesResponse::default()
        }
    }

    /// Returns the result of an enrollment, with the codes of `kind`.
    fn enrollment(&self, kind: &str) -> (Option<Outcome>, EnrollmentState, Option<Duplicate>) {
        let duplicate = || Some(Duplicate { probability: YES, ..Duplicate::default() });
        let refusal =
            |error: &str| (Some(unjudged(refusal_status(error), error)), EnrollmentState::Refused, None);
        match self {
            Self::Pass | Self::Slow | Self::Unavailable => (ok(), EnrollmentState::Enrolled, None),
            Self::Fail => refusal("another_person"),
            // Enrolled, for a reviewer to look at.
            Self::Refer => (ok(), EnrollmentState::Enrolled, duplicate()),
            Self::Reason(code) if code == "duplicate_identity" => {
                (ok(), EnrollmentState::Enrolled, duplicate())
            }
            Self::Reason(code) if is_of_capture(code) || is_refusal(code) => refusal(code),
            Self::Reason(code) => {
                let state = match outcome_of(code, kind) {
                    Some("partial") => EnrollmentState::Partial,
                    Some("strengthened") => EnrollmentState::Strengthened,
                    Some("replaced") => EnrollmentState::Replaced,
                    Some("unchanged") => EnrollmentState::Unchanged,
                    Some("refused") => EnrollmentState::Refused,
                    _ => EnrollmentState::Enrolled,
                };
                (ok(), state, None)
            }
        }
    }

    pub fn enroll_face(&self) -> EnrollFaceResponse {
        let (outcome, state, duplicate) = self.enrollment("face");
        EnrollFaceResponse { outcome, state: state.into(), duplicate, ..EnrollFaceResponse::default() }
    }

    pub fn enroll_voice(&self) -> EnrollVoiceResponse {
        let (outcome, state, duplicate) = self.enrollment("voice");
        EnrollVoiceResponse { outcome, state: state.into(), duplicate, ..EnrollVoiceResponse::default() }
    }

    /// A test passport.
    pub fn check_document(&self) -> CheckDocumentResponse {
        let mut checks: Vec<DocumentCheck> = CHECKS.into_iter().map(|name| check(name, "passed")).collect();
        let mut set = |name: &str, outcome: &str| {
            checks.retain(|check| check.name != name);
            checks.push(check(name, outcome));
        };
        let mut cannot_judge = String::new();
        match self {
            Self::Fail => set("not_expired", "failed"),
            Self::Refer => cannot_judge = "test mode: the picture cannot be judged; take it again".into(),
            Self::Reason(code) if code == "picture_cannot_be_judged" => {
                cannot_judge = "test mode: the picture cannot be judged; take it again".into();
            }
            Self::Reason(code) if code == "nothing_decisive" => {
                checks.retain(|check| check.name != "not_expired");
            }
            Self::Reason(code) => {
                let known = scoring::DOCUMENT_CHECKS.into_iter().filter(|name| *name != LIVE_FACE);
                let found = known.filter_map(|name| Some((name, outcome_of(code, name)?)));
                // Of `mrz_print_number_failed` the longest name applies.
                if let Some((name, outcome)) = found.max_by_key(|(name, _)| name.len()) {
                    set(name, outcome);
                }
            }
            _ => {}
        }
        let field = |(name, value): (&str, &str)| DocumentField {
            name: name.to_owned(),
            value: value.to_owned(),
            source: FieldSource::Mrz.into(),
            confidence: 1.0,
        };
        CheckDocumentResponse {
            document_type: DocumentType::Passport.into(),
            fields: FIELDS.into_iter().map(field).collect(),
            checks,
            cannot_judge,
            provider: "test".into(),
            ..CheckDocumentResponse::default()
        }
    }

    /// Returns the similarity of a document's portrait to the person of the session; `None`: there is nothing to compare.
    pub fn live_face(&self) -> Option<f64> {
        let Self::Reason(code) = self else { return None };
        match outcome_of(code, LIVE_FACE)? {
            "passed" => Some(YES),
            "failed" => Some(NO),
            "referred" => Some(UNCLEAR),
            _ => None,
        }
    }
}

fn voice(score: f64, yes: bool, enrolled: bool, user: &str) -> VoiceRecognition {
    let status = match (enrolled, yes) {
        (false, _) => RecognitionStatus::NotEnrolled,
        (true, true) => RecognitionStatus::Identified,
        (true, false) => RecognitionStatus::NotIdentified,
    };
    VoiceRecognition {
        status: status.into(),
        id: if yes { user.to_owned() } else { String::new() },
        imposter_prob: 1.0 - score,
        enrolled,
        ..VoiceRecognition::default()
    }
}

fn check(name: &str, outcome: &str) -> DocumentCheck {
    let outcome = match outcome {
        "failed" => CheckOutcome::Failed,
        "not_checked" => CheckOutcome::NotChecked,
        _ => CheckOutcome::Passed,
    };
    DocumentCheck {
        name: name.to_owned(),
        outcome: outcome.into(),
        // Checks that the document reader declares as advisory.
        advisory: name.starts_with("picture_") || is_trace(name),
        evidence: "test mode".to_owned(),
    }
}

/// Whether a check looks for traces of copying and editing, which are advisory.
fn is_trace(name: &str) -> bool {
    const TRACES: [&str; 8] = [
        "screen_recapture",
        "print_copy",
        "portrait_splice",
        "portrait_ghost",
        "mrz_geometry",
        "mrz_font",
        "printed_font",
        "file_signals",
    ];
    TRACES.contains(&name)
}

#[cfg(test)]
mod tests {
    use scoring::{DocumentEvidence, DocumentRules, Outcome, Verdict, decide_document};

    use super::*;

    fn decided(script: &Script) -> scoring::DocumentDecision {
        let document = script.check_document();
        let outcome = |check: &DocumentCheck| match check.outcome() {
            CheckOutcome::Passed => Outcome::Passed,
            CheckOutcome::Failed => Outcome::Failed,
            _ => Outcome::NotJudged,
        };
        let checks = document.checks.iter().map(|check| scoring::DocumentCheck {
            name: check.name.clone(),
            outcome: outcome(check),
            advisory: check.advisory,
        });
        let evidence = DocumentEvidence {
            checks: checks.collect(),
            can_be_judged: document.cannot_judge.is_empty(),
            document_type: document.document_type().as_word().to_owned(),
            live_face: script.live_face().map(|score| Finding::Judged { score }),
            ..DocumentEvidence::default()
        };
        decide_document(&DocumentRules::default(), &evidence)
    }

    #[test]
    fn documents_have_every_verdict_and_every_reason() {
        assert_eq!(decided(&Script::Pass).verdict, Verdict::Pass);
        assert_eq!(decided(&Script::Fail).verdict, Verdict::Fail);
        assert_eq!(decided(&Script::Refer).verdict, Verdict::Refer);
        for code in catalogue::codes("document") {
            // What rules alone ask is asked of the test passport as of any other.
            if code.starts_with("accepted_") || code == "portrait_live_face_not_checked" {
                continue;
            }
            let script = Script::Reason(code.to_owned());
            let decision = decided(&script);
            assert!(decision.reasons.contains(&code.to_owned()), "{code}: {:?}", decision.reasons);
        }
    }

    #[test]
    fn enrollments_have_every_state_and_refusal() {
        for code in catalogue::codes("enrollment") {
            let script = Script::Reason(code.to_owned());
            let (kind, state) = code.split_once('_').unwrap();
            let made =
                if kind == "face" { script.enroll_face().state() } else { script.enroll_voice().state() };
            assert!(made.as_word().ends_with(state), "{code}: {made:?}");
        }
        let refused = Script::Reason("face_not_sharp".into()).enroll_face().outcome.unwrap();
        assert_eq!((refused.status(), refused.error.as_str()), (OutcomeStatus::Refused, "face_not_sharp"));
        assert_eq!(Script::Fail.enroll_voice().outcome.unwrap().error, "another_person");
        assert!(Script::Refer.enroll_face().duplicate.is_some());
    }
}
