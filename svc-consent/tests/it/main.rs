//! The consent service over its own wire, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod durability;
mod erasure;
mod export;
mod journal;
mod keys;
mod log;
mod texts;

use std::time::Duration;

use proto::consent::{
    ConsentKind, ConsentState, GetConsentRequest, RecordConsentRequest, consent_client::ConsentClient,
};
use rpc::Transport;
use tonic::{Code, Status};

pub const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
pub const ADA: &str = "ada@example.org";

pub type Client = ConsentClient<Transport>;

pub fn config(db: &db::Config) -> svc_consent::Config {
    let keys = blob::KeyConfig { secret: Some(MASTER_KEY.into()), ..blob::KeyConfig::default() };
    svc_consent::Config { db: db.clone(), keys, anchor: ledger::AnchorConfig::default() }
}

/// A running service; opening a second one on the same database acts as a second process.
pub async fn open(db: &db::Config) -> Client {
    let routes = svc_consent::routes(config(db)).await.expect("the service starts");
    ConsentClient::new(rpc::local(routes, Duration::from_secs(60)))
}

pub async fn record(client: &mut Client, user: &str, kind: ConsentKind, given: bool) -> Result<(), Status> {
    let request = RecordConsentRequest {
        project_id: "p1".into(),
        user_fullname: user.into(),
        kind: kind.into(),
        given,
        api_key_id: "k1".into(),
        session_id: Some("sess_1".into()),
        device_info_json: None,
        transaction_id: "t1".into(),
        basis: String::new(),
    };
    client.record_consent(request).await.map(drop)
}

pub fn of(project: &str, user: &str) -> GetConsentRequest {
    GetConsentRequest { project_id: project.into(), user_fullname: user.into() }
}

/// Both kinds were recorded.
pub fn recorded(authorization: bool, storage: bool) -> ConsentState {
    ConsentState { authorization, storage, authorization_recorded: true, storage_recorded: true }
}

pub async fn state(client: &mut Client, project: &str, user: &str) -> ConsentState {
    client.get_consent(of(project, user)).await.expect("a state").into_inner()
}

#[tokio::test]
async fn a_withdrawal_applies_to_the_next_call_and_the_history_remains() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        assert_eq!(state(&mut client, "p1", ADA).await, ConsentState::default());

        record(&mut client, ADA, ConsentKind::Authorization, true).await.unwrap();
        record(&mut client, ADA, ConsentKind::Storage, true).await.unwrap();
        assert_eq!(state(&mut client, "p1", ADA).await, recorded(true, true));

        record(&mut client, ADA, ConsentKind::Storage, false).await.unwrap();
        assert_eq!(state(&mut client, "p1", ADA).await, recorded(true, false));

        let history = client.get_history(of("p1", ADA)).await.unwrap().into_inner();
        let given: Vec<_> = history.entries.iter().map(|e| (e.kind(), e.given)).collect();
        let (authorization, storage) = (ConsentKind::Authorization, ConsentKind::Storage);
        assert_eq!(given, [(authorization, true), (storage, true), (storage, false)]);
        assert_eq!(history.entries[0].session_id.as_deref(), Some("sess_1"));
    })
    .await;
}

#[tokio::test]
async fn another_project_knows_nothing() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        record(&mut client, ADA, ConsentKind::Authorization, true).await.unwrap();
        assert_eq!(state(&mut client, "p2", ADA).await, ConsentState::default());
        let refused = client.get_history(of("p2", ADA)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn two_processes_writing_at_once_never_fork_the_chain() {
    testkit::each_config(async |db| {
        let clients = [open(&db).await, open(&db).await];
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..24 {
            let mut client = clients[number % 2].clone();
            writers
                .spawn(async move { record(&mut client, ADA, ConsentKind::Storage, number % 3 == 0).await });
        }
        writers
            .join_all()
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .expect("every consent is recorded");
        let mut client = clients[0].clone();
        let entries = client.get_history(of("p1", ADA)).await.unwrap().into_inner().entries;
        assert_eq!(entries.len(), 24);

        let chain = stored(&db).await;
        assert_eq!(svc_consent::verify_chain(&chain), Ok(()));
        assert!(
            svc_consent::verify_chain(&chain[1..]).is_err(),
            "a chain without its first entry does not hold"
        );
    })
    .await;
}

/// Returns the ledger as stored.
pub async fn stored(db: &db::Config) -> Vec<svc_consent::Entry> {
    static NONE: sqlx::migrate::Migrator = sqlx::migrate!();
    let db = db::Db::open(db, &NONE).await.expect("the database opens");
    db.fetch_all("SELECT * FROM consent_entries ORDER BY seq", &[]).await.expect("the ledger is there")
}

#[tokio::test]
async fn the_database_holds_no_name() {
    testkit::each_config(async |db| {
        record(&mut open(&db).await, ADA, ConsentKind::Storage, true).await.unwrap();
        let row = format!("{:?}", stored(&db).await);
        assert!(!row.contains(ADA) && !row.contains(&format!("{:?}", ADA.as_bytes())[1..20]), "{row}");
    })
    .await;
}

#[tokio::test]
async fn missing_fields_are_named() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        for (user, kind) in [
            ("", ConsentKind::Storage),
            (ADA, ConsentKind::Unspecified),
            (&"a".repeat(257), ConsentKind::Storage),
        ] {
            let refused = record(&mut client, user, kind, true).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        }
    })
    .await;
}

/// Concurrent calls share commits: as many marks as entries, in one chain, each caller with its own result.
#[tokio::test]
async fn consents_recorded_together_are_each_answered_and_form_one_journal() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        let second = open(&db).await;
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..300_u32 {
            // Two processes, two projects, some people several times.
            let mut client = if number % 3 == 0 { second.clone() } else { client.clone() };
            let (project, user) = (format!("p{}", 1 + number % 2), format!("user {}", number / 2 % 70));
            calls.spawn(async move {
                let request = RecordConsentRequest {
                    project_id: project.clone(),
                    user_fullname: user.clone(),
                    kind: ConsentKind::Storage.into(),
                    given: true,
                    transaction_id: format!("t{number}"),
                    ..RecordConsentRequest::default()
                };
                let entry = client.record_consent(request).await.unwrap().into_inner();
                assert_eq!(entry.transaction_id, format!("t{number}"));
                let history = client.get_history(of(&project, &user)).await.unwrap().into_inner();
                assert!(history.entries.iter().any(|kept| kept.id == entry.id && kept.hash == entry.hash));
            });
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap();
        }
        let audit = svc_consent::verify(config(&db), Vec::new(), |_| ()).await.unwrap();
        assert_eq!((audit.entries, audit.marks, audit.findings), (300, 302, 0));
        record(&mut client, "", ConsentKind::Storage, true).await.unwrap_err();
    })
    .await;
}
