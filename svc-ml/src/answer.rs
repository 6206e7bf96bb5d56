//! Findings as the wire has them: a result, its evidence, a sentence.

use bytes::Bytes;
use face::{Authenticity, Cue, liveness::Liveness};
use lips::{Reading, Sync};
use proto::{ml as wire, subjects};
use voice::{Bandwidth, Comparison, Voiceprint};

use crate::{
    calibration::FaceComparison,
    calibrations::{CalibratedFindings, SpokenScore},
    gallery::Modality,
    identity::{Identities, Identity},
    judged::{Cause, Judged, Unjudged},
    pipeline::Findings,
    recordings::{Replay, Trace},
    stages::Stage,
    store::Counts,
};

mod enrolment;

pub use enrolment::{compared, enrolled_face, enrolled_voice, judged_still, matched};

/// Encodes everything but the candidate. `has_user`: a user was named to compare with.
pub fn encode(
    calibrated: CalibratedFindings,
    identities: &Identities,
    has_user: bool,
) -> wire::AnalyzeVideoResponse {
    let CalibratedFindings { findings, spoken } = calibrated;
    let media = media(&findings);
    wire::AnalyzeVideoResponse {
        active_speaker: findings.active_speaker.map(active_speaker),
        face_liveness: findings.liveness.map(liveness),
        media_authenticity: findings.authenticity.map(media_authenticity),
        visual_speech: visual_speech(findings.reading, spoken),
        voice: findings.voice.map(|voice| voice_recognition(voice, identities.voice.as_ref(), has_user)),
        face: findings.face.map(|face| face_recognition(face.map(drop), identities.face.as_ref(), has_user)),
        media: Some(media),
        stages: findings.stages.list().iter().map(stage).collect(),
        candidate: Bytes::new(),
        replay: None,
    }
}

/// Counts as the wire has them: only what there is.
pub fn remains(counts: Counts) -> subjects::Remains {
    let kinds = [
        ("face_template", counts.face_templates),
        ("voice_template", counts.voice_templates),
        ("face_enrolment", counts.face_enrolments),
        ("voice_enrolment", counts.voice_enrolments),
        ("fingerprint_template", counts.fingerprint_templates),
        ("subject_key", counts.subjects),
        ("recording_fingerprint", counts.recordings),
    ];
    let kept = kinds.into_iter().filter(|(_, count)| *count > 0);
    let kept = kept.map(|(kind, count)| subjects::Kept { kind: kind.to_owned(), count });
    subjects::Remains { kept: kept.collect() }
}

/// The earlier use of a recording.
pub fn replay(found: Replay) -> wire::Replay {
    let Replay { by, transaction, is_same_user } = found;
    let trace = |trace| match trace {
        Trace::Bytes => wire::ReplayTrace::Bytes,
        Trace::Picture => wire::ReplayTrace::Picture,
        Trace::Sound => wire::ReplayTrace::Sound,
    };
    let by = by.into_iter().map(|of| trace(of).into()).collect();
    wire::Replay { by, transaction_id: transaction, same_user: is_same_user }
}

pub fn modality(of: Modality) -> wire::Modality {
    match of {
        Modality::Face => wire::Modality::Face,
        Modality::Voice => wire::Modality::Voice,
    }
}

fn judged(description: impl Into<String>) -> Option<wire::Outcome> {
    let status = wire::OutcomeStatus::Judged.into();
    Some(wire::Outcome { status, description: description.into(), error: String::new() })
}

fn unjudged(why: Unjudged) -> Option<wire::Outcome> {
    let status = match why.cause {
        Cause::CannotJudge => wire::OutcomeStatus::CannotJudge,
        Cause::Refused => wire::OutcomeStatus::Refused,
        Cause::Failed => wire::OutcomeStatus::Failed,
    };
    Some(wire::Outcome { status: status.into(), description: why.description, error: why.error.to_owned() })
}

/// Evidence without a threshold of its own.
fn cue(name: &str, value: f32) -> wire::Cue {
    wire::Cue { name: name.to_owned(), value: value.into(), ..wire::Cue::default() }
}

/// Evidence with its threshold and score, where it has them.
fn weighed_cue(cue: &Cue) -> wire::Cue {
    wire::Cue {
        name: cue.name.to_owned(),
        value: cue.value.into(),
        threshold: cue.threshold.map(f64::from),
        passed: cue.score.map(|_| !cue.failed()),
        score: cue.score.map(f64::from),
    }
}

