//! Sessions: start, end, user lock, last video, SIM swap check at the end.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use proto::{
    ml::WarmupRequest,
    projects::SessionToken,
    sessions::{
        BindReason, BindUserRequest, CheckSimSwapRequest, EndSessionRequest, GetLastVideoRequest,
        GetSessionRequest, PutLastVideoHeader, PutLastVideoRequest, Session, SimSwap, SimSwapStatus,
        StartSessionRequest, VideoLiveness, put_last_video_request::Part, video_liveness,
    },
};
use scoring::Finding;
use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Status};

use crate::core::{
    Core, authentication::sign_session_token, caller::Caller, error::Error, media::Media,
    record::TransactionRecord, report::SimSwapReport,
};

/// Models that ran within this time are warm; another warm-up would only cost time.
const WARM_FOR: Duration = Duration::from_secs(60);

/// Starts a session and returns its id.
///
/// # Errors
/// 403 for a session token: it is for one session. When the sessions service does not answer.
pub async fn start_session(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
) -> Result<String, Error> {
    if caller.is_session_token() {
        return Err(Error::OutsideSession);
    }
    let request =
        StartSessionRequest { project_id: caller.project_id.clone(), api_key_id: caller.id.clone() };
    let session = core.services().sessions().start_session(request).await?.into_inner();
    record.set_session(Some(session.id.clone()));
    Ok(session.id)
}

/// Starts a session for `user` and signs a token for its calls.
///
/// # Errors
/// 400 without a user; as [`start_session`].
pub async fn start_session_with_token(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    user: Option<&str>,
) -> Result<(String, SessionToken), Error> {
    let user = user.ok_or(Error::UserRequired)?;
    let session_id = start_session(core, caller, record).await?;
    bind_user(core, caller, &session_id, user).await?;
    record.set_user(Some(user.to_owned()));
    let lifetime = core.session_token_seconds();
    let token = sign_session_token(core.services(), caller, &session_id, lifetime).await?;
    Ok((session_id, token))
}

/// The last warm-up of the models; aborted on drop.
#[derive(Default)]
pub struct WarmUp(Mutex<Option<(Instant, AbortOnDropHandle<()>)>>);

/// Starts loading the models unless they are warm. Never waits: a session start must not be slower, and an early
/// video waits for the models itself.
pub fn warm_up_models(core: &Core) {
    let mut last = core.warm_up().0.lock().unwrap_or_else(PoisonError::into_inner);
    if last.as_ref().is_some_and(|(begun, task)| !task.is_finished() || begun.elapsed() < WARM_FOR) {
        return;
    }
    let mut ml = core.services().ml();
    let task = tokio::spawn(async move {
        if let Err(status) = ml.warmup(WarmupRequest {}).await {
            tracing::warn!(code = ?status.code(), "model warm-up failed");
        }
    });
    *last = Some((Instant::now(), AbortOnDropHandle::new(task)));
}

/// Ends a session and deletes its last video. `user`, if the request names one, must be the session's own. With a
/// phone number, the project's mobile operator is asked whether its SIM was changed recently; the session ends in any
/// case.
/// # Errors
/// 403, 404 or 409, as the sessions service decides.
pub async fn end_session(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    session_id: &str,
    user: Option<&str>,
    phone_number: Option<String>,
) -> Result<Option<SimSwapReport>, Error> {
    caller.settle_session(&mut Some(session_id.to_owned()), &mut user.map(str::to_owned))?;
    if let Some(user) = user {
        bind_user(core, caller, session_id, user).await?;
    }
    let project_id = caller.project_id.clone();
    let request = EndSessionRequest { project_id, session_id: session_id.to_owned() };
    let session = core.services().sessions().end_session(request).await?.into_inner();
    record.set_user(session.user_fullname);
    let Some(number) = phone_number else { return Ok(None) };
    let report = SimSwapReport::from(check_sim_swap(core, caller, number).await);
    // The result is recorded, the number is not.
    record.set_services(&SimSwapRecord { sim_swap: &report });
    Ok(Some(report))
}

#[derive(Serialize)]
struct SimSwapRecord<'a> {
    #[serde(rename = "SIM Swap")]
    sim_swap: &'a SimSwapReport,
}

/// Asks the project's operator about `phone_number`. The session has already ended, so a failure is part of the response.
async fn check_sim_swap(core: &Core, caller: &Caller, phone_number: String) -> SimSwap {
    let request = CheckSimSwapRequest { project_id: caller.project_id.clone(), phone_number };
    match core.services().sessions().check_sim_swap(request).await {
        Ok(result) => result.into_inner(),
        Err(status) => {
            tracing::warn!(code = ?status.code(), "SIM swap check failed");
            SimSwap {
                status: SimSwapStatus::Error.into(),
                error: Some("check_unavailable".to_owned()),
                description: "the check could not be made; the session has ended".to_owned(),
                ..SimSwap::default()
            }
        }
    }
}

