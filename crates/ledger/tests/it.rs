//! A service recognises the tables of another master key and rewraps them under a new one, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use blob::{KeyConfig, KeyRing, Purpose};
use db::Db;
use ledger::{Rewrap, SealedColumn, Sealing, Tables};

const TABLES: [&str; 4] = [
    "CREATE TABLE master_key (one BIGINT PRIMARY KEY NOT NULL, canary BYTEA NOT NULL)",
    "CREATE TABLE known_master_keys (key_id TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, since BIGINT NOT NULL)",
    "CREATE TABLE kept_keys (key_id TEXT NOT NULL, purpose TEXT NOT NULL, wrapped BYTEA NOT NULL, \
        PRIMARY KEY (key_id, purpose))",
    "CREATE TABLE secrets (id TEXT NOT NULL, part TEXT NOT NULL, project TEXT NOT NULL, sealed BYTEA, hashed BYTEA, \
        PRIMARY KEY (id, part))",
];
const VALUE: Purpose = Purpose("a value");
const NAME: Purpose = Purpose("find a name");
const SERVICE: Tables = Tables {
    sample: "SELECT sealed FROM secrets LIMIT 1",
    columns: &[column("sealed", Sealing::Sealed(VALUE)), column("hashed", Sealing::Layered(VALUE))],
    kept: &[NAME, VALUE],
};

const fn column(column: &'static str, sealing: Sealing) -> SealedColumn {
    SealedColumn { table: "secrets", column, key: &["id", "part"], also: Some("project"), sealing, context }
}

fn context(id: &str, _: &str, project: &str) -> Vec<u8> {
    format!("{project}/{id}").into_bytes()
}

