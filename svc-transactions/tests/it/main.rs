//! The transactions service over its own wire, on SQLite and on PostgreSQL.

mod erasure;
mod list;
mod record;
mod review;

use std::time::Duration;

use proto::transactions::{
    GetTransactionRequest, RecordTransactionRequest, Transaction, transactions_client::TransactionsClient,
};
use rpc::Transport;
use svc_transactions::Config;
use tonic::Status;

const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// A running service; opening a second one on the same database is a second process.
#[derive(Clone)]
pub struct Service {
    db: db::Config,
    pub client: TransactionsClient<Transport>,
}

impl Service {
    pub async fn open(db: db::Config) -> Self {
        let keys = blob::KeyConfig { secret: Some(MASTER_KEY.into()), ..blob::KeyConfig::default() };
        let routes =
            svc_transactions::routes(Config { db: db.clone(), keys }).await.expect("the service starts");
        Self { db, client: TransactionsClient::new(rpc::local(routes, Duration::from_secs(10))) }
    }

    pub async fn record(&self, transaction: Transaction) -> Result<(), Status> {
        let request = RecordTransactionRequest { transaction: Some(transaction) };
        self.client.clone().record_transaction(request).await.map(drop)
    }

    pub async fn get(&self, project: &str, id: &str) -> Result<Transaction, Status> {
        let request = GetTransactionRequest { project_id: project.into(), id: id.into() };
        self.client.clone().get_transaction(request).await.map(tonic::Response::into_inner)
    }
}

/// Tells `story` to a service on an empty SQLite file and on an empty PostgreSQL schema.
pub async fn on_each_database(mut story: impl AsyncFnMut(Service)) {
    testkit::each_config(async |db| story(Service::open(db).await).await).await;
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
        verdict: Some("refer".into()),
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
        flag: None,
        evidence_json: Some(r#"{"spoken":"Ada Lovelace"}"#.into()),
        fraud: Vec::new(),
    }
}
