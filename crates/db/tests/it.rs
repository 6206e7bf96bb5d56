//! Statements, transactions and the group commit, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use db::{Db, Migrate, Migrated};
use sqlx::migrate::Migrator;
use tokio::{task::JoinSet, time::timeout};

const LIMIT: Duration = Duration::from_secs(30);
const TABLE: &str =
    "CREATE TABLE notes (id BIGINT PRIMARY KEY NOT NULL, text TEXT, real DOUBLE PRECISION, bytes BYTEA)";
const ADD: &str = "INSERT INTO notes (id, text) VALUES ($1, $2)";
const COUNT: &str = "SELECT COUNT(*) FROM notes";

async fn each_db(mut test: impl AsyncFnMut(Db)) {
    testkit::each_db(&Migrator::DEFAULT, async |db| {
        db.execute(TABLE, &[]).await.unwrap();
        timeout(LIMIT, test(db)).await.expect("the test ends");
    })
    .await;
}

async fn count(db: &Db) -> i64 {
    let (count,) = db.fetch_one(COUNT, &[]).await.unwrap();
    count
}

#[tokio::test]
async fn every_kind_of_value_comes_back_and_nulls_keep_their_type() {
    each_db(async |db| {
        type Row = (Option<String>, Option<f64>, Option<Vec<u8>>);
        const INSERT: &str = "INSERT INTO notes (id, text, real, bytes) VALUES ($1, $2, $3, $4)";
        const FIND: &str = "SELECT text, real, bytes FROM notes WHERE id = $1";
        let bytes: &[u8] = b"\0\xff";
        assert_eq!(db.execute(INSERT, db::params![1_i64, "ä", 0.5, bytes]).await.unwrap(), 1);
        let (text, real, none): (Option<&str>, Option<f64>, Option<&[u8]>) = (None, None, None);
        db.execute(INSERT, db::params![2_i64, text, real, none]).await.unwrap();
        let row: Row = db.fetch_one(FIND, db::params![1_i64]).await.unwrap();
        assert_eq!(row, (Some("ä".into()), Some(0.5), Some(bytes.to_vec())));
        let row: Row = db.fetch_one(FIND, db::params![2_i64]).await.unwrap();
        assert_eq!(row, (None, None, None));
        let missing = db.fetch_optional::<Row>(FIND, db::params![3_i64]).await.unwrap();
        assert_eq!(missing, None);
        assert!(matches!(db.fetch_one::<Row>(FIND, db::params![3_i64]).await, Err(sqlx::Error::RowNotFound)));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_and_blocks_nobody() {
    each_db(async |db| {
        let mut tx = db.begin().await.unwrap();
        tx.execute(ADD, db::params![1_i64, "gone"]).await.unwrap();
        drop(tx);
        db.execute(ADD, db::params![1_i64, "kept"]).await.unwrap();
        assert_eq!(count(&db).await, 1);
    })
    .await;
}

#[tokio::test]
async fn each_of_many_concurrent_writers_gets_its_own_result() {
    each_db(async |db| {
        db.execute(ADD, db::params![50_i64, "taken"]).await.unwrap();
        let mut writers = JoinSet::new();
        for id in 0..100_i64 {
            let db = db.clone();
            writers.spawn(async move {
                let mut tx = db.begin().await?;
                tx.execute(ADD, db::params![id, "mine"]).await?;
                if id % 3 == 0 {
                    return Ok(false);
                }
                tx.commit().await?;
                Ok::<_, sqlx::Error>(true)
            });
        }
        let (mut kept, mut refused) = (0, 0);
        while let Some(done) = writers.join_next().await {
            match done.unwrap() {
                Ok(committed) => kept += i64::from(committed),
                Err(error) => {
                    assert!(db::is_unique_violation(&error), "{error}");
                    refused += 1;
                }
            }
        }
        assert_eq!((kept, refused), (65, 1), "34 undid their work, one met a taken id");
        assert_eq!(count(&db).await, 66);
    })
    .await;
}

/// Callers are dropped at every point of their work; the others get their result, and only their rows are certain to
/// exist.
#[tokio::test]
async fn callers_that_go_away_do_not_keep_the_others_waiting() {
    each_db(async |db| {
        let mut writers = JoinSet::new();
        for id in 0..200_i64 {
            let db = db.clone();
            let write = async move {
                let mut tx = db.begin().await?;
                tx.execute(ADD, db::params![id, "row"]).await?;
                tx.commit().await
            };
            let patience = if id % 2 == 0 { LIMIT } else { Duration::from_micros(id as u64 * 40) };
            writers.spawn(async move { (id, timeout(patience, write).await.map(Result::unwrap).is_ok()) });
        }
        let mut answered = Vec::new();
        while let Some(done) = writers.join_next().await {
            let (id, ok) = done.unwrap();
            assert!(ok || id % 2 == 1, "{id} waited to the end");
            answered.extend(ok.then_some(id));
        }
        let rows: Vec<(i64,)> = db.fetch_all("SELECT id FROM notes ORDER BY id", &[]).await.unwrap();
        for id in answered {
            assert!(rows.contains(&(id,)), "{id} was answered and is not there");
        }
        db.execute(ADD, db::params![1000_i64, "after"]).await.unwrap();
    })
    .await;
}

/// A sync of the disk takes milliseconds; without group commit the time would grow with the number of writers.
#[tokio::test]
async fn writers_that_wait_share_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let config = db::Config::sqlite(&folder.path().join("test.db")).durable();
    let db = Db::open(&config, &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    let Db::Lite(lite) = &db else { panic!("opened as SQLite above") };
    let log = || std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len();
    let before = log();
    db.execute(ADD, db::params![1000_i64, "alone"]).await.unwrap();
    let alone = log() - before;
    let before = log();
    let mut writers = JoinSet::new();
    for id in 0..64_i64 {
        let db = db.clone();
        writers.spawn(async move { db.execute(ADD, db::params![id, "row"]).await.map(drop) });
    }
    writers.join_all().await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    // Each commit writes its changed page again.
    let together = log() - before;
    assert!(together < 16 * alone, "64 writers wrote {together} bytes, one alone {alone}");
    assert!(lite.file().is_some());
}

/// Whether the files of the database contain a text.
fn is_in_files(folder: &std::path::Path, text: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text))
}

#[tokio::test]
async fn purged_data_are_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = db::Config::sqlite(&folder.path().join("test.db"));
    let db = Db::open(&config, &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    let secret = [0xA5; 300];
    db.execute("INSERT INTO notes (id, bytes) VALUES (1, $1)", db::params![&secret]).await.unwrap();
    db.execute("DELETE FROM notes", &[]).await.unwrap();
    assert!(is_in_files(folder.path(), &secret), "the log keeps what was deleted");
    db.purge(vec![secret.to_vec()]).await.unwrap();
    assert!(!is_in_files(folder.path(), &secret[..32]));
}

/// SQLite overwrites deleted rows, but not every copy in pages that were split before: such a file is rebuilt.
#[tokio::test]
async fn a_fragment_left_in_a_page_is_found_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let db = Db::open(&db::Config::sqlite(&file), &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    let secret = [0xA5; 64];
    let Db::Lite(lite) = &db else { panic!("opened as SQLite above") };
    // Simulates such a page: deleted without overwriting.
    let mut connection = lite.pool().acquire().await.unwrap();
    for sql in ["PRAGMA secure_delete = OFF", "INSERT INTO notes (id, text) VALUES (1, 'x')"] {
        sqlx::query(sql).execute(&mut *connection).await.unwrap();
    }
    sqlx::query("INSERT INTO notes (id, bytes) VALUES (2, $1)")
        .bind(secret.as_slice())
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query("DELETE FROM notes WHERE id = 2").execute(&mut *connection).await.unwrap();
    drop(connection);
    db.purge(Vec::new()).await.unwrap();
    assert!(is_in_files(folder.path(), &secret[..32]), "it was not overwritten");
    db.purge(vec![secret.to_vec()]).await.unwrap();
    assert!(!is_in_files(folder.path(), &secret[..24]));
    assert_eq!(count(&db).await, 1, "nothing else is lost");
}

/// A secret must not be reported as deleted while a reader keeps it in the log.
#[tokio::test]
async fn a_reader_that_stays_makes_the_purge_fail() {
    let folder = tempfile::tempdir().unwrap();
    let config = db::Config::sqlite(&folder.path().join("test.db"));
    let db = Db::open(&config, &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    db.execute(ADD, db::params![1_i64, "a"]).await.unwrap();
    let Db::Lite(lite) = &db else { panic!("opened as SQLite above") };
    let mut reader = lite.pool().begin().await.unwrap();
    let _: (i64,) = sqlx::query_as(COUNT).fetch_one(&mut *reader).await.unwrap();
    db.execute("DELETE FROM notes", &[]).await.unwrap();
    let refused = db.purge(Vec::new()).await.unwrap_err();
    assert!(refused.to_string().contains("log is in use"), "{refused}");
    reader.rollback().await.unwrap();
    db.purge(Vec::new()).await.unwrap();
}

/// The migrations of a program: one table each.
async fn release(tables: &[&str]) -> Migrator {
    let folder = tempfile::tempdir().unwrap();
    for (number, table) in tables.iter().enumerate() {
        let file = folder.path().join(format!("{:04}_{table}.sql", number + 1));
        std::fs::write(file, format!("CREATE TABLE {table} (id BIGINT);")).unwrap();
    }
    Migrator::new(folder.path()).await.unwrap()
}

/// A rolling upgrade restarts older replicas after the first newer one has migrated; a rollback starts the older program.
#[tokio::test]
async fn an_older_program_starts_on_a_newer_schema() {
    let (older, newer) = (release(&["one"]).await, release(&["one", "two"]).await);
    testkit::each_config(async |config| {
        Db::open(&config, &newer).await.unwrap().close().await;
        let db = Db::open(&config, &older).await.unwrap();
        db.execute("INSERT INTO one (id) VALUES (1)", &[]).await.unwrap();
        let found = Db::migrate(&config, &older, true).await.unwrap();
        assert_eq!(found, Migrated { pending: 0, newer: 1 });
    })
    .await;
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let (first, other) = (release(&["one"]).await, release(&["another"]).await);
    testkit::each_config(async |config| {
        Db::open(&config, &first).await.unwrap().close().await;
        assert!(matches!(Db::open(&config, &other).await, Err(db::Error::Migrate(_))));
    })
    .await;
}

#[tokio::test]
async fn without_migration_at_start_an_older_schema_is_rejected() {
    let (older, newer) = (release(&["one"]).await, release(&["one", "two", "three"]).await);
    testkit::each_config(async |config| {
        Db::open(&config, &older).await.unwrap().close().await;
        let never = db::Config { migrate: Migrate::Never, ..config.clone() };
        let refused = Db::open(&never, &newer).await.unwrap_err();
        assert!(matches!(refused, db::Error::Behind(2)), "{refused}");
        assert!(refused.to_string().contains("run `biometry migrate`"));

        let missing = Migrated { pending: 2, newer: 0 };
        assert_eq!(Db::migrate(&config, &newer, true).await.unwrap(), missing);
        assert_eq!(Db::migrate(&config, &newer, true).await.unwrap(), missing, "a check changes nothing");
        assert_eq!(Db::migrate(&config, &newer, false).await.unwrap(), missing);
        assert_eq!(Db::migrate(&config, &newer, true).await.unwrap(), Migrated { pending: 0, newer: 0 });
        Db::open(&never, &newer).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn files_are_their_owners_alone_and_a_missing_folder_is_made() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data").join("test.db");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let db = Db::open(&db::Config::sqlite(&file), &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    assert_eq!((mode(&file), mode(&file.with_extension("db-wal"))), (0o600, 0o600));
    db.close().await;
    // As created by a release that left permissions to the umask.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    Db::open(&db::Config::sqlite(&file), &Migrator::DEFAULT).await.unwrap();
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn replicas_go_by_the_clock_of_their_database() {
    // A process whose own clock is at 1970.
    let wrong = || 0;
    let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    testkit::each_config(async |config| {
        let clock = db::shared_clock(&config, wrong).await.unwrap();
        let off_by_ms = now_ms.abs_diff(u128::try_from(clock()).unwrap());
        assert_eq!(off_by_ms < 60_000, config.may_have_replicas());
    })
    .await;
}

#[tokio::test]
async fn a_full_database_is_distinguished_from_one_that_fails() {
    let db = Db::open(&db::Config::url("sqlite::memory:", "public"), &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    db.execute("PRAGMA max_page_count = 20", &[]).await.unwrap();
    let large = "x".repeat(200_000);
    let full = db.execute(ADD, db::params![1_i64, large.as_str()]).await.unwrap_err();
    assert!(db::is_full(&full), "{full:?}");
    db.execute(ADD, db::params![1_i64, "small"]).await.unwrap();
    let twice = db.execute(ADD, db::params![1_i64, "small"]).await.unwrap_err();
    assert!(!db::is_full(&twice) && db::is_unique_violation(&twice), "{twice:?}");
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn writers_beside_one_without_room_are_answered_and_the_next_ones_write() {
    let db = Db::open(&db::Config::url("sqlite::memory:", "public"), &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    db.execute("PRAGMA max_page_count = 20", &[]).await.unwrap();
    for round in 0..5_i64 {
        let mut writers = JoinSet::new();
        for n in 0..8_i64 {
            let (db, is_large) = (db.clone(), n % 3 == 2);
            writers.spawn(async move {
                let text = "x".repeat(if is_large { 200_000 } else { 10 });
                let written = db.execute(ADD, db::params![round * 10 + n, text.as_str()]).await;
                (is_large, written.is_ok())
            });
        }
        let answers = timeout(LIMIT, writers.join_all()).await.expect("each is answered");
        assert!(answers.iter().all(|(is_large, is_written)| !(is_large & is_written)), "{answers:?}");
        let before = count(&db).await;
        db.execute(ADD, db::params![round * 10 + 9, "small"]).await.unwrap();
        assert_eq!(count(&db).await, before + 1, "round {round}");
    }
}

#[tokio::test]
async fn what_a_durable_database_committed_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let config = db::Config::sqlite(&folder.path().join("test.db")).durable();
    let db = Db::open(&config, &Migrator::DEFAULT).await.unwrap();
    db.execute(TABLE, &[]).await.unwrap();
    for id in 0..3_i64 {
        let watch = testkit::SyncWatch::start();
        db.execute(ADD, db::params![id, "x"]).await.unwrap();
        assert_eq!(watch.inside(folder.path()), [std::path::Path::new("test.db-wal")]);
        let watch = testkit::SyncWatch::start();
        let mut tx = db.begin().await.unwrap();
        tx.execute(ADD, db::params![id + 10, "x"]).await.unwrap();
        assert!(watch.inside(folder.path()).is_empty(), "nothing is committed yet");
        tx.commit().await.unwrap();
        assert_eq!(watch.inside(folder.path()), [std::path::Path::new("test.db-wal")]);
    }
}

#[tokio::test]
async fn postgresql_commits_to_disk_where_its_settings_do_not_ask_for_it() {
    const SETTING: &str = "SELECT current_setting('synchronous_commit')";
    for (asked, expected) in [("off", "on"), ("remote_apply", "remote_apply")] {
        let config = testkit::postgres().config(&testkit::unique_schema());
        let url = secrecy::ExposeSecret::expose_secret(&config.url).to_owned();
        let and = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{and}options=-c%20synchronous_commit%3D{asked}");
        let config = db::Config { url: url.into(), ..config };
        let db = Db::open(&config, &Migrator::DEFAULT).await.unwrap();
        let (setting,): (String,) = db.fetch_one(SETTING, &[]).await.unwrap();
        assert_eq!(setting, expected);
    }
}

#[tokio::test]
async fn a_text_with_nul_reaches_no_database() {
    each_db(async |db| {
        let refused = db.execute(ADD, db::params![1_i64, "a\0b"]).await.unwrap_err();
        assert!(db::is_unstorable(&refused), "{refused}");
        let mut tx = db.begin().await.unwrap();
        let find = "SELECT id FROM notes WHERE text = $1";
        let refused = tx.fetch_optional::<(i64,)>(find, db::params!["\0"]).await.unwrap_err();
        assert!(db::is_unstorable(&refused), "{refused}");
        tx.execute(ADD, db::params![1_i64, "kept"]).await.expect("the transaction goes on");
        tx.commit().await.unwrap();
        let other = db.execute(ADD, db::params![1_i64, "again"]).await.unwrap_err();
        assert!(!db::is_unstorable(&other), "{other}");
        assert_eq!(count(&db).await, 1);
    })
    .await;
}