fn active_speaker(found: Judged<Sync>) -> wire::ActiveSpeaker {
    let sync = match found {
        Ok(sync) => sync,
        Err(why) => return wire::ActiveSpeaker { outcome: unjudged(why), ..Default::default() },
    };
    let description = match sync {
        Sync { speaking: true, .. } => "the face makes the sound".to_owned(),
        Sync { beside, probability, .. } if beside > probability => {
            "another face in view makes the sound".to_owned()
        }
        Sync { out_of_sync: true, lag_ms, .. } => {
            let order = if lag_ms > 0 { "behind" } else { "ahead of" };
            format!("the sound is {} ms {order} the lips, more than a device adds", lag_ms.abs())
        }
        _ => "the face does not make the sound".to_owned(),
    };
    wire::ActiveSpeaker {
        outcome: judged(description),
        result: sync.probability.into(),
        lag_ms: Some(sync.lag_ms.into()),
        cues: vec![
            cue("sync_agreement", sync.agreement),
            cue("sync_against_others", sync.s_norm),
            cue("sync_prominence", sync.prominence),
            cue("sync_lead", sync.lead),
            cue("mouth_opening_and_loudness", sync.aperture_correlation),
            cue("another_face_speaks", sync.beside),
            wire::Cue {
                passed: Some(!sync.out_of_sync),
                ..cue("sound_in_sync", f32::from(!sync.out_of_sync))
            },
        ],
    }
}

fn liveness(found: Judged<Liveness>) -> wire::FaceLiveness {
    let liveness = match found {
        Ok(liveness) => liveness,
        Err(why) => return wire::FaceLiveness { outcome: unjudged(why), ..Default::default() },
    };
    let description = match (liveness.live, liveness.reason) {
        (true, _) => "the face is live".to_owned(),
        (false, Some(reason)) => format!("the face is not live: {}", reason.replace('_', " ")),
        (false, None) => "the face is not live".to_owned(),
    };
    wire::FaceLiveness {
        outcome: judged(description),
        result: liveness.live,
        score: liveness.score.into(),
        cues: liveness.cues.iter().map(weighed_cue).collect(),
    }
}

fn media_authenticity(found: Judged<Authenticity>) -> wire::MediaAuthenticity {
    let found = match found {
        Ok(found) => found,
        Err(why) => return wire::MediaAuthenticity { outcome: unjudged(why), ..Default::default() },
    };
    let description = if found.authentic {
        "no trace of a redrawn mouth"
    } else {
        "the mouth seems to be drawn by a program"
    };
    wire::MediaAuthenticity {
        outcome: judged(description),
        result: found.authentic,
        score: found.score.into(),
        cues: found.cues.iter().map(weighed_cue).collect(),
    }
}

/// Lips and sound are two witnesses of one service: either may be unable to judge.
fn visual_speech(
    reading: Option<Judged<Reading>>,
    heard: Option<Judged<SpokenScore>>,
) -> Option<wire::VisualSpeech> {
    let spoken = heard.map(spoken_phrase);
    Some(match reading? {
        Err(why) => wire::VisualSpeech { outcome: unjudged(why), spoken, ..Default::default() },
        Ok(reading) => {
            let agreement = if reading.agrees { "agree" } else { "do not agree" };
            wire::VisualSpeech {
                outcome: judged(format!(
                    "the lips {agreement} with the phrase ({:.0} % sure); lip reading alone is weak evidence",
                    reading.score * 100.0
                )),
                result: reading.words.join(" "),
                score: reading.score.into(),
                spoken,
                cues: vec![cue("phrase_against_best_reading", reading.ratio)],
            }
        }
    })
}

fn spoken_phrase(found: Judged<SpokenScore>) -> wire::SpokenPhrase {
    let SpokenScore { evidence: spoken, score } = match found {
        Ok(found) => found,
        Err(why) => return wire::SpokenPhrase { outcome: unjudged(why), ..Default::default() },
    };
    wire::SpokenPhrase {
        outcome: judged(if spoken.said { "the phrase was spoken" } else { "the phrase was not spoken" }),
        said: spoken.said,
        score: score.into(),
        log_likelihood_ratio: spoken.llr.into(),
        transcript: spoken.transcript,
    }
}

fn voice_recognition(
    found: Judged<Voiceprint>,
    identity: Option<&Identity<Comparison>>,
    has_user: bool,
) -> wire::VoiceRecognition {
    let voice = match found {
        Ok(voice) => voice,
        Err(why) => {
            let status = wire::RecognitionStatus::Error.into();
            return wire::VoiceRecognition { outcome: unjudged(why), status, ..Default::default() };
        }
    };
    let user = identity.and_then(|i| i.user);
    let name = identity.and_then(|i| i.name.clone());
    let reported = identity.and_then(Identity::reported);
    let standing = Standing::of(user.map(|c| c.matched), name.is_some(), has_user);
    wire::VoiceRecognition {
        outcome: judged(standing.sentence("voice")),
        status: standing.status().into(),
        id: name.unwrap_or_default(),
        score: reported.map_or(0.0, |c| c.score.into()),
        // Nothing to compare with says nothing either way.
        imposter_prob: reported.map_or(0.5, |c| c.imposter_prob.into()),
        log_odds: reported.map_or(0.0, |c| c.log_odds.into()),
        enrolled: user.is_some(),
        matched: user.is_some_and(|c| c.matched),
        speech_seconds: voice.speech_seconds().into(),
        narrow_band: voice.bandwidth() == Bandwidth::Narrow,
    }
}