fn keys(active: &str, retired: &[&str]) -> KeyConfig {
    let retired = retired.iter().map(|key| key.repeat(32).into()).collect();
    KeyConfig { secret: Some(active.repeat(32).into()), retired, ..KeyConfig::default() }
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

async fn open(db: &Db, active: &str, retired: &[&str]) -> Result<KeyRing, ledger::Error> {
    ledger::open_ring(db, &keys(active, retired), &SERVICE, 7).await
}

async fn refusal(db: &Db, active: &str, retired: &[&str]) -> String {
    open(db, active, retired).await.unwrap_err().to_string()
}

async fn add(db: &Db, ring: &KeyRing, id: &str, part: &str) {
    let sealed = ring.seal(VALUE, &context(id, "", "p"), id.as_bytes()).unwrap();
    let sql = "INSERT INTO secrets (id, part, project, sealed, hashed) VALUES ($1, $2, 'p', $3, $3)";
    db.execute(sql, db::params![id, part, &sealed]).await.unwrap();
}

async fn rewrap(db: &Db, ring: &KeyRing, report: &mut (dyn FnMut(&str, u64) + Send)) {
    let mut rewrap = Rewrap { batch: 3, report };
    ledger::rewrap_columns(db, ring, SERVICE.columns, &mut rewrap).await.unwrap();
}

async fn usage(db: &Db, ring: &KeyRing) -> Vec<ledger::KeyUsage> {
    ledger::count_key_usage(db, ring, SERVICE.columns).await.unwrap()
}

async fn forget(db: &Db, ring: &KeyRing) {
    ledger::forget_unused_keys(db, ring, &usage(db, ring).await).await.unwrap();
}

async fn distrust(db: &Db, ring: &KeyRing, key: &str) -> Result<(), ledger::Error> {
    let usage = usage(db, ring).await;
    ledger::distrust_unused_key(db, ring, &SERVICE, key, &usage, 7).await
}

/// Counts rows under keys other than the active one.
async fn left(db: &Db, ring: &KeyRing) -> i64 {
    let current = hex::encode(ring.key_ids()[0]);
    let usage = usage(db, ring).await;
    usage.iter().filter(|usage| usage.key_id != current).map(|usage| usage.rows).sum()
}

#[tokio::test]
async fn another_key_is_refused_until_the_first_is_retired() {
    each_db(async |db| {
        open(&db, "07", &[]).await.unwrap();
        open(&db, "07", &[]).await.unwrap();
        let refused = refusal(&db, "08", &[]).await;
        assert!(refused.contains("is not the one these tables were written under"), "{refused}");
        assert!(!refused.contains('\n'), "one line");
        refusal(&db, "09", &["08"]).await;
        open(&db, "08", &["07"]).await.unwrap();
        let refused = refusal(&db, "07", &[]).await;
        assert!(refused.contains("keys.retired"), "the second key may have sealed something: {refused}");
        open(&db, "07", &["08"]).await.unwrap();
    })
    .await;
}

/// Tables of a release without canaries: the first start must not adopt the wrong key.
#[tokio::test]
async fn tables_without_a_canary_are_recognised_by_what_they_hold() {
    each_db(async |db| {
        let ring = KeyRing::open(&keys("07", &[])).unwrap();
        add(&db, &ring, "a", "1").await;
        refusal(&db, "08", &[]).await;
        open(&db, "07", &[]).await.unwrap();
        refusal(&db, "08", &[]).await;
    })
    .await;
}

#[tokio::test]
async fn a_changed_canary_is_refused() {
    each_db(async |db| {
        open(&db, "07", &[]).await.unwrap();
        let (mut canary,): (Vec<u8>,) = db.fetch_one("SELECT canary FROM master_key", &[]).await.unwrap();
        canary[30] ^= 1;
        db.execute("UPDATE master_key SET canary = $1", db::params![&canary]).await.unwrap();
        assert!(refusal(&db, "07", &[]).await.contains("was changed"));
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_rewrap_continues_and_frees_the_tables_of_the_old_key() {
    each_db(async |db| {
        let old = open(&db, "07", &[]).await.unwrap();
        for number in 0..10 {
            add(&db, &old, &format!("id-{}", number / 2), &format!("{}", number % 2)).await;
        }
        let found_by = old.fingerprints(NAME, b"Ana").unwrap()[0];
        let both = open(&db, "08", &["07"]).await.unwrap();
        assert_eq!(left(&db, &both).await, 20);
        ledger::keep_keys(&db, &both, &SERVICE).await.unwrap();
        let some_done = tokio::sync::Notify::new();
        let mut notify = |_: &str, _: u64| some_done.notify_one();
        tokio::select! {
            biased;
            () = some_done.notified() => {}
            () = rewrap(&db, &both, &mut notify) => {}
        }
        let before = left(&db, &both).await;
        assert!(before > 0 && before < 20, "{before}");
        let mut reported = Vec::new();
        rewrap(&db, &both, &mut |what, done| reported.push((what.to_owned(), done))).await;
        assert_eq!(left(&db, &both).await, 0);
        let done = |column: &str| reported.iter().filter(|(what, _)| what == column).map(|(_, n)| *n).max();
        let sum = done("secrets.sealed").unwrap_or_default() + done("secrets.hashed").unwrap_or_default();
        assert_eq!(i64::try_from(sum).unwrap(), before, "nothing twice");
        reported.clear();
        rewrap(&db, &both, &mut |what, done| reported.push((what.to_owned(), done))).await;
        assert!(reported.is_empty(), "{reported:?}");

        refusal(&db, "08", &[]).await;
        forget(&db, &both).await;
        let alone = open(&db, "08", &[]).await.unwrap();
        assert_eq!(alone.fingerprints(NAME, b"Ana").unwrap()[1], found_by, "by a kept key");
        let sql = "SELECT id, sealed, hashed FROM secrets";
        let rows: Vec<(String, Vec<u8>, Vec<u8>)> = db.fetch_all(sql, &[]).await.unwrap();
        for (id, sealed, hashed) in rows {
            let context = context(&id, "", "p");
            assert_eq!(&*alone.open_sealed(VALUE, &context, &sealed).unwrap(), id.as_bytes());
            assert_eq!(&*alone.open_layered(VALUE, &context, &hashed).unwrap(), id.as_bytes());
            assert!(old.open_sealed(VALUE, &context, &sealed).is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn data_under_a_distrusted_key_is_rejected_even_if_configured() {
    each_db(async |db| {
        let old = open(&db, "07", &[]).await.unwrap();
        add(&db, &old, "a", "1").await;
        let both = open(&db, "08", &["07"]).await.unwrap();
        let old_id = hex::encode(old.key_ids()[0]);
        let refused = distrust(&db, &both, &old_id).await.unwrap_err().to_string();
        assert!(refused.contains("run `biometry keys rewrap` first"), "{refused}");
        distrust(&db, &both, &hex::encode(both.key_ids()[0])).await.unwrap_err();
        rewrap(&db, &both, &mut |_, _| {}).await;
        forget(&db, &both).await;
        distrust(&db, &both, &old_id).await.unwrap();
        for retired in [vec!["07"], vec![]] {
            let ring = open(&db, "08", &retired).await.unwrap();
            let forged = old.seal(VALUE, b"x", b"forged").unwrap();
            let refused = ring.open_sealed(VALUE, b"x", &forged).unwrap_err();
            assert!(matches!(refused, blob::Error::DistrustedKey), "{refused}");
            let macs = ring.macs(NAME, b"Ana").unwrap();
            assert_eq!(macs.iter().map(|mac| mac.is_trusted).collect::<Vec<_>>(), [true, false]);
        }
        let refused = refusal(&db, "07", &["08"]).await;
        assert!(refused.contains("is distrusted"), "{refused}");
    })
    .await;
}
