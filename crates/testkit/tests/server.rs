//! The server is there, each test has its own tables, and the server goes with the process.

use std::{path::PathBuf, process::Command};

async fn count_tables(db: &db::Db, name: &str) -> i64 {
    match db {
        db::Db::Pg(pool) => {
            let sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1";
            sqlx::query_scalar(sql).bind(name).fetch_one(pool).await.expect("the catalogue answers")
        }
        db::Db::Lite(lite) => {
            let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
            let count = sqlx::query_scalar(sql).bind(name).fetch_one(lite.pool());
            count.await.expect("the catalogue answers")
        }
    }
}

#[tokio::test]
async fn each_test_starts_empty() {
    let none = sqlx::migrate::Migrator::DEFAULT;
    let mut kinds = Vec::new();
    for _ in 0..2 {
        testkit::each_db(&none, async |db| {
            assert_eq!(count_tables(&db, "own").await, 0);
            db.execute("CREATE TABLE own (id BIGINT)", &[]).await.unwrap();
            assert_eq!(count_tables(&db, "own").await, 1);
            kinds.push(matches!(db, db::Db::Pg(_)));
        })
        .await;
    }
    assert_eq!(kinds, [false, true, false, true]);
}

const CHILD: &str = "TESTKIT_CHILD";

/// Run by the test below in a process of its own: starts the server and panics.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_some() {
        panic!("socket folder: {}", testkit::postgres().url());
    }
}

#[test]
fn the_server_ends_with_the_process_even_after_a_panic() {
    let this = std::env::current_exe().unwrap();
    let output =
        Command::new(this).args(["--exact", "child", "--nocapture"]).env(CHILD, "1").output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    let folder = text.split("host=").nth(1).unwrap().split_whitespace().next().unwrap();
    let folder = PathBuf::from(folder);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(90);
    while folder.exists() {
        assert!(std::time::Instant::now() < deadline, "{} is still there", folder.display());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
