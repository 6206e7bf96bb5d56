//! Statements on one connection of either database.

use std::ops::ControlFlow;

use futures::TryStreamExt;
use sqlx::{
    PgConnection, Postgres, SqlStr, Sqlite, SqliteConnection, pool::PoolConnection, postgres::PgRow, query,
    query_as, sqlite::SqliteRow,
};
use tracing::{Instrument, Span};

use crate::{Sql, Value, observe, params};

/// A row type that both databases can fill: any `#[derive(sqlx::FromRow)]` struct, or a tuple.
pub trait Row:
    for<'r> sqlx::FromRow<'r, PgRow> + for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin
{
}

impl<T> Row for T where
    T: for<'r> sqlx::FromRow<'r, PgRow> + for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin
{
}

/// A connection, of the pool or inside a transaction.
pub(crate) enum Connection<'c> {
    Pg(&'c mut PgConnection),
    Lite(&'c mut SqliteConnection),
}

/// A connection taken from a pool.
pub(crate) enum Pooled {
    Pg(PoolConnection<Postgres>),
    Lite(PoolConnection<Sqlite>),
}

impl Pooled {
    pub fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Pg(connection) => Connection::Pg(connection),
            Self::Lite(connection) => Connection::Lite(connection),
        }
    }
}

/// Binds every parameter to a query of either database.
macro_rules! bind {
    ($query:ident($sql:expr), $params:expr) => {{
        let mut query = $query($sql.text).persistent($sql.persistent);
        for value in $params {
            query = match *value {
                Value::Text(text) => query.bind(text),
                Value::BigInt(number) => query.bind(number),
                Value::Double(number) => query.bind(number),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

impl Connection<'_> {
    /// Returns the number of rows the statement changed.
    pub async fn execute(self, sql: Sql, params: &[Value<'_>]) -> sqlx::Result<u64> {
        params::check(params)?;
        let (operation, span) = (observe::operation(sql.text.as_str()), span(&sql.text));
        let run = async {
            match self {
                Self::Pg(to) => bind!(query(sql), params).execute(to).await.map(|done| done.rows_affected()),
                Self::Lite(to) => {
                    bind!(query(sql), params).execute(to).await.map(|done| done.rows_affected())
                }
            }
        };
        observe::running(operation, run.instrument(span)).await
    }

    pub async fn fetch_all<T: Row>(self, sql: Sql, params: &[Value<'_>]) -> sqlx::Result<Vec<T>> {
        params::check(params)?;
        let (operation, span) = (observe::operation(sql.text.as_str()), span(&sql.text));
        let run = async {
            match self {
                Self::Pg(to) => bind!(query_as(sql), params).fetch_all(to).await,
                Self::Lite(to) => bind!(query_as(sql), params).fetch_all(to).await,
            }
        };
        observe::running(operation, run.instrument(span)).await
    }

    pub async fn fetch_optional<T: Row>(self, sql: Sql, params: &[Value<'_>]) -> sqlx::Result<Option<T>> {
        params::check(params)?;
        let (operation, span) = (observe::operation(sql.text.as_str()), span(&sql.text));
        let run = async {
            match self {
                Self::Pg(to) => bind!(query_as(sql), params).fetch_optional(to).await,
                Self::Lite(to) => bind!(query_as(sql), params).fetch_optional(to).await,
            }
        };
        observe::running(operation, run.instrument(span)).await
    }

    /// Calls `each` for every row as it arrives, until `each` breaks or fails.
    pub async fn fetch_each<T: Row, E: From<sqlx::Error>>(
        self,
        sql: Sql,
        params: &[Value<'_>],
        mut each: impl FnMut(T) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        params::check(params)?;
        let span = span(&sql.text);
        let run = async {
            let mut rows = match self {
                Self::Pg(to) => bind!(query_as(sql), params).fetch(to),
                Self::Lite(to) => bind!(query_as(sql), params).fetch(to),
            };
            while let Some(row) = rows.try_next().await? {
                if each(row)?.is_break() {
                    break;
                }
            }
            Ok(())
        };
        run.instrument(span).await
    }
}

/// A span for each statement. The text of a statement holds no values.
fn span(sql: &SqlStr) -> Span {
    tracing::info_span!("sql", otel.kind = "client", db.query.text = sql.as_str())
}
