//! Properties of all rules and all evidence.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scoring::{
    Basis, CannotJudge, ChallengeUse, DocumentRules, Evidence, Finding, Missing, Mode, NotEnrolled,
    PASS_FROM, REFER_FROM, Rules, RulesVersion, Service, ServiceRule, Verdict, decide,
};

fn service() -> impl Strategy<Value = Service> {
    proptest::sample::select(Service::ALL.to_vec())
}

/// Thresholds as people write them, in thousandths, including the ends, and as programs compute them.
fn threshold() -> impl Strategy<Value = f64> {
    prop_oneof![3 => (0u32..=1000).prop_map(|n| f64::from(n) / 1000.0), 1 => 0.0..=1.0f64]
}

fn rule() -> impl Strategy<Value = ServiceRule> {
    let mode = prop_oneof![3 => Just(Mode::Required), 1 => Just(Mode::Advisory), 1 => Just(Mode::Off)];
    let not_enrolled =
        prop_oneof![Just(NotEnrolled::Neutral), Just(NotEnrolled::Refer), Just(NotEnrolled::Fail)];
    let cannot_judge =
        prop_oneof![Just(CannotJudge::ByReason), Just(CannotJudge::Refer), Just(CannotJudge::Fail)];
    let missing = prop_oneof![Just(Missing::Refer), Just(Missing::Fail)];
    let weight = (0u32..=20).prop_map(|n| f64::from(n) / 4.0);
    (mode, threshold(), threshold(), weight, not_enrolled, cannot_judge, missing).prop_map(
        |(mode, a, b, weight, not_enrolled, cannot_judge, missing)| ServiceRule {
            mode,
            pass: a.max(b),
            refer: a.min(b),
            weight,
            not_enrolled,
            cannot_judge,
            missing,
        },
    )
}

fn rules() -> impl Strategy<Value = Rules> {
    proptest::collection::btree_map(service(), rule(), 0..=6).prop_map(|services| Rules {
        version: 1,
        services,
        documents: DocumentRules::default(),
    })
}

/// A valid score, including the values of thresholds.
fn unit() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..=1.0, threshold()]
}

fn finding() -> impl Strategy<Value = Finding> {
    let broken = proptest::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, 7.0]);
    prop_oneof![
        6 => unit().prop_map(|score| Finding::Judged { score }),
        1 => broken.prop_map(|score| Finding::Judged { score }),
        1 => Just(Finding::NotEnrolled),
        1 => Just(Finding::CouldNotJudge { error: "no_face".into() }),
    ]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    proptest::collection::btree_map(service(), finding(), 0..=6)
}