fn face_recognition(
    found: Judged<()>,
    identity: Option<&Identity<FaceComparison>>,
    has_user: bool,
) -> wire::FaceRecognition {
    if let Err(why) = found {
        return wire::FaceRecognition { outcome: unjudged(why), ..Default::default() };
    }
    let user = identity.and_then(|i| i.user);
    let known = identity.and_then(|i| Some((i.name.clone()?, i.nearest?)));
    let reported = identity.and_then(Identity::reported);
    let standing = Standing::of(user.map(|c| c.matched), known.is_some(), has_user);
    let instance =
        known.map(|(name, c)| wire::FaceInstance { probability: c.probability, name, score: c.score() });
    wire::FaceRecognition {
        outcome: judged(standing.sentence("face")),
        score: reported.map_or(0.0, |c| c.score()),
        probability: reported.map_or(0.0, |c| c.probability),
        enrolled: user.is_some(),
        matched: user.is_some_and(|c| c.matched),
        instances: instance.into_iter().collect(),
    }
}

/// What became of a recognition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The user, or somebody of the project when no user was named.
    Recognised,
    NotRecognised,
    NotEnrolled,
}

impl Standing {
    fn of(user_matched: Option<bool>, is_known: bool, has_user: bool) -> Self {
        match user_matched {
            Some(true) => Self::Recognised,
            Some(false) => Self::NotRecognised,
            None if has_user => Self::NotEnrolled,
            None if is_known => Self::Recognised,
            None => Self::NotRecognised,
        }
    }

    fn status(self) -> wire::RecognitionStatus {
        match self {
            Self::Recognised => wire::RecognitionStatus::Identified,
            Self::NotRecognised => wire::RecognitionStatus::NotIdentified,
            Self::NotEnrolled => wire::RecognitionStatus::NotEnrolled,
        }
    }

    fn sentence(self, what: &str) -> String {
        match self {
            Self::Recognised => format!("the {what} is recognised"),
            Self::NotRecognised => format!("the {what} is not recognised"),
            Self::NotEnrolled => format!("not enrolled: the user has no {what} template"),
        }
    }
}

fn media(findings: &Findings) -> wire::MediaInfo {
    let video = findings.video.as_ref();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    wire::MediaInfo {
        duration_seconds: findings.duration_s,
        width: video.map_or(0, |v| v.width),
        height: video.map_or(0, |v| v.height),
        video_codec: video.map(|v| v.codec.clone()).unwrap_or_default(),
        audio_codec: String::new(),
        frames: video.map_or(0, |v| count(v.frames)),
        faces: count(findings.faces),
    }
}

fn stage(stage: &Stage) -> wire::StageTime {
    metrics::histogram!("biometry_ml_stage_duration_seconds", "stage" => stage.name).record(stage.wall);
    let milliseconds = |d: std::time::Duration| d.as_secs_f64() * 1000.0;
    wire::StageTime {
        stage: stage.name.to_owned(),
        cpu_ms: milliseconds(stage.cpu),
        wall_ms: milliseconds(stage.wall),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_recognised_by_the_own_template_alone() {
        assert_eq!(Standing::of(Some(true), false, true), Standing::Recognised);
        assert_eq!(
            Standing::of(Some(false), true, true),
            Standing::NotRecognised,
            "it is somebody else of the project"
        );
        assert_eq!(Standing::of(None, true, true), Standing::NotEnrolled);
        assert_eq!(Standing::of(None, true, false), Standing::Recognised);
        assert_eq!(Standing::of(None, false, false), Standing::NotRecognised);
    }

    #[test]
    fn a_service_that_could_not_judge_carries_its_reason_and_no_result() {
        let voice = voice_recognition(Err(Unjudged::no_sound()), None, true);
        assert_eq!(voice.status(), wire::RecognitionStatus::Error);
        let outcome = voice.outcome.unwrap();
        assert_eq!(
            (outcome.status(), outcome.error.as_str()),
            (wire::OutcomeStatus::CannotJudge, "no_sound")
        );
        assert!(!voice.matched && voice.score == 0.0);
    }

    #[test]
    fn without_anybody_to_compare_with_the_odds_are_even() {
        let voice = Voiceprint::new(vec![1.0; voice::EMBEDDING_LEN], Bandwidth::Wide, 3.0).unwrap();
        let answer =
            voice_recognition(Ok(voice), Some(&Identity { user: None, nearest: None, name: None }), true);
        assert_eq!(
            (answer.imposter_prob, answer.log_odds, answer.status()),
            (0.5, 0.0, wire::RecognitionStatus::NotEnrolled)
        );
    }
}
