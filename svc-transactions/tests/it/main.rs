//! The transactions service over its own wire, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod credits;
mod dashboard;
mod erasure;
mod fraud;
mod fraud_page;
mod keys;
mod list;
mod record;
mod retention;
mod review;
mod reviews;
mod samples;
mod webhooks;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use proto::transactions::{
    GetTransactionRequest, RecordTransactionRequest, Transaction, answers_client::AnswersClient,
    credits_client::CreditsClient, fraud_client::FraudClient, reviews_client::ReviewsClient,
    transactions_client::TransactionsClient,
};
use rpc::Transport;
use svc_transactions::{Config, SamplesConfig};
use tempfile::TempDir;
use tonic::Status;

/// The initial time of the service.
pub const NOW_MS: i64 = 1_760_000_100_000;
const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

pub fn keys() -> blob::KeyConfig {
    blob::KeyConfig { secret: Some(MASTER_KEY.into()), ..blob::KeyConfig::default() }
}

/// A running service; opening a second one on the same database acts as a second process.
#[derive(Clone)]
pub struct Service {
    db: db::Config,
    /// The folder of its samples.
    pub folder: Arc<TempDir>,
    now_ms: Arc<AtomicI64>,
    /// Direct access to its tables, opened on demand.
    db_pool: Arc<tokio::sync::OnceCell<db::Db>>,
    pub client: TransactionsClient<Transport>,
    pub answers: AnswersClient<Transport>,
    pub credits: CreditsClient<Transport>,
    pub reviews: ReviewsClient<Transport>,
    pub fraud: FraudClient<Transport>,
}

fn config_of(db: db::Config, folder: &TempDir) -> Config {
    Config {
        db,
        keys: keys(),
        samples: SamplesConfig {
            sweep_seconds: 1,
            folder_is_shared: true,
            ..SamplesConfig::embedded(folder.path())
        },
        webhooks: svc_transactions::WebhooksConfig::default(),
        answers: svc_transactions::AnswersConfig::default(),
    }
}

