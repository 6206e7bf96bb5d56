//! The services, played by one stage: scripted answers, and everything they were asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use futures::{StreamExt, stream::BoxStream};
use gateway::Peers;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proto::{
    consent::{self, consent_server},
    docauth::{self, doc_auth_server},
    ml::{self, ml_server},
    projects::{self, projects_server},
    sessions::{self, sessions_server},
    subjects::{Kept, Remains, Subject},
    transactions::{self, Transaction, transactions_server},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming, service::Routes};

pub const PROJECT: &str = "project-1";
pub const KEY: &str = "key-1";
pub const ALL: [&str; 5] = [
    "Active Speaker Detection",
    "Face Liveness Detection",
    "Visual Speech Recognition",
    "Voice Recognition",
    "Face Recognition",
];

/// What the services know and were told.
#[derive(Default)]
pub struct State {
    pub signing: BTreeMap<String, EncodingKey>,
    pub published: Vec<projects::VerificationKey>,
    pub key_fetches: usize,
    /// By key id; one that is absent is unknown.
    pub keys: BTreeMap<String, projects::Authorization>,
    /// Who each session is bound to.
    pub sessions: BTreeMap<String, Session>,
    pub consents: BTreeMap<String, consent::ConsentState>,
    pub consent_entries: Vec<consent::RecordConsentRequest>,
    /// What the models answer, and the requests they got: the header and the size of the file.
    pub seen: Option<Result<ml::AnalyzeVideoResponse, Status>>,
    pub analyzed: Vec<(ml::AnalyzeVideoHeader, Vec<u8>)>,
    pub enrolled: Vec<ml::EnrollCandidateRequest>,
    pub warmups: usize,
    /// What the models answer to enrolments and comparisons, and what they were asked.
    pub face: ml::EnrollFaceResponse,
    pub voice: ml::EnrollVoiceResponse,
    pub matched: ml::MatchFacesResponse,
    pub enrolments: Vec<(ml::EnrollHeader, Vec<u8>)>,
    /// The header, the picture, the video.
    pub matches: Vec<(ml::MatchFacesHeader, Vec<u8>, Vec<u8>)>,
    /// What the session has; an error comes after the first piece.
    pub last_video: Option<Result<Vec<u8>, Status>>,
    /// What a SIM swap check answers; none: the service is away.
    pub sim_swap: Option<sessions::SimSwap>,
    pub checked_numbers: Vec<String>,
    pub exported: Vec<Result<consent::ExportedConsent, Status>>,
    pub last_videos: Vec<(sessions::PutLastVideoHeader, usize)>,
    pub records: Vec<Transaction>,
    /// What a count answers, and what was asked to be counted.
    pub stats: transactions::StatsResponse,
    pub counted: Vec<transactions::StatsRequest>,
    pub templates: Vec<ml::TemplateInfo>,
    /// The lists asked for, and how many pages there are.
    pub lists: Vec<transactions::ListTransactionsRequest>,
    pub pages: usize,
    pub samples: Vec<(transactions::PutSampleHeader, Vec<u8>)>,
    pub refuse_samples: bool,
    pub refuse_records: Option<Status>,
    pub created_keys: Vec<projects::CreateApiKeyRequest>,
    /// By scores id and version.
    pub rules: BTreeMap<(String, u32), String>,
    /// What each service keeps of anybody, and what it answers instead of erasing it.
    pub kept: BTreeMap<&'static str, Vec<Kept>>,
    pub not_erasing: BTreeMap<&'static str, Status>,
    pub erased: Vec<(&'static str, Subject)>,
    pub receipts: Vec<projects::SignErasureRequest>,
    pub projects_down: bool,
    pub panic_on_analysis: bool,
    /// What the documents service answers; without, that it is not offered.
    pub document: Option<docauth::CheckDocumentResponse>,
    pub documents: Vec<docauth::CheckDocumentHeader>,
    /// What was written into the audit log.
    pub audit: Vec<proto::accounts::AppendAuditRequest>,
    /// The role of whoever comes with the one session there is; none: nobody is signed in.
    pub role: Option<proto::accounts::Role>,
    pub half_open: bool,
}

#[derive(Default)]
pub struct Session {
    pub user: Option<String>,
    pub ended: bool,
}

/// The stage; a clone plays the same piece.
#[derive(Clone)]
pub struct Stage {
    state: Arc<Mutex<State>>,
    /// Permits to answer an analysis; tests that want to see one under way take them.
    pub analyses: Arc<Semaphore>,
}

impl Stage {
    /// Everything works, the key selects every service, nobody has consented to anything.
    pub fn new() -> Self {
        let stage =
            Self { state: Arc::default(), analyses: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) };
        stage.add_signing_key("kid-1");
        stage.set().keys.insert(KEY.into(), authorization());
        stage.set().sim_swap = Some(sessions::SimSwap {
            status: "not_checked".into(),
            description: "no mobile operator is configured for this project".into(),
            ..sessions::SimSwap::default()
        });
        stage.set().seen = Some(Ok(ml::AnalyzeVideoResponse::default()));
        stage
    }

