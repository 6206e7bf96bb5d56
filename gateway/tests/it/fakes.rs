//! The services, played by one stage: scripted answers, and everything they were asked.

mod answers;
mod consent;
mod credits;
mod docauth;
mod fraud;
mod journeys;
mod ml;
mod projects;
mod reviews;
mod sessions;
mod transactions;

pub use ml::outcome;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use gateway::Peers;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proto::{
    accounts::accounts_server::AccountsServer,
    consent::consent_server::ConsentServer,
    docauth::doc_auth_server::DocAuthServer,
    journeys::journeys_server::JourneysServer,
    ml::ml_server::MlServer,
    projects::projects_server::ProjectsServer,
    sessions::sessions_server::SessionsServer,
    subjects::{Kept, Remains, Subject},
    transactions::{
        Transaction, answers_server::AnswersServer, credits_server::CreditsServer, fraud_server::FraudServer,
        reviews_server::ReviewsServer, transactions_server::TransactionsServer,
    },
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tonic::{Response, Status, service::Routes};

pub const PROJECT: &str = "project-1";
pub const KEY: &str = "key-1";
pub const ALL: [&str; 5] = [
    "Active Speaker Detection",
    "Face Liveness Detection",
    "Visual Speech Recognition",
    "Voice Recognition",
    "Face Recognition",
];

/// State of the services, and the requests they received.
#[derive(Default)]
pub struct State {
    pub signing: BTreeMap<String, EncodingKey>,
    pub published: Vec<proto::projects::VerificationKey>,
    pub key_fetches: usize,
    /// By key id; one that is absent is unknown.
    pub keys: BTreeMap<String, proto::projects::Authorization>,
    /// Who each session is bound to.
    pub sessions: BTreeMap<String, Session>,
    pub consents: BTreeMap<String, proto::consent::ConsentState>,
    pub consent_entries: Vec<proto::consent::RecordConsentRequest>,
    /// What the models answer, and the requests they got: the header and the size of the file.
    pub seen: Option<Result<proto::ml::AnalyzeVideoResponse, Status>>,
    pub analyzed: Vec<(proto::ml::AnalyzeVideoHeader, Vec<u8>)>,
    pub enrolled: Vec<proto::ml::EnrollCandidateRequest>,
    pub warmups: usize,
    /// What the models answer to enrollments and comparisons, and what they were asked.
    pub face: proto::ml::EnrollFaceResponse,
    pub voice: proto::ml::EnrollVoiceResponse,
    pub matched: proto::ml::MatchFacesResponse,
    pub enrollments: Vec<(proto::ml::EnrollHeader, Vec<u8>)>,
    /// The header, the picture, the video.
    pub matches: Vec<(proto::ml::MatchFacesHeader, Vec<u8>, Vec<u8>)>,
    /// What the session has; an error comes after the first piece.
    pub last_video: Option<Result<Vec<u8>, Status>>,
    pub last_video_liveness: Option<proto::sessions::VideoLiveness>,
    /// What a SIM swap check answers; none: the service is away.
    pub sim_swap: Option<proto::sessions::SimSwap>,
    pub checked_numbers: Vec<String>,
    pub exported: Vec<Result<proto::consent::ExportedConsent, Status>>,
    pub last_videos: Vec<(proto::sessions::PutLastVideoHeader, usize)>,
    pub records: Vec<Transaction>,
    /// What a count answers, and what was asked to be counted.
    pub stats: proto::transactions::StatsResponse,
    pub counted: Vec<proto::transactions::StatsRequest>,
    pub templates: Vec<proto::ml::TemplateInfo>,
    /// The lists asked for, and how many pages there are.
    pub lists: Vec<proto::transactions::ListTransactionsRequest>,
    pub pages: usize,
    /// What was asked of the review queue, and decided.
    pub review_lists: Vec<proto::transactions::ListReviewsRequest>,
    pub decided: Vec<proto::transactions::DecideReviewRequest>,
    /// What was asked of the fraud page, and blocked.
    pub fraud_spans: Vec<proto::transactions::FraudSummaryRequest>,
    pub blocked: Vec<proto::transactions::AddBlockedRequest>,
    /// What the models answer about prints and pairs of pictures, and what they were asked.
    pub print_enrolled: proto::ml::EnrollPrintResponse,
    pub print_verified: proto::ml::VerifyPrintResponse,
    pub pictures_alike: proto::ml::ComparePicturesResponse,
    pub still: proto::ml::JudgeStillResponse,
    pub stills: Vec<proto::ml::JudgeStillHeader>,
    pub prints: Vec<(&'static str, proto::ml::PrintHeader)>,
    pub compared: Vec<(Vec<u8>, Vec<u8>)>,
    pub samples: Vec<(proto::transactions::PutSampleHeader, Vec<u8>)>,
    pub refuse_samples: bool,
    /// What is answered when it is asked whether there is room for samples, and for videos of sessions.
    pub sample_room: Option<Status>,
    pub video_room: Option<Status>,
    pub enroll_fails: Option<Status>,
    /// How many samples fit, and the error after that.
    pub samples_fit: Option<(usize, Status)>,
    pub last_video_fails: Option<Status>,
    pub refuse_records: Option<Status>,
    pub created_keys: Vec<proto::projects::CreateApiKeyRequest>,
    /// By scores id and version.
    pub rules: BTreeMap<(String, u32), String>,
    /// What each service keeps of anybody, and what it answers instead of erasing it.
    pub kept: BTreeMap<&'static str, Vec<Kept>>,
    pub not_erasing: BTreeMap<&'static str, Status>,
    pub erased: Vec<(&'static str, Subject)>,
    pub receipts: Vec<proto::projects::SignErasureRequest>,
    /// By the id they are stored under.
    pub answers: BTreeMap<Vec<u8>, answers::KnownAnswer>,
    pub answers_down: bool,
    pub credits: credits::Credits,
    pub projects_down: bool,
    pub panic_on_analysis: bool,
    /// What the documents service answers; without, that it is not offered.
    pub document: Option<proto::docauth::CheckDocumentResponse>,
    pub documents: Vec<proto::docauth::CheckDocumentHeader>,
    /// What was written into the audit log.
    pub audit: Vec<proto::accounts::AppendAuditRequest>,
    /// The role of the user of the one session; none: nobody is signed in.
    pub role: Option<proto::accounts::Role>,
    pub half_open: bool,
    /// Checks of videos that wait, or are made.
    pub checks: Vec<proto::sessions::DeepfakeCheck>,
    pub consent_texts: Vec<proto::consent::ConsentText>,
}

#[derive(Default)]
pub struct Session {
    pub user: Option<String>,
    /// By consents alone.
    pub bound_by_consent: bool,
    pub ended: bool,
    /// What was issued, as far as it is not used up.
    pub challenge: Option<Option<proto::sessions::Challenge>>,
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
        stage.set().sim_swap = Some(proto::sessions::SimSwap {
            status: proto::sessions::SimSwapStatus::NotChecked.into(),
            description: "no mobile operator is configured for this project".into(),
            ..proto::sessions::SimSwap::default()
        });
        stage.set().seen = Some(Ok(proto::ml::AnalyzeVideoResponse::default()));
        stage
    }

    pub fn set(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Waits until the state of the services fulfils a condition.
    pub async fn until(&self, condition: impl Fn(&State) -> bool) {
        testkit::wait_until("the services' state", async || condition(&self.set())).await;
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
        self.set().published.push(proto::projects::VerificationKey { kid: kid.into(), public_key });
    }

    /// A key as the projects service signs it.
    pub fn token(&self, kid: &str, id: &str) -> String {
        let claims =
            json!({"id": id, "project_id": PROJECT, "selected_services": ALL, "can_mint": false, "iat": 1});
        self.sign(kid, &claims)
    }

    pub fn sign(&self, kid: &str, claims: &Value) -> String {
        self.sign_as("JWT", kid, claims)
    }

    pub fn sign_as(&self, typ: &str, kid: &str, claims: &Value) -> String {
        let typ = Some(typ.to_owned());
        let header = Header { kid: Some(kid.into()), typ, ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.set().signing[kid]).unwrap()
    }

    pub fn peers(&self) -> Peers {
        let local = |routes: Routes| rpc::local(routes, Duration::from_secs(60));
        let all = || {
            let routes = Routes::new(SessionsServer::new(self.clone()))
                .add_service(ConsentServer::new(self.clone()))
                .add_service(MlServer::new(self.clone()))
                .add_service(DocAuthServer::new(self.clone()))
                .add_service(TransactionsServer::new(self.clone()))
                .add_service(AnswersServer::new(self.clone()))
                .add_service(CreditsServer::new(self.clone()))
                .add_service(ReviewsServer::new(self.clone()))
                .add_service(FraudServer::new(self.clone()))
                .add_service(ProjectsServer::new(self.clone()))
                .add_service(AccountsServer::new(self.clone()))
                .add_service(JourneysServer::new(self.clone()));
            local(routes)
        };
        Peers {
            sessions: all(),
            consent: all(),
            ml: all(),
            docauth: all(),
            transactions: all(),
            projects: all(),
            journeys: all(),
        }
    }

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

/// What a key may do that administers nothing.
pub const SCOPES: [&str; 8] = [
    "capture",
    "consent.write",
    "records.read",
    "samples.read",
    "review.write",
    "webhooks.write",
    "identify",
    "similarity.read",
];
const ADMINISTRATIVE: [&str; 3] = ["enroll.still", "keys.admin", "project.admin"];

impl Stage {
    /// Gives the key every scope there is.
    pub fn administer(&self) {
        self.give_scopes(&[&SCOPES[..], &ADMINISTRATIVE].concat());
    }

    /// Every other API, as a project that attests consents has them.
    pub fn switch_on_dialects(&self) {
        let setting =
            |name: &str| proto::projects::DialectSetting { name: name.into(), consent: "attested".into() };
        let all = ["biometry_v2", "neuroid", "idv", "verifik"].map(setting).to_vec();
        self.set().keys.get_mut(KEY).unwrap().dialects = all;
    }

    pub fn give_scopes(&self, scopes: &[&str]) {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.set().keys.get_mut(KEY).unwrap().scopes = scopes;
    }
}

pub fn authorization() -> proto::projects::Authorization {
    proto::projects::Authorization {
        scopes: SCOPES.map(str::to_owned).to_vec(),
        state: proto::projects::ApiKeyState::Active.into(),
        selected_services: ALL.map(str::to_owned).to_vec(),
        rules_source: "default".into(),
        ..proto::projects::Authorization::default()
    }
}
