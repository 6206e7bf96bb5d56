//! Decodes a call, passes the video to a worker, compares with the templates, encodes the response.

use std::{path::PathBuf, sync::Arc, time::Duration};

use boot::Clock;
use bytes::Bytes;
use face::Presence;
use futures::{Stream, StreamExt};
use intake::{Bounds, Workers};
use media::Limits;
use models::Pack;
use proto::{
    ml::{self as wire, ml_server},
    subjects,
};
use sandbox::MediaFile;
use scoring::Service;
use tonic::{Request, Response, Status, Streaming};
use zeroize::Zeroizing;

use crate::{
    answer,
    calibrations::Calibrations,
    candidate::{Candidate, Owner},
    config::Config,
    engines::Engines,
    error::Error,
    identity::identify,
    pipeline::{self, Findings},
    recordings::{Origin, Replay},
    replay::Marks,
    request::{MAX_TEXT, check_ids, task},
    store::may_be_more,
    templates::{Templates, Whose},
    voice_template::voice_to_bytes,
};

#[derive(Clone)]
pub struct Ml {
    pub(crate) workers: Arc<Workers<Engines>>,
    pub(crate) templates: Templates,
    pack: Arc<Pack>,
    pub(crate) bounds: Bounds,
    pub(crate) limits: Limits,
    pub(crate) spool: Option<PathBuf>,
    pub(crate) calibrations: Calibrations,
    pub(crate) clock: Clock,
}

impl Ml {
    pub fn new(
        config: &Config,
        workers: Workers<Engines>,
        templates: Templates,
        pack: Pack,
        calibrations: Calibrations,
        clock: Clock,
    ) -> Self {
        let bounds = Bounds { bytes: config.max_bytes, time: Duration::from_secs(config.upload_s.into()) };
        let workers = Arc::new(workers);
        intake::report_load("ml", &workers);
        Self {
            workers,
            templates,
            pack: Arc::new(pack),
            bounds,
            limits: config.limits(),
            spool: config.spool.clone(),
            calibrations,
            clock,
        }
    }

    async fn analyze(
        &self,
        mut parts: Streaming<wire::AnalyzeVideoRequest>,
    ) -> Result<wire::AnalyzeVideoResponse, Error> {
        let header = header(&mut parts).await?;
        // A call that cannot be served soon is rejected before a byte of its video is read.
        let place = self.workers.admit(&header.project_id)?;
        let task = task(&header, self.limits)?;
        let file = intake::spool(chunks(parts), self.bounds, self.spool.as_deref()).await?;
        let work = move |engines: &mut Engines, watch: &_| {
            pipeline::analyze(engines, &MediaFile::new(file)?, &task, watch)
        };
        let mut findings = self.workers.run_job(place, work).await?;
        let candidate = if header.want_candidate { self.candidate(&header, &findings)? } else { Vec::new() };
        let started = std::time::Instant::now();
        let replay = match &header.origin {
            Some(origin) => self.register(&header.project_id, origin, &findings.marks).await?,
            None => None,
        };
        let (project, user, by) = (&header.project_id, &header.user_fullname, &self.calibrations);
        let identities = identify(&self.templates, project, user, &findings, by).await?;
        let wall = started.elapsed();
        // Mostly waiting for the database; its computing is included.
        findings.stages.add(crate::stages::Stage { name: "templates", cpu: Duration::ZERO, wall });
        Ok(wire::AnalyzeVideoResponse {
            candidate: candidate.into(),
            replay: replay.map(answer::replay),
            ..answer::encode(findings, &identities, user, &self.calibrations)
        })
    }

    /// Registers a recording, and returns its earlier use in another session, if any.
    pub(crate) async fn register(
        &self,
        project: &str,
        origin: &wire::RecordingOrigin,
        marks: &Marks,
    ) -> Result<Option<Replay>, Error> {
        if origin.transaction_id.is_empty() || origin.transaction_id.len() > MAX_TEXT {
            return Err(Error::Invalid("transaction_id is missing or too long"));
        }
        let origin = Origin {
            project,
            others: &origin.other_projects,
            session: &origin.session_id,
            transaction: &origin.transaction_id,
            user: &origin.user_fullname,
            now_ms: (self.clock)(),
        };
        self.templates.register_recording(origin, marks).await
    }

