//! A service recognises the tables of another master key, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use blob::{KeyConfig, KeyRing, Purpose};
use db::Db;
use ledger::check_master_key;

const TABLES: [&str; 2] = [
    "CREATE TABLE master_key (one BIGINT PRIMARY KEY NOT NULL, canary BYTEA NOT NULL)",
    "CREATE TABLE secrets (sealed BYTEA NOT NULL)",
];
const SAMPLE: &str = "SELECT sealed FROM secrets LIMIT 1";

fn ring(active: &str, retired: &[&str]) -> KeyRing {
    let retired = retired.iter().map(|key| key.repeat(32).into()).collect();
    let config = KeyConfig { secret: Some(active.repeat(32).into()), retired, ..KeyConfig::default() };
    KeyRing::open(&config).unwrap()
}

async fn each_db(mut test: impl AsyncFnMut(Db)) {
    testkit::each_db(&sqlx::migrate::Migrator::DEFAULT, async |db| {
        for table in TABLES {
            db.execute(table, &[]).await.unwrap();
        }
        test(db).await;
    })
    .await;
}

async fn refusal(db: &Db, ring: &KeyRing) -> String {
    check_master_key(db, ring, SAMPLE).await.unwrap_err().to_string()
}

#[tokio::test]
async fn another_key_is_refused_until_the_first_is_retired() {
    each_db(async |db| {
        check_master_key(&db, &ring("07", &[]), SAMPLE).await.unwrap();
        check_master_key(&db, &ring("07", &[]), SAMPLE).await.unwrap();
        let refused = refusal(&db, &ring("08", &[])).await;
        assert!(refused.contains("is not the one these tables were written under"), "{refused}");
        assert!(!refused.contains('\n'), "one line");
        check_master_key(&db, &ring("08", &["07"]), SAMPLE).await.unwrap();
        check_master_key(&db, &ring("07", &["08"]), SAMPLE).await.unwrap();
        refusal(&db, &ring("09", &["08"])).await;
    })
    .await;
}

/// Tables of a release without canaries: the first start must not make the wrong key theirs.
#[tokio::test]
async fn tables_without_a_canary_are_recognised_by_what_they_hold() {
    each_db(async |db| {
        let sealed = ring("07", &[]).seal(Purpose("x"), b"", b"secret").unwrap();
        db.execute("INSERT INTO secrets (sealed) VALUES ($1)", db::params![&sealed]).await.unwrap();
        refusal(&db, &ring("08", &[])).await;
        check_master_key(&db, &ring("07", &[]), SAMPLE).await.unwrap();
        refusal(&db, &ring("08", &[])).await;
    })
    .await;
}

#[tokio::test]
async fn a_changed_canary_is_refused() {
    each_db(async |db| {
        check_master_key(&db, &ring("07", &[]), SAMPLE).await.unwrap();
        let (mut canary,): (Vec<u8>,) = db.fetch_one("SELECT canary FROM master_key", &[]).await.unwrap();
        canary[30] ^= 1;
        db.execute("UPDATE master_key SET canary = $1", db::params![&canary]).await.unwrap();
        assert!(refusal(&db, &ring("07", &[])).await.contains("was changed"));
    })
    .await;
}
