use std::collections::BTreeSet;

use super::*;
use crate::{Evidence, Finding, Verdict, decide};

#[test]
fn a_copy_of_the_built_in_rules_decides_as_they_do() {
    let selected = BTreeSet::from([Service::FaceRecognition, Service::FaceLiveness]);
    let copy = serde_json::to_string(&built_in_for(&selected)).unwrap();
    let copy = Rules::parse(&copy).unwrap();
    assert_eq!(
        copy.for_reference(),
        Rules { documents: copy.documents.clone(), ..Rules::default_for_reference() }
    );
    let mut of_videos = default_for(&selected);
    of_videos.services.remove(&Service::ReferenceMatch);
    assert_eq!(copy.for_video(), of_videos);
}

#[test]
fn a_threshold_for_reference_pictures_counts_for_them_alone() {
    let rules = r#"{"version":1,"services":{"face_liveness":{"mode":"required"},"reference_match":{"mode":"required","pass":0.9,"refer":0.6}}}"#;
    let rules = Rules::parse(rules).unwrap();
    let verdict = |rules: &Rules, service, score| {
        decide(rules, &Evidence::from([(service, Finding::Judged { score })])).verdict
    };
    let (reference, video) = (rules.for_reference(), rules.clone().for_video());
    assert_eq!(verdict(&reference, Service::ReferenceMatch, 0.95), Verdict::Pass);
    assert_eq!(verdict(&reference, Service::ReferenceMatch, 0.8), Verdict::Refer);
    assert_eq!(verdict(&reference, Service::ReferenceMatch, 0.5), Verdict::Fail);
    assert_eq!(verdict(&video, Service::FaceLiveness, 0.8), Verdict::Pass, "no reference is missing there");
    assert_eq!(decide(&reference, &Evidence::new()).verdict, Verdict::Refer, "nobody was compared");
    assert_eq!(decide(&reference, &Evidence::new()).reasons, ["reference_match_missing"]);
}

#[test]
fn a_match_with_a_video_that_was_not_judged_live_is_at_most_referred() {
    let rules = Rules::default_for_reference().for_prefilled_reference();
    let verdict = |score, liveness: Option<Finding>| {
        let mut evidence = Evidence::from([(Service::ReferenceMatch, Finding::Judged { score })]);
        evidence.extend(liveness.map(|finding| (Service::FaceLiveness, finding)));
        decide(&rules, &evidence).verdict
    };
    let judged = |score| Some(Finding::Judged { score });
    assert_eq!(verdict(0.9, judged(0.7)), Verdict::Pass);
    assert_eq!(verdict(0.9, judged(0.01)), Verdict::Refer);
    assert_eq!(verdict(0.9, Some(Finding::CouldNotJudge { error: "no_face".into() })), Verdict::Refer);
    assert_eq!(verdict(0.9, None), Verdict::Refer, "liveness never ran");
    assert_eq!(verdict(0.1, judged(0.01)), Verdict::Fail, "another person stays another person");
    let stricter = r#"{"version":1,"services":{"face_liveness":{"mode":"required","pass":0.9}}}"#;
    let stricter = Rules::parse(stricter).unwrap().for_prefilled_reference();
    let evidence = [(Service::ReferenceMatch, 0.9), (Service::FaceLiveness, 0.8)];
    let evidence = evidence.map(|(service, score)| (service, Finding::Judged { score }));
    assert_eq!(decide(&stricter, &Evidence::from(evidence)).verdict, Verdict::Refer);
}

fn refused(json: &str) -> String {
    Rules::parse(json).unwrap_err().to_string()
}

