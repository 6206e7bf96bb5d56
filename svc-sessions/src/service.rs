//! Decodes a call, applies the rules of a session, stores, encodes the response.

use std::sync::Arc;

use blob::Tenant;
use bytes::Bytes;
use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use proto::{
    sessions::{self as wire, put_last_video_request::Part, sessions_server},
    subjects::{Project, Remains, Subject},
};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    Clock,
    error::Error,
    session::{BoundUser, Session, SessionId, UserName},
    sim_swaps::SimSwaps,
    store::Store,
    subjects::Subjects,
    videos::{LastVideo, Videos},
};

#[derive(Clone)]
pub struct Sessions {
    pub store: Store,
    pub videos: Videos,
    pub subjects: Subjects,
    pub sim_swaps: SimSwaps,
    pub lifetime_ms: i64,
    pub clock: Clock,
    /// Sweeps as long as the service exists.
    pub _sweeper: Arc<AbortOnDropHandle<()>>,
}

impl Sessions {
    async fn start(&self, request: wire::StartSessionRequest) -> Result<wire::Session, Error> {
        // The project becomes a part of the path of its videos.
        Tenant::parse(&request.project_id).map_err(|_| Error::Invalid("project_id is not an id"))?;
        let now_ms = (self.clock)();
        let session = Session {
            id: SessionId::new(),
            project_id: request.project_id,
            api_key_id: request.api_key_id,
            user: None,
            bound_by_consent: false,
            created_at_ms: now_ms,
            expires_at_ms: now_ms + self.lifetime_ms,
            ended_at_ms: None,
            video_bytes: None,
        };
        self.store.insert(&session).await?;
        self.encode(session)
    }

    pub(crate) async fn find_session(&self, project: &str, id: &str) -> Result<Session, Error> {
        let session =
            self.store.find_session(project, &SessionId::parse(id)?).await?.ok_or(Error::NotFound)?;
        session.unexpired((self.clock)())
    }

    async fn bind(&self, request: wire::BindUserRequest) -> Result<wire::Session, Error> {
        let reason = request.reason();
        let by_consent = reason == wire::BindReason::Consent;
        let user = UserName::parse(&request.user_fullname)?;
        let hashes = self.subjects.hashes(&request.project_id, &user)?;
        // Most sessions are already locked to the user, and reading first saves a write.
        let mut session =
            self.find_session(&request.project_id, &request.session_id).await?.usable((self.clock)())?;
        if session.user.is_none() {
            let bound = self.subjects.seal(&session.id, &user, &hashes)?;
            self.store.bind(&session.project_id, &session.id, (&bound, by_consent), (self.clock)()).await?;
            // The row now has the winner.
            session =
                self.find_session(&request.project_id, &request.session_id).await?.usable((self.clock)())?;
        }
        let may_rename = reason == wire::BindReason::Rename && session.bound_by_consent;
        match session.user.clone() {
            Some(bound) if bound.is(&hashes) && (by_consent || !session.bound_by_consent) => {
                self.encode(session)
            }
            Some(bound) if bound.is(&hashes) || may_rename => {
                self.settle(session, bound, &user, &hashes).await
            }
            _ => Err(Error::BoundToAnother),
        }
    }

    /// Ends that a session can be renamed: from now on it is that of `user`.
    async fn settle(
        &self,
        session: Session,
        former: BoundUser,
        user: &UserName,
        hashes: &[[u8; 32]],
    ) -> Result<wire::Session, Error> {
        let is_same = former.is(hashes);
        let bound = if is_same { former.clone() } else { self.subjects.seal(&session.id, user, hashes)? };
        let (project, now_ms) = (&session.project_id, (self.clock)());
        let is_settled = self.store.settle_user(project, &session.id, (&former, &bound), now_ms).await?;
        // Another call was faster: whose it is now counts.
        let settled = self.find_session(project, session.id.as_str()).await?.usable(now_ms)?;
        if !settled.user.as_ref().is_some_and(|now| now.is(hashes)) {
            return Err(Error::BoundToAnother);
        }
        let former =
            (is_settled && !is_same).then(|| self.subjects.open(&session.id, &former)).transpose()?;
        Ok(wire::Session { former_user_fullname: former, ..self.encode(settled)? })
    }

