use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    DocumentCheck, DocumentEvidence, DocumentRules, Evidence, Finding, Missing, Mode, Rules, ServiceRule,
    decide, decide_document,
};

fn all(language: Language) -> BTreeSet<&'static str> {
    reasons(language).iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn every_language_has_the_same_codes_once_each_with_texts_of_its_own() {
    let english = all(Language::En);
    for language in Language::ALL {
        let of_language = reasons(language);
        assert_eq!(of_language.len(), all(language).len(), "a code is twice in {language:?}");
        assert_eq!(all(language), english);
        for reason in of_language {
            let Reason { code, title, explanation, remedy, .. } = reason;
            assert!(
                !title.is_empty() && !title.ends_with('.') && !title.contains(['{', '|']),
                "{code}: {title}"
            );
            assert!(explanation.ends_with('.') && !explanation.contains('|'), "{code}: {explanation}");
            let remedy = remedy.as_deref().unwrap_or("Nothing");
            assert!(!remedy.is_empty() && !remedy.ends_with('.'), "{code}: {remedy}");
            let english = super::reason(code, Language::En).unwrap();
            assert_eq!((english.severity, english.group), (reason.severity, reason.group));
            assert_eq!(
                english.remedy.is_some(),
                reason.remedy.is_some(),
                "{code}: a remedy in one language alone"
            );
            assert!(
                language == Language::En || english.explanation != reason.explanation,
                "{code}: not translated"
            );
        }
    }
}

#[test]
fn written_rules_equal_the_rules_of_decisions() {
    let code = |(subject, outcome)| format!("{subject}_{outcome}");
    let of_services: BTreeSet<String> =
        of_services().map(code).chain(["nothing_decisive".to_owned()]).collect();
    let of_checks: BTreeSet<String> =
        of_checks().map(code).chain(["picture_cannot_be_judged".to_owned()]).collect();
    assert_eq!(codes(DECISION).map(str::to_owned).collect::<BTreeSet<_>>(), of_services);
    assert_eq!(codes(DOCUMENT).map(str::to_owned).collect::<BTreeSet<_>>(), of_checks);
    assert!(reason("media_replayed", Language::En).is_some());
    assert_eq!(reason("no_such_reason", Language::En), None);
}

#[test]
fn only_what_is_blurred_asks_for_a_sharper_picture() {
    for reason in reasons(Language::En) {
        let remedy = reason.remedy.as_deref().unwrap_or_default().to_lowercase();
        let asks = ["sharp", "focus", "blur"].iter().any(|about| remedy.contains(about));
        let is_blurred = reason.code.contains("sharp");
        assert!(!asks || is_blurred, "{}: {remedy}", reason.code);
    }
}

#[test]
fn texts_are_composed_where_none_is_written() {
    let title = |code, language| super::reason(code, language).unwrap().title.as_str();
    assert_eq!(title("liveness_referred", Language::En), "Liveness: unclear");
    assert_eq!(title("picture_glare_not_checked", Language::De), "Spiegelung: nicht geprüft");
    assert_eq!(title("not_expired_failed", Language::Es), "Documento caducado");
}

#[test]
fn the_page_of_the_documentation_is_up_to_date() {
    let page = include_str!("../../../../docs/REASONS.md");
    assert!(page == markdown(), "run: cargo run -p scoring --example reasons > docs/REASONS.md");
}

fn finding(service: Service) -> impl Strategy<Value = Finding> {
    let judged = (0.0..=1.0f64).prop_map(|score| Finding::Judged { score });
    let unjudged = Just(Finding::CouldNotJudge { error: "no_face".into() });
    match service {
        Service::FaceRecognition | Service::VoiceRecognition => {
            prop_oneof![judged, unjudged, Just(Finding::NotEnrolled)].boxed()
        }
        Service::MediaReplay => Just(Finding::Judged { score: 0.0 }).boxed(),
        _ => prop_oneof![judged, unjudged].boxed(),
    }
}

/// Any findings, with all services required at random thresholds.
fn judged() -> impl Strategy<Value = (Rules, Evidence)> {
    let each = Service::ALL.map(|service| {
        let rule = (0.0..=1.0f64, 0.0..=1.0f64).prop_map(|(pass, share)| ServiceRule {
            pass,
            refer: pass * share,
            missing: Missing::Refer,
            ..ServiceRule::new(Mode::Required)
        });
        (Just(service), rule, proptest::option::of(finding(service)))
    });
    Vec::from(each).prop_map(|each| {
        let services = each.iter().map(|(service, rule, _)| (*service, rule.clone())).collect();
        let found = each.into_iter().filter_map(|(service, _, found)| Some((service, found?))).collect();
        (Rules { services, ..Rules::empty() }, found)
    })
}

fn checked() -> impl Strategy<Value = DocumentEvidence> {
    let outcome = prop_oneof![Just(Outcome::Passed), Just(Outcome::Failed), Just(Outcome::NotJudged)];
    let check = (proptest::sample::select(DOCUMENT_CHECKS.to_vec()), outcome, any::<bool>())
        .prop_map(|(name, outcome, advisory)| DocumentCheck { name: name.to_owned(), outcome, advisory });
    let country = prop_oneof![Just(String::new()), Just("SWE".to_owned()), Just("UTO".to_owned())];
    (
        proptest::collection::vec(check, 0..20),
        any::<bool>(),
        country,
        proptest::option::of(finding(Service::FaceLiveness)),
    )
        .prop_map(|(checks, can_be_judged, country, live_face)| DocumentEvidence {
            checks,
            can_be_judged,
            country,
            live_face,
            ..DocumentEvidence::default()
        })
}

proptest! {
    #[test]
    fn every_reason_of_a_decision_is_in_the_catalogue((rules, evidence) in judged()) {
        for code in decide(&rules, &evidence).reasons {
            prop_assert!(reason(&code, Language::De).is_some(), "{code}");
        }
    }

    #[test]
    fn every_reason_of_a_document_is_in_the_catalogue(evidence in checked(), asks in any::<bool>()) {
        let countries = asks.then(|| "SWE".to_owned()).into_iter().collect();
        let rules = DocumentRules { countries, ..DocumentRules::default() };
        for code in decide_document(&rules, &evidence).reasons {
            prop_assert!(reason(&code, Language::De).is_some(), "{code}");
        }
    }
}
