//! Encodes findings for the wire: results, evidence, descriptions.

use std::collections::BTreeMap;

use bytes::Bytes;
use face::Cue;
use proto::{Word, ml as wire, subjects};
use scoring::Service;

use crate::{
    calibrations::Calibrations,
    gallery::Modality,
    identity::Identities,
    judged::{Cause, Judged, Unjudged},
    pipeline::Findings,
    recordings::{Replay, Trace},
    services::{Found, face_recognition, voice_recognition},
    stages::Stage,
    store::Counts,
};

mod enrollment;

pub use enrollment::{compared, enrolled_face, enrolled_voice, judged_still, matched};

/// Encodes everything except the candidate, with an operator's calibrations applied.
pub fn encode(
    findings: Findings,
    identities: &Identities,
    user: &str,
    calibrations: &Calibrations,
) -> wire::AnalyzeVideoResponse {
    let media = media(&findings);
    let Findings { services, face, voice, stages, .. } = findings;
    let mut results: BTreeMap<Service, Judged<wire::ServiceResult>> = BTreeMap::new();
    for (service, found) in services {
        let calibrated = |mut found: Box<dyn Found>| {
            found.calibrate(calibrations);
            found.report()
        };
        results.insert(service, found.map(calibrated));
    }
    let face = face.map(|face| face.map(|_| face_recognition::report(&identities.face, user)));
    let voice = voice.map(|voice| voice.map(|of| voice_recognition::report(&of, &identities.voice, user)));
    results.extend(face.map(|face| (Service::FaceRecognition, face)));
    results.extend(voice.map(|voice| (Service::VoiceRecognition, voice)));
    wire::AnalyzeVideoResponse {
        results: results.into_iter().map(|(service, judged)| result(service, judged)).collect(),
        media: Some(media),
        stages: stages.list().iter().map(stage).collect(),
        candidate: Bytes::new(),
        replay: None,
    }
}

/// Encodes a service's result with its name, or why there is none.
fn result(service: Service, judged: Judged<wire::ServiceResult>) -> wire::ServiceResult {
    let result = judged.unwrap_or_else(|why| wire::ServiceResult {
        outcome: unjudged(why),
        ..wire::ServiceResult::default()
    });
    let service = wire::Service::from_word(service.field()).unwrap_or_default();
    wire::ServiceResult { service: service.into(), ..result }
}

/// Encodes nonzero counts.
pub fn remains(counts: Counts) -> subjects::Remains {
    let kinds = [
        ("face_template", counts.face_templates),
        ("voice_template", counts.voice_templates),
        ("face_enrolment", counts.face_enrollments),
        ("voice_enrolment", counts.voice_enrollments),
        ("fingerprint_template", counts.fingerprint_templates),
        ("subject_key", counts.subjects),
        ("recording_fingerprint", counts.recordings),
    ];
    let kept = kinds.into_iter().filter(|(_, count)| *count > 0);
    let kept = kept.map(|(kind, count)| subjects::Kept { kind: kind.to_owned(), count });
    subjects::Remains { kept: kept.collect() }
}

/// Encodes the earlier use of a recording.
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

pub fn judged(description: impl Into<String>) -> Option<wire::Outcome> {
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

/// Encodes evidence without a threshold.
pub fn cue(name: &str, value: f32) -> wire::Cue {
    wire::Cue { name: name.to_owned(), value: value.into(), ..wire::Cue::default() }
}

/// Encodes evidence with its threshold and score, if any.
pub fn weighed_cue(cue: &Cue) -> wire::Cue {
    wire::Cue {
        name: cue.name.to_owned(),
        value: cue.value.into(),
        threshold: cue.threshold.map(f64::from),
        passed: cue.score.map(|_| !cue.failed()),
        score: cue.score.map(f64::from),
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
    fn a_service_that_could_not_judge_carries_its_reason_and_no_result() {
        let voice = result(Service::VoiceRecognition, Err(Unjudged::no_sound()));
        assert_eq!(voice.service(), wire::Service::VoiceRecognition);
        let outcome = voice.outcome.unwrap();
        assert_eq!(
            (outcome.status(), outcome.error.as_str()),
            (wire::OutcomeStatus::CannotJudge, "no_sound")
        );
        assert!(!voice.accepted && voice.score == 0.0 && voice.evidence.is_none() && voice.detail.is_none());
    }
}
