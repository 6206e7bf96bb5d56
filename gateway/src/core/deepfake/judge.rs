//! One check: analyses the video, stores the result, records a transaction for its subscribers.

use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use proto::{
    consent::GetConsentRequest,
    ml::{
        self, AnalyzeVideoHeader, AnalyzeVideoRequest, AnalyzeVideoResponse, Cue, Outcome,
        analyze_video_request::Part,
    },
    sessions::{DeepfakeCheck, FinishDeepfakeCheckRequest, GetLastVideoRequest},
    transactions::{RecordTransactionRequest, Transaction},
};
use scoring::{Service, Verdict};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::core::{
    authentication::authorize_key,
    error::{Error, Refusal},
    evidence::{failure, ml_service},
    media::relayed,
    record::wire_verdict,
    report::round4,
    services::Peers,
};

const KIND: &str = "biometry_v2.deepfake_result";
/// Retry time and interval while the models are busy: shorter than the lease.
const BUSY_FOR: Duration = Duration::from_secs(120);
const BUSY_RETRY: Duration = Duration::from_secs(2);

/// The result of the measurements.
#[derive(Debug, Serialize)]
struct DeepfakeResult {
    /// True: traces of a generated face or mouth. False: none, and the face is live. Null: undecided.
    deepfake: Option<bool>,
    /// Probability that it was generated; null if it could not be judged.
    score: Option<f64>,
    signals: Vec<Signal>,
}

/// One measurement.
#[derive(Debug, Serialize)]
struct Signal {
    name: String,
    value: Option<f64>,
    threshold: Option<f64>,
    passed: Option<bool>,
    /// Why it could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs a leased check. Temporary failures (busy or unreachable services) are left to the next lease.
pub async fn run_check(services: &Peers, check: DeepfakeCheck) {
    let judged = judge(services, &check).await;
    let (result, error) = match judged {
        Ok(analysis) => (Some(DeepfakeResult::new(&analysis)), String::new()),
        Err(Failure::Final(word)) => (None, word.to_owned()),
        Err(Failure::Passing(status)) => {
            tracing::warn!(code = ?status.code(), "a deepfake check is left to its next lease");
            return;
        }
    };
    if let Err(status) = finish(services, &check, result, error).await {
        tracing::warn!(code = ?status.code(), "cannot store the result of a deepfake check");
    }
}

enum Failure {
    /// Fails the same way every time.
    Final(&'static str),
    Passing(Status),
}

async fn judge(services: &Peers, check: &DeepfakeCheck) -> Result<AnalyzeVideoResponse, Failure> {
    match authorize_key(services, check.api_key_id.clone(), check.project_id.clone()).await {
        Ok(_) => {}
        Err(Error::InvalidKey | Error::KeyNotActive) => return Err(Failure::Final("api_key_not_active")),
        Err(_) => return Err(Failure::Passing(Status::unavailable("the key cannot be authorized"))),
    }
    if check.user_fullname.is_empty() {
        return Err(Failure::Final("video_expired"));
    }
    // A withdrawal since the call applies.
    let asked = GetConsentRequest {
        project_id: check.project_id.clone(),
        user_fullname: check.user_fullname.clone(),
    };
    let consents = services.consent().get_consent(asked).await.map_err(Failure::Passing)?.into_inner();
    if !consents.authorization {
        return Err(Failure::Final("consent_required"));
    }
    let begun = Instant::now();
    loop {
        match analyze(services, check).await {
            Err(Failure::Passing(status))
                if status.code() == Code::ResourceExhausted && begun.elapsed() < BUSY_FOR =>
            {
                tokio::time::sleep(BUSY_RETRY).await;
            }
            done => return done,
        }
    }
}

async fn analyze(services: &Peers, check: &DeepfakeCheck) -> Result<AnalyzeVideoResponse, Failure> {
    let asked =
        GetLastVideoRequest { project_id: check.project_id.clone(), session_id: check.session_id.clone() };
    let video = services.sessions().get_last_video(asked).await.map_err(|status| match status.code() {
        Code::NotFound | Code::FailedPrecondition => Failure::Final("video_expired"),
        _ => Failure::Passing(status),
    })?;
    let chunks = video.into_inner().map_ok(|part| part.chunk);
    let chunks = chunks.try_filter(|chunk| std::future::ready(!chunk.is_empty())).boxed();
    let (chunks, read_failure) =
        relayed(chunks, |chunk| AnalyzeVideoRequest { part: Some(Part::Chunk(chunk)) });
    let header = AnalyzeVideoHeader {
        project_id: check.project_id.clone(),
        user_fullname: check.user_fullname.clone(),
        services: vec![ml_service(Service::FaceLiveness).into()],
        ..AnalyzeVideoHeader::default()
    };
    let header = AnalyzeVideoRequest { part: Some(Part::Header(header)) };
    let mut ml = services.ml();
    let analyzing = ml.analyze_video(stream::iter([header]).chain(chunks)).boxed();
    match read_failure.guard(analyzing).await {
        Ok(analysis) => Ok(analysis),
        Err(Error::Refused(Refusal::Invalid, _)) => Err(Failure::Final("unsupported_media")),
        Err(Error::Busy) => Err(Failure::Passing(Status::resource_exhausted("the models are busy"))),
        Err(_) => Err(Failure::Passing(Status::unavailable("the video could not be judged"))),
    }
}

impl DeepfakeResult {
    fn new(analysis: &AnalyzeVideoResponse) -> Self {
        let drawn = analysis.result(ml::Service::MediaAuthenticity);
        let live = analysis.result(ml::Service::FaceLiveness);
        let authenticity = drawn.filter(|seen| failure(seen.outcome.as_ref()).is_none());
        let liveness = live.filter(|seen| failure(seen.outcome.as_ref()).is_none());
        let deepfake = match (authenticity.map(|seen| seen.accepted), liveness.map(|seen| seen.accepted)) {
            (Some(false), _) => Some(true),
            (Some(true), Some(true)) => Some(false),
            _ => None,
        };
        let mut signals = Vec::new();
        if let Some(seen) = drawn {
            let judged = authenticity.map(|seen| (seen.score, seen.accepted));
            signals.push(Signal::of_service("media_authenticity", seen.outcome.as_ref(), judged));
            signals.extend(seen.cues.iter().map(Signal::from));
        }
        if let Some(seen) = live {
            let judged = liveness.map(|seen| (seen.score, seen.accepted));
            signals.push(Signal::of_service("face_liveness_detection", seen.outcome.as_ref(), judged));
            signals.extend(seen.cues.iter().map(Signal::from));
        }
        Self { deepfake, score: authenticity.map(|seen| round4(1.0 - seen.score)), signals }
    }

