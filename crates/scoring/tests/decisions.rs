//! Decisions about verifications, from evidence to verdict.

use std::collections::BTreeSet;

use scoring::{Decision, Evidence, Finding, Mode, Rules, Service, ServiceRule, Verdict, decide, default_for};

fn everything() -> Rules {
    default_for(&Service::ALL.into_iter().collect())
}

fn judged(score: f64) -> Finding {
    Finding::Judged { score }
}

/// The evidence of a recording without an earlier use.
fn genuine() -> Evidence {
    let found = Service::ALL.into_iter().filter(|service| *service != Service::MediaReplay);
    found.map(|service| (service, judged(0.9))).collect()
}

fn with(service: Service, finding: Finding) -> Decision {
    let mut evidence = genuine();
    evidence.insert(service, finding);
    decide(&everything(), &evidence)
}

fn reasons(decision: &[scoring::Condition]) -> Vec<&str> {
    decision.iter().map(|c| c.reason.as_str()).collect()
}

#[test]
fn a_genuine_user_passes_with_a_reason_for_each_service() {
    let decision = decide(&everything(), &genuine());
    assert_eq!(decision.verdict, Verdict::Pass);
    // 0.9 is four fifths of the way from the pass threshold (75) to the top (100).
    assert!((decision.score - 95.0).abs() < 1e-9, "{}", decision.score);
    let expected = [
        "face_match",
        "voice_match",
        "liveness",
        "active_speaker",
        "lip_reading",
        "spoken_phrase",
        "media_authenticity",
        "reference_match",
    ];
    assert_eq!(decision.reasons, expected.map(|subject| format!("{subject}_passed")));
}

#[test]
fn another_persons_face_fails_however_good_the_rest() {
    let decision = with(Service::FaceRecognition, judged(0.05));
    assert_eq!(decision.verdict, Verdict::Fail);
    assert_eq!(reasons(&decision.failed_conditions), ["face_match_failed"]);
    assert!(decision.score < scoring::REFER_FROM, "{}", decision.score);
}

#[test]
fn a_score_between_the_thresholds_is_for_a_person_to_judge() {
    let decision = with(Service::VoiceRecognition, judged(0.45));
    assert_eq!(decision.verdict, Verdict::Refer);
    assert_eq!(reasons(&decision.failed_refer_conditions), ["voice_match_referred"]);
}

#[test]
fn a_first_visit_passes_on_the_other_services() {
    let mut evidence = genuine();
    evidence.insert(Service::FaceRecognition, Finding::NotEnrolled);
    evidence.insert(Service::VoiceRecognition, Finding::NotEnrolled);
    let decision = decide(&everything(), &evidence);
    assert_eq!(decision.verdict, Verdict::Pass);
    assert!(decision.reasons.contains(&"face_match_not_enrolled".into()));
}

#[test]
fn comparisons_alone_cannot_pass_a_first_visit() {
    let rules = default_for(&[Service::FaceRecognition, Service::VoiceRecognition].into());
    let evidence = Evidence::from([
        (Service::FaceRecognition, Finding::NotEnrolled),
        (Service::VoiceRecognition, Finding::NotEnrolled),
    ]);
    let decision = decide(&rules, &evidence);
    assert_eq!(decision.verdict, Verdict::Refer);
    assert_eq!(decision.reasons.last().unwrap(), "nothing_decisive");
}

#[test]
fn services_removed_for_want_of_consent_are_referred_not_failed() {
    let mut evidence = genuine();
    evidence.remove(&Service::FaceRecognition);
    evidence.remove(&Service::VoiceRecognition);
    let decision = decide(&everything(), &evidence);
    assert_eq!(decision.verdict, Verdict::Refer);
    assert_eq!(reasons(&decision.failed_refer_conditions), ["face_match_missing", "voice_match_missing"]);
}

#[test]
fn an_unjudged_document_is_referred_with_the_reason() {
    let decision = with(Service::FaceLiveness, Finding::CouldNotJudge { error: "more_than_one_face".into() });
    assert_eq!(decision.verdict, Verdict::Refer);
    assert_eq!(decision.failed_refer_conditions[0].reason, "liveness_not_judged");
    assert_eq!(decision.failed_refer_conditions[0].error.as_deref(), Some("more_than_one_face"));
}

#[test]
fn a_recording_without_a_face_or_sound_fails() {
    for (service, error) in [(Service::FaceLiveness, "no_face"), (Service::SpokenPhrase, "no_sound")] {
        let decision = with(service, Finding::CouldNotJudge { error: error.into() });
        assert_eq!(decision.verdict, Verdict::Fail, "{error}");
    }
}

#[test]
fn rules_may_refer_or_fail_services_without_a_result() {
    for (word, verdict) in [("refer", Verdict::Refer), ("fail", Verdict::Fail)] {
        let rules = format!(
            r#"{{"version":1,"services":{{"face_liveness":{{"mode":"required","cannot_judge":"{word}"}}}}}}"#
        );
        for error in ["no_face", "face_not_clear"] {
            let finding = Finding::CouldNotJudge { error: error.into() };
            let evidence = Evidence::from([(Service::FaceLiveness, finding)]);
            assert_eq!(decide(&Rules::parse(&rules).unwrap(), &evidence).verdict, verdict, "{word} {error}");
        }
    }
}