    pub fn set(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Waits until what the services know is so.
    pub async fn until(&self, so: impl Fn(&State) -> bool) {
        while !so(&self.set()) {
            tokio::task::yield_now().await;
        }
    }

    /// Lets no analysis end before the test adds permits.
    pub fn hold_analyses(&self) {
        self.analyses.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub async fn analysis_begun(&self) {
        self.until(|state| !state.analyzed.is_empty()).await;
    }

    pub fn add_signing_key(&self, kid: &str) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public_key = pair.public_key().as_ref().to_vec().into();
        let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        self.set().signing.insert(kid.into(), private);
        self.set().published.push(projects::VerificationKey { kid: kid.into(), public_key });
    }

    /// A key as the projects service signs it.
    pub fn token(&self, kid: &str, id: &str) -> String {
        let claims =
            json!({"id": id, "project_id": PROJECT, "selected_services": ALL, "can_mint": false, "iat": 1});
        self.sign(kid, &claims)
    }

    pub fn sign(&self, kid: &str, claims: &Value) -> String {
        let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.set().signing[kid]).unwrap()
    }

    pub fn peers(&self) -> Peers {
        let local = |routes: Routes| rpc::local(routes, Duration::from_secs(5));
        let all = || {
            let routes = Routes::new(sessions_server::SessionsServer::new(self.clone()))
                .add_service(consent_server::ConsentServer::new(self.clone()))
                .add_service(ml_server::MlServer::new(self.clone()))
                .add_service(doc_auth_server::DocAuthServer::new(self.clone()))
                .add_service(transactions_server::TransactionsServer::new(self.clone()))
                .add_service(projects_server::ProjectsServer::new(self.clone()))
                .add_service(proto::accounts::accounts_server::AccountsServer::new(self.clone()));
            local(routes)
        };
        Peers {
            sessions: all(),
            consent: all(),
            ml: all(),
            docauth: all(),
            transactions: all(),
            projects: all(),
        }
    }

    fn bound(&self, id: &str) -> Result<sessions::Session, Status> {
        let state = self.set();
        let session = state.sessions.get(id).ok_or_else(|| Status::not_found("session not found"))?;
        Ok(sessions::Session {
            id: id.into(),
            user_fullname: session.user.clone(),
            ..sessions::Session::default()
        })
    }
}

fn sample(header: &transactions::PutSampleHeader, bytes: &[u8]) -> transactions::Sample {
    transactions::Sample {
        id: "0199".into(),
        name: header.name.clone(),
        content_type: "video/mp4".into(),
        size: bytes.len() as u64,
        created_at_ms: 1_769_817_600_000,
        expires_at_ms: 1_772_409_600_000,
    }
}

impl Stage {
    fn kept(&self, service: &'static str) -> Response<Remains> {
        Response::new(Remains { kept: self.set().kept.get(service).cloned().unwrap_or_default() })
    }

    fn forget(&self, service: &'static str, subject: Subject) -> Result<Response<Remains>, Status> {
        let mut state = self.set();
        if let Some(status) = state.not_erasing.get(service) {
            return Err(status.clone());
        }
        state.erased.push((service, subject));
        Ok(Response::new(Remains { kept: state.kept.remove(service).unwrap_or_default() }))
    }
}

pub fn authorization() -> projects::Authorization {
    projects::Authorization {
        state: projects::ApiKeyState::Active.into(),
        selected_services: ALL.map(str::to_owned).to_vec(),
        rules_source: "default".into(),
        ..projects::Authorization::default()
    }
}

#[tonic::async_trait]
impl projects_server::Projects for Stage {
    async fn get_verification_keys(
        &self,
        _: Request<projects::GetVerificationKeysRequest>,
    ) -> Result<Response<projects::VerificationKeys>, Status> {
        let mut state = self.set();
        state.key_fetches += 1;
        if state.projects_down {
            return Err(Status::unavailable("down"));
        }
        Ok(Response::new(projects::VerificationKeys { keys: state.published.clone() }))
    }

