//! Decisions about documents: single cases, and properties of all rules.

use proptest::prelude::*;
use scoring::{
    CheckMode, DOCUMENT_CHECKS, DocumentBasis, DocumentCheck, DocumentDecision, DocumentEvidence,
    DocumentRules, DocumentType, Expired, Finding, LIVE_FACE, LiveFaceRule, Outcome, PASS_FROM, REFER_FROM,
    Rules, Verdict, decide_document,
};

fn check(name: &str, outcome: Outcome, advisory: bool) -> DocumentCheck {
    DocumentCheck { name: name.into(), outcome, advisory }
}

/// A Swedish passport without any fault.
fn right() -> DocumentEvidence {
    DocumentEvidence {
        checks: vec![
            check("mrz_check_digits", Outcome::Passed, false),
            check("not_expired", Outcome::Passed, false),
        ],
        can_be_judged: true,
        document_type: "passport".into(),
        country: "SWE".into(),
        live_face: None,
        video_not_live: false,
    }
}

fn rules(json: &str) -> DocumentRules {
    let all =
        format!(r#"{{"version":1,"services":{{"face_liveness":{{"mode":"required"}}}},"documents":{json}}}"#);
    Rules::parse(&all).unwrap_or_else(|error| panic!("{error}")).documents
}

fn refused(json: &str) -> (String, String) {
    let all =
        format!(r#"{{"version":1,"services":{{"face_liveness":{{"mode":"required"}}}},"documents":{json}}}"#);
    let error = Rules::parse(&all).err().unwrap_or_else(|| panic!("{json} was taken"));
    (error.path(), error.to_string())
}

fn decided(json: &str, evidence: &DocumentEvidence) -> DocumentDecision {
    decide_document(&rules(json), evidence)
}

fn with_face(probability: f64) -> DocumentEvidence {
    DocumentEvidence { live_face: Some(Finding::Judged { score: probability }), ..right() }
}

#[test]
fn a_portrait_that_matches_a_video_that_was_not_judged_live_is_referred() {
    let doubted = |probability| DocumentEvidence { video_not_live: true, ..with_face(probability) };
    let rules = DocumentRules::default();
    assert_eq!(decide_document(&rules, &with_face(0.97)).verdict, Verdict::Pass);
    assert_eq!(decide_document(&rules, &doubted(0.97)).verdict, Verdict::Refer);
    assert_eq!(decide_document(&rules, &doubted(0.01)).verdict, Verdict::Fail);
}

#[test]
fn right_figures_and_a_valid_date_pass() {
    let decision = decide_document(&DocumentRules::default(), &right());
    assert_eq!((decision.verdict, decision.score), (Verdict::Pass, 100.0));
    assert_eq!(decision.reasons, ["mrz_check_digits_passed", "not_expired_passed"]);
}

#[test]
fn missing_parts_of_a_document_do_not_pass() {
    let mut half = right();
    half.checks.remove(0);
    assert_eq!(decided("{}", &half).verdict, Verdict::Refer);
    let nothing = DocumentEvidence { can_be_judged: true, ..DocumentEvidence::default() };
    assert_eq!(decided("{}", &nothing).reasons, ["nothing_decisive"]);
    let unclear = decided("{}", &DocumentEvidence { can_be_judged: false, ..right() });
    assert_eq!(
        (unclear.verdict, unclear.score),
        (Verdict::Refer, REFER_FROM),
        "another picture decides, not a person"
    );
}

#[test]
fn one_doubt_is_reported_and_two_or_as_configured_are_referred() {
    let mut evidence = right();
    evidence.checks.push(check("screen_recapture", Outcome::Failed, true));
    let one = decided("{}", &evidence);
    assert!(one.verdict == Verdict::Pass && one.score < 100.0 && one.failed_refer_conditions.is_empty());
    assert_eq!(decided(r#"{"doubts":1}"#, &evidence).verdict, Verdict::Refer);
    evidence.checks.push(check("print_copy", Outcome::Failed, true));
    let two = decided("{}", &evidence);
    assert_eq!((two.verdict, two.failed_refer_conditions.len()), (Verdict::Refer, 2));
    assert_eq!(decided(r#"{"doubts":3}"#, &evidence).verdict, Verdict::Pass);
}

#[test]
fn rules_say_what_a_check_may_do() {
    let mut evidence = right();
    evidence.checks.push(check("screen_recapture", Outcome::Failed, true));
    evidence.checks.push(check("mrz_print_number", Outcome::Failed, false));
    evidence.checks.push(check("portrait_ghost", Outcome::NotJudged, true));
    assert_eq!(decided(r#"{"checks":{"mrz_print_number":"off"}}"#, &evidence).verdict, Verdict::Pass);
    let gating = decided(r#"{"checks":{"mrz_print_number":"off","screen_recapture":"gating"}}"#, &evidence);
    assert_eq!(
        (gating.verdict, gating.failed_conditions[0].name.as_str()),
        (Verdict::Fail, "screen_recapture")
    );
    assert!(!gating.reasons.iter().any(|reason| reason.starts_with("mrz_print_number")));
    let required = r#"{"checks":{"mrz_print_number":"advisory","portrait_ghost":"required"},"doubts":9}"#;
    let unmade = decided(required, &evidence);
    assert_eq!((unmade.verdict, unmade.failed_refer_conditions.len()), (Verdict::Refer, 1));
}

#[test]
fn only_accepted_states_and_types_pass() {
    assert_eq!(
        decided(r#"{"countries":["SWE","UTO"],"types":["passport"]}"#, &right()).verdict,
        Verdict::Pass
    );
    let foreign = decided(r#"{"countries":["UTO"]}"#, &right());
    assert_eq!(foreign.verdict, Verdict::Fail);
    assert_eq!(foreign.reasons.last().map(String::as_str), Some("accepted_country_failed"));
    assert_eq!(decided(r#"{"types":["identity_card","visa"]}"#, &right()).verdict, Verdict::Fail);
    let unread = DocumentEvidence { country: String::new(), ..right() };
    assert_eq!(decided(r#"{"countries":["SWE"]}"#, &unread).verdict, Verdict::Refer);
}

#[test]
fn an_expired_document_fails_or_is_for_a_person_and_never_passes() {
    let mut evidence = right();
    evidence.checks[1].outcome = Outcome::Failed;
    assert_eq!(decided("{}", &evidence).verdict, Verdict::Fail);
    let left = decided(r#"{"expired":"refer"}"#, &evidence);
    assert_eq!(
        (left.verdict, left.failed_refer_conditions[0].name.as_str()),
        (Verdict::Refer, "not_expired")
    );
}

#[test]
fn a_clear_mismatch_with_the_live_face_fails_and_an_unclear_one_is_for_a_person() {
    let verdict = |probability| decided("{}", &with_face(probability)).verdict;
    assert_eq!(
        [0.9, 0.5, 0.3, 0.01].map(verdict),
        [Verdict::Pass, Verdict::Pass, Verdict::Refer, Verdict::Fail]
    );
    let strict = r#"{"live_face":{"pass":0.95,"refer":0.9}}"#;
    assert_eq!(decided(strict, &with_face(0.8)).verdict, Verdict::Fail);
    let off = r#"{"checks":{"portrait_live_face":"off"}}"#;
    assert_eq!(decided(off, &with_face(0.0)).verdict, Verdict::Pass);
}

#[test]
fn a_missing_comparison_is_neutral_unless_the_rules_require_it() {
    let finding = Finding::CouldNotJudge { error: "no_video".into() };
    let evidence = DocumentEvidence { live_face: Some(finding), ..right() };
    let decision = decided("{}", &evidence);
    assert_eq!(decision.verdict, Verdict::Pass);
    assert_eq!(decision.reasons.last().map(String::as_str), Some("portrait_live_face_not_checked"));
    let required = r#"{"checks":{"portrait_live_face":"required"}}"#;
    assert_eq!(decided(required, &evidence).verdict, Verdict::Refer);
}

#[test]
fn rules_that_make_no_sense_say_where() {
    for (json, path, says) in [
        (r#"{"checks":{"mrz_colour":"off"}}"#, "documents.checks.mrz_colour", "unknown check"),
        (r#"{"checks":{"mrz_check_digits":"advisory"}}"#, "documents.checks.mrz_check_digits", "never pass"),
        (r#"{"checks":{"not_expired":"off"}}"#, "documents.checks.not_expired", "never pass"),
        (r#"{"checks":{"mrz_states":"maybe"}}"#, "documents.checks.mrz_states", "unknown variant"),
        (r#"{"countries":["SE"]}"#, "documents.countries", "three capital letters"),
        (r#"{"types":["library_card"]}"#, "documents.types[0]", "unknown variant"),
        (r#"{"doubts":0}"#, "documents.doubts", "from 1 to 20"),
        (r#"{"expired":"pass"}"#, "documents.expired", "unknown variant"),
        (r#"{"live_face":{"pass":0.2,"refer":0.3}}"#, "documents.live_face.refer", "must not be above pass"),
        (r#"{"live_face":{"pass":1.2}}"#, "documents.live_face.pass", "from 0 to 1"),
        (r#"{"colour":1}"#, "documents.colour", "unknown field"),
    ] {
        let (at, sentence) = refused(json);
        assert!(at == path && sentence.contains(says), "{json}: {at}: {sentence}");
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Passed), Just(Outcome::Failed), Just(Outcome::NotJudged)]
}

fn mode() -> impl Strategy<Value = CheckMode> {
    prop_oneof![
        Just(CheckMode::Required),
        Just(CheckMode::Gating),
        Just(CheckMode::Advisory),
        Just(CheckMode::Off)
    ]
}

/// Any rules, valid or not: they cannot override the checks that no rules can disable.
fn any_rules() -> impl Strategy<Value = DocumentRules> {
    let name = proptest::sample::select(DOCUMENT_CHECKS.to_vec()).prop_map(str::to_owned);
    let checks = proptest::collection::btree_map(name, mode(), 0..=8);
    let countries = proptest::collection::btree_set("[A-Z]{3}", 0..=2);
    let types = proptest::collection::btree_set(proptest::sample::select(DocumentType::ALL.to_vec()), 0..=2);
    let expired = prop_oneof![Just(Expired::Fail), Just(Expired::Refer)];
    let face = (0.0..=1.0f64, 0.0..=1.0f64);
    (checks, countries, types, expired, 1u32..=20, face).prop_map(
        |(checks, countries, types, expired, doubts, (a, b))| DocumentRules {
            checks,
            countries,
            types,
            expired,
            doubts,
            live_face: LiveFaceRule { pass: a.max(b), refer: a.min(b) },
        },
    )
}

fn any_evidence() -> impl Strategy<Value = DocumentEvidence> {
    let name = proptest::sample::select(DOCUMENT_CHECKS.to_vec());
    let checks = proptest::collection::btree_map(name, (outcome(), any::<bool>()), 0..=12);
    let face = proptest::option::of((0.0..=1.0f64).prop_map(|score| Finding::Judged { score }.recordable()));
    (checks, any::<bool>(), "(passport|visa|)", "(SWE|UTO|)", face).prop_map(
        |(checks, can_be_judged, document_type, country, live_face)| DocumentEvidence {
            checks: checks
                .into_iter()
                .filter(|(name, _)| *name != LIVE_FACE)
                .map(|(name, (outcome, advisory))| check(name, outcome, advisory))
                .collect(),
            can_be_judged,
            document_type,
            country,
            live_face,
            video_not_live: false,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_rules_make_wrong_figures_or_an_expired_document_pass(rules in any_rules(), evidence in any_evidence()) {
        let decision = decide_document(&rules, &evidence);
        let failed = |name: &str| evidence.checks.iter().any(|c| c.name == name && c.outcome == Outcome::Failed);
        if failed("mrz_check_digits") || failed("barcode_structure") {
            prop_assert_eq!(decision.verdict, Verdict::Fail);
        }
        if failed("not_expired") || failed("external_provider") {
            prop_assert_ne!(decision.verdict, Verdict::Pass);
        }
        if evidence.checks.is_empty() {
            prop_assert_ne!(decision.verdict, Verdict::Pass);
        }
    }

    #[test]
    fn a_check_that_passes_never_worsens_anything(rules in any_rules(), evidence in any_evidence(), at in any::<prop::sample::Index>()) {
        prop_assume!(!evidence.checks.is_empty());
        let before = decide_document(&rules, &evidence);
        let mut better = evidence.clone();
        let at = at.index(better.checks.len());
        better.checks[at].outcome = Outcome::Passed;
        let after = decide_document(&rules, &better);
        prop_assert!(after.verdict >= before.verdict && after.score >= before.score);
    }

    #[test]
    fn a_likelier_face_never_worsens_anything(rules in any_rules(), evidence in any_evidence(), a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
        let of = |score| decide_document(&rules, &DocumentEvidence { live_face: Some(Finding::Judged { score }), ..evidence.clone() });
        let (low, high) = (of(a.min(b)), of(a.max(b)));
        prop_assert!(high.verdict >= low.verdict && high.score >= low.score);
    }

    #[test]
    fn a_verdict_names_what_made_it_and_its_score_is_in_its_band(rules in any_rules(), evidence in any_evidence()) {
        let decision = decide_document(&rules, &evidence);
        prop_assert_eq!(decision.verdict == Verdict::Fail, !decision.failed_conditions.is_empty());
        let in_band = match decision.verdict {
            Verdict::Fail => (0.0..REFER_FROM).contains(&decision.score),
            Verdict::Refer => (REFER_FROM..PASS_FROM).contains(&decision.score),
            Verdict::Pass => (PASS_FROM..=100.0).contains(&decision.score),
        };
        prop_assert!(in_band, "{:?} scored {}", decision.verdict, decision.score);
    }

    #[test]
    fn recorded_evidence_gives_the_same_decision(rules in any_rules(), document in any_evidence()) {
        let basis = DocumentBasis { document, ..DocumentBasis::default() };
        let read: DocumentBasis = serde_json::from_str(&serde_json::to_string(&basis).unwrap()).unwrap();
        prop_assert_eq!(&read, &basis);
        prop_assert_eq!(decide_document(&rules, &read.document), decide_document(&rules, &basis.document));
    }
}
