//! Durations of statements and of waits for a connection, as metrics. Without a recorder the macros do nothing.

use std::time::Instant;

/// Times a wait for a connection of the pool.
pub(crate) async fn acquiring<T>(acquire: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let connection = acquire.await;
    metrics::histogram!("biometry_db_acquire_duration_seconds").record(started.elapsed());
    connection
}

/// Times a statement and counts those that fail.
pub(crate) async fn running<T>(
    operation: &'static str,
    statement: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    let started = Instant::now();
    let result = statement.await;
    metrics::histogram!("biometry_db_statement_duration_seconds", "operation" => operation)
        .record(started.elapsed());
    if result.is_err() {
        metrics::counter!("biometry_db_statement_errors_total", "operation" => operation).increment(1);
    }
    result
}

/// Returns the first keyword of a statement.
pub(crate) fn operation(sql: &str) -> &'static str {
    let first = sql.split_ascii_whitespace().next().unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
        .into_iter()
        .find(|known| first.eq_ignore_ascii_case(known))
        .unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn a_statement_is_named_by_its_first_keyword() {
        assert_eq!(operation("SELECT 1"), "SELECT");
        assert_eq!(operation("  with due AS (SELECT 1) UPDATE x SET y = 1"), "WITH");
        assert_eq!(operation("CREATE TABLE x (y TEXT)"), "OTHER");
        assert_eq!(operation(""), "OTHER");
    }
}
