//! The main job: a video in, a decision with reasons out.

use std::time::Instant;

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::{HeaderMap, HeaderValue},
};
use futures::FutureExt;
use proto::{
    consent::ConsentState,
    ml::{
        AnalyzeVideoHeader, AnalyzeVideoRequest, AnalyzeVideoResponse, EnrollCandidateRequest,
        analyze_video_request,
    },
    sessions::{PutLastVideoHeader, PutLastVideoRequest, put_last_video_request},
};
use scoring::{Basis, Decision, Rules, Service, Verdict};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Gateway, answer,
    auth::ApiKey,
    consent,
    error::Error,
    evidence,
    middleware::{AUTO_ENROLL, REMOVED_SERVICES},
    record::Call,
    samples, sessions,
    upload::{Fields, Form, Spooled},
    whose::{session_of, user_of},
};

const FIELDS: Fields = Fields {
    files: &["video"],
    texts: &["phrase", "vocabulary", "trigger", "X-Session-ID", "X-Request-User-Provided-ID", "session_id"],
};
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct ProcessVideoForm {
    /// mp4, mov, webm, mkv or avi, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
    /// What the user was asked to say.
    #[schema(example = "one two three four five")]
    phrase: String,
    /// Words the phrase is made of: `en_digits`, or absent, which means digits when the phrase is of digits and any
    /// words otherwise.
    vocabulary: Option<String>,
    /// What triggered this call; also as the header X-Action-Trigger.
    trigger: Option<String>,
}

/// Runs the key's services on a video and decides. Templates of a user who has none are made before the answer, when
/// both consents are there and the verdict is pass: the header then says what has happened, and the next video finds
/// them.
#[utoipa::path(post, path = "/api-gateway/process-video", tag = "biometrics",
    request_body(content = ProcessVideoForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "the services' results and the decision", body = Value,
        headers(("X-Auto-Enroll" = String, description = "true: templates were made"),
                ("X-Removed-Services" = String, description = "true: without consent, recognition did not run")))))]