    fn verdict(&self) -> (Verdict, &'static str) {
        match self.deepfake {
            Some(true) => (Verdict::Fail, "media_authenticity_failed"),
            Some(false) => (Verdict::Pass, "media_authenticity_passed"),
            None => (Verdict::Refer, "media_authenticity_missing"),
        }
    }
}

impl Signal {
    fn of_service(name: &str, outcome: Option<&Outcome>, judged: Option<(f64, bool)>) -> Self {
        Self {
            name: name.to_owned(),
            value: judged.map(|(score, _)| round4(score)),
            threshold: None,
            passed: judged.map(|(_, passed)| passed),
            error: failure(outcome).map(|error| error.to_owned()),
        }
    }
}

impl From<&Cue> for Signal {
    fn from(cue: &Cue) -> Self {
        Self {
            name: cue.name.clone(),
            value: Some(round4(cue.value)),
            threshold: cue.threshold.map(round4),
            passed: cue.passed,
            error: None,
        }
    }
}

/// Stores the result of a check, then a transaction, which its subscribers receive.
async fn finish(
    services: &Peers,
    check: &DeepfakeCheck,
    result: Option<DeepfakeResult>,
    error: String,
) -> Result<(), Status> {
    let result_json = result.as_ref().map(|result| json!(result).to_string()).unwrap_or_default();
    let request = FinishDeepfakeCheckRequest {
        project_id: check.project_id.clone(),
        id: check.id.clone(),
        lease: check.lease,
        result_json,
        error: error.clone(),
    };
    services.sessions().finish_deepfake_check(request).await?;
    let verdict = result.as_ref().map(DeepfakeResult::verdict);
    let transaction = Transaction {
        id: Uuid::now_v7().to_string(),
        project_id: check.project_id.clone(),
        api_key_id: check.api_key_id.clone(),
        kind: KIND.to_owned(),
        user_fullname: (!check.user_fullname.is_empty()).then(|| check.user_fullname.clone()),
        created_at_ms: boot::now_ms(),
        http_status: 200,
        verdict: verdict.map(|(verdict, _)| wire_verdict(verdict)).unwrap_or_default().into(),
        reasons: verdict.map(|(_, reason)| reason.to_owned()).into_iter().collect(),
        services_json: Some(json!({ "Deepfake Check": { "id": check.id, "result": result } }).to_string()),
        error: (!error.is_empty()).then_some(error),
        ..Transaction::default()
    };
    let request = RecordTransactionRequest { transaction: Some(transaction) };
    services.transactions().record_transaction(request).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proto::ml::{OutcomeStatus, ServiceResult};

    use super::*;

    fn outcome(status: OutcomeStatus) -> Option<Outcome> {
        let error = if status == OutcomeStatus::Judged { "" } else { "too_short" };
        Some(Outcome { status: status.into(), error: error.into(), ..Outcome::default() })
    }

    fn result(authentic: Option<bool>, live: Option<bool>) -> DeepfakeResult {
        let of = |service: ml::Service, judged: Option<bool>, score: f64| {
            let ended = if judged.is_some() { OutcomeStatus::Judged } else { OutcomeStatus::CannotJudge };
            ServiceResult {
                service: service.into(),
                outcome: outcome(ended),
                accepted: judged.unwrap_or_default(),
                score,
                ..ServiceResult::default()
            }
        };
        let drawn = of(ml::Service::MediaAuthenticity, authentic, 0.9);
        let results = vec![drawn, of(ml::Service::FaceLiveness, live, 0.8)];
        DeepfakeResult::new(&AnalyzeVideoResponse { results, ..AnalyzeVideoResponse::default() })
    }

    #[test]
    fn unjudged_videos_give_no_answer() {
        assert_eq!(result(Some(true), Some(true)).deepfake, Some(false));
        assert_eq!(result(Some(false), Some(true)).deepfake, Some(true));
        assert_eq!(
            result(Some(true), Some(false)).deepfake,
            None,
            "a photograph is no drawn mouth, and not live"
        );
        let unjudged = result(None, Some(true));
        assert_eq!((unjudged.deepfake, unjudged.score), (None, None));
        assert_eq!(unjudged.signals[0].error.as_deref(), Some("too_short"));
        assert_eq!(result(Some(true), Some(true)).score, Some(0.1));
    }
}
