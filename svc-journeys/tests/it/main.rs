//! The journeys service over its own wire, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emails;
mod erasure;
mod links;
mod registrations;
mod validations;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use proto::journeys::{self as wire, journeys_client::JourneysClient};
use rpc::Transport;
use svc_journeys::Config;
use testkit::MailServer;
use tonic::{Response, Status};

pub const TENANT: &str = "prj_1";
const START_MS: i64 = 1_700_000_000_000;

/// The service with a clock that stands until it is moved, and a mail server.
pub struct World {
    pub client: JourneysClient<Transport>,
    pub config: Config,
    pub mail: MailServer,
    clock: Arc<AtomicI64>,
}

/// Runs `test` on SQLite, then on PostgreSQL, each time with an empty service.
pub async fn each_world(mut test: impl AsyncFnMut(World)) {
    testkit::each_config(async |db| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mail = MailServer::start().await;
        let mut config = Config { db, ..Config::embedded(folder.path()) };
        config.keys.secret = Some("07".repeat(32).into());
        config.mail =
            mail::Config { smtp_url: Some(mail.url.clone().into()), from: "checks@example.org".into() };
        let clock = Arc::new(AtomicI64::new(START_MS));
        let time = clock.clone();
        let now = Arc::new(move || time.load(Ordering::SeqCst));
        let routes = svc_journeys::routes_at(config.clone(), now).await.expect("the service starts");
        let client = JourneysClient::new(rpc::local(routes, std::time::Duration::from_secs(60)));
        test(World { client, config, mail, clock }).await;
    })
    .await;
}

/// A project with an active flow.
pub struct Journey {
    pub project: wire::JourneyProject,
    pub flow: wire::Flow,
}

pub fn settings() -> wire::FlowSettings {
    wire::FlowSettings {
        name: "Flow".into(),
        r#type: wire::FlowType::Onboarding.into(),
        status: wire::FlowStatus::Active.into(),
        document_attempt_limit: 3,
        compare_min_score: 0.85,
        liveness_attempt_limit: 2,
        liveness_min_score: 0.6,
        search_mode: wire::SearchMode::Accurate.into(),
        search_min_score: 0.9,
        ..wire::FlowSettings::default()
    }
}

pub fn done<T>(answer: Result<Response<T>, Status>) -> T {
    answer.unwrap().into_inner()
}

/// The word of a refusal.
#[track_caller]
pub fn word<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    let status = answer.expect_err("the call is refused");
    status.metadata().get("x-word").map(|word| word.to_str().unwrap().to_owned()).unwrap_or_default()
}

impl World {
    pub fn client(&self) -> JourneysClient<Transport> {
        self.client.clone()
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub async fn journey(&self, name: &str) -> Journey {
        let details = wire::ProjectDetails { name: name.into(), ..wire::ProjectDetails::default() };
        let request = wire::CreateProjectRequest { project_id: TENANT.into(), details: Some(details) };
        let project = done(self.client().create_project(request).await);
        let flow = self.flow(&project.id, settings()).await;
        Journey { project, flow }
    }

    pub async fn flow(&self, project: &str, settings: wire::FlowSettings) -> wire::Flow {
        let request = wire::CreateFlowRequest {
            project_id: TENANT.into(),
            journey_project_id: project.into(),
            settings: Some(settings),
        };
        done(self.client().create_flow(request).await)
    }

    pub async fn register(&self, of: &Journey, email: &str) -> Result<Response<wire::Registration>, Status> {
        let personal = wire::PersonalDetails {
            email: email.into(),
            full_name: "Ada Lovelace".into(),
            ..wire::PersonalDetails::default()
        };
        self.client()
            .create_registration(wire::CreateRegistrationRequest {
                project_id: TENANT.into(),
                journey_project_id: of.project.id.clone(),
                flow_id: of.flow.id.clone(),
                personal: Some(personal),
                language: String::new(),
            })
            .await
    }
}

pub fn record(id: &str) -> wire::RecordRequest {
    wire::RecordRequest { project_id: TENANT.into(), id: id.into() }
}

pub fn set_person(id: &str, existing: &str, force: bool) -> wire::SetPersonRequest {
    wire::SetPersonRequest {
        project_id: TENANT.into(),
        id: id.into(),
        existing_person_id: existing.into(),
        force,
    }
}