pub async fn process_video(
    State(gateway): State<Gateway>,
    call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(HeaderMap, Json<Value>), Error> {
    let started = Instant::now();
    let form = Form::receive(&gateway, form, &FIELDS).await?;
    decided(&gateway, &call, &form, started).await
}

/// What the call does with its form, which began to be received at `started`.
pub async fn decided(
    gateway: &Gateway,
    call: &Call,
    form: &Form,
    started: Instant,
) -> Result<(HeaderMap, Json<Value>), Error> {
    note_trigger(call, form)?;
    let session_id = session_of(call, form)?;
    let video = form.file("video")?;
    let phrase = form.required_text("phrase")?;
    let upload_ms = started.elapsed().as_millis();

    let user = user_of(gateway, call, session_id.as_deref()).await?;
    let bind = async {
        match (&session_id, &user) {
            (Some(session_id), Some(user)) => sessions::bind(gateway, call, session_id, user).await,
            _ => Ok(()),
        }
    };
    let (consents, ()) = tokio::try_join!(consent::given(gateway, call, user.as_deref()), bind)?;
    let plan = Plan::new(&call.key, consents);

    let user = user.unwrap_or_default();
    let header = AnalyzeVideoHeader {
        project_id: call.project_id(),
        user_fullname: user.clone(),
        phrase: phrase.to_owned(),
        vocabulary: form.text("vocabulary").unwrap_or_default().to_owned(),
        services: plan.run.iter().map(|service| evidence::ml_service(*service).into()).collect(),
        want_candidate: plan.may_enrol,
    };
    let seen = if plan.run.is_empty() { None } else { Some(analyze(gateway, video, header).await?) };
    // What nobody has looked at is not known to be a video, so no later call shall find it.
    let looked_at = seen.is_some();
    let keepable = session_id.as_deref().filter(|_| looked_at);
    let seen = seen.unwrap_or_default();
    let (decision, basis) = decide(&call.key, &seen, &user)?;

    let sampled = plan.may_enrol && looked_at;
    let (enrolled, (), ()) = tokio::join!(
        enrol(gateway, call, &user, &seen, decision.verdict == Verdict::Pass && plan.may_enrol),
        keep(gateway, call, keepable, video),
        samples::keep(gateway, call, sampled, "video", video),
    );
    let services = answer::services(&seen);
    note_outcome(call, &services, &decision, &seen, upload_ms);
    call.note(|transaction| transaction.evidence_json = serde_json::to_string(&basis).ok());
    let body = answer::body(&services, &decision, &call.key.rules_source);
    let mut headers = HeaderMap::new();
    if plan.removed {
        headers.insert(REMOVED_SERVICES, TRUE);
    }
    if enrolled {
        headers.insert(AUTO_ENROLL, TRUE);
    }
    Ok((headers, Json(answer::in_format(body, call.key.format))))
}

/// Which services run, after consent.
struct Plan {
    run: Vec<Service>,
    removed: bool,
    may_enrol: bool,
}

impl Plan {
    /// Recognising somebody by face or voice needs their authorization; keeping templates needs storage consent too.
    fn new(key: &ApiKey, consents: ConsentState) -> Self {
        let recognises =
            |service: &Service| matches!(service, Service::FaceRecognition | Service::VoiceRecognition);
        let run: Vec<_> =
            key.services.iter().filter(|s| consents.authorization || !recognises(s)).copied().collect();
        Self {
            removed: run.len() < key.services.len(),
            run,
            may_enrol: consents.authorization && consents.storage,
        }
    }
}

fn note_trigger(call: &Call, form: &Form) -> Result<(), Error> {
    let Some(trigger) = form.text("trigger") else { return Ok(()) };
    if trigger.len() > 128 {
        return Err(Error::invalid("'trigger' form value is longer than 128 bytes"));
    }
    call.note(|transaction| {
        transaction.action_trigger.get_or_insert_with(|| trigger.to_owned());
    });
    Ok(())
}

async fn analyze(
    gateway: &Gateway,
    video: &Spooled,
    header: AnalyzeVideoHeader,
) -> Result<AnalyzeVideoResponse, Error> {
    let header = AnalyzeVideoRequest { part: Some(analyze_video_request::Part::Header(header)) };
    let piece = |chunk| AnalyzeVideoRequest { part: Some(analyze_video_request::Part::Chunk(chunk)) };
    let (messages, readable) = video.messages(header, piece);
    readable.answered(gateway.ml().analyze_video(messages).boxed()).await
}

/// By the key's own rules, else its project's, else the built-in ones for what the key selects: a service that consent
/// removed is missing then, and not forgotten.
fn decide(key: &ApiKey, seen: &AnalyzeVideoResponse, user: &str) -> Result<(Decision, Basis), Error> {
    let rules = match &key.rules_json {
        Some(json) => Rules::parse(json).map_err(|error| Error::internal(&error))?.for_video(),
        None => scoring::default_for(&key.services),
    };
    let basis = Basis {
        selected: key.services.clone(),
        found: evidence::evidence(seen, user),
        rules: key.rules_version.clone(),
    };
    Ok((scoring::decide(&rules, &basis.found), basis))
}

/// Makes templates of the video's candidate; true when one was made. A failure costs the user nothing but another
/// visit, so it does not turn the answer into an error.
async fn enrol(
    gateway: &Gateway,
    call: &Call,
    user: &str,
    seen: &AnalyzeVideoResponse,
    allowed: bool,
) -> bool {
    if !allowed || seen.candidate.is_empty() || user.is_empty() {
        return false;
    }
    let request = EnrollCandidateRequest {
        project_id: call.project_id(),
        user_fullname: user.to_owned(),
        candidate: seen.candidate.clone(),
        transaction_id: call.transaction_id.to_string(),
    };
    match gateway.ml().enroll_candidate(request).await {
        Ok(made) => made.get_ref().face || made.get_ref().voice,
        Err(status) => {
            tracing::warn!(code = ?status.code(), "a user could not be enrolled");
            false
        }
    }
}

/// Makes the video the session's last one, for a later match-faces. It expires with the session, so it needs no storage
/// consent. A session that ended meanwhile keeps nothing; any other failure only costs the reuse.
async fn keep(gateway: &Gateway, call: &Call, session_id: Option<&str>, video: &Spooled) {
    let Some(session_id) = session_id else { return };
    let header = PutLastVideoHeader {
        project_id: call.project_id(),
        session_id: session_id.to_owned(),
        transaction_id: call.transaction_id.to_string(),
    };
    let header = PutLastVideoRequest { part: Some(put_last_video_request::Part::Header(header)) };
    let piece = |chunk| PutLastVideoRequest { part: Some(put_last_video_request::Part::Chunk(chunk)) };
    let (messages, readable) = video.messages(header, piece);
    match readable.answered(gateway.sessions().put_last_video(messages).boxed()).await {
        Ok(_) | Err(Error::Refused(..)) => {}
        Err(error) => tracing::warn!(%error, "the last video of a session could not be kept"),
    }
}

fn note_outcome(
    call: &Call,
    services: &serde_json::Map<String, Value>,
    decision: &Decision,
    seen: &AnalyzeVideoResponse,
    upload_ms: u128,
) {
    let stages = answer::stages(&seen.stages);
    let upload_ms = u64::try_from(upload_ms).unwrap_or(u64::MAX);
    call.note(|transaction| {
        transaction.verdict = Some(decision.verdict.as_str().to_owned());
        transaction.score = Some(decision.score);
        transaction.reasons.clone_from(&decision.reasons);
        transaction.rules = Some(call.key.rules_source.clone());
        transaction.services_json = serde_json::to_string(services).ok();
        transaction.durations_json = Some(json!({ "upload_ms": upload_ms, "stages": stages }).to_string());
    });
}
