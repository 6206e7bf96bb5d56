//! The models service, played.

use proto::{
    ml::{self, Outcome, OutcomeStatus, ml_server},
    subjects::{Remains, Subject},
};
use tonic::{Request, Response, Status, Streaming};

use super::Stage;

async fn enrollment(mut stream: Streaming<ml::EnrollRequest>) -> Result<(ml::EnrollHeader, Vec<u8>), Status> {
    let Some(ml::enroll_request::Part::Header(header)) = stream.message().await?.and_then(|m| m.part) else {
        return Err(Status::invalid_argument("no header"));
    };
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(ml::enroll_request::Part::Chunk(chunk)) = message.part {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok((header, bytes))
}

async fn print(mut stream: Streaming<ml::PrintRequest>) -> Result<ml::PrintHeader, Status> {
    let Some(ml::print_request::Part::Header(header)) = stream.message().await?.and_then(|m| m.part) else {
        return Err(Status::invalid_argument("no header"));
    };
    while stream.message().await?.is_some() {}
    Ok(header)
}

#[tonic::async_trait]
impl ml_server::Ml for Stage {
    async fn load(&self, _: Request<ml::LoadRequest>) -> Result<Response<ml::LoadResponse>, Status> {
        Ok(Response::new(ml::LoadResponse { working: 5, workers: 2, places: 18 }))
    }

    async fn list_templates(
        &self,
        _: Request<Subject>,
    ) -> Result<Response<ml::ListTemplatesResponse>, Status> {
        Ok(Response::new(ml::ListTemplatesResponse { templates: self.set().templates.clone() }))
    }

    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("ml"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("ml", request.into_inner())
    }

    async fn analyze_video(
        &self,
        request: Request<Streaming<ml::AnalyzeVideoRequest>>,
    ) -> Result<Response<ml::AnalyzeVideoResponse>, Status> {
        let mut stream = request.into_inner();
        let Some(ml::analyze_video_request::Part::Header(header)) =
            stream.message().await?.and_then(|m| m.part)
        else {
            return Err(Status::invalid_argument("no header"));
        };
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            if let Some(ml::analyze_video_request::Part::Chunk(chunk)) = message.part {
                bytes.extend_from_slice(&chunk);
            }
        }
        self.set().analyzed.push((header, bytes));
        assert!(!self.set().panic_on_analysis, "played panic");
        let _permit = self.analyses.acquire().await;
        self.set().seen.clone().unwrap().map(Response::new)
    }

    async fn enroll_candidate(
        &self,
        request: Request<ml::EnrollCandidateRequest>,
    ) -> Result<Response<ml::EnrollCandidateResponse>, Status> {
        self.set().enrolled.push(request.into_inner());
        Ok(Response::new(ml::EnrollCandidateResponse { face: true, voice: true }))
    }

    async fn enroll_face(
        &self,
        request: Request<Streaming<ml::EnrollRequest>>,
    ) -> Result<Response<ml::EnrollFaceResponse>, Status> {
        let asked = enrollment(request.into_inner()).await?;
        if let Some(status) = self.set().enroll_fails.clone() {
            return Err(status);
        }
        self.set().enrollments.push(asked);
        Ok(Response::new(self.set().face.clone()))
    }

    async fn enroll_voice(
        &self,
        request: Request<Streaming<ml::EnrollRequest>>,
    ) -> Result<Response<ml::EnrollVoiceResponse>, Status> {
        let asked = enrollment(request.into_inner()).await?;
        if let Some(status) = self.set().enroll_fails.clone() {
            return Err(status);
        }
        self.set().enrollments.push(asked);
        Ok(Response::new(self.set().voice.clone()))
    }

    async fn match_faces(
        &self,
        request: Request<Streaming<ml::MatchFacesRequest>>,
    ) -> Result<Response<ml::MatchFacesResponse>, Status> {
        use ml::match_faces_request::Part;
        let mut stream = request.into_inner();
        let Some(Part::Header(header)) = stream.message().await?.and_then(|m| m.part) else {
            return Err(Status::invalid_argument("no header"));
        };
        let (mut image, mut video) = (Vec::new(), Vec::new());
        while let Some(message) = stream.message().await? {
            match message.part {
                Some(Part::Image(chunk)) => image.extend_from_slice(&chunk),
                Some(Part::Video(chunk)) => video.extend_from_slice(&chunk),
                _ => return Err(Status::invalid_argument("a second header")),
            }
        }
        self.set().matches.push((header, image, video));
        Ok(Response::new(self.set().matched.clone()))
    }

    async fn compare_pictures(
        &self,
        request: Request<Streaming<ml::ComparePicturesRequest>>,
    ) -> Result<Response<ml::ComparePicturesResponse>, Status> {
        use ml::compare_pictures_request::Part;
        let mut stream = request.into_inner();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        while let Some(message) = stream.message().await? {
            match message.part {
                Some(Part::First(chunk)) => first.extend_from_slice(&chunk),
                Some(Part::Second(chunk)) => second.extend_from_slice(&chunk),
                _ => {}
            }
        }
        let mut state = self.set();
        state.compared.push((first, second));
        Ok(Response::new(state.pictures_alike.clone()))
    }

    async fn judge_still(
        &self,
        request: Request<Streaming<ml::JudgeStillRequest>>,
    ) -> Result<Response<ml::JudgeStillResponse>, Status> {
        use ml::judge_still_request::Part;
        let mut stream = request.into_inner();
        while let Some(message) = stream.message().await? {
            if let Some(Part::Header(header)) = message.part {
                self.set().stills.push(header);
            }
        }
        Ok(Response::new(self.set().still.clone()))
    }

    async fn enroll_print(
        &self,
        request: Request<Streaming<ml::PrintRequest>>,
    ) -> Result<Response<ml::EnrollPrintResponse>, Status> {
        let asked = print(request.into_inner()).await?;
        let mut state = self.set();
        state.prints.push(("enroll", asked));
        Ok(Response::new(state.print_enrolled.clone()))
    }

    async fn verify_print(
        &self,
        request: Request<Streaming<ml::PrintRequest>>,
    ) -> Result<Response<ml::VerifyPrintResponse>, Status> {
        let asked = print(request.into_inner()).await?;
        let mut state = self.set();
        state.prints.push(("verify", asked));
        Ok(Response::new(state.print_verified.clone()))
    }

    /// A picture begins with "picture".
    async fn check_picture(
        &self,
        request: Request<Streaming<ml::CheckPictureRequest>>,
    ) -> Result<Response<ml::CheckPictureResponse>, Status> {
        let mut stream = request.into_inner();
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            bytes.extend_from_slice(&message.chunk);
        }
        if bytes.starts_with(b"picture") {
            Ok(Response::new(ml::CheckPictureResponse {}))
        } else {
            Err(Status::invalid_argument("the file is no picture"))
        }
    }

    async fn warmup(&self, _: Request<ml::WarmupRequest>) -> Result<Response<ml::WarmupResponse>, Status> {
        self.set().warmups += 1;
        let _permit = self.analyses.acquire().await;
        Ok(Response::new(ml::WarmupResponse::default()))
    }

    async fn list_models(
        &self,
        _: Request<ml::ListModelsRequest>,
    ) -> Result<Response<ml::ListModelsResponse>, Status> {
        let model = ml::Model { name: "yunet".into(), licence: "MIT".into(), ..ml::Model::default() };
        Ok(Response::new(ml::ListModelsResponse { version: "7".into(), models: vec![model] }))
    }
}

/// The outcome that reports show with `code`.
pub fn outcome(code: i32, error: &str) -> Option<Outcome> {
    let status = match code {
        200 => OutcomeStatus::Judged,
        403 => OutcomeStatus::NoConsent,
        422 => OutcomeStatus::CannotJudge,
        461..=474 => OutcomeStatus::Refused,
        _ => OutcomeStatus::Failed,
    };
    Some(Outcome { status: status.into(), error: error.into(), description: String::new() })
}
