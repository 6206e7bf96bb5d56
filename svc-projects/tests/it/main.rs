//! The projects service over its own wire, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod audit;
mod deletions;
mod dialects;
mod erasures;
mod keys;
mod master_keys;
mod retention;
mod rules;
mod shadow_rules;
mod tampering;
mod tokens;
mod video_settings;

use std::time::Duration;

use proto::accounts::accounts_client::AccountsClient;
use proto::projects::{
    BootstrapRequest, BootstrapResponse, CreateApiKeyRequest, CreateApiKeyResponse, VerificationKey,
    projects_client::ProjectsClient,
};
use rpc::Transport;
use svc_projects::Config;
use tonic::Status;

const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// A running service; opening a second one on the same database is a second process.
#[derive(Clone)]
pub struct Service {
    db: db::Config,
    pub client: ProjectsClient<Transport>,
    pub accounts: AccountsClient<Transport>,
}

impl Service {
    pub async fn open(db: db::Config) -> Self {
        Self::try_open(db, MASTER_KEY).await.expect("the service starts")
    }

    pub async fn try_open(db: db::Config, master_key: &str) -> anyhow::Result<Self> {
        let keys = blob::KeyConfig { secret: Some(master_key.into()), ..blob::KeyConfig::default() };
        Self::of(Config { db, keys, anchor: ledger::AnchorConfig::default(), tombstones: None }).await
    }

    pub async fn of(config: Config) -> anyhow::Result<Self> {
        let db = config.db.clone();
        let routes = svc_projects::routes(config).await?;
        let transport = rpc::local(routes, Duration::from_secs(30));
        let client = ProjectsClient::new(transport.clone());
        Ok(Self { db, client, accounts: AccountsClient::new(transport) })
    }

    /// Another process on the same database.
    pub async fn again(&self) -> anyhow::Result<Self> {
        Self::try_open(self.db.clone(), MASTER_KEY).await
    }

    /// As the command line finds it.
    pub fn config(&self) -> Config {
        let keys = blob::KeyConfig { secret: Some(MASTER_KEY.into()), ..blob::KeyConfig::default() };
        Config { db: self.db.clone(), keys, anchor: ledger::AnchorConfig::default(), tombstones: None }
    }

    pub async fn bootstrap(&mut self) -> BootstrapResponse {
        let request = BootstrapRequest {
            organisation_name: "Acme".into(),
            project_name: "Onboarding".into(),
            selected_services: Vec::new(),
            replays: 0,
        };
        self.client.bootstrap(request).await.expect("bootstrap").into_inner()
    }

    /// A key of `project`, asked for with whatever `change` makes of a plain request.
    pub async fn create_key(
        &mut self,
        project: &str,
        change: impl FnOnce(&mut CreateApiKeyRequest),
    ) -> Result<CreateApiKeyResponse, Status> {
        let mut request = CreateApiKeyRequest {
            project_id: project.into(),
            name: "a key".into(),
            ..CreateApiKeyRequest::default()
        };
        change(&mut request);
        self.client.create_api_key(request).await.map(tonic::Response::into_inner)
    }

    pub async fn verification_keys(&mut self) -> Vec<VerificationKey> {
        let request = proto::projects::GetVerificationKeysRequest {};
        self.client.get_verification_keys(request).await.expect("public keys").into_inner().keys
    }
}

/// Runs `test` with a service on an empty SQLite file and on an empty PostgreSQL schema.
pub async fn on_each_database(mut test: impl AsyncFnMut(Service)) {
    testkit::each_config(async |db| test(Service::open(db).await).await).await;
}
