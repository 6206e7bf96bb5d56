//! The main operation: a video in, a decision with reasons out.

use std::time::Duration;

use futures::FutureExt;
use proto::{
    ml::{
        AnalyzeVideoHeader, AnalyzeVideoRequest, AnalyzeVideoResponse, EnrollCandidateRequest,
        analyze_video_request::Part,
    },
    sessions::{VideoLiveness, video_liveness},
};
use scoring::{Basis, Decision, Finding, Rules, Service, Verdict};
use serde_json::json;

use crate::core::{
    caller::Caller,
    challenge::{AskedPhrase, settle_phrase},
    error::Error,
    evidence,
    media::{LostRetry, Media},
    record::stage_times,
    report::ServiceReports,
    samples::{discard_samples, ensure_sample_room, ensure_video_room, store_sample},
    sessions, shadow_rules,
    verification::Verification,
};

pub struct VideoInput<'a> {
    pub video: &'a Media,
    /// The expected phrase, if the caller chose it or repeats the issued one.
    pub phrase: Option<String>,
    /// Empty: derived from the phrase.
    pub vocabulary: String,
    /// How long the upload took.
    pub upload_time: Duration,
    /// Whether a user without templates may be enrolled by it.
    pub may_enroll: bool,
}

pub struct VideoOutcome {
    pub analysis: AnalyzeVideoResponse,
    pub decision: Decision,
    /// Whether services did not run for lack of consent.
    pub services_removed: bool,
    pub auto_enrolled: bool,
}

/// Runs the caller's services on a video and decides. With both consents and a pass, a user without templates is
/// enrolled before this returns, so that the next video finds them.
///
/// # Errors
/// 400 for a file that is no video or another phrase than the issued one, 409 for a challenge that was used, has expired or is
/// missing where it is required, 503 when the models are busy, 507 without room to store the video, 500 for rules that cannot be read.
pub async fn analyze_video(
    mut verification: Verification<'_>,
    input: VideoInput<'_>,
) -> Result<VideoOutcome, Error> {
    let samples = ensure_sample_room(&verification, verification.may_store());
    tokio::try_join!(samples, ensure_video_room(&verification))?;
    let caller = verification.caller;
    let asked = settle_phrase(&verification, input.phrase.as_deref(), &input.vocabulary).await?;
    let plan = ServicePlan::new(caller, verification.consents.authorization);
    let user = verification.user.clone().unwrap_or_default();
    let analysis = match (plan.run.is_empty(), verification.script()) {
        (true, _) => None,
        (false, Some(script)) => {
            script.begin().await?;
            Some(script.analyze_video(&plan.run, &asked.phrase, &user))
        }
        (false, None) => Some(analyze(&verification, &plan, &user, (&asked, &input)).await?),
    };
    let was_analyzed = analysis.is_some();
    let analysis = analysis.unwrap_or_default();
    let (decision, basis) = decide(caller, &analysis)?;
    let basis = Basis { challenge: Some(asked.challenge), ..basis };

    if was_analyzed {
        verification.record_ticked_consents().await?;
    }
    let liveness = video_liveness(&basis, decision.verdict);
    let passed = decision.verdict == Verdict::Pass;
    // A file that no model has analysed is not known to be a video, so it is not stored.
    if was_analyzed && !caller.is_test {
        store_video(&verification, input.video, liveness).await?;
    }
    // A template cannot be undone, so it is made last.
    let auto_enrolled = enroll_candidate(&verification, &user, &analysis, passed && input.may_enroll).await;

    let record = verification.record;
    let upload_ms = u64::try_from(input.upload_time.as_millis()).unwrap_or(u64::MAX);
    record.set_decision(&decision, &caller.rules_source);
    record.set_services(&ServiceReports::new(&analysis).with_expected_phrase(&asked.phrase));
    record.set_durations(&json!({ "upload_ms": upload_ms, "stages": stage_times(&analysis.stages) }));
    record.set_evidence(&basis);
    Ok(VideoOutcome { analysis, decision, services_removed: plan.removed, auto_enrolled })
}

/// Which services run: recognition by face or voice needs authorization consent.
struct ServicePlan {
    run: Vec<Service>,
    removed: bool,
}

impl ServicePlan {
    fn new(caller: &Caller, is_authorized: bool) -> Self {
        let recognises =
            |service: &Service| matches!(service, Service::FaceRecognition | Service::VoiceRecognition);
        let selected = caller.services.iter();
        let run: Vec<_> = selected.filter(|s| is_authorized || !recognises(s)).copied().collect();
        Self { removed: run.len() < caller.services.len(), run }
    }
}

