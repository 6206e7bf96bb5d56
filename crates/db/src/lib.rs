//! Access to SQL: SQLite (the embedded default) or PostgreSQL, behind one handle.
//!
//! SQL is written once, portably: `$1` parameters, `RETURNING`, `ON CONFLICT`; ids are TEXT, times BIGINT milliseconds
//! UTC, JSON is TEXT, flags BIGINT 0/1. [`Db`] runs single statements, [`Tx`] several as one. Each service owns its
//! schema (a file of its own in SQLite, a schema of its own in PostgreSQL) and reads no other's.
//!
//! Invariants: when [`Db::execute`] or [`Tx::commit`] returns, the change is committed, and on disk if the
//! configuration is `durable`; every statement has a span with its text and without values.

mod config;
mod connect;
mod migration;
mod observe;
mod params;
mod purge;
mod shared_clock;
mod snapshot;
mod sql;
mod statement;
mod transaction;

use std::{ops::ControlFlow, path::PathBuf};

use sqlx::{PgPool, SqlitePool, migrate::MigrateError};

pub use config::{Config, Migrate};
pub use migration::Migrated;
pub use params::Value;
pub use shared_clock::shared_clock;
pub use snapshot::Snapshot;
pub use sql::{Sql, Statement};
pub use statement::Row;
pub use transaction::Tx;

use statement::Pooled;
use transaction::Writes;

/// A connection pool; clones share it.
#[derive(Clone, Debug)]
pub enum Db {
    Pg(PgPool),
    Lite(Sqlite),
}

/// A SQLite database: the pool of its readers, and the queue of its writers.
#[derive(Clone, Debug)]
pub struct Sqlite {
    pool: SqlitePool,
    writes: Writes,
    /// `None`: in memory.
    file: Option<PathBuf>,
}

impl Sqlite {
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Copies the database, as of now, into a new file. Concurrent reads and writes continue.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub async fn copy_to(&self, file: &std::path::Path) -> sqlx::Result<()> {
        let file = file.display().to_string();
        sqlx::query("VACUUM INTO $1").bind(file).execute(&self.pool).await.map(drop)
    }

    /// Returns the file of the database; `None`: in memory.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.file.as_deref()
    }
}

/// Errors of opening a database.
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
    #[error("the database file {0} cannot be made or used")]
    File(PathBuf, #[source] std::io::Error),
    #[error(
        "the tables lack {0} migrations of this program and `migrate` is `never`: run `biometry migrate`"
    )]
    Behind(usize),
}

impl Db {
    /// Begins a transaction. On SQLite it blocks other writers until it ends, so it must be short.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Tx::begin(self).await
    }

    /// Runs one statement and commits it; returns the number of rows it changed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(&self, sql: impl Into<Sql>, params: &[Value<'_>]) -> sqlx::Result<u64> {
        match self {
            Self::Pg(_) => self.acquire().await?.connection().execute(sql.into(), params).await,
            Self::Lite(_) => {
                let mut tx = self.begin().await?;
                let changed = tx.execute(sql, params).await?;
                tx.commit().await?;
                Ok(changed)
            }
        }
    }

    /// Returns every row of a query.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch_all<T: Row>(&self, sql: impl Into<Sql>, params: &[Value<'_>]) -> sqlx::Result<Vec<T>> {
        self.acquire().await?.connection().fetch_all(sql.into(), params).await
    }

    /// Returns the first row of a query, if there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch_optional<T: Row>(
        &self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
    ) -> sqlx::Result<Option<T>> {
        self.acquire().await?.connection().fetch_optional(sql.into(), params).await
    }

    /// Returns the first row of a query.
    ///
    /// # Errors
    /// [`sqlx::Error::RowNotFound`] without one; those of the database.
    pub async fn fetch_one<T: Row>(&self, sql: impl Into<Sql>, params: &[Value<'_>]) -> sqlx::Result<T> {
        self.fetch_optional(sql, params).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Calls `each` for every row of a query as it arrives, until `each` breaks.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch_each<T: Row>(
        &self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
        mut each: impl FnMut(T) -> ControlFlow<()>,
    ) -> sqlx::Result<()> {
        self.acquire().await?.connection().fetch_each(sql.into(), params, |row| Ok(each(row))).await
    }

    async fn acquire(&self) -> sqlx::Result<Pooled> {
        Ok(match self {
            Self::Pg(pool) => Pooled::Pg(observe::acquiring(pool.acquire()).await?),
            Self::Lite(lite) => Pooled::Lite(observe::acquiring(lite.pool.acquire()).await?),
        })
    }

    /// Runs several statements without parameters, each committed alone unless the script has transactions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn run_script(&self, sql: &'static str) -> sqlx::Result<()> {
        match self {
            Self::Pg(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop),
            Self::Lite(lite) => sqlx::raw_sql(sql).execute(&lite.pool).await.map(drop),
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Pg(pool) => pool.close().await,
            Self::Lite(lite) => lite.pool.close().await,
        }
    }
}

/// The sentence about a text that cannot be stored.
pub const HOLDS_NUL: &str = "a text holds the character U+0000";

/// True when `error` says that a unique key is taken.
pub fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Whether a statement failed for lack of space: the disk is full, or the file has reached its maximum size.
pub fn is_full(error: &sqlx::Error) -> bool {
    const SQLITE_FULL: &str = "13";
    const POSTGRESQL_DISK_FULL: &str = "53100";
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == SQLITE_FULL || code == POSTGRESQL_DISK_FULL)
}

/// Whether a parameter cannot be stored, because it is a text with NUL: a fault of who sent it. Nothing was sent to the
/// database.
pub fn is_unstorable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Encode(cause) if cause.is::<params::HoldsNul>())
}

/// Whether PostgreSQL aborted the statement because of a deadlock: nothing was changed, and it may be retried. Never
/// on SQLite, which has one writer.
pub fn is_deadlock(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("40P01"))
}