    async fn authorize_api_key(
        &self,
        request: Request<projects::AuthorizeApiKeyRequest>,
    ) -> Result<Response<projects::Authorization>, Status> {
        let known = self.set().keys.get(&request.get_ref().api_key_id).cloned();
        known.map(Response::new).ok_or_else(|| Status::not_found("api key not found"))
    }

    async fn allows_origin(
        &self,
        request: Request<projects::AllowsOriginRequest>,
    ) -> Result<Response<projects::AllowsOriginResponse>, Status> {
        let allowed = !request.get_ref().origin.contains("evil");
        Ok(Response::new(projects::AllowsOriginResponse { allowed }))
    }

    async fn create_api_key(
        &self,
        request: Request<projects::CreateApiKeyRequest>,
    ) -> Result<Response<projects::CreateApiKeyResponse>, Status> {
        self.set().created_keys.push(request.into_inner());
        Ok(Response::new(projects::CreateApiKeyResponse { jwt: "a.new.key".into(), key: None }))
    }

    async fn sign_erasure(
        &self,
        request: Request<projects::SignErasureRequest>,
    ) -> Result<Response<projects::Erasure>, Status> {
        let request = request.into_inner();
        self.set().receipts.push(request.clone());
        let projects::SignErasureRequest { project_id, subject, destroyed, .. } = request;
        let (id, signature) = ("receipt-1".into(), "signed".into());
        Ok(Response::new(projects::Erasure {
            id,
            project_id,
            subject,
            destroyed,
            signature,
            erased_at_ms: 0,
        }))
    }

    async fn get_scoring_rules(
        &self,
        request: Request<projects::GetScoringRulesRequest>,
    ) -> Result<Response<projects::ScoringRules>, Status> {
        let request = request.into_inner();
        let known = self.set().rules.get(&(request.scores_id.clone(), request.version)).cloned();
        let rules_json = known.ok_or_else(|| Status::not_found("scoring rules not found"))?;
        let projects::GetScoringRulesRequest { project_id, scores_id, version } = request;
        let rules =
            projects::ScoringRules { scores_id, project_id, version, rules_json, ..Default::default() };
        Ok(Response::new(rules))
    }
}

#[tonic::async_trait]
impl sessions_server::Sessions for Stage {
    async fn get_last_video(
        &self,
        _: Request<sessions::GetLastVideoRequest>,
    ) -> Result<Response<tonic::codegen::BoxStream<sessions::VideoChunk>>, Status> {
        let piece = |bytes: Vec<u8>| Ok(sessions::VideoChunk { chunk: bytes.into() });
        let pieces = match self.set().last_video.clone() {
            None => return Err(Status::not_found("the session has no video")),
            Some(Ok(video)) => video.chunks(4).map(|c| piece(c.to_vec())).collect::<Vec<_>>(),
            Some(Err(status)) => vec![piece(b"half".to_vec()), Err(status)],
        };
        Ok(Response::new(Box::pin(futures::stream::iter(pieces))))
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
        {
            let mut state = self.set();
            let session = state
                .sessions
                .get_mut(&request.session_id)
                .ok_or_else(|| Status::not_found("session not found"))?;
            if session.ended {
                return Err(Status::failed_precondition("session has ended"));
            }
            if *session.user.get_or_insert_with(|| request.user_fullname.clone()) != request.user_fullname {
                return Err(Status::permission_denied("session is bound to another user"));
            }
        }
        self.bound(&request.session_id).map(Response::new)
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
        self.set().last_videos.push((header, size));
        Ok(Response::new(sessions::PutLastVideoResponse { size: size as u64 }))
    }
}

#[tonic::async_trait]
impl consent_server::Consent for Stage {
    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("consent"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("consent", request.into_inner())
    }

    async fn record_consent(
        &self,
        request: Request<consent::RecordConsentRequest>,
    ) -> Result<Response<consent::ConsentEntry>, Status> {
        let request = request.into_inner();
        let mut state = self.set();
        let now = state.consents.entry(request.user_fullname.clone()).or_default();
        match request.kind() {
            consent::ConsentKind::Storage => now.storage = request.given,
            _ => now.authorization = request.given,
        }
        state.consent_entries.push(request);
        Ok(Response::new(consent::ConsentEntry::default()))
    }

    async fn export_consents(
        &self,
        _: Request<consent::ExportConsentsRequest>,
    ) -> Result<Response<tonic::codegen::BoxStream<consent::ExportedConsent>>, Status> {
        let exported = self.set().exported.clone();
        Ok(Response::new(Box::pin(tokio_stream::iter(exported))))
    }

