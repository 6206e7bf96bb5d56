//! Converts results of the models into evidence for the decision.

use proto::ml::{
    self, AnalyzeVideoResponse, FaceInstance, FaceLiveness, FaceRecognition, MediaAuthenticity, Outcome,
    OutcomeStatus, Replay, ReplayTrace, SpokenPhrase, VisualSpeech, VoiceRecognition,
};
use scoring::{EarlierUse, Evidence, Finding, MIN_CLAIM_PROBABILITY, Service, clamp_to_decision};

/// The evidence in a response of the ML service about `user`, as it is recorded; services that did not run leave none.
pub fn video_evidence(seen: &AnalyzeVideoResponse, user: &str) -> Evidence {
    let visual = seen.visual_speech.as_ref();
    let findings = [
        (Service::FaceRecognition, seen.face.as_ref().map(|face| face_finding(face, user))),
        (Service::VoiceRecognition, seen.voice.as_ref().map(|voice| voice_finding(voice, user))),
        (Service::FaceLiveness, seen.face_liveness.as_ref().map(liveness_finding)),
        (
            Service::ActiveSpeaker,
            seen.active_speaker.as_ref().map(|a| judged(a.outcome.as_ref(), || a.result)),
        ),
        (Service::VisualSpeech, visual.map(|v| judged(v.outcome.as_ref(), || v.score))),
        (Service::SpokenPhrase, visual.map(spoken_finding)),
        (Service::MediaAuthenticity, seen.media_authenticity.as_ref().map(authenticity_finding)),
        (Service::MediaReplay, seen.replay.as_ref().map(replay_finding)),
    ];
    findings.into_iter().filter_map(|(service, finding)| Some((service, finding?.recordable()))).collect()
}

/// The ML service's name of a service; the spoken phrase comes with lip reading, media authenticity with liveness.
pub const fn ml_service(service: Service) -> ml::Service {
    match service {
        Service::ActiveSpeaker => ml::Service::ActiveSpeaker,
        Service::FaceLiveness | Service::MediaAuthenticity | Service::MediaReplay => {
            ml::Service::FaceLiveness
        }
        Service::VisualSpeech | Service::SpokenPhrase => ml::Service::VisualSpeech,
        Service::VoiceRecognition => ml::Service::VoiceRecognition,
        // A reference picture is no service of a video; its comparison comes with the recognition of faces.
        Service::FaceRecognition | Service::ReferenceMatch => ml::Service::FaceRecognition,
    }
}

/// Whether a service judged, and why not otherwise. An answer without an outcome is no judgement.
pub fn failure(outcome: Option<&Outcome>) -> Option<&str> {
    match outcome {
        Some(outcome) if outcome.status() == OutcomeStatus::Judged => None,
        Some(outcome) if !outcome.error.is_empty() => Some(&outcome.error),
        _ => Some("not_judged"),
    }
}

fn judged(outcome: Option<&Outcome>, score: impl FnOnce() -> f64) -> Finding {
    match failure(outcome) {
        None => Finding::Judged { score: score() },
        Some(error) => Finding::CouldNotJudge { error: error.to_owned() },
    }
}

/// A user without a template cannot be compared; but a sample that is clearly another user's counts against them.
fn unenrolled(claimed_by_another: bool) -> Finding {
    if claimed_by_another { Finding::Judged { score: 0.0 } } else { Finding::NotEnrolled }
}

fn face_finding(face: &FaceRecognition, user: &str) -> Finding {
    if failure(face.outcome.as_ref()).is_none() && !face.enrolled {
        let others = |hit: &FaceInstance| {
            hit.name != user && !hit.name.is_empty() && hit.probability >= MIN_CLAIM_PROBABILITY
        };
        return unenrolled(face.instances.iter().any(others));
    }
    judged(face.outcome.as_ref(), || clamp_to_decision(face.probability, face.matched))
}

fn voice_finding(voice: &VoiceRecognition, user: &str) -> Finding {
    if failure(voice.outcome.as_ref()).is_none() && !voice.enrolled {
        let claimed =
            !voice.id.is_empty() && voice.id != user && 1.0 - voice.imposter_prob >= MIN_CLAIM_PROBABILITY;
        return unenrolled(claimed);
    }
    judged(voice.outcome.as_ref(), || clamp_to_decision(1.0 - voice.imposter_prob, voice.matched))
}

