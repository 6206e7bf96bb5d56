//! The sessions service, played.

use proto::{
    sessions::{self, sessions_server},
    subjects::{Remains, Subject},
};
use tonic::{Request, Response, Status, Streaming};

use super::{Session, Stage};

impl Stage {
    fn bound(&self, id: &str) -> Result<sessions::Session, Status> {
        let state = self.set();
        let session = state.sessions.get(id).ok_or_else(|| Status::not_found("session not found"))?;
        Ok(sessions::Session {
            id: id.into(),
            user_fullname: session.user.clone(),
            state: if session.ended { sessions::SessionState::Ended } else { sessions::SessionState::Active }
                .into(),
            ..sessions::Session::default()
        })
    }
}

#[tonic::async_trait]
impl sessions_server::Sessions for Stage {
    async fn get_last_video(
        &self,
        _: Request<sessions::GetLastVideoRequest>,
    ) -> Result<Response<tonic::codegen::BoxStream<sessions::VideoChunk>>, Status> {
        let liveness = self.set().last_video_liveness.clone();
        let first = Ok(sessions::VideoChunk { liveness, ..sessions::VideoChunk::default() });
        let piece = |bytes: Vec<u8>| Ok(sessions::VideoChunk { chunk: bytes.into(), liveness: None });
        let pieces = match self.set().last_video.clone() {
            None => return Err(Status::not_found("the session has no video")),
            Some(Ok(video)) => video.chunks(4).map(|c| piece(c.to_vec())).collect::<Vec<_>>(),
            Some(Err(status)) => vec![piece(b"half".to_vec()), Err(status)],
        };
        Ok(Response::new(Box::pin(futures::stream::iter(std::iter::once(first).chain(pieces)))))
    }

    async fn create_deepfake_check(
        &self,
        request: Request<sessions::CreateDeepfakeCheckRequest>,
    ) -> Result<Response<sessions::DeepfakeCheck>, Status> {
        let request = request.into_inner();
        let check = sessions::DeepfakeCheck {
            id: request.id,
            project_id: request.project_id,
            api_key_id: request.api_key_id,
            user_fullname: self.bound(&request.session_id)?.user_fullname.unwrap_or_default(),
            session_id: request.session_id,
            state: sessions::DeepfakeCheckState::Pending.into(),
            ..sessions::DeepfakeCheck::default()
        };
        self.set().checks.push(check.clone());
        Ok(Response::new(check))
    }

