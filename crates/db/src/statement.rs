//! Statements on one connection, whichever database it belongs to.

use sqlx::{PgConnection, SqlStr, SqliteConnection, postgres::PgRow, query, query_as, sqlite::SqliteRow};
use tracing::{Instrument, Span};

use crate::{Value, observe};

/// A row type both databases can fill: any `#[derive(sqlx::FromRow)]` struct, or a tuple.
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

/// Binds every parameter to a query of either database.
macro_rules! bind {
    ($query:expr, $params:expr) => {{
        let mut query = $query;
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
    pub async fn execute(self, sql: SqlStr, params: &[Value<'_>]) -> sqlx::Result<u64> {
        let (operation, span) = (observe::operation(sql.as_str()), span(&sql));
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

    pub async fn fetch_all<T: Row>(self, sql: SqlStr, params: &[Value<'_>]) -> sqlx::Result<Vec<T>> {
        let (operation, span) = (observe::operation(sql.as_str()), span(&sql));
        let run = async {
            match self {
                Self::Pg(to) => bind!(query_as(sql), params).fetch_all(to).await,
                Self::Lite(to) => bind!(query_as(sql), params).fetch_all(to).await,
            }
        };
        observe::running(operation, run.instrument(span)).await
    }

    pub async fn fetch_optional<T: Row>(self, sql: SqlStr, params: &[Value<'_>]) -> sqlx::Result<Option<T>> {
        let (operation, span) = (observe::operation(sql.as_str()), span(&sql));
        let run = async {
            match self {
                Self::Pg(to) => bind!(query_as(sql), params).fetch_optional(to).await,
                Self::Lite(to) => bind!(query_as(sql), params).fetch_optional(to).await,
            }
        };
        observe::running(operation, run.instrument(span)).await
    }
}

/// A span for each statement. The text of a statement holds no values.
fn span(sql: &SqlStr) -> Span {
    tracing::info_span!("sql", otel.kind = "client", db.query.text = sql.as_str())
}
