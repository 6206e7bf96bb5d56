//! Encodes enrollments and comparisons for the wire.

use face::Embedding;
use proto::ml as wire;
use scoring::Service;
use voice::Voiceprint;

use super::{judged, result, stage, unjudged};
use crate::{
    calibration::FaceComparison,
    enroll::{Duplicate, Enrolled, HeardVoice, SeenFace},
    judged::{Judged, Unjudged},
    matching::Matched,
    pictures::Compared,
    portrait::{Limit, Measure},
    recording,
    services::{Found, SpokenScore},
    stages::Stages,
    still::JudgedStill,
    template_update::EnrollmentOutcome,
};

pub fn enrolled_face(seen: &SeenFace, done: Enrolled<Embedding>) -> wire::EnrollFaceResponse {
    wire::EnrollFaceResponse {
        state: state(done.outcome).into(),
        outcome: outcome(&done, "face"),
        measures: measures(&seen.measures),
        kept: count(done.kept.len()),
        duplicate: done.duplicate.map(duplicate),
        stages: stages(&seen.stages),
    }
}

pub fn enrolled_voice(heard: HeardVoice, done: Enrolled<Voiceprint>) -> wire::EnrollVoiceResponse {
    wire::EnrollVoiceResponse {
        state: state(done.outcome).into(),
        outcome: outcome(&done, "voice"),
        measures: measures(&heard.measures),
        combined: measures(&recording::combined(&done.kept)),
        kept: count(done.kept.len()),
        duplicate: done.duplicate.map(duplicate),
        // The limits of an enrollment are the shipped ones.
        spoken: Some(result(
            Service::SpokenPhrase,
            heard.spoken.map(|spoken| SpokenScore::shipped(spoken).report()),
        )),
        replay: done.replay.map(super::replay),
        stages: stages(&heard.stages),
    }
}

/// Encodes the result of one side of a comparison, and its position.
fn side(side: &Judged<()>, place: &str) -> Option<wire::Outcome> {
    match side {
        Ok(()) => judged(format!("one face found in the {place}")),
        Err(why) => {
            let description = format!("{} ({place})", why.description);
            unjudged(Unjudged { description, ..why.clone() })
        }
    }
}

pub fn matched(found: Matched) -> wire::MatchFacesResponse {
    let (anchor, target) = (side(&found.anchor, "image"), side(&found.target, "video"));
    let overall = found.comparison.as_ref().map(|c| c.overall);
    let frames = found.comparison.iter().flat_map(|c| &c.frames);
    let is_match = overall.is_some_and(|c| c.matched);
    let outcome = match (overall, &found.anchor, &found.target) {
        (Some(_), ..) => judged(if is_match { "the faces match" } else { "the faces do not match" }),
        (None, Ok(()), Ok(())) => Some(wire::Outcome {
            status: wire::OutcomeStatus::NoConsent.into(),
            description: "not compared: the user has not given authorization consent".into(),
            error: "no_authorization_consent".into(),
        }),
        (None, Ok(()), Err(_)) => target.clone(),
        (None, Err(_), _) => anchor.clone(),
    };
    wire::MatchFacesResponse {
        outcome,
        anchor,
        target,
        matched: is_match,
        score: overall.map_or(0.0, |c| c.score()),
        probability: overall.map_or(0.0, |c| c.probability),
        percentages: frames.map(|c| 100.0 * c.probability).collect(),
        media: Some(wire::MediaInfo {
            duration_seconds: found.video.frames as f64 / f64::from(media::FPS),
            width: found.video.width,
            height: found.video.height,
            video_codec: found.video.codec,
            audio_codec: String::new(),
            frames: count(found.video.frames),
            faces: count(found.faces),
        }),
        replay: found.replay.map(super::replay),
        stages: stages(&found.stages),
    }
}

/// Encodes the comparison of two pictures: the first fault is the outcome.
pub fn judged_still(found: JudgedStill) -> wire::JudgeStillResponse {
    let of = |user_fullname: String, comparison: FaceComparison| wire::FaceMatch {
        user_fullname,
        probability: comparison.probability,
        score: comparison.score(),
        matched: comparison.matched,
    };
    let (outcome, liveness) = match found.liveness {
        Ok(liveness) => (judged("one face found in the picture"), f64::from(liveness)),
        Err(why) => (unjudged(why), 0.0),
    };
    wire::JudgeStillResponse {
        outcome,
        liveness,
        own: found.own.map(|comparison| of(String::new(), comparison)),
        nearest: found.nearest.map(|(name, comparison)| of(name, comparison)),
        stages: stages(&found.stages),
    }
}

pub fn compared(found: &Compared) -> wire::ComparePicturesResponse {
    let (first, second) = (side(&found.first, "first picture"), side(&found.second, "second picture"));
    let outcome = if found.first.is_err() { first.clone() } else { second.clone() };
    wire::ComparePicturesResponse {
        outcome,
        first,
        second,
        matched: found.comparison.is_some_and(|comparison| comparison.matched),
        score: found.comparison.map_or(0.0, |comparison| comparison.score()),
        probability: found.comparison.map_or(0.0, |comparison| comparison.probability),
        stages: stages(&found.stages),
    }
}

fn state(outcome: Option<EnrollmentOutcome>) -> wire::EnrollmentState {
    match outcome {
        None | Some(EnrollmentOutcome::AnotherPerson | EnrollmentOutcome::Locked) => {
            wire::EnrollmentState::Refused
        }
        Some(EnrollmentOutcome::Unchanged) => wire::EnrollmentState::Unchanged,
        Some(EnrollmentOutcome::Partial) => wire::EnrollmentState::Partial,
        Some(EnrollmentOutcome::Enrolled) => wire::EnrollmentState::Enrolled,
        Some(EnrollmentOutcome::Strengthened) => wire::EnrollmentState::Strengthened,
        Some(EnrollmentOutcome::Replaced) => wire::EnrollmentState::Replaced,
    }
}

fn outcome<V>(done: &Enrolled<V>, what: &str) -> Option<wire::Outcome> {
    match (&done.refusal, done.outcome) {
        (Some(why), _) => unjudged(why.clone()),
        (None, Some(EnrollmentOutcome::Partial)) => {
            judged(format!("the {what} is good; more recordings are needed for a template"))
        }
        (None, Some(EnrollmentOutcome::Strengthened)) => {
            judged(format!("the {what} strengthens its template"))
        }
        (None, Some(EnrollmentOutcome::Unchanged)) => {
            judged(format!("the {what} is the enrolled person's; the template is unchanged"))
        }
        (None, Some(EnrollmentOutcome::Replaced)) => {
            judged(format!("the {what} replaces the earlier template"))
        }
        (None, _) => judged(format!("the {what} is enrolled")),
    }
}

fn measures(all: &[Measure]) -> Vec<wire::Measure> {
    let measure = |m: &Measure| {
        let (limit, threshold) = match m.limit {
            Limit::AtLeast(threshold) => (wire::MeasureLimit::AtLeast, threshold),
            Limit::AtMost(threshold) => (wire::MeasureLimit::AtMost, threshold),
        };
        wire::Measure {
            property: m.property.to_owned(),
            value: m.value,
            limit: limit.into(),
            threshold,
            passed: m.passed(),
        }
    };
    all.iter().map(measure).collect()
}

fn duplicate(of: Duplicate) -> wire::Duplicate {
    let Duplicate { subject_id, transaction_id, probability } = of;
    wire::Duplicate { subject_id, transaction_id, probability }
}

fn stages(of: &Stages) -> Vec<wire::StageTime> {
    of.list().iter().map(stage).collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