async fn analyze(
    verification: &Verification<'_>,
    plan: &ServicePlan,
    user: &str,
    (asked, input): (&AskedPhrase, &VideoInput<'_>),
) -> Result<AnalyzeVideoResponse, Error> {
    let header = AnalyzeVideoHeader {
        project_id: verification.caller.project_id.clone(),
        user_fullname: user.to_owned(),
        phrase: asked.phrase.clone(),
        vocabulary: asked.vocabulary.clone(),
        services: plan.run.iter().map(|service| evidence::ml_service(*service).into()).collect(),
        want_candidate: input.may_enroll && verification.may_store(),
        origin: verification.recording_origin(),
    };
    send_video(verification, input.video, header).await
}

/// Streams a video to the models. A lost replica left only the recording's fingerprints, which belong to this call.
///
/// # Errors
/// Those of the models.
pub(super) async fn send_video(
    verification: &Verification<'_>,
    video: &Media,
    header: AnalyzeVideoHeader,
) -> Result<AnalyzeVideoResponse, Error> {
    let mut ml = verification.core.services().ml();
    let header = AnalyzeVideoRequest { part: Some(Part::Header(header)) };
    let chunk = |chunk| AnalyzeVideoRequest { part: Some(Part::Chunk(chunk)) };
    let mut retry = LostRetry::default();
    loop {
        let (messages, read_failure) = video.messages(header.clone(), chunk);
        let analysis = read_failure.guard(ml.analyze_video(messages).boxed()).await;
        if !retry.is_due(&analysis) {
            return analysis;
        }
    }
}

/// Decides by the key's own rules, else its project's, else the built-in ones for its services: a service that was
/// removed for lack of consent counts as missing.
fn decide(caller: &Caller, analysis: &AnalyzeVideoResponse) -> Result<(Decision, Basis), Error> {
    let rules = match &caller.rules_json {
        Some(json) => {
            let rules = Rules::parse(json).map_err(|error| Error::internal(&error))?;
            rules.with_replays(caller.replay_rule()).for_video()
        }
        None => caller.default_rules(),
    };
    let basis = Basis {
        selected: caller.services.clone(),
        found: evidence::video_evidence(analysis),
        rules: caller.rules_version.clone(),
        challenge: None,
        replay: analysis.replay.as_ref().map(evidence::earlier_use),
        ..Basis::default()
    };
    let decision = scoring::decide(&rules, &basis.found);
    let shadow = shadow_rules::decide_video(caller, &basis.found);
    let basis = Basis { shadow, ..basis.decided(&decision) };
    Ok((decision, basis))
}

/// Enrolls the video's candidate; true when a template was made. A failure only delays the enrollment to the next
/// visit, so it does not fail the call.
async fn enroll_candidate(
    verification: &Verification<'_>,
    user: &str,
    analysis: &AnalyzeVideoResponse,
    passed: bool,
) -> bool {
    let is_allowed = passed && verification.may_store();
    if !is_allowed || analysis.candidate.is_empty() || user.is_empty() {
        return false;
    }
    let request = EnrollCandidateRequest {
        project_id: verification.caller.project_id.clone(),
        user_fullname: user.to_owned(),
        candidate: analysis.candidate.clone(),
        transaction_id: verification.record.transaction_id().to_owned(),
    };
    match verification.core.services().ml().enroll_candidate(request).await {
        Ok(made) => made.get_ref().face || made.get_ref().voice,
        Err(status) => {
            tracing::warn!(code = ?status.code(), "automatic enrollment failed");
            false
        }
    }
}

/// Returns the result of the video's liveness check, for calls that reuse the session's last video. A live video that
/// failed for another reason counts as not judged: no later call may rely on it. `None`: liveness was not checked.
fn video_liveness(basis: &Basis, verdict: Verdict) -> Option<VideoLiveness> {
    const FAILED: &str = "video_failed";
    let outcome = match basis.found.get(&Service::FaceLiveness)? {
        Finding::Judged { score } if *score >= 0.5 && verdict == Verdict::Fail => {
            video_liveness::Outcome::Error(FAILED.to_owned())
        }
        Finding::Judged { score } => video_liveness::Outcome::Score(*score),
        Finding::CouldNotJudge { error } => video_liveness::Outcome::Error(error.clone()),
        Finding::NotEnrolled => return None,
    };
    Some(VideoLiveness { outcome: Some(outcome) })
}

/// Stores the video as a sample and as the session's last one; both or, without room, neither.
async fn store_video(
    verification: &Verification<'_>,
    video: &Media,
    liveness: Option<VideoLiveness>,
) -> Result<(), Error> {
    store_sample(verification, "video", video).await?;
    let Some(session_id) = &verification.session_id else { return Ok(()) };
    let transaction_id = verification.record.transaction_id();
    let (core, caller) = (verification.core, verification.caller);
    let kept = sessions::keep_last_video(core, caller, session_id, transaction_id, video, liveness).await;
    if kept.is_err() {
        discard_samples(verification).await;
    }
    kept
}
