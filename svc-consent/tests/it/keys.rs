//! A ledger moves to a new master key although its entries and marks never change.

use ledger::Rewrap;
use proto::consent::{ConsentKind, consent_client::ConsentClient};
use svc_consent::{Config, Finding};

use crate::{
    ADA, Client, config,
    journal::{ledger, tamper},
    of, record, recorded, state,
};

fn keyed(db: &db::Config, active: &str, retired: &[&str]) -> Config {
    let retired = retired.iter().map(|key| key.repeat(32).into()).collect();
    let keys =
        blob::KeyConfig { secret: Some(active.repeat(32).into()), retired, ..blob::KeyConfig::default() };
    Config { keys, ..config(db) }
}

async fn start(config: Config) -> anyhow::Result<Client> {
    let routes = svc_consent::routes(config).await?;
    Ok(ConsentClient::new(rpc::local(routes, std::time::Duration::from_secs(60))))
}

async fn rewrap(config: &Config) -> (i64, Vec<String>) {
    let mut reported = Vec::new();
    let mut report = |what: &str, _: u64| reported.push(what.to_owned());
    let usage =
        ledger::rewrap(config, &mut Rewrap { batch: 2, report: &mut report }, boot::now_ms()).await.unwrap();
    let active = &ledger::key_usage(config, boot::now_ms()).await.unwrap().0[0];
    let left = usage.iter().filter(|used| used.key_id != *active).map(|used| used.rows).sum();
    (left, reported)
}

/// Stops after the first batch.
async fn break_off(config: &Config) {
    let done = tokio::sync::Notify::new();
    let mut report = |_: &str, _: u64| done.notify_one();
    let mut rewrap = Rewrap { batch: 2, report: &mut report };
    tokio::select! {
        biased;
        () = done.notified() => {}
        _ = ledger::rewrap(config, &mut rewrap, boot::now_ms()) => panic!("it was done before it could be broken off"),
    }
}

async fn findings(config: Config, known: Vec<svc_consent::KnownHead>) -> Vec<String> {
    let mut found = Vec::new();
    svc_consent::verify(config, known, |finding: &Finding| found.push(finding.to_string())).await.unwrap();
    found
}

#[tokio::test]
async fn a_rewrapped_ledger_holds_against_earlier_heads_without_the_old_key() {
    testkit::each_config(async |db| {
        drop(ledger(&db).await);
        let old = keyed(&db, "07", &[]);
        let noted = svc_consent::verify(old.clone(), Vec::new(), |_| ()).await.unwrap().heads;
        let both = keyed(&db, "08", &["07"]);
        let mut service = start(both.clone()).await.unwrap();
        record(&mut service, ADA, ConsentKind::Storage, true).await.unwrap();
        break_off(&both).await;
        // The service continues meanwhile.
        assert_eq!(state(&mut service, "p1", ADA).await, recorded(true, true));
        record(&mut service, "carol", ConsentKind::Storage, true).await.unwrap();
        let (_, usage) = ledger::key_usage(&both, boot::now_ms()).await.unwrap();
        let keys: std::collections::HashSet<_> = usage.iter().map(|used| &used.key_id).collect();
        assert_eq!(keys.len(), 2, "{usage:?}");
        let refused = format!("{:#}", start(keyed(&db, "08", &[])).await.unwrap_err());
        assert!(refused.contains("list it in keys.retired") && !refused.contains('\n'), "{refused}");

        assert_eq!(rewrap(&both).await.0, 0);
        assert_eq!(rewrap(&both).await, (0, Vec::new()), "nothing is done twice");

        let alone = keyed(&db, "08", &[]);
        let mut service = start(alone.clone()).await.unwrap();
        assert_eq!(state(&mut service, "p1", ADA).await, recorded(true, true));
        let history = service.get_history(of("p1", ADA)).await.unwrap().into_inner();
        assert_eq!(history.entries.len(), 4);
        assert_eq!(history.entries[0].session_id.as_deref(), Some("sess_1"), "what is personal opens");
        record(&mut service, ADA, ConsentKind::Authorization, false).await.unwrap();
        assert_eq!(state(&mut service, "p1", ADA).await, recorded(false, true));
        assert_eq!(findings(alone, noted).await, Vec::<String>::new());
        assert!(start(old).await.is_err(), "the old key alone starts nothing");
    })
    .await;
}

#[tokio::test]
async fn marks_of_a_distrusted_key_are_rejected() {
    testkit::each_config(async |db| {
        drop(ledger(&db).await);
        let both = keyed(&db, "08", &["07"]);
        let old_id = ledger::key_usage(&both, boot::now_ms()).await.unwrap().0[1].clone();
        let early =
            ledger::distrust_master_key(&both, &old_id, boot::now_ms()).await.unwrap_err().to_string();
        assert!(early.contains("run `biometry keys rewrap` first"), "{early}");
        assert_eq!(rewrap(&both).await.0, 0);
        // Marks without endorsements are what a holder of the old key can make.
        tamper(&db, &["UPDATE consent_journal SET endorsement = '' WHERE project_id = 'p1'"]).await;
        assert_eq!(findings(both.clone(), Vec::new()).await, Vec::<String>::new());
        let refused =
            ledger::distrust_master_key(&both, &old_id, boot::now_ms()).await.unwrap_err().to_string();
        assert!(refused.contains("consent_journal.mac"), "{refused}");
        assert_eq!(rewrap(&both).await.0, 0);
        ledger::distrust_master_key(&both, &old_id, boot::now_ms()).await.unwrap();

        for config in [both, keyed(&db, "08", &[])] {
            assert_eq!(findings(config.clone(), Vec::new()).await, Vec::<String>::new());
            let mut service = start(config.clone()).await.unwrap();
            assert_eq!(state(&mut service, "p1", ADA).await, recorded(true, false));
        }
        tamper(&db, &["UPDATE consent_journal SET endorsement = '' WHERE project_id = 'p1'"]).await;
        for config in [keyed(&db, "08", &["07"]), keyed(&db, "08", &[])] {
            let found = findings(config.clone(), Vec::new()).await;
            assert!(
                found.iter().any(|found| found.contains("mark 1 of the journal was changed")),
                "{found:?}"
            );
            let mut service = start(config).await.unwrap();
            service.get_consent(of("p1", ADA)).await.unwrap_err();
        }
        let refused = format!("{:#}", start(keyed(&db, "07", &["08"])).await.unwrap_err());
        assert!(refused.contains("is distrusted"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn nothing_that_was_tampered_with_is_endorsed() {
    testkit::each_config(async |db| {
        drop(ledger(&db).await);
        tamper(&db, &["UPDATE consent_journal SET chain_hash = 'x' WHERE project_id = 'p1' AND seq = 2"])
            .await;
        let mut report = |_: &str, _: u64| ();
        let mut rewrap = Rewrap { batch: 500, report: &mut report };
        let refused =
            ledger::rewrap(&keyed(&db, "08", &["07"]), &mut rewrap, boot::now_ms()).await.unwrap_err();
        let refused = refused.to_string();
        assert!(refused.starts_with("project p1: mark 2 of the journal does not verify"), "{refused}");
    })
    .await;
}