    /// Returns the sealed candidate of a video; empty when nothing can be enrolled.
    fn candidate(&self, header: &wire::AnalyzeVideoHeader, findings: &Findings) -> Result<Vec<u8>, Error> {
        let is_one_face = findings.presence == Some(Presence::OneFace);
        let face = findings.face.as_ref().filter(|_| is_one_face).and_then(|f| f.as_ref().ok());
        let voice = findings.voice.as_ref().and_then(|v| v.as_ref().ok());
        let candidate = Candidate {
            is_live: matches!(findings.services.get(&Service::FaceLiveness), Some(Ok(of)) if of.opinion().accepted),
            face: face.map(|f| Zeroizing::new(f.to_bytes().to_vec())),
            voice: voice.map(voice_to_bytes),
        };
        if candidate.is_empty() || header.user_fullname.is_empty() {
            return Ok(Vec::new());
        }
        let models = self.templates.models().id();
        let owner = Owner { project: &header.project_id, user: &header.user_fullname, models: &models };
        candidate.seal(self.templates.ring(), owner, (self.clock)())
    }

    async fn enroll_sealed(
        &self,
        request: wire::EnrollCandidateRequest,
    ) -> Result<wire::EnrollCandidateResponse, Error> {
        check_ids(&request.project_id, &request.user_fullname)?;
        let models = self.templates.models().id();
        let owner = Owner { project: &request.project_id, user: &request.user_fullname, models: &models };
        let candidate = Candidate::open(self.templates.ring(), owner, &request.candidate, (self.clock)())?;
        let whose = Whose {
            project: &request.project_id,
            user: &request.user_fullname,
            transaction: &request.transaction_id,
            now_ms: (self.clock)(),
        };
        let made = self.templates.enroll(whose, &candidate).await?;
        Ok(wire::EnrollCandidateResponse { face: made.face, voice: made.voice })
    }

    async fn warm_up(&self) -> Result<wire::WarmupResponse, Error> {
        let sessions = self.workers.run_job(self.workers.admit("")?, |engines, _| engines.warm_up()).await?;
        Ok(wire::WarmupResponse { sessions })
    }

    fn list(&self) -> wire::ListModelsResponse {
        let manifest = self.pack.manifest();
        let models = manifest.files.iter().cloned().map(|e| wire::Model {
            name: e.name,
            version: e.version,
            source: e.source,
            licence: e.licence,
            sha256: e.sha256,
        });
        wire::ListModelsResponse { version: manifest.version.clone(), models: models.collect() }
    }
}

/// Returns the first message.
async fn header(parts: &mut Streaming<wire::AnalyzeVideoRequest>) -> Result<wire::AnalyzeVideoHeader, Error> {
    let first = parts.message().await.map_err(intake::Error::from)?;
    match first.and_then(|message| message.part) {
        Some(wire::analyze_video_request::Part::Header(header)) => Ok(header),
        _ => Err(Error::Invalid("the first message must be the header")),
    }
}

/// Returns the bytes of the messages after it.
fn chunks(parts: Streaming<wire::AnalyzeVideoRequest>) -> impl Stream<Item = Result<Bytes, Status>> {
    parts.map(|message| match message?.part {
        Some(wire::analyze_video_request::Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Status::invalid_argument("only the first message may be a header")),
    })
}

#[tonic::async_trait]
impl ml_server::Ml for Ml {
    async fn analyze_video(
        &self,
        request: Request<Streaming<wire::AnalyzeVideoRequest>>,
    ) -> Result<Response<wire::AnalyzeVideoResponse>, Status> {
        Ok(Response::new(self.analyze(request.into_inner()).await?))
    }

    async fn enroll_candidate(
        &self,
        request: Request<wire::EnrollCandidateRequest>,
    ) -> Result<Response<wire::EnrollCandidateResponse>, Status> {
        Ok(Response::new(self.enroll_sealed(request.into_inner()).await?))
    }

    async fn enroll_face(
        &self,
        request: Request<Streaming<wire::EnrollRequest>>,
    ) -> Result<Response<wire::EnrollFaceResponse>, Status> {
        let (seen, enrolled) = self.enroll_one_face(request.into_inner()).await?;
        Ok(Response::new(answer::enrolled_face(&seen, enrolled)))
    }

    async fn enroll_voice(
        &self,
        request: Request<Streaming<wire::EnrollRequest>>,
    ) -> Result<Response<wire::EnrollVoiceResponse>, Status> {
        let (heard, enrolled) = self.enroll_one_voice(request.into_inner()).await?;
        Ok(Response::new(answer::enrolled_voice(heard, enrolled)))
    }