    async fn get_consent(
        &self,
        request: Request<consent::GetConsentRequest>,
    ) -> Result<Response<consent::ConsentState>, Status> {
        let state = self.set().consents.get(&request.get_ref().user_fullname).copied();
        Ok(Response::new(state.unwrap_or_default()))
    }

    async fn get_history(
        &self,
        request: Request<consent::GetConsentRequest>,
    ) -> Result<Response<consent::ConsentHistory>, Status> {
        let state = self.set();
        let Some(now) = state.consents.get(&request.get_ref().user_fullname).copied() else {
            return Err(Status::not_found("no consent is recorded for this user"));
        };
        let entry = |e: &consent::RecordConsentRequest| consent::ConsentEntry {
            id: "c-1".into(),
            kind: e.kind,
            given: e.given,
            recorded_at_ms: 1_700_000_000_123,
            api_key_id: e.api_key_id.clone(),
            session_id: e.session_id.clone(),
            hash: "00ff".into(),
            ..consent::ConsentEntry::default()
        };
        let entries = state.consent_entries.iter().map(entry).collect();
        Ok(Response::new(consent::ConsentHistory { state: Some(now), entries }))
    }
}

async fn enrolment(mut stream: Streaming<ml::EnrollRequest>) -> Result<(ml::EnrollHeader, Vec<u8>), Status> {
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
        let asked = enrolment(request.into_inner()).await?;
        self.set().enrolments.push(asked);
        Ok(Response::new(self.set().face.clone()))
    }

    async fn enroll_voice(
        &self,
        request: Request<Streaming<ml::EnrollRequest>>,
    ) -> Result<Response<ml::EnrollVoiceResponse>, Status> {
        let asked = enrolment(request.into_inner()).await?;
        self.set().enrolments.push(asked);
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

#[tonic::async_trait]
impl doc_auth_server::DocAuth for Stage {
    async fn check_document(
        &self,
        request: Request<Streaming<docauth::CheckDocumentRequest>>,
    ) -> Result<Response<docauth::CheckDocumentResponse>, Status> {
        let mut stream = request.into_inner();
        while let Some(message) = stream.message().await? {
            if let Some(docauth::check_document_request::Part::Header(header)) = message.part {
                self.set().documents.push(header);
            }
        }
        let answer = self.set().document.clone();
        let none = || Status::unimplemented("document authentication is not offered by this server");
        answer.map(Response::new).ok_or_else(none)
    }
}

#[tonic::async_trait]
impl transactions_server::Transactions for Stage {
    async fn stats(
        &self,
        request: Request<transactions::StatsRequest>,
    ) -> Result<Response<transactions::StatsResponse>, Status> {
        let mut state = self.set();
        state.counted.push(request.into_inner());
        Ok(Response::new(state.stats.clone()))
    }

    /// In the order they were recorded.
    async fn recent(
        &self,
        request: Request<transactions::RecentRequest>,
    ) -> Result<Response<transactions::RecentResponse>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let ours = state.records.iter().filter(|t| t.project_id == request.project_id);
        let from = request
            .after_id
            .as_ref()
            .map_or(Some(0), |id| ours.clone().position(|t| t.id == *id).map(|at| at + 1));
        let wanted = |t: &&Transaction| {
            t.created_at_ms + i64::from(t.duration_ms) >= request.since_ms && !request.known.contains(&t.id)
        };
        let new: Vec<_> = ours.skip(from.unwrap_or(usize::MAX)).filter(wanted).cloned().collect();
        Ok(Response::new(transactions::RecentResponse {
            ids: new.iter().map(|t| t.id.clone()).collect(),
            transactions: new,
        }))
    }

    async fn related(
        &self,
        request: Request<transactions::GetTransactionRequest>,
    ) -> Result<Response<transactions::RelatedResponse>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let ours = |t: &&Transaction| t.project_id == request.project_id;
        if !state.records.iter().filter(ours).any(|t| t.id == request.id) {
            return Err(Status::not_found("transaction not found"));
        }
        let others = state.records.iter().filter(ours).filter(|t| t.id != request.id).cloned();
        let related = others.map(|transaction| transactions::RelatedTransaction {
            transaction: Some(transaction),
            by: vec!["user".into()],
        });
        Ok(Response::new(transactions::RelatedResponse { related: related.collect() }))
    }

    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("transactions"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("transactions", request.into_inner())
    }

    async fn record_transaction(
        &self,
        request: Request<transactions::RecordTransactionRequest>,
    ) -> Result<Response<transactions::RecordTransactionResponse>, Status> {
        let mut state = self.set();
        if let Some(status) = &state.refuse_records {
            return Err(status.clone());
        }
        state.records.push(request.into_inner().transaction.unwrap());
        Ok(Response::new(transactions::RecordTransactionResponse {}))
    }

    async fn get_transaction(
        &self,
        request: Request<transactions::GetTransactionRequest>,
    ) -> Result<Response<Transaction>, Status> {
        let request = request.into_inner();
        let wanted = |t: &&Transaction| t.id == request.id && t.project_id == request.project_id;
        let found = self.set().records.iter().find(wanted).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("transaction not found"))
    }

    /// Newest first in real pages, the cursor being how many were told already; with `pages` set, every record over and
    /// over, as many pages as that.
    async fn list_transactions(
        &self,
        request: Request<transactions::ListTransactionsRequest>,
    ) -> Result<Response<transactions::ListTransactionsResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.set();
        state.lists.push(request.clone());
        if state.pages == 0 {
            let wanted = |t: &&Transaction| {
                t.project_id == request.project_id && request.kind.as_ref().is_none_or(|kind| *kind == t.kind)
            };
            let told = request.cursor.parse().unwrap_or(0);
            let size = if request.page_size == 0 { 50 } else { request.page_size as usize };
            let mut rest = state.records.iter().rev().filter(wanted).skip(told);
            let page: Vec<_> = rest.by_ref().take(size).cloned().collect();
            let next_cursor = rest.next().map(|_| (told + page.len()).to_string()).unwrap_or_default();
            return Ok(Response::new(transactions::ListTransactionsResponse {
                transactions: page,
                next_cursor,
            }));
        }
        let next_cursor = if state.lists.len() < state.pages { "more".into() } else { String::new() };
        Ok(Response::new(transactions::ListTransactionsResponse {
            transactions: state.records.clone(),
            next_cursor,
        }))
    }

    async fn put_sample(
        &self,
        request: Request<Streaming<transactions::PutSampleRequest>>,
    ) -> Result<Response<transactions::PutSampleResponse>, Status> {
        use transactions::put_sample_request::Part;
        let mut stream = request.into_inner();
        let Some(Part::Header(header)) = stream.message().await?.and_then(|m| m.part) else {
            return Err(Status::invalid_argument("no header"));
        };
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            if let Some(Part::Chunk(chunk)) = message.part {
                bytes.extend_from_slice(&chunk);
            }
        }
        let mut state = self.set();
        if state.refuse_samples {
            return Err(Status::unavailable("down"));
        }
        state.samples.push((header, bytes));
        Ok(Response::new(transactions::PutSampleResponse { id: "sample".into() }))
    }

    async fn list_samples(
        &self,
        request: Request<transactions::ListSamplesRequest>,
    ) -> Result<Response<transactions::ListSamplesResponse>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let of = |(header, bytes): &(transactions::PutSampleHeader, Vec<u8>)| {
            let ours = header.transaction_id == request.transaction_id;
            ours.then(|| transactions::SampleLink {
                sample: Some(sample(header, bytes)),
                expires_ms: 1_769_904_000_000,
                signature: "right".into(),
            })
        };
        Ok(Response::new(transactions::ListSamplesResponse {
            samples: state.samples.iter().filter_map(of).collect(),
        }))
    }

    async fn get_sample(
        &self,
        request: Request<transactions::GetSampleRequest>,
    ) -> Result<Response<BoxStream<'static, Result<transactions::GetSampleResponse, Status>>>, Status> {
        use transactions::get_sample_response::Part;
        let request = request.into_inner();
        let found = self.set().samples.first().cloned();
        let (header, bytes) = found
            .filter(|_| request.signature == "right" && request.expires_ms == 1_769_904_000_000)
            .ok_or_else(|| Status::not_found("sample not found"))?;
        let part = |part| Ok(transactions::GetSampleResponse { part: Some(part) });
        let head = part(Part::Sample(sample(&header, &bytes)));
        let chunks: Vec<_> = bytes.chunks(7).map(|chunk| part(Part::Chunk(chunk.to_vec().into()))).collect();
        Ok(Response::new(futures::stream::iter(std::iter::once(head).chain(chunks)).boxed()))
    }

    async fn put_tags(
        &self,
        request: Request<transactions::PutTagsRequest>,
    ) -> Result<Response<Transaction>, Status> {
        let request = request.into_inner();
        Ok(Response::new(Transaction { id: request.id, tags: request.tags, ..Transaction::default() }))
    }

    async fn put_flag(
        &self,
        request: Request<transactions::PutFlagRequest>,
    ) -> Result<Response<Transaction>, Status> {
        let request = request.into_inner();
        Ok(Response::new(Transaction { id: request.id, flag: Some(request.flag), ..Transaction::default() }))
    }
}