fn decided(
    rules: &Rules,
    mut evidence: Evidence,
    service: Service,
    finding: Option<Finding>,
) -> scoring::Decision {
    match finding {
        Some(finding) => evidence.insert(service, finding),
        None => evidence.remove(&service),
    };
    decide(rules, &evidence)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_higher_score_never_worsens_anything(rules in rules(), rest in evidence(), service in service(), a in unit(), b in unit()) {
        let judged = |score| Some(Finding::Judged { score });
        let lower = decided(&rules, rest.clone(), service, judged(a.min(b)));
        let higher = decided(&rules, rest, service, judged(a.max(b)));
        prop_assert!(higher.verdict >= lower.verdict);
        prop_assert!(higher.score >= lower.score, "{} < {}", higher.score, lower.score);
    }

    #[test]
    fn a_missing_required_service_is_never_a_pass(mut rules in rules(), rest in evidence(), service in service(), mut rule in rule()) {
        // Missing evidence of an earlier use is the normal case.
        prop_assume!(service != Service::MediaReplay);
        rule.mode = Mode::Required;
        rules.services.insert(service, rule);
        let decision = decided(&rules, rest, service, None);
        prop_assert_ne!(decision.verdict, Verdict::Pass);
    }

    #[test]
    fn an_advisory_service_never_changes_the_verdict(mut rules in rules(), rest in evidence(), service in service(), mut rule in rule(), a in finding()) {
        rule.mode = Mode::Advisory;
        rules.services.insert(service, rule);
        let without = decided(&rules, rest.clone(), service, None);
        let with = decided(&rules, rest, service, Some(a));
        prop_assert_eq!(with.verdict, without.verdict);
    }

    #[test]
    fn a_service_that_is_off_is_ignored(mut rules in rules(), rest in evidence(), service in service(), a in finding()) {
        rules.services.remove(&service);
        let absent = decided(&rules, rest.clone(), service, Some(a.clone()));
        rules.services.insert(service, ServiceRule::new(Mode::Off));
        prop_assert_eq!(&decided(&rules, rest.clone(), service, Some(a)), &absent);
        prop_assert_eq!(&decided(&rules, rest, service, None), &absent);
    }

    #[test]
    fn a_pass_has_a_required_service_that_passed(rules in rules(), evidence in evidence()) {
        let decision = decide(&rules, &evidence);
        let spoken_for = decision.conditions.iter().any(|c| c.mode == Mode::Required && c.outcome == scoring::Outcome::Passed);
        prop_assert!(decision.verdict != Verdict::Pass || spoken_for);
    }

    #[test]
    fn the_score_lies_in_the_band_of_the_verdict(rules in rules(), evidence in evidence()) {
        let decision = decide(&rules, &evidence);
        let in_band = match decision.verdict {
            Verdict::Fail => (0.0..REFER_FROM).contains(&decision.score),
            Verdict::Refer => (REFER_FROM..PASS_FROM).contains(&decision.score),
            Verdict::Pass => (PASS_FROM..=100.0).contains(&decision.score),
        };
        prop_assert!(in_band, "{:?} scored {}", decision.verdict, decision.score);
    }

    #[test]
    fn a_fail_or_refer_names_what_made_it_one(rules in rules(), evidence in evidence()) {
        let decision = decide(&rules, &evidence);
        prop_assert_eq!(decision.verdict == Verdict::Fail, !decision.failed_conditions.is_empty());
        if decision.verdict == Verdict::Refer {
            let named = !decision.failed_refer_conditions.is_empty() || decision.reasons.contains(&"nothing_decisive".into());
            prop_assert!(named);
        }
    }

    #[test]
    fn a_score_that_is_no_number_counts_as_not_judged(rules in rules(), rest in evidence(), service in service()) {
        let not_judged = decided(&rules, rest.clone(), service, Some(Finding::CouldNotJudge { error: "x".into() }));
        for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let decision = decided(&rules, rest.clone(), service, Some(Finding::Judged { score: broken }));
            prop_assert_eq!(decision.verdict, not_judged.verdict);
            prop_assert_eq!(decision.score, not_judged.score);
            prop_assert_eq!(&decision.reasons, &not_judged.reasons);
        }
    }

    #[test]
    fn the_same_evidence_gives_the_same_decision(rules in rules(), evidence in evidence()) {
        let again: Evidence = evidence.iter().rev().map(|(s, f)| (*s, f.clone())).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(decide(&rules, &evidence), decide(&rules, &again));
    }

    #[test]
    fn rules_survive_being_written_and_read(mut rules in rules(), service in service(), mut rule in rule()) {
        // Nothing could pass on it alone, so rules that require nothing else are rejected.
        prop_assume!(service != Service::MediaReplay);
        rule.mode = Mode::Required;
        rules.services.insert(service, rule);
        let json = serde_json::to_string(&rules).unwrap();
        prop_assert_eq!(Rules::parse(&json).unwrap(), rules);
    }

    #[test]
    fn no_text_breaks_the_parser(text in ".{0,200}") {
        let _ = Rules::parse(&text);
    }

    #[test]
    fn recorded_evidence_gives_the_same_decision(rules in rules(), evidence in evidence(), selected in proptest::collection::btree_set(service(), 0..=6)) {
        let found: Evidence = evidence.into_iter().map(|(s, finding)| (s, finding.recordable())).collect();
        let version = Some(RulesVersion { scores_id: "r".into(), version: 3 });
        let challenge = Some(ChallengeUse::Missing);
        let basis = Basis { selected, found, rules: version, challenge, ..Basis::default() };
        let read: Basis = serde_json::from_str(&serde_json::to_string(&basis).unwrap()).unwrap();
        prop_assert_eq!(&read, &basis);
        let reread: Rules = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
        prop_assert_eq!(decide(&reread, &read.found), decide(&rules, &basis.found));
        prop_assert_eq!(decide(&scoring::default_for(&read.selected), &read.found), decide(&scoring::default_for(&basis.selected), &basis.found));
    }

    #[test]
    fn recording_moves_no_score_by_more_than_half_a_step(score in 0.0..=1.0f64) {
        let Finding::Judged { score: kept } = (Finding::Judged { score }).recordable() else { panic!("it was judged") };
        prop_assert!((kept - score).abs() <= 0.51e-6);
    }
}