    async fn match_faces(
        &self,
        request: Request<Streaming<wire::MatchFacesRequest>>,
    ) -> Result<Response<wire::MatchFacesResponse>, Status> {
        Ok(Response::new(answer::matched(self.match_one(request.into_inner()).await?)))
    }

    async fn compare_pictures(
        &self,
        request: Request<Streaming<wire::ComparePicturesRequest>>,
    ) -> Result<Response<wire::ComparePicturesResponse>, Status> {
        Ok(Response::new(answer::compared(&self.compare_two(request.into_inner()).await?)))
    }

    async fn judge_still(
        &self,
        request: Request<Streaming<wire::JudgeStillRequest>>,
    ) -> Result<Response<wire::JudgeStillResponse>, Status> {
        Ok(Response::new(answer::judged_still(self.judge_one_still(request.into_inner()).await?)))
    }

    async fn enroll_print(
        &self,
        request: Request<Streaming<wire::PrintRequest>>,
    ) -> Result<Response<wire::EnrollPrintResponse>, Status> {
        Ok(Response::new(self.enroll_one_print(request.into_inner()).await?))
    }

    async fn verify_print(
        &self,
        request: Request<Streaming<wire::PrintRequest>>,
    ) -> Result<Response<wire::VerifyPrintResponse>, Status> {
        Ok(Response::new(self.verify_one_print(request.into_inner()).await?))
    }

    async fn check_picture(
        &self,
        request: Request<Streaming<wire::CheckPictureRequest>>,
    ) -> Result<Response<wire::CheckPictureResponse>, Status> {
        self.check_one_picture(request.into_inner()).await?;
        Ok(Response::new(wire::CheckPictureResponse {}))
    }

    async fn find_subject(
        &self,
        request: Request<subjects::Subject>,
    ) -> Result<Response<subjects::Remains>, Status> {
        let subject = request.into_inner();
        check_ids(&subject.project_id, &subject.user_fullname)?;
        let found = self.templates.remains(&subject.project_id, &subject.user_fullname).await?;
        Ok(Response::new(answer::remains(found)))
    }

    async fn erase_subject(
        &self,
        request: Request<subjects::Subject>,
    ) -> Result<Response<subjects::Remains>, Status> {
        let subject = request.into_inner();
        check_ids(&subject.project_id, &subject.user_fullname)?;
        let gone = self.templates.erase(&subject.project_id, &subject.user_fullname).await?;
        Ok(Response::new(answer::remains(gone)))
    }

    async fn apply_retention(
        &self,
        request: Request<wire::ApplyRetentionRequest>,
    ) -> Result<Response<wire::ApplyRetentionResponse>, Status> {
        let request = request.into_inner();
        let recordings = self.templates.forget_recordings(&request.project_id, request.before_ms).await?;
        Ok(Response::new(wire::ApplyRetentionResponse { recordings, more: may_be_more(recordings) }))
    }

    async fn erase_project(
        &self,
        request: Request<subjects::Project>,
    ) -> Result<Response<subjects::Remains>, Status> {
        let gone = self.templates.erase_project(&request.get_ref().project_id).await?;
        Ok(Response::new(answer::remains(gone)))
    }

    async fn warmup(
        &self,
        _: Request<wire::WarmupRequest>,
    ) -> Result<Response<wire::WarmupResponse>, Status> {
        Ok(Response::new(self.warm_up().await?))
    }

    async fn load(&self, _: Request<wire::LoadRequest>) -> Result<Response<wire::LoadResponse>, Status> {
        let [working, workers, places] =
            self.workers.load().map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Ok(Response::new(wire::LoadResponse { working, workers, places }))
    }

    async fn list_templates(
        &self,
        request: Request<subjects::Subject>,
    ) -> Result<Response<wire::ListTemplatesResponse>, Status> {
        let subject = request.into_inner();
        check_ids(&subject.project_id, &subject.user_fullname)?;
        let known = self.templates.enrolled(&subject.project_id, &subject.user_fullname).await?;
        let templates = known.into_iter().map(|known| wire::TemplateInfo {
            modality: answer::modality(known.modality).into(),
            current: known.is_current,
            usable: known.is_usable,
            model: known.model,
            created_at_ms: known.changed_at,
            samples: known.samples,
        });
        Ok(Response::new(wire::ListTemplatesResponse { templates: templates.collect() }))
    }

    async fn list_models(
        &self,
        _: Request<wire::ListModelsRequest>,
    ) -> Result<Response<wire::ListModelsResponse>, Status> {
        Ok(Response::new(self.list()))
    }
}