    pub(crate) async fn end(&self, request: wire::EndSessionRequest) -> Result<wire::Session, Error> {
        let session = self.find_session(&request.project_id, &request.session_id).await?;
        if !self.store.end(&session.project_id, &session.id, (self.clock)()).await? {
            // Ended before, or by a concurrent call, or expired meanwhile.
            session.usable((self.clock)())?;
            return Err(Error::Ended);
        }
        self.videos.delete(&session).await?;
        self.encode(self.find_session(&request.project_id, &request.session_id).await?)
    }

    async fn put_video(&self, mut parts: Streaming<wire::PutLastVideoRequest>) -> Result<u64, Error> {
        let first = parts.message().await.map_err(Error::BrokenOff)?.and_then(|message| message.part);
        let Some(Part::Header(header)) = first else {
            return Err(Error::Invalid("the first message must be the header"));
        };
        let session =
            self.find_session(&header.project_id, &header.session_id).await?.usable((self.clock)())?;
        let size =
            self.videos.store_video(&session, header.liveness.as_ref(), nonempty(parts).await?).await?;
        let bytes = i64::try_from(size).unwrap_or(i64::MAX);
        if !self.store.note_video(&session.project_id, &session.id, bytes, (self.clock)()).await? {
            // The session ended during the upload: its end has removed the video before this one was stored.
            self.videos.delete(&session).await?;
            return Err(Error::Ended);
        }
        Ok(size)
    }

    async fn video(
        &self,
        request: wire::GetLastVideoRequest,
    ) -> Result<BoxStream<'static, Result<wire::VideoChunk, Status>>, Error> {
        let session =
            self.find_session(&request.project_id, &request.session_id).await?.usable((self.clock)())?;
        if session.video_bytes.is_none() {
            return Err(Error::NoVideo);
        }
        let LastVideo { liveness, bytes } = self.videos.load_video(&session, (self.clock)()).await?;
        let first = wire::VideoChunk { chunk: Bytes::new(), liveness };
        let chunk = |chunk: Bytes| wire::VideoChunk { chunk, liveness: None };
        let rest = bytes.map_ok(chunk).map_err(|error| Error::from(error).into());
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }

    fn encode(&self, session: Session) -> Result<wire::Session, Error> {
        let user = session.user.as_ref().map(|user| self.subjects.open(&session.id, user)).transpose()?;
        let state = match session.ended_at_ms {
            Some(_) => wire::SessionState::Ended,
            None => wire::SessionState::Active,
        };
        Ok(wire::Session {
            id: session.id.as_str().to_owned(),
            project_id: session.project_id,
            state: state.into(),
            user_fullname: user,
            created_at_ms: session.created_at_ms,
            expires_at_ms: session.expires_at_ms,
            ended_at_ms: session.ended_at_ms,
            has_video: session.video_bytes.is_some(),
            former_user_fullname: None,
        })
    }
}

/// Returns the bytes of an upload, once the first of them has arrived: an empty one must not replace a video.
async fn nonempty(
    parts: Streaming<wire::PutLastVideoRequest>,
) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send, Error> {
    let chunks = parts.map(|part| match part.map_err(Error::BrokenOff)?.part {
        Some(Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Error::Invalid("every message after the first must be a chunk")),
    });
    let mut chunks = Box::pin(chunks.try_filter(|chunk| std::future::ready(!chunk.is_empty())));
    let first = chunks.try_next().await?.ok_or(Error::Invalid("the video is empty"))?;
    Ok(futures::stream::once(std::future::ready(Ok(first))).chain(chunks))
}

#[tonic::async_trait]
impl sessions_server::Sessions for Sessions {
    async fn start_session(
        &self,
        request: Request<wire::StartSessionRequest>,
    ) -> Result<Response<wire::Session>, Status> {
        Ok(Response::new(self.start(request.into_inner()).await?))
    }

    async fn get_session(
        &self,
        request: Request<wire::GetSessionRequest>,
    ) -> Result<Response<wire::Session>, Status> {
        let request = request.into_inner();
        let session = self.find_session(&request.project_id, &request.session_id).await?;
        Ok(Response::new(self.encode(session)?))
    }

    async fn bind_user(
        &self,
        request: Request<wire::BindUserRequest>,
    ) -> Result<Response<wire::Session>, Status> {
        Ok(Response::new(self.bind(request.into_inner()).await?))
    }

