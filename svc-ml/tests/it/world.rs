//! The service as the gateway uses it, on the fixture media.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use bytes::Bytes;
use futures::stream;
use proto::ml::{
    AnalyzeVideoHeader, AnalyzeVideoRequest, AnalyzeVideoResponse, EnrollCandidateRequest,
    EnrollCandidateResponse, Service, ServiceResult, analyze_video_request::Part, ml_client::MlClient,
};
use rpc::Transport;
use svc_ml::Config;
use tokio::runtime::Runtime;
use tonic::Status;

/// One runtime for all tests: the service's database outlives each of them.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
/// Models take a second to load: one service for all tests, which use separate projects.
static SHARED: LazyLock<World> = LazyLock::new(|| World::with(|config| config.workers = 2));

pub const EVERY: [Service; 5] = [
    Service::ActiveSpeaker,
    Service::FaceLiveness,
    Service::VisualSpeech,
    Service::VoiceRecognition,
    Service::FaceRecognition,
];

pub struct World {
    pub client: MlClient<Transport>,
    dir: tempfile::TempDir,
}

/// Runs a test on the shared service.
pub fn run_test<F: Future<Output = ()>>(test: impl FnOnce(&'static World) -> F) {
    let world = &*SHARED;
    RUNTIME.block_on(test(world));
}

/// Runs a test on its own service.
pub fn run_test_with<F: Future<Output = ()>>(set: impl FnOnce(&mut Config), test: impl FnOnce(World) -> F) {
    let world = World::with(set);
    RUNTIME.block_on(test(world));
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The bytes of a fixture.
pub fn fixture(name: &str) -> Vec<u8> {
    let file = root().join("fixtures").join(name);
    std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}; run `make setup`", file.display()))
}

pub fn header(project: &str, user: &str, services: &[Service]) -> AnalyzeVideoHeader {
    AnalyzeVideoHeader {
        project_id: project.into(),
        user_fullname: user.into(),
        phrase: "one two three".into(),
        vocabulary: String::new(),
        services: services.iter().map(|s| (*s).into()).collect(),
        want_candidate: true,
        origin: None,
    }
}

/// Returns the result of a service for a video.
pub fn of(answer: &AnalyzeVideoResponse, service: Service) -> ServiceResult {
    answer.result(service).unwrap().clone()
}

pub fn part(part: Part) -> AnalyzeVideoRequest {
    AnalyzeVideoRequest { part: Some(part) }
}

impl World {
    fn with(set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spool = dir.path().join("spool");
        std::fs::create_dir(&spool).unwrap();
        let mut config = Config::embedded(dir.path());
        (config.models, config.spool) = (Some(root().join("models")), Some(spool));
        config.media_worker = Some(env!("CARGO_BIN_EXE_svc-ml").into());
        set(&mut config);
        let routes = RUNTIME.block_on(svc_ml::routes(config)).unwrap();
        let transport = rpc::local(routes, Duration::from_secs(120));
        Self { client: MlClient::new(transport).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES), dir }
    }

    /// Where the service keeps what it stores.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    pub async fn send(
        &self,
        header: AnalyzeVideoHeader,
        video: &[u8],
    ) -> Result<AnalyzeVideoResponse, Status> {
        let chunks = video.chunks(64 * 1024).map(|c| part(Part::Chunk(Bytes::copy_from_slice(c))));
        let parts: Vec<_> = std::iter::once(part(Part::Header(header))).chain(chunks).collect();
        Ok(self.client.clone().analyze_video(stream::iter(parts)).await?.into_inner())
    }

    pub async fn analyze(
        &self,
        project: &str,
        user: &str,
        services: &[Service],
        file: &str,
    ) -> AnalyzeVideoResponse {
        self.send(header(project, user, services), &fixture(file)).await.unwrap()
    }

    pub async fn enroll(
        &self,
        project: &str,
        user: &str,
        candidate: &[u8],
    ) -> Result<EnrollCandidateResponse, Status> {
        let request = EnrollCandidateRequest {
            project_id: project.into(),
            user_fullname: user.into(),
            candidate: Bytes::copy_from_slice(candidate),
            transaction_id: "tx".into(),
        };
        Ok(self.client.clone().enroll_candidate(request).await?.into_inner())
    }

    /// Returns the files left by videos.
    pub fn leftovers(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("spool")).unwrap().count()
    }
}
