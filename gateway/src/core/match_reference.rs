//! Compares a reference picture with a video: one sent along, or the session's last.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream::BoxStream};
use proto::ml::{MatchFacesHeader, MatchFacesRequest, MatchFacesResponse, match_faces_request::Part};
use scoring::{Basis, Decision, Evidence, Finding, Rules, Service};
use serde::Serialize;
use serde_json::json;

use crate::core::{
    caller::Caller,
    error::Error,
    evidence,
    media::{LostRetry, Media, ReadFailure, relayed},
    record::stage_times,
    report::FaceMatchReport,
    samples::{ensure_sample_room, store_sample},
    sessions::{self, LastVideo},
    verification::Verification,
};

pub struct MatchInput<'a> {
    pub picture: &'a Media,
    pub video: VideoSource<'a>,
}

pub enum VideoSource<'a> {
    Sent(&'a Media),
    /// The last video of the verification's session.
    LastOfSession,
}

pub struct MatchOutcome {
    pub report: FaceMatchReport,
    pub decision: Decision,
    /// Whether nobody was compared for lack of consent.
    pub services_removed: bool,
}

/// Compares the face of a picture with the face of a video. Without authorization consent nobody is compared: faces
/// are only detected, and the decision is at best a refer.
///
/// # Errors
/// 400 for unreadable files or a session without a video; 503 when the models are busy.
pub async fn match_reference(
    verification: Verification<'_>,
    input: MatchInput<'_>,
) -> Result<MatchOutcome, Error> {
    ensure_sample_room(&verification, verification.may_store()).await?;
    let caller = verification.caller;
    let is_allowed = verification.consents.authorization;
    let origin = match input.video {
        VideoSource::Sent(_) => verification.recording_origin(),
        // It was registered when it was sent.
        VideoSource::LastOfSession => None,
    };
    let header = MatchFacesHeader { project_id: caller.project_id.clone(), detect_only: !is_allowed, origin };
    let (seen, liveness) = compare(&verification, &input, header).await?;

    // The session's last video stays that of analyze_video; only the sent one is stored.
    store_sample(&verification, "image", input.picture).await?;
    if let VideoSource::Sent(video) = input.video {
        store_sample(&verification, "video", video).await?;
    }
    let mut evidence = match_evidence(&seen, is_allowed);
    evidence.extend(seen.replay.as_ref().map(|r| (Service::MediaReplay, evidence::replay_finding(r))));
    evidence.extend(liveness.map(|finding| (Service::FaceLiveness, finding)));
    let is_prefilled = matches!(input.video, VideoSource::LastOfSession);
    let decision = decide_reference(caller, &evidence, is_prefilled)?;
    let report = FaceMatchReport::from(&seen);
    let record = verification.record;
    record.set_decision(&decision, &caller.rules_source);
    record.set_services(&MatchRecord { face_match: &report });
    let basis = Basis {
        selected: caller.services.clone(),
        found: evidence,
        rules: caller.rules_version.clone(),
        replay: seen.replay.as_ref().map(evidence::earlier_use),
        ..Basis::default()
    };
    record.set_evidence(&basis.decided(&decision));
    record.set_durations(&json!({ "stages": stage_times(&seen.stages) }));
    Ok(MatchOutcome { report, decision, services_removed: !is_allowed })
}

/// Returns the models' results, and the result of the liveness check of the session's last video.
async fn compare(
    verification: &Verification<'_>,
    input: &MatchInput<'_>,
    header: MatchFacesHeader,
) -> Result<(MatchFacesResponse, Option<Finding>), Error> {
    if let Some(script) = verification.script() {
        script.begin().await?;
        let is_prefilled = matches!(input.video, VideoSource::LastOfSession);
        let liveness = script.finding(Service::FaceLiveness).filter(|_| is_prefilled);
        return Ok((script.match_faces(), liveness));
    }
    send_match(verification, input, header).await
}

#[derive(Serialize)]
struct MatchRecord<'a> {
    #[serde(rename = "Face Match")]
    face_match: &'a FaceMatchReport,
}

/// Streams a picture and a video to the models; also returns the result of the liveness check of the session's last
/// video.
///
/// # Errors
/// Those of the models, and 400 for a session without a video.
pub(super) async fn send_match(
    verification: &Verification<'_>,
    input: &MatchInput<'_>,
    header: MatchFacesHeader,
) -> Result<(MatchFacesResponse, Option<Finding>), Error> {
    let mut ml = verification.core.services().ml();
    let mut retry = LostRetry::default();
    loop {
        let MatchMessages { messages, read_failure, liveness } =
            match_messages(verification, input, header.clone()).await?;
        let seen = read_failure.guard(ml.match_faces(messages).boxed()).await;
        if !retry.is_due(&seen) {
            return Ok((seen?, liveness));
        }
    }
}