/// Locks the session to one user; the service rejects another user, and an ended or unknown session.
///
/// # Errors
/// 403, 404 or 409, as the sessions service decides.
pub async fn bind_user(core: &Core, caller: &Caller, session_id: &str, user: &str) -> Result<(), Error> {
    bind(core, caller, session_id, (user, BindReason::Unspecified)).await.map(drop)
}

/// The same by a consent: until another call is made in the session, it can be renamed.
///
/// # Errors
/// As [`bind_user`].
pub async fn bind_by_consent(
    core: &Core,
    caller: &Caller,
    session_id: &str,
    user: &str,
) -> Result<(), Error> {
    bind(core, caller, session_id, (user, BindReason::Consent)).await.map(drop)
}

/// Binds the session, and returns whose consents had bound it when that was another name.
///
/// # Errors
/// As [`bind_user`].
pub async fn rename_user(
    core: &Core,
    caller: &Caller,
    session_id: &str,
    user: &str,
) -> Result<Option<String>, Error> {
    Ok(bind(core, caller, session_id, (user, BindReason::Rename)).await?.former_user_fullname)
}

async fn bind(
    core: &Core,
    caller: &Caller,
    session_id: &str,
    (user, reason): (&str, BindReason),
) -> Result<Session, Error> {
    let request = BindUserRequest {
        project_id: caller.project_id.clone(),
        session_id: session_id.to_owned(),
        user_fullname: user.to_owned(),
        reason: reason.into(),
    };
    Ok(core.services().sessions().bind_user(request).await?.into_inner())
}

/// Returns the user a session is locked to, if any.
///
/// # Errors
/// 404 when the session is unknown or expired.
pub async fn bound_user(core: &Core, caller: &Caller, session_id: &str) -> Result<Option<String>, Error> {
    let request =
        GetSessionRequest { project_id: caller.project_id.clone(), session_id: session_id.to_owned() };
    Ok(core.services().sessions().get_session(request).await?.into_inner().user_fullname)
}

/// The last video of a session.
pub struct LastVideo {
    pub bytes: BoxStream<'static, Result<Bytes, Status>>,
    /// The result of its liveness check; `None` when none was made.
    pub liveness: Option<Finding>,
}

impl LastVideo {
    /// Whether the video was judged live and did not fail for another reason.
    pub fn is_live(&self) -> bool {
        matches!(self.liveness, Some(Finding::Judged { score }) if score >= 0.5)
    }
}

fn liveness_finding(stored: VideoLiveness) -> Option<Finding> {
    Some(match stored.outcome? {
        video_liveness::Outcome::Score(score) => Finding::Judged { score },
        video_liveness::Outcome::Error(error) => Finding::CouldNotJudge { error },
    })
}

/// Returns the session's last video; `None` when it has none.
///
/// # Errors
/// When the session is unknown or has ended, or its service does not answer.
pub async fn last_video(core: &Core, caller: &Caller, session_id: &str) -> Result<Option<LastVideo>, Error> {
    let request =
        GetLastVideoRequest { project_id: caller.project_id.clone(), session_id: session_id.to_owned() };
    let mut chunks = match core.services().sessions().get_last_video(request).await {
        Ok(found) => found.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(status.into()),
    };
    let first = chunks.message().await?.unwrap_or_default();
    let bytes = stream::iter([Ok(first.chunk)]).chain(chunks.map(|message| Ok(message?.chunk)));
    Ok(Some(LastVideo { bytes: bytes.boxed(), liveness: first.liveness.and_then(liveness_finding) }))
}

/// Stores the video as the session's last one, for a later reference match. It expires with the session, so it needs
/// no storage consent. Nothing is stored if the session ended meanwhile; if the service does not respond, the video
/// cannot be reused.
///
/// # Errors
/// 507; then the session's earlier video stays.
pub async fn keep_last_video(
    core: &Core,
    caller: &Caller,
    session_id: &str,
    transaction_id: &str,
    video: &Media,
    liveness: Option<VideoLiveness>,
) -> Result<(), Error> {
    let header = PutLastVideoHeader {
        project_id: caller.project_id.clone(),
        session_id: session_id.to_owned(),
        transaction_id: transaction_id.to_owned(),
        liveness,
    };
    let header = PutLastVideoRequest { part: Some(Part::Header(header)) };
    let chunk = |chunk| PutLastVideoRequest { part: Some(Part::Chunk(chunk)) };
    let (messages, read_failure) = video.messages(header, chunk);
    match read_failure.guard(core.services().sessions().put_last_video(messages).boxed()).await {
        Err(full @ Error::StorageFull(_)) => return Err(full),
        Ok(_) | Err(Error::Refused(..)) => {}
        Err(error) => tracing::warn!(%error, "last video of a session not stored"),
    }
    Ok(())
}