fn face(rule: &str) -> String {
    format!(r#"{{"version":1,"services":{{"face_recognition":{{"mode":"required"{rule}}}}}}}"#)
}

#[test]
fn the_shortest_rules_have_the_defaults() {
    let rules = Rules::parse(&face("")).unwrap();
    assert_eq!(rules.services[&Service::FaceRecognition], ServiceRule::new(Mode::Required));
}

#[test]
fn errors_name_their_place() {
    assert_eq!(
        refused(&face(r#","pass":1.5"#)),
        "services.face_recognition.pass must be a number from 0 to 1"
    );
    assert_eq!(
        refused(&face(r#","weight":-1"#)),
        "services.face_recognition.weight must be a number from 0 to 100"
    );
    assert_eq!(refused(&face(r#","refer":0.6"#)), "services.face_recognition.refer must not be above pass");
    assert_eq!(
        refused(r#"{"version":2,"services":{}}"#),
        "scoring rules of version 2 are not known, this server reads version 1"
    );
    assert!(refused(r#"{"version":1,"services":{}}"#).starts_with("services: at least one must be required"));
    assert!(refused(&face(r#","threshold":1"#)).contains("unknown field `threshold`"));
    assert!(
        refused(r#"{"version":1,"services":{"retina":{"mode":"off"}}}"#)
            .contains("at services.retina: unknown service; the services are face_recognition,")
    );
    assert!(refused(&face(r#","pass":"high""#)).contains("at services.face_recognition.pass: invalid type"));
    let path = |json: &str| Rules::parse(json).unwrap_err().path();
    assert_eq!(path(&face(r#","refer":0.6"#)), "services.face_recognition.refer");
    assert_eq!(path(&face(r#","missing":"pass""#)), "services.face_recognition.missing");
    assert_eq!(path(r#"{"version":1,"services":{}} x"#), ".");
    assert!(refused("pass everybody").contains("not valid JSON"));
}

#[test]
fn a_replayed_recording_fails_unless_the_rules_allow_it() {
    let live = (Service::FaceLiveness, Finding::Judged { score: 0.99 });
    let replayed = (Service::MediaReplay, Finding::Judged { score: 0.0 });
    let fresh = Evidence::from([live.clone()]);
    let used = Evidence::from([live, replayed]);
    let written = r#"{"version":1,"services":{"face_liveness":{"mode":"required"}}}"#;
    let written = Rules::parse(written).unwrap();
    for rules in [default_for(&[Service::FaceLiveness].into()), written.clone().for_video()] {
        assert_eq!(decide(&rules, &fresh).verdict, Verdict::Pass);
        assert_eq!(decide(&rules, &fresh).reasons.len(), decide(&rules, &used).reasons.len() - 1);
        let decided = decide(&rules, &used);
        assert_eq!(decided.verdict, Verdict::Fail);
        assert!(decided.reasons.contains(&"media_replayed".to_owned()), "{:?}", decided.reasons);
    }
    let by = |word| {
        let rules = written.clone().with_replays(ServiceRule::of_replays(word)).for_video();
        let decided = decide(&rules, &used);
        (decided.verdict, decided.reasons.contains(&"media_replayed".to_owned()))
    };
    assert_eq!(by("refer"), (Verdict::Refer, true));
    assert_eq!(by("report"), (Verdict::Pass, true));
    assert_eq!(by("off"), (Verdict::Pass, false));
    let only = r#"{"version":1,"services":{"media_replay":{"mode":"required"}}}"#;
    assert!(matches!(Rules::parse(only), Err(Error::NothingRequired)), "nothing could ever pass");
    let reference = (Service::ReferenceMatch, Finding::Judged { score: 0.9 });
    let compared = Evidence::from([reference, (Service::MediaReplay, Finding::Judged { score: 0.0 })]);
    assert_eq!(decide(&Rules::default_for_reference(), &compared).verdict, Verdict::Fail);
}

#[test]
fn the_defaults_follow_what_a_key_selects() {
    let rules = default_for(&[Service::FaceLiveness, Service::VisualSpeech].into());
    let mode = |service| rules.services[&service].mode;
    assert_eq!(mode(Service::FaceLiveness), Mode::Required);
    assert_eq!(mode(Service::VisualSpeech), Mode::Advisory);
    assert_eq!(mode(Service::SpokenPhrase), Mode::Required);
    assert_eq!(mode(Service::MediaAuthenticity), Mode::Advisory, "comes with liveness");
    assert_eq!(mode(Service::FaceRecognition), Mode::Off);
    let without = default_for(&[Service::VisualSpeech].into());
    assert_eq!(without.services[&Service::MediaAuthenticity].mode, Mode::Off);
    rules.validate().unwrap();
}
