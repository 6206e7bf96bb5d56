//! Statements whose text depends on the request: lists of values, rows to insert, optional filters.

use std::fmt::Write;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::Value;

/// The text of a statement: a `&'static str`, an array of them, or what [`Statement::sql`] returns.
#[derive(Debug)]
pub struct Sql {
    pub(crate) text: SqlStr,
    /// Whether the connection caches it as a prepared statement.
    pub(crate) persistent: bool,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { text: text.into_sql_str(), persistent: true }
    }
}

/// Parts one after another: what several statements have in common is a constant.
impl<const N: usize> From<[&'static str; N]> for Sql {
    fn from(parts: [&'static str; N]) -> Self {
        AssertSqlSafe(parts.concat()).into()
    }
}

impl From<AssertSqlSafe<String>> for Sql {
    fn from(text: AssertSqlSafe<String>) -> Self {
        Self { text: text.into_sql_str(), persistent: true }
    }
}

/// A dynamic statement: its text and, in the same order, its parameters.
///
/// ```
/// let ids = ["a", "b"];
/// let mut find = db::Statement::new("SELECT name FROM users WHERE id IN (");
/// find.bind_list(ids).push(")");
/// assert_eq!(find.text(), "SELECT name FROM users WHERE id IN ($1, $2)");
/// ```
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    text: String,
    params: Vec<Value<'a>>,
    persistent: bool,
}

impl<'a> Statement<'a> {
    /// Begins with `sql`.
    pub fn new(sql: impl Into<Sql>) -> Self {
        Self { text: sql.into().text.as_str().to_owned(), params: Vec::new(), persistent: true }
    }

    /// Adds text.
    pub fn push(&mut self, sql: &'static str) -> &mut Self {
        self.text.push_str(sql);
        self
    }

    /// Adds a number as text, e.g. a limit that the query planner should see.
    pub fn push_number(&mut self, number: u64) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// Adds a parameter.
    pub fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.params.push(value.into());
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${}", self.params.len());
        self
    }

    /// Adds parameters, separated by commas.
    pub fn bind_list(&mut self, values: impl IntoIterator<Item: Into<Value<'a>>>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.text.push_str(", ");
            }
            self.bind(value);
        }
        self
    }

    /// Adds `VALUES (…), (…)`, a list of parameters for each row.
    pub fn bind_rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Value<'a>; N]>) -> &mut Self {
        for (at, row) in rows.into_iter().enumerate() {
            self.text.push_str(if at == 0 { "VALUES (" } else { ", (" });
            self.bind_list(row).push(")");
        }
        self
    }

    /// Prepares the statement for this call only, for a text that rarely repeats.
    pub fn once(&mut self, once: bool) -> &mut Self {
        self.persistent = !once;
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn sql(&self) -> Sql {
        // The text consists of literals, numbers and `$n` only.
        Sql { text: AssertSqlSafe(self.text.clone()).into_sql_str(), persistent: self.persistent }
    }

    pub fn params(&self) -> &[Value<'a>] {
        &self.params
    }
}

#[cfg(test)]
mod tests {
    use super::Statement;
    use crate::Value;

    #[test]
    fn parameters_are_numbered_in_the_order_they_are_added() {
        let mut statement = Statement::new("INSERT INTO t (a, b) ");
        statement.bind_rows([[Value::from("a"), 1_i64.into()], ["b".into(), 2_i64.into()]]);
        statement.push(" ON CONFLICT DO NOTHING RETURNING a LIMIT ").push_number(7);
        assert_eq!(
            statement.text(),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING RETURNING a LIMIT 7"
        );
        assert_eq!(statement.params().len(), 4);
    }
}