impl Service {
    pub async fn open(db: db::Config) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        Self::at(db, folder, Arc::new(AtomicI64::new(NOW_MS))).await
    }

    /// Another process of the same deployment.
    pub async fn second(&self) -> Self {
        Self::at(self.db.clone(), self.folder.clone(), self.now_ms.clone()).await
    }

    /// Another process of the same deployment, with limited storage for samples.
    pub async fn second_limited(&self, limits: blob::Limits) -> Self {
        let mut config = config_of(self.db.clone(), &self.folder);
        config.samples.limits = limits;
        Self::configured(config, self.folder.clone(), self.now_ms.clone()).await
    }

    async fn at(db: db::Config, folder: Arc<TempDir>, now_ms: Arc<AtomicI64>) -> Self {
        let config = config_of(db, &folder);
        Self::configured(config, folder, now_ms).await
    }

    async fn configured(config: Config, folder: Arc<TempDir>, now_ms: Arc<AtomicI64>) -> Self {
        let db = config.db.clone();
        let clock = now_ms.clone();
        let clock = Arc::new(move || clock.load(Ordering::Relaxed));
        let routes = svc_transactions::routes_at(config, clock).await.expect("the service starts");
        let transport = rpc::local(routes, Duration::from_secs(60));
        let (client, answers) =
            (TransactionsClient::new(transport.clone()), AnswersClient::new(transport.clone()));
        let reviews = ReviewsClient::new(transport.clone());
        let credits = CreditsClient::new(transport.clone());
        let fraud = FraudClient::new(transport);
        Self { db, folder, now_ms, db_pool: Arc::default(), client, answers, credits, reviews, fraud }
    }

    /// Returns the configuration of an operator's command.
    pub fn config(&self) -> Config {
        config_of(self.db.clone(), &self.folder)
    }

    pub async fn subject_traces(&self, project: &str, user: &str) -> Vec<Vec<u8>> {
        svc_transactions::subject_traces(&self.config(), project, user).await.expect("the traces")
    }

    /// Another process with this master key, and `retired` ones.
    pub async fn keyed(&self, active: &str, retired: &[&str]) -> (Config, TransactionsClient<Transport>) {
        let mut config = self.config();
        config.keys.secret = Some(active.repeat(32).into());
        config.keys.retired = retired.iter().map(|key| key.repeat(32).into()).collect();
        let now_ms = self.now_ms.clone();
        let clock = Arc::new(move || now_ms.load(Ordering::Relaxed));
        let routes = svc_transactions::routes_at(config.clone(), clock).await.expect("the service starts");
        (config, TransactionsClient::new(rpc::local(routes, Duration::from_secs(60))))
    }

    /// Advances the clock.
    pub fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Returns the database file; `None`: not in a file.
    pub fn database_file(&self) -> Option<std::path::PathBuf> {
        use secrecy::ExposeSecret;
        self.db.url.expose_secret().strip_prefix("sqlite://").map(Into::into)
    }

    /// Waits until the fraud rules have evaluated everything.
    pub async fn all_looked_at(&self) {
        testkit::wait_until("the fraud rules have read everything", async || self.waiting().await == 0).await;
    }

    pub async fn waiting(&self) -> i64 {
        let db = self.tables().await;
        let (count,) = db.fetch_one("SELECT COUNT(*) FROM fraud_pending", &[]).await.expect("a count");
        count
    }

    /// Makes transactions wait for the rules again, claimed until `until_ms`.
    pub async fn wait_again(&self, ids: &[&str], until_ms: i64) {
        let db = self.tables().await;
        for id in ids {
            let wait = "INSERT INTO fraud_pending (id, claimed_until) VALUES ($1, $2)";
            db.execute(wait, db::params![*id, until_ms]).await.expect("a row");
        }
    }

    /// A webhook endpoint of a key for every event, with an unreadable address.
    pub async fn subscribe_endpoint(&self, project: &str, key: &str) {
        let endpoint = "INSERT INTO webhook_endpoints (id, project_id, api_key_id, events, status, sealed_target, \
                        sealed_secrets, created_at, updated_at) VALUES ('wh_1', $1, $2, '[]', 'active', $3, $3, 0, 0)";
        let nothing: &[u8] = &[];
        let db = self.tables().await;
        db.execute(endpoint, db::params![project, key, nothing]).await.expect("a row");
    }

    /// Returns the transactions with a queued or sent event.
    pub async fn queued_events(&self, event: &str) -> Vec<String> {
        let queued = "SELECT transaction_id FROM webhook_deliveries WHERE event = $1";
        let db = self.tables().await;
        let ids: Vec<(String,)> = db.fetch_all(queued, db::params![event]).await.expect("a list");
        ids.into_iter().map(|(id,)| id).collect()
    }

    /// Returns its tables, to act as another process.
    pub async fn tables(&self) -> db::Db {
        let db = self.db_pool.get_or_init(async || {
            static NONE: sqlx::migrate::Migrator = sqlx::migrate!();
            db::Db::open(&self.db, &NONE).await.expect("the tables")
        });
        db.await.clone()
    }

    /// Advances the time of the service.
    pub fn pass(&self, time: Duration) {
        self.now_ms.fetch_add(time.as_millis() as i64, Ordering::Relaxed);
    }

    pub async fn record(&self, transaction: Transaction) -> Result<(), Status> {
        let request = RecordTransactionRequest { transaction: Some(transaction) };
        self.client.clone().record_transaction(request).await.map(drop)
    }

    /// Returns a transaction as it was recorded: without its review.
    pub async fn get(&self, project: &str, id: &str) -> Result<Transaction, Status> {
        let found = self.get_reviewed(project, id).await?;
        Ok(Transaction { review: None, ..found })
    }

    pub async fn get_reviewed(&self, project: &str, id: &str) -> Result<Transaction, Status> {
        let request = GetTransactionRequest { project_id: project.into(), id: id.into() };
        self.client.clone().get_transaction(request).await.map(tonic::Response::into_inner)
    }
}

/// Runs `test` with a service on an empty SQLite file and on an empty PostgreSQL schema.
pub async fn on_each_database(mut test: impl AsyncFnMut(Service)) {
    testkit::each_config(async |db| test(Service::open(db).await).await).await;
}

pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A video as a project sees it, every field filled.
pub fn video(project: &str) -> Transaction {
    Transaction {
        id: new_id(),
        project_id: project.into(),
        api_key_id: new_id(),
        session_id: Some("sess_1".into()),
        user_fullname: Some("Ada Lovelace".into()),
        kind: "process_video".into(),
        created_at_ms: 1_760_000_000_000,
        http_status: 200,
        error: Some("the phrase was not understood".into()),
        verdict: proto::transactions::Verdict::Refer.into(),
        score: Some(61.25),
        reasons: vec!["face_match_passed".into(), "spoken_phrase_failed".into()],
        services_json: Some(
            r#"{"Face Recognition":{"instances":[{"search":{"searchName":"Ada Lovelace"}}]}}"#.into(),
        ),
        rules: Some("default".into()),
        action_trigger: Some("login".into()),
        device_info_json: Some(r#"{"os":"test","serial":"SN-4711"}"#.into()),
        geo_json: Some(r#"{"lat":48.2,"lng":16.4,"city":"Vienna"}"#.into()),
        tags: vec!["kiosk".into(), "früh".into()],
        durations_json: Some(r#"{"decode":12}"#.into()),
        duration_ms: 431,
        client_app: Some("app".into()),
        client_app_version: Some("1.2.3".into()),
        // Only another API's own format has one.
        event_json: None,
        event_urls: Vec::new(),
        client_address: String::new(),
        document_number: None,
        is_test: false,
        flag: 0,
        evidence_json: Some(r#"{"spoken":"Ada Lovelace"}"#.into()),
        fraud: Vec::new(),
        review: None,
    }
}