struct MatchMessages {
    messages: BoxStream<'static, MatchFacesRequest>,
    read_failure: ReadFailure,
    liveness: Option<Finding>,
}

/// The header, the picture, the video.
async fn match_messages(
    verification: &Verification<'_>,
    input: &MatchInput<'_>,
    header: MatchFacesHeader,
) -> Result<MatchMessages, Error> {
    let header = MatchFacesRequest { part: Some(Part::Header(header)) };
    let picture = |chunk| MatchFacesRequest { part: Some(Part::Image(chunk)) };
    let video = |chunk| MatchFacesRequest { part: Some(Part::Video(chunk)) };
    let (first, first_failure) = input.picture.messages(header, picture);
    let (second, second_failure, liveness) = match input.video {
        VideoSource::Sent(file) => {
            let (second, second_failure) = file.messages(video(Bytes::new()), video);
            (second, second_failure, None)
        }
        VideoSource::LastOfSession => {
            let LastVideo { bytes, liveness } = last_video(verification).await?;
            let (second, second_failure) = relayed(bytes, video);
            (second, second_failure, liveness)
        }
    };
    let (messages, read_failure) = (first.chain(second).boxed(), first_failure.and(second_failure));
    Ok(MatchMessages { messages, read_failure, liveness })
}

async fn last_video(verification: &Verification<'_>) -> Result<LastVideo, Error> {
    let none = Error::invalid("no video found for this session");
    let Some(session_id) = &verification.session_id else { return Err(none) };
    sessions::last_video(verification.core, verification.caller, session_id).await?.ok_or(none)
}

/// Returns the probability of the same person, one half at the models' threshold.
pub(super) fn match_evidence(seen: &MatchFacesResponse, is_allowed: bool) -> Evidence {
    let finding = match evidence::failure(seen.outcome.as_ref()) {
        _ if !is_allowed => return Evidence::new(),
        None => Finding::Judged { score: scoring::clamp_to_decision(seen.probability, seen.matched) },
        Some(error) => Finding::CouldNotJudge { error: error.to_owned() },
    };
    Evidence::from([(Service::ReferenceMatch, finding)])
}

/// Decides by the key's own rules, else its project's, else the built-in ones, restricted to reference pictures. The
/// session's last video must also have been judged live.
pub(super) fn decide_reference(
    caller: &Caller,
    evidence: &Evidence,
    is_prefilled: bool,
) -> Result<Decision, Error> {
    let rules = match &caller.rules_json {
        Some(json) => Rules::parse(json).map_err(|error| Error::internal(&error))?,
        None => Rules::empty(),
    };
    let rules = rules.with_replays(caller.replay_rule());
    let rules = if is_prefilled { rules.for_prefilled_reference() } else { rules.for_reference() };
    Ok(scoring::decide(&rules, evidence))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proto::ml::{Outcome, OutcomeStatus};
    use scoring::Verdict;

    use super::*;

    fn seen(matched: bool, probability: f64) -> MatchFacesResponse {
        let outcome = Some(Outcome { status: OutcomeStatus::Judged.into(), ..Outcome::default() });
        MatchFacesResponse { outcome, matched, probability, ..MatchFacesResponse::default() }
    }

    fn verdict(seen: &MatchFacesResponse, is_allowed: bool) -> Verdict {
        scoring::decide(&Rules::default_for_reference(), &match_evidence(seen, is_allowed)).verdict
    }

    #[test]
    fn a_match_passes_another_person_fails_and_without_consent_nobody_is_judged() {
        assert_eq!(verdict(&seen(true, 0.99), true), Verdict::Pass);
        assert_eq!(verdict(&seen(false, 0.01), true), Verdict::Fail);
        assert_eq!(verdict(&seen(true, 0.99), false), Verdict::Refer);
        let outcome = Some(Outcome {
            status: OutcomeStatus::Refused.into(),
            error: "no_face".into(),
            ..Outcome::default()
        });
        let faceless = MatchFacesResponse { outcome, ..MatchFacesResponse::default() };
        assert_eq!(verdict(&faceless, true), Verdict::Fail);
    }

    proptest! {
        #[test]
        fn only_a_match_passes_the_default_rules(matched in any::<bool>(), probability in 0f64..=1.0) {
            prop_assert_eq!(verdict(&seen(matched, probability), true) == Verdict::Pass, matched);
        }
    }
}