#[test]
fn a_speaker_who_is_hard_to_judge_is_referred_sooner_than_another_service() {
    assert_eq!(with(Service::ActiveSpeaker, judged(0.2)).verdict, Verdict::Refer);
    assert_eq!(with(Service::FaceLiveness, judged(0.2)).verdict, Verdict::Fail);
    assert_eq!(with(Service::ActiveSpeaker, judged(0.05)).verdict, Verdict::Fail);
}

#[test]
fn lips_that_cannot_be_read_are_reported_but_do_not_decide() {
    let decision = with(Service::VisualSpeech, judged(0.0));
    assert_eq!(decision.verdict, Verdict::Pass);
    assert!(decision.reasons.contains(&"lip_reading_failed".into()));
    assert!(decision.failed_conditions.is_empty());
    assert!(decision.score < decide(&everything(), &genuine()).score);
}

#[test]
fn a_key_that_selects_nothing_never_passes() {
    let decision = decide(&default_for(&BTreeSet::new()), &genuine());
    assert_eq!(decision.verdict, Verdict::Refer);
    assert!(decision.conditions.is_empty());
}

#[test]
fn custom_rules_may_demand_a_template() {
    let rules = r#"{"version":1,"services":{
        "face_recognition":{"mode":"required","pass":0.8,"refer":0.6,"weight":2,"not_enrolled":"fail"},
        "face_liveness":{"mode":"required"}}}"#;
    let rules = Rules::parse(rules).unwrap();
    let live = (Service::FaceLiveness, judged(1.0));
    let unknown = Evidence::from([live.clone(), (Service::FaceRecognition, Finding::NotEnrolled)]);
    assert_eq!(decide(&rules, &unknown).verdict, Verdict::Fail);
    let known = decide(&rules, &Evidence::from([live, (Service::FaceRecognition, judged(0.8))]));
    assert_eq!(known.verdict, Verdict::Pass);
    // The face just passes (75) and counts twice, liveness is certain (100).
    assert!((known.score - 83.33).abs() < 1e-9, "{}", known.score);
    assert!(known.conditions.iter().all(|c| c.mode == Mode::Required));
}

#[test]
fn a_video_that_seems_generated_is_reported_and_does_not_decide() {
    let decision = with(Service::MediaAuthenticity, judged(0.0));
    assert_eq!(decision.verdict, Verdict::Pass);
    assert!(decision.reasons.contains(&"media_authenticity_failed".to_owned()), "{:?}", decision.reasons);
}

#[test]
fn a_record_from_before_media_authenticity_is_decided_by_the_others() {
    let mut evidence = genuine();
    evidence.remove(&Service::MediaAuthenticity);
    let decision = decide(&everything(), &evidence);
    assert_eq!(decision.verdict, Verdict::Pass);
    assert!(decision.conditions.iter().all(|c| c.service != Service::MediaAuthenticity));
}

#[test]
fn a_score_says_how_close_a_call_came() {
    let required = || ServiceRule::new(Mode::Required);
    let services = [(Service::FaceRecognition, required()), (Service::VoiceRecognition, required())];
    let rules = Rules { version: 1, services: services.into(), documents: scoring::DocumentRules::default() };
    let score = |face: f64, voice: f64| {
        let found = [(Service::FaceRecognition, judged(face)), (Service::VoiceRecognition, judged(voice))];
        decide(&rules, &found.into()).score
    };
    // Fails, which all read 49.99 before: ordered by the face, the voice being perfect.
    let fails = [0.0, 0.1, 0.2, 0.3, 0.39].map(|face| score(face, 1.0));
    assert!(fails.is_sorted_by(|a, b| a < b) && fails[4] < scoring::REFER_FROM, "{fails:?}");
    assert!(fails[0] < 15.0, "a clear mismatch is far from a pass: {fails:?}");
    let refers = [0.40, 0.44, 0.49].map(|face| score(face, 1.0));
    assert!(refers.is_sorted_by(|a, b| a < b) && refers[2] < scoring::PASS_FROM, "{refers:?}");
    // Of two deciding scores, the lower one counts.
    assert!(score(0.39, 0.1) < score(0.39, 0.39));
}

#[test]
fn evidence_of_an_earlier_use_scores_no_higher_than_none() {
    let replay = ServiceRule { pass: 0.214, refer: 0.0, weight: 0.0, ..ServiceRule::new(Mode::Required) };
    let services = [(Service::MediaReplay, replay)];
    let rules = Rules { version: 1, services: services.into(), documents: scoring::DocumentRules::default() };
    let score = |replay: f64| decide(&rules, &[(Service::MediaReplay, judged(replay))].into()).score;
    assert!(score(0.213) <= score(0.39), "{} > {}", score(0.213), score(0.39));
}
