//! Checks whether a video was drawn by a program, made after the call that asked for them. What is measured is what every
//! judged video is measured for: liveness, and traces of a mouth or face that was drawn. It is no general detector.

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

/// How long a check may take before another process begins it again.
const LEASE_SECONDS: u32 = 180;
/// How often a process asks for checks of other processes, and for those whose lease ran out.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Queues a check of a video; it is kept, encrypted, until the check ends. The id is that of the transaction.
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
    let bind =
        BindUserRequest { project_id: project_id.clone(), session_id: session_id.clone(), user_fullname };
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

/// Makes the checks that wait, one at a time in each process; aborted on drop. A check whose process ends is begun again by
/// any other when its lease runs out.
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
                    judge::run(&services, check).await;
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
        // A sessions service of the release before has none.
        Err(status) if matches!(status.code(), Code::Unimplemented | Code::Unavailable) => None,
        Err(status) => {
            tracing::warn!(code = ?status.code(), "no deepfake check could be leased");
            None
        }
    }
}