fn liveness_finding(liveness: &FaceLiveness) -> Finding {
    judged(liveness.outcome.as_ref(), || clamp_to_decision(liveness.score, liveness.result))
}

fn authenticity_finding(found: &MediaAuthenticity) -> Finding {
    judged(found.outcome.as_ref(), || clamp_to_decision(found.score, found.result))
}

/// A recording that was used before in another session: there is nothing more genuine or less about it.
pub const fn replay_finding(_: &Replay) -> Finding {
    Finding::Judged { score: 0.0 }
}

/// The same as it is recorded.
pub fn earlier_use(replay: &Replay) -> EarlierUse {
    let word = |trace| match trace {
        ReplayTrace::Unspecified => "unspecified",
        ReplayTrace::Bytes => "bytes",
        ReplayTrace::Picture => "picture",
        ReplayTrace::Sound => "sound",
    };
    let by = replay.by().map(|trace| word(trace).to_owned()).collect();
    EarlierUse { by, transaction_id: replay.transaction_id.clone() }
}

fn spoken_finding(visual: &VisualSpeech) -> Finding {
    let outcome = visual.spoken.as_ref().and_then(|spoken: &SpokenPhrase| spoken.outcome.as_ref());
    let spoken = visual.spoken.as_ref();
    judged(outcome, || spoken.map_or(0.0, |spoken| clamp_to_decision(spoken.score, spoken.said)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ok() -> Option<Outcome> {
        Some(Outcome { status: OutcomeStatus::Judged.into(), ..Outcome::default() })
    }

    fn face(enrolled: bool, matched: bool, probability: f64) -> FaceRecognition {
        FaceRecognition { outcome: ok(), enrolled, matched, probability, ..FaceRecognition::default() }
    }

    #[test]
    fn a_service_that_did_not_run_has_no_evidence() {
        assert!(video_evidence(&AnalyzeVideoResponse::default(), "ada").is_empty());
    }

    #[test]
    fn lip_reading_brings_the_spoken_phrase_even_where_nothing_was_heard() {
        let visual = VisualSpeech { outcome: ok(), score: 0.7, ..VisualSpeech::default() };
        let seen = AnalyzeVideoResponse { visual_speech: Some(visual), ..AnalyzeVideoResponse::default() };
        let evidence = video_evidence(&seen, "ada");
        assert_eq!(evidence[&Service::VisualSpeech], Finding::Judged { score: 0.7 });
        assert_eq!(evidence[&Service::SpokenPhrase], Finding::CouldNotJudge { error: "not_judged".into() });
    }

    #[test]
    fn the_services_yes_and_no_lie_on_either_side_of_the_middle() {
        assert_eq!(face_finding(&face(true, true, 0.3), "ada"), Finding::Judged { score: 0.5 });
        assert_eq!(face_finding(&face(true, false, 0.9), "ada"), Finding::Judged { score: 0.499 });
        assert_eq!(face_finding(&face(true, true, 0.97), "ada"), Finding::Judged { score: 0.97 });
    }

    #[test]
    fn a_face_of_another_subject_speaks_against_a_user_without_a_template() {
        let mut first_visit = face(false, false, 0.0);
        assert_eq!(face_finding(&first_visit, "bob"), Finding::NotEnrolled);
        first_visit.instances = vec![FaceInstance { probability: 0.5, name: "ada".into(), score: 0.3 }];
        assert_eq!(face_finding(&first_visit, "bob"), Finding::NotEnrolled);
        first_visit.instances[0].probability = 0.97;
        assert_eq!(face_finding(&first_visit, "bob"), Finding::Judged { score: 0.0 });
    }

    #[test]
    fn a_service_that_could_not_judge_says_why() {
        let status = OutcomeStatus::CannotJudge.into();
        let outcome = Some(Outcome { status, error: "no_face".into(), description: String::new() });
        let liveness = FaceLiveness { outcome, ..FaceLiveness::default() };
        assert_eq!(liveness_finding(&liveness), Finding::CouldNotJudge { error: "no_face".into() });
    }

    proptest! {
        #[test]
        fn a_no_never_scores_like_a_yes(score in -1.0..2.0f64) {
            prop_assert!(clamp_to_decision(score, false) < 0.5);
            prop_assert!((0.5..=1.0).contains(&clamp_to_decision(score, true)));
        }
    }
}
