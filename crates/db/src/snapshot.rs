//! Consistent reads of several tables.

use std::ops::ControlFlow;

use sqlx::{Postgres, Sqlite, Transaction};

use crate::{Db, Row, Sql, Value, statement::Connection};

/// A view of the database as of its first statement. It is read-only and blocks no writer.
pub struct Snapshot(Inner);

enum Inner {
    Pg(Transaction<'static, Postgres>),
    Lite(Transaction<'static, Sqlite>),
}

impl Db {
    /// Begins a snapshot.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn snapshot(&self) -> sqlx::Result<Snapshot> {
        let inner = match self {
            Self::Pg(pool) => {
                Inner::Pg(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
            Self::Lite(lite) => Inner::Lite(lite.pool.begin().await?),
        };
        Ok(Snapshot(inner))
    }
}

impl Snapshot {
    /// Calls `each` for every row as it arrives, until `each` fails.
    ///
    /// # Errors
    /// Those of the database and of `each`.
    pub async fn fetch_each<T: Row, E: From<sqlx::Error>>(
        &mut self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let each = |row| each(row).map(ControlFlow::Continue);
        self.connection().fetch_each(sql.into(), params, each).await
    }

    /// Returns every row.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch_all<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
    ) -> sqlx::Result<Vec<T>> {
        self.connection().fetch_all(sql.into(), params).await
    }

    fn connection(&mut self) -> Connection<'_> {
        match &mut self.0 {
            Inner::Pg(tx) => Connection::Pg(tx),
            Inner::Lite(tx) => Connection::Lite(tx),
        }
    }
}