    async fn get_deepfake_check(
        &self,
        request: Request<sessions::DeepfakeCheckRequest>,
    ) -> Result<Response<sessions::DeepfakeCheck>, Status> {
        let request = request.into_inner();
        let is_asked = |check: &&sessions::DeepfakeCheck| {
            check.id == request.id && check.project_id == request.project_id
        };
        let found = self.set().checks.iter().find(is_asked).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("check not found"))
    }

    async fn lease_deepfake_check(
        &self,
        _: Request<sessions::LeaseDeepfakeCheckRequest>,
    ) -> Result<Response<sessions::LeaseDeepfakeCheckResponse>, Status> {
        let mut state = self.set();
        let waits =
            |check: &&mut sessions::DeepfakeCheck| check.state() == sessions::DeepfakeCheckState::Pending;
        let check = state.checks.iter_mut().find(waits).map(|check| {
            check.set_state(sessions::DeepfakeCheckState::Processing);
            check.lease += 1;
            check.clone()
        });
        Ok(Response::new(sessions::LeaseDeepfakeCheckResponse { check }))
    }

    async fn finish_deepfake_check(
        &self,
        request: Request<sessions::FinishDeepfakeCheckRequest>,
    ) -> Result<Response<sessions::DeepfakeCheck>, Status> {
        let request = request.into_inner();
        let mut state = self.set();
        let check =
            state.checks.iter_mut().find(|check| check.id == request.id && check.lease == request.lease);
        let check = check.ok_or_else(|| Status::failed_precondition("not leased"))?;
        let is_done = !request.result_json.is_empty();
        check.set_state(match is_done {
            true => sessions::DeepfakeCheckState::Completed,
            false => sessions::DeepfakeCheckState::Failed,
        });
        (check.result_json, check.error) = (request.result_json, request.error);
        Ok(Response::new(check.clone()))
    }

    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("sessions"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("sessions", request.into_inner())
    }

    async fn start_session(
        &self,
        _: Request<sessions::StartSessionRequest>,
    ) -> Result<Response<sessions::Session>, Status> {
        let id = format!("sess_{}", self.set().sessions.len() + 1);
        self.set().sessions.insert(id.clone(), Session::default());
        self.bound(&id).map(Response::new)
    }

    async fn get_session(
        &self,
        request: Request<sessions::GetSessionRequest>,
    ) -> Result<Response<sessions::Session>, Status> {
        self.bound(&request.get_ref().session_id).map(Response::new)
    }

    async fn bind_user(
        &self,
        request: Request<sessions::BindUserRequest>,
    ) -> Result<Response<sessions::Session>, Status> {
        let request = request.into_inner();
        let mut former = None;
        {
            let mut state = self.set();
            let session = state
                .sessions
                .get_mut(&request.session_id)
                .ok_or_else(|| Status::not_found("session not found"))?;
            if session.ended {
                return Err(Status::failed_precondition("session has ended"));
            }
            let reason = request.reason();
            if session.user.is_none() {
                session.bound_by_consent = reason == sessions::BindReason::Consent;
            }
            let bound = session.user.get_or_insert_with(|| request.user_fullname.clone());
            if *bound != request.user_fullname {
                if reason != sessions::BindReason::Rename || !session.bound_by_consent {
                    return Err(Status::permission_denied("session is bound to another user"));
                }
                former = Some(std::mem::replace(bound, request.user_fullname.clone()));
            }
            session.bound_by_consent &= reason == sessions::BindReason::Consent;
        }
        let bound = self.bound(&request.session_id)?;
        Ok(Response::new(sessions::Session { former_user_fullname: former, ..bound }))
    }

    async fn issue_challenge(
        &self,
        request: Request<sessions::IssueChallengeRequest>,
    ) -> Result<Response<sessions::Challenge>, Status> {
        let request = request.into_inner();
        let (phrase, vocabulary) = match request.kind() {
            sessions::ChallengeKind::Words => ("velvet copper", ""),
            _ => ("four two", "en_digits"),
        };
        let challenge = sessions::Challenge {
            phrase: phrase.into(),
            vocabulary: vocabulary.into(),
            expires_at_ms: 1_700_000_000_000,
        };
        let mut state = self.set();
        let session = state.sessions.get_mut(&request.session_id);
        let session = session.ok_or_else(|| Status::not_found("session not found"))?;
        session.challenge = Some(Some(challenge.clone()));
        Ok(Response::new(challenge))
    }

    async fn use_challenge(
        &self,
        request: Request<sessions::UseChallengeRequest>,
    ) -> Result<Response<sessions::UseChallengeResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.set();
        let session = state.sessions.get_mut(&request.session_id);
        let session = session.ok_or_else(|| Status::not_found("session not found"))?;
        let Some(issued) = &mut session.challenge else {
            return Ok(Response::new(sessions::UseChallengeResponse { challenge: None }));
        };
        let other = issued.as_ref().zip(request.phrase).is_some_and(|(c, named)| c.phrase != named);
        if other {
            return Err(Status::invalid_argument("phrase is not the one of this session's challenge"));
        }
        let used = issued.take().ok_or_else(|| Status::failed_precondition("used"))?;
        Ok(Response::new(sessions::UseChallengeResponse { challenge: Some(used) }))
    }

    async fn end_session(
        &self,
        request: Request<sessions::EndSessionRequest>,
    ) -> Result<Response<sessions::Session>, Status> {
        let id = request.into_inner().session_id;
        let session = self.bound(&id)?;
        let ended = std::mem::replace(&mut self.set().sessions.get_mut(&id).unwrap().ended, true);
        if ended { Err(Status::failed_precondition("session has ended")) } else { Ok(Response::new(session)) }
    }

    async fn check_sim_swap(
        &self,
        request: Request<sessions::CheckSimSwapRequest>,
    ) -> Result<Response<sessions::SimSwap>, Status> {
        let mut state = self.set();
        state.checked_numbers.push(request.into_inner().phone_number);
        state.sim_swap.clone().map(Response::new).ok_or_else(|| Status::unavailable("away"))
    }

    async fn check_video_room(
        &self,
        _: Request<sessions::CheckVideoRoomRequest>,
    ) -> Result<Response<sessions::CheckVideoRoomResponse>, Status> {
        let full = self.set().video_room.clone();
        full.map_or_else(|| Ok(Response::new(sessions::CheckVideoRoomResponse {})), Err)
    }

    async fn put_last_video(
        &self,
        request: Request<Streaming<sessions::PutLastVideoRequest>>,
    ) -> Result<Response<sessions::PutLastVideoResponse>, Status> {
        let mut stream = request.into_inner();
        let Some(sessions::put_last_video_request::Part::Header(header)) =
            stream.message().await?.and_then(|m| m.part)
        else {
            return Err(Status::invalid_argument("no header"));
        };
        let mut size = 0;
        while let Some(message) = stream.message().await? {
            if let Some(sessions::put_last_video_request::Part::Chunk(chunk)) = message.part {
                size += chunk.len();
            }
        }
        if let Some(status) = self.set().last_video_fails.clone() {
            return Err(status);
        }
        self.set().last_videos.push((header, size));
        Ok(Response::new(sessions::PutLastVideoResponse { size: size as u64 }))
    }
}