    async fn end_session(
        &self,
        request: Request<wire::EndSessionRequest>,
    ) -> Result<Response<wire::Session>, Status> {
        Ok(Response::new(self.end(request.into_inner()).await?))
    }

    async fn issue_challenge(
        &self,
        request: Request<wire::IssueChallengeRequest>,
    ) -> Result<Response<wire::Challenge>, Status> {
        Ok(Response::new(Self::issue_challenge(self, request.get_ref()).await?))
    }

    async fn use_challenge(
        &self,
        request: Request<wire::UseChallengeRequest>,
    ) -> Result<Response<wire::UseChallengeResponse>, Status> {
        Ok(Response::new(Self::use_challenge(self, request.get_ref()).await?))
    }

    async fn check_video_room(
        &self,
        request: Request<wire::CheckVideoRoomRequest>,
    ) -> Result<Response<wire::CheckVideoRoomResponse>, Status> {
        self.videos.check_room(&request.get_ref().project_id).await?;
        Ok(Response::new(wire::CheckVideoRoomResponse {}))
    }

    async fn put_last_video(
        &self,
        request: Request<Streaming<wire::PutLastVideoRequest>>,
    ) -> Result<Response<wire::PutLastVideoResponse>, Status> {
        let size = self.put_video(request.into_inner()).await?;
        Ok(Response::new(wire::PutLastVideoResponse { size }))
    }

    async fn get_last_video(
        &self,
        request: Request<wire::GetLastVideoRequest>,
    ) -> Result<Response<BoxStream<'static, Result<wire::VideoChunk, Status>>>, Status> {
        Ok(Response::new(self.video(request.into_inner()).await?))
    }

    async fn find_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(self.remains(request.get_ref()).await?))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(self.erase(request.get_ref()).await?))
    }

    async fn erase_project(&self, request: Request<Project>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(Self::erase_project(self, &request.get_ref().project_id).await?))
    }

    async fn create_deepfake_check(
        &self,
        request: Request<wire::CreateDeepfakeCheckRequest>,
    ) -> Result<Response<wire::DeepfakeCheck>, Status> {
        Ok(Response::new(self.add_check(request.into_inner()).await?))
    }

    async fn get_deepfake_check(
        &self,
        request: Request<wire::DeepfakeCheckRequest>,
    ) -> Result<Response<wire::DeepfakeCheck>, Status> {
        Ok(Response::new(self.check(request.get_ref()).await?))
    }

    async fn lease_deepfake_check(
        &self,
        request: Request<wire::LeaseDeepfakeCheckRequest>,
    ) -> Result<Response<wire::LeaseDeepfakeCheckResponse>, Status> {
        Ok(Response::new(self.lease_check(request.get_ref()).await?))
    }

    async fn finish_deepfake_check(
        &self,
        request: Request<wire::FinishDeepfakeCheckRequest>,
    ) -> Result<Response<wire::DeepfakeCheck>, Status> {
        Ok(Response::new(self.end_check(request.get_ref()).await?))
    }

    async fn check_sim_swap(
        &self,
        request: Request<wire::CheckSimSwapRequest>,
    ) -> Result<Response<wire::SimSwap>, Status> {
        Ok(Response::new(self.check_sim_swap(request.get_ref()).await?))
    }

    async fn put_sim_swap_settings(
        &self,
        request: Request<wire::PutSimSwapSettingsRequest>,
    ) -> Result<Response<wire::SimSwapSettings>, Status> {
        Ok(Response::new(self.put_sim_swap_settings(request.into_inner()).await?))
    }

    async fn get_sim_swap_settings(
        &self,
        request: Request<wire::SimSwapSettingsRequest>,
    ) -> Result<Response<wire::SimSwapSettings>, Status> {
        Ok(Response::new(self.get_sim_swap_settings(&request.get_ref().project_id).await?))
    }

    async fn delete_sim_swap_settings(
        &self,
        request: Request<wire::SimSwapSettingsRequest>,
    ) -> Result<Response<wire::DeleteSimSwapSettingsResponse>, Status> {
        self.delete_sim_swap_settings(&request.get_ref().project_id).await?;
        Ok(Response::new(wire::DeleteSimSwapSettingsResponse {}))
    }
}
