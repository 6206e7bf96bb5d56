//! Asynchronous deepfake checks. They use the measurements of every judged video: liveness, and traces of a generated
//! mouth or face. Not a general detector.

mod judge;

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use proto::sessions::{
    BindUserRequest, CreateDeepfakeCheckRequest, DeepfakeCheck, DeepfakeCheckRequest,
    LeaseDeepfakeCheckRequest, PutLastVideoHeader, PutLastVideoRequest, StartSessionRequest,
    put_last_video_request::Part,
};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;

use crate::core::{
    Core,
    caller::Caller,
    error::{Error, Refusal},
    media::Media,
    services::Peers,
    verification::Verification,
};

/// Lease of a check, after which another process may restart it.
const LEASE_SECONDS: u32 = 180;
/// Interval of polling for checks of other processes, and for expired leases.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Queues a check of a video, which is stored encrypted until the check ends. The id is that of the transaction.
///
/// # Errors
/// 403 without authorization; when the sessions service does not take the video.
pub async fn create_deepfake_check(
    verification: Verification<'_>,
    video: &Media,
) -> Result<DeepfakeCheck, Error> {
    verification.authorized()?;
    let Verification { core, caller, record, user, .. } = verification;
    let user_fullname = user.ok_or(Error::UserRequired)?;
    let (project_id, api_key_id) = (caller.project_id.clone(), caller.id.clone());
    let mut sessions = core.services().sessions();
    let start = StartSessionRequest { project_id: project_id.clone(), api_key_id: api_key_id.clone() };
    let session_id = sessions.start_session(start).await?.into_inner().id;
    let bind = BindUserRequest {
        project_id: project_id.clone(),
        session_id: session_id.clone(),
        user_fullname,
        ..BindUserRequest::default()
    };
    sessions.bind_user(bind).await?;
    let header = PutLastVideoHeader {
        project_id: project_id.clone(),
        session_id: session_id.clone(),
        transaction_id: record.transaction_id().to_owned(),
        liveness: None,
    };
    let header = PutLastVideoRequest { part: Some(Part::Header(header)) };
    let chunk = |chunk| PutLastVideoRequest { part: Some(Part::Chunk(chunk)) };
    let (messages, read_failure) = video.messages(header, chunk);
    read_failure.guard(sessions.put_last_video(messages).boxed()).await?;
    let id = record.transaction_id().to_owned();
    let request = CreateDeepfakeCheckRequest { project_id, id, session_id, api_key_id };
    let check = sessions.create_deepfake_check(request).await?.into_inner();
    core.deepfake_runner().wake();
    Ok(check)
}

/// # Errors
/// 404 `check_not_found`.
pub async fn get_deepfake_check(core: &Core, caller: &Caller, id: &str) -> Result<DeepfakeCheck, Error> {
    let request = DeepfakeCheckRequest { project_id: caller.project_id.clone(), id: id.to_owned() };
    let found = core.services().sessions().get_deepfake_check(request).await;
    found.map(tonic::Response::into_inner).map_err(|status| match status.code() {
        Code::NotFound => Error::worded(Refusal::NotFound, "check_not_found", "no such check"),
        _ => Error::from(status),
    })
}

/// Runs waiting checks, one at a time in each process; aborted on drop. The check of a dead process is restarted by
/// another one when its lease expires.
pub struct DeepfakeRunner {
    wake: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl DeepfakeRunner {
    pub fn start(services: &Peers) -> Self {
        let wake = Arc::new(Notify::new());
        let (services, woken) = (services.clone(), wake.clone());
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = woken.notified() => {}
                    () = tokio::time::sleep(POLL_INTERVAL) => {}
                }
                while let Some(check) = lease(&services).await {
                    judge::run_check(&services, check).await;
                }
            }
        });
        Self { wake, _task: AbortOnDropHandle::new(task) }
    }

    fn wake(&self) {
        self.wake.notify_one();
    }
}

async fn lease(services: &Peers) -> Option<DeepfakeCheck> {
    let request = LeaseDeepfakeCheckRequest { lease_seconds: LEASE_SECONDS };
    match services.sessions().lease_deepfake_check(request).await {
        Ok(leased) => leased.into_inner().check,
        // A sessions service of the previous release has no checks.
        Err(status) if matches!(status.code(), Code::Unimplemented | Code::Unavailable) => None,
        Err(status) => {
            tracing::warn!(code = ?status.code(), "cannot lease a deepfake check");
            None
        }
    }
}
