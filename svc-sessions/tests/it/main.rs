//! The sessions service over its own wire, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod challenge;
mod checks;
mod durability;
mod erasure;
mod keys;
mod lifecycle;
mod sim_swap;
mod user_lock;
mod video;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use proto::sessions::{
    BindUserRequest, EndSessionRequest, GetLastVideoRequest, GetSessionRequest, PutLastVideoHeader,
    PutLastVideoRequest, Session, StartSessionRequest, put_last_video_request::Part,
    sessions_client::SessionsClient,
};
use rpc::Transport;
use svc_sessions::Config;
use tonic::{Code, Status};

pub const PROJECT: &str = "prj_1";
const START_MS: i64 = 1_700_000_000_000;
const LIFETIME_MS: i64 = 30 * 60 * 1000;

/// The service with a clock that tests move.
#[derive(Clone)]
pub struct World {
    pub client: SessionsClient<Transport>,
    pub config: Config,
    pub clock: Arc<AtomicI64>,
}

/// Runs `test` on SQLite, then on PostgreSQL, each time with an empty service.
pub async fn each_world(mut test: impl AsyncFnMut(World)) {
    testkit::each_config(async |db| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config { db, max_video_bytes: 300_000, ..Config::embedded(folder.path()) };
        config.blob.keys.secret = Some("07".repeat(32).into());
        config.blob.folder_is_shared = true;
        config.egress = this_machine();
        test(World::open(config, Arc::new(AtomicI64::new(START_MS))).await).await;
    })
    .await;
}

/// Operators are on this machine, without TLS.
pub fn this_machine() -> egress::Config {
    egress::Config { allow: vec!["127.0.0.0/8".parse().expect("a network")], allow_http: true }
}

impl World {
    pub async fn open(config: Config, clock: Arc<AtomicI64>) -> Self {
        let time = clock.clone();
        let now = Arc::new(move || time.load(Ordering::SeqCst));
        let routes = svc_sessions::routes_at(config.clone(), now).await.expect("the service starts");
        let client = SessionsClient::new(rpc::local(routes, Duration::from_secs(60)));
        Self { client, config, clock }
    }

    /// Starts another process of the same deployment.
    pub async fn second_process(&self) -> Self {
        Self::open(self.config.clone(), self.clock.clone()).await
    }

    /// Moves the clock to the last millisecond of a session started at the beginning, plus `ms`.
    pub fn move_to_expiry(&self, ms: i64) {
        self.clock.store(START_MS + LIFETIME_MS + ms, Ordering::SeqCst);
    }

    pub async fn start(&self) -> Session {
        let request = StartSessionRequest { project_id: PROJECT.into(), api_key_id: "key_1".into() };
        self.client.clone().start_session(request).await.expect("a session starts").into_inner()
    }

    pub async fn get(&self, project: &str, id: &str) -> Result<Session, Status> {
        let request = GetSessionRequest { project_id: project.into(), session_id: id.into() };
        self.client.clone().get_session(request).await.map(tonic::Response::into_inner)
    }

    pub async fn bind(&self, project: &str, id: &str, user: &str) -> Result<Session, Status> {
        let request = BindUserRequest {
            project_id: project.into(),
            session_id: id.into(),
            user_fullname: user.into(),
            ..Default::default()
        };
        self.client.clone().bind_user(request).await.map(tonic::Response::into_inner)
    }

    pub async fn end(&self, project: &str, id: &str) -> Result<Session, Status> {
        let request = EndSessionRequest { project_id: project.into(), session_id: id.into() };
        self.client.clone().end_session(request).await.map(tonic::Response::into_inner)
    }

    pub async fn put_video(&self, project: &str, id: &str, chunks: &[&[u8]]) -> Result<u64, Status> {
        let mut messages = vec![header(project, id)];
        messages.extend(chunks.iter().map(|c| chunk(c)));
        let done = self.client.clone().put_last_video(futures::stream::iter(messages)).await?;
        Ok(done.into_inner().size)
    }

    pub async fn video(&self, project: &str, id: &str) -> Result<Vec<u8>, Status> {
        let request = GetLastVideoRequest { project_id: project.into(), session_id: id.into() };
        let mut chunks = self.client.clone().get_last_video(request).await?.into_inner();
        let mut video = Vec::new();
        while let Some(part) = chunks.message().await? {
            video.extend(part.chunk);
        }
        Ok(video)
    }

    /// Every file of the video storage.
    pub fn blobs(&self) -> Vec<PathBuf> {
        files(&self.config.blob.folder)
    }
}

pub fn header(project: &str, id: &str) -> PutLastVideoRequest {
    let header = PutLastVideoHeader {
        project_id: project.into(),
        session_id: id.into(),
        transaction_id: "0190b5f4-0000-7000-8000-000000000000".into(),
        liveness: None,
    };
    PutLastVideoRequest { part: Some(Part::Header(header)) }
}

pub fn chunk(bytes: &[u8]) -> PutLastVideoRequest {
    PutLastVideoRequest { part: Some(Part::Chunk(bytes.to_vec().into())) }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, text: &str) {
    let status = answer.expect_err("the call is refused");
    assert_eq!((status.code(), status.message()), (code, text));
}

#[track_caller]
pub fn assert_unknown<T: std::fmt::Debug>(answer: Result<T, Status>) {
    assert_refused(answer, Code::NotFound, "session not found");
}
