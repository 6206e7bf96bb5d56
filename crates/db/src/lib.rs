//! How a service reaches SQL: SQLite (the embedded default) or PostgreSQL, behind one handle.
//!
//! SQL is written once, portably: `$1` parameters, `RETURNING`, `ON CONFLICT`; ids are TEXT, times BIGINT
//! milliseconds UTC, JSON is TEXT, flags BIGINT 0/1. [`on!`] runs one statement on whichever pool is there. Each service
//! owns its schema (a file of its own in SQLite, a schema of its own in PostgreSQL) and reads no other's.

use std::{str::FromStr, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use sqlx::{
    PgPool, SqlitePool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};

/// Runs one expression against whichever pool the handle holds: `db::on!(&self.db, |pool| query(..).execute(pool).await)`.
#[macro_export]
macro_rules! on {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::Db::Pg($pool) => $body,
            $crate::Db::Lite($pool) => $body,
        }
    };
}

/// A connection pool; cloning shares it.
#[derive(Clone, Debug)]
pub enum Db {
    Pg(PgPool),
    Lite(SqlitePool),
}

/// A line to wait in before writing: SQLite has one writer, and waiting here is cheaper than its polling for the lock.
/// Clones share the line.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<()>>);

impl Turns {
    /// Waits for the turn, which lasts as long as what is answered is held; PostgreSQL needs none.
    pub async fn next(&self, db: &Db) -> Option<MutexGuard<'_, ()>> {
        match db {
            Db::Lite(_) => Some(self.0.lock().await),
            Db::Pg(_) => None,
        }
    }
}

/// Where a service keeps its tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite:///path/file.db`, `sqlite::memory:`, or `postgres://user:password@host/database`.
    #[serde(serialize_with = "expose")]
    pub url: SecretString,
    /// PostgreSQL schema; each service has its own. Ignored for SQLite.
    #[serde(default = "default_schema")]
    pub schema: String,
    #[serde(default = "default_connections")]
    pub max_connections: u32,
    /// SQLite only: a commit is on disk before it answers, so not even a power cut loses it. PostgreSQL does so anyway.
    #[serde(default)]
    pub durable: bool,
}

impl Config {
    /// A SQLite file, created when missing.
    pub fn sqlite(file: &std::path::Path) -> Self {
        Self::url(&format!("sqlite://{}", file.display()), "public")
    }

    /// Any URL, with the service's own schema.
    pub fn url(url: &str, schema: &str) -> Self {
        Self {
            url: url.into(),
            schema: schema.into(),
            max_connections: default_connections(),
            durable: false,
        }
    }

    /// The same, with every commit synced to disk.
    pub fn durable(self) -> Self {
        Self { durable: true, ..self }
    }
}

fn default_schema() -> String {
    "public".into()
}

fn default_connections() -> u32 {
    4
}

/// The configuration is serialised only into the merge of its own sources, never into an output.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not a database url (sqlite://FILE or postgres://...)")]
    Url,
    #[error("the schema name may hold only a-z, 0-9 and _")]
    Schema,
    #[error("the database cannot be opened")]
    Open(#[source] sqlx::Error),
    #[error("the database schema cannot be brought up to date")]
    Migrate(#[source] MigrateError),
}

impl Db {
    /// Opens the pool and brings the service's schema up to date.
    ///
    /// # Errors
    /// When the url does not parse, the database is not reachable, or a migration fails.
    pub async fn open(config: &Config, migrations: &Migrator) -> Result<Self, Error> {
        let url = config.url.expose_secret();
        let db = if url.starts_with("sqlite:") {
            Self::Lite(open_sqlite(url, config).await?)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::Pg(open_postgres(url, config).await?)
        } else {
            return Err(Error::Url);
        };
        db.migrate(migrations).await.map_err(Error::Migrate)?;
        Ok(db)
    }

    /// Clears what was just deleted out of SQLite's write-ahead log too, unless another connection is reading it; then
    /// the next call or the log's own turn does. PostgreSQL keeps deleted rows until it vacuums the table.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Lite(pool) => sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await.map(drop),
            Self::Pg(_) => Ok(()),
        }
    }

    /// PostgreSQL lets one process migrate at a time. SQLite does not: of two that start together one fails, as the
    /// other has just made the same tables. Each migration is atomic, so it finds them made when it looks again.
    async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        let again = if matches!(self, Self::Lite(_)) { migrations.iter().count() } else { 0 };
        for _ in 0..again {
            if on!(self, |pool| migrations.run(pool).await).is_ok() {
                return Ok(());
            }
        }
        on!(self, |pool| migrations.run(pool).await)
    }
}

async fn open_sqlite(url: &str, config: &Config) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| Error::Url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // WAL with NORMAL survives a process crash without a sync for each commit; a power cut may lose the last ones.
        .synchronous(if config.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        // What is erased is overwritten, not only forgotten.
        .pragma("secure_delete", "ON");
    // Every connection to `:memory:` is another database, and must outlive idle times.
    let connections = if url.contains(":memory:") { 1 } else { config.max_connections };
    let pool = SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None);
    // The database is in this process: it cannot have gone away, and asking costs as much as a query.
    let pool = pool.test_before_acquire(false);
    pool.connect_with(options).await.map_err(Error::Open)
}

async fn open_postgres(url: &str, config: &Config) -> Result<PgPool, Error> {
    let schema = config.schema.clone();
    if schema.is_empty() || !schema.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Err(Error::Schema);
    }
    let options =
        PgConnectOptions::from_str(url).map_err(|_| Error::Url)?.options([("search_path", &schema)]);
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options)
        .await
        .map_err(Error::Open)?;
    // The name was checked above to hold nothing but a-z, 0-9 and _.
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    match sqlx::query(create).execute(&pool).await {
        // Two processes starting together both find it missing; the second's attempt fails though the schema is there.
        Err(error) if !is_unique_violation(&error) => Err(Error::Open(error)),
        _ => Ok(pool),
    }
}

/// True when `error` says that a unique key is taken.
pub fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Whether PostgreSQL ended this statement because it and another waited for each other: nothing of it was done, and it may
/// be tried again. SQLite has one writer, so there it never happens.
pub fn is_deadlock(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("40P01"))
}
