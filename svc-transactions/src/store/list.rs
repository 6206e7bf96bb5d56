//! Lists: one index range for a single filter, read backwards from the cursor; of several filters the rarest is read.
//!
//! With several filters an index range may have many rows that another filter excludes. So the rows of each filter
//! are counted first, up to a bound, and the one with the fewest is read. A read ends after [`WALK`] rows, whatever
//! it found: the page is short then, and its cursor continues from there. So the cost of a page does not depend on
//! the number of records, and it is complete whenever one of its filters alone leaves fewer rows than that.

use std::ops::ControlFlow;

use db::Statement;

use super::{COLUMNS, Row, Store};
use crate::{
    error::Error,
    list::{Cursor, Filter, Page},
    record::{Flag, TransactionId, Verdict},
};

/// Most rows read for one page, in growing windows: most pages are full after the first.
pub const WALK: [u32; 2] = if cfg!(test) { [5, 20] } else { [250, 750] };
/// Encrypted bytes of a page, which must fit one message; a larger page ends early, with a cursor.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// The result of a list: rows, newest first, and the start of the next page.
#[derive(Debug)]
pub struct Listed {
    pub rows: Vec<Row>,
    pub next: Option<Cursor>,
}

/// One filter, and the index of its rows.
#[derive(Clone, Debug, PartialEq)]
enum By {
    /// Every row of the project.
    Time,
    /// A column of the transactions.
    Column(&'static str, String),
    Tag(String),
    /// A rule with a hit.
    Fraud(String),
    HasFraud,
    /// No hit. Has no index of its own, because most rows have none.
    NoFraud,
    /// The state of a review.
    Review(String),
    /// The possible hashes of a user.
    Subject(Vec<Vec<u8>>),
}

impl Store {
    /// Returns the rows of `page`. `subjects` are the possible hashes of its user (empty: any user).
    pub async fn list_transactions(&self, page: &Page, subjects: &[Vec<u8>]) -> Result<Listed, Error> {
        let mut filters = filters(&page.filter, subjects);
        if filters.len() > 1 {
            self.rarest_first(&mut filters, page).await?;
        }
        let (size, mut after) = (page.size as usize, page.after.clone());
        let mut rows: Vec<Row> = Vec::new();
        // Without another filter every row read is returned.
        let windows = if filters.len() > 1 { &WALK[..] } else { &[page.size + 1] };
        for window in windows {
            let range = Range { page, after: after.as_ref(), window: *window };
            let wanted = size + 1 - rows.len();
            rows.extend(self.window(&filters, range, wanted).await?);
            if rows.len() > size || bytes(&rows) > PAGE_BYTES {
                break;
            }
            after = match filters.len() {
                1 => None,
                _ => self.end_of_window(&filters[0], range).await?,
            };
            if after.is_none() {
                return Ok(Listed { rows, next: None });
            }
        }
        let full = rows.len() > size || bytes(&rows) > PAGE_BYTES;
        rows.truncate(size);
        Ok(Listed { next: if full { last_of(&rows)? } else { after }, rows })
    }

    /// Moves the filter with the fewest rows to the front: its index is read.
    async fn rarest_first(&self, filters: &mut [By], page: &Page) -> Result<(), Error> {
        let most = WALK.iter().sum::<u32>() + 1;
        let mut rarest = (i64::MAX, 0);
        for (at, filter) in filters.iter().enumerate().filter(|(_, filter)| **filter != By::NoFraud) {
            let range = Range { page, after: page.after.as_ref(), window: most };
            let mut sql = Statement::new("SELECT COUNT(*) FROM (");
            found_by(&mut sql, filter, range);
            sql.push(") AS found");
            let (count,): (i64,) = self.db.fetch_one(sql.sql(), sql.params()).await?;
            rarest = rarest.min((count, at));
        }
        filters.swap(0, rarest.1);
        Ok(())
    }

    /// Returns up to `wanted` rows of a window of the first filter's index that pass the others too.
    async fn window(&self, filters: &[By], range: Range<'_>, wanted: usize) -> Result<Vec<Row>, Error> {
        self.rows_of_a_message(&select(filters, range, wanted)).await
    }

    /// Returns the first rows of a query, up to [`PAGE_BYTES`].
    pub(super) async fn rows_of_a_message(&self, query: &Statement<'_>) -> Result<Vec<Row>, Error> {
        let (mut rows, mut size) = (Vec::new(), 0);
        let add = |row: Row| {
            size += row.sealed.len();
            rows.push(row);
            if size > PAGE_BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.db.fetch_each(query.sql(), query.params(), add).await?;
        Ok(rows)
    }

    /// Returns the last row of a window, if the window was full.
    async fn end_of_window(&self, filter: &By, range: Range<'_>) -> Result<Option<Cursor>, Error> {
        let mut sql = Statement::new("");
        found_by(&mut sql, filter, Range { window: 1, ..range });
        sql.push(" OFFSET ").push_number((range.window - 1).into());
        let end: Option<(String, i64)> = self.db.fetch_optional(sql.sql(), sql.params()).await?;
        end.map(|(id, created_at_ms)| Ok(Cursor { created_at_ms, id: TransactionId::parse(&id)? }))
            .transpose()
    }
}

fn bytes(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.sealed.len()).sum()
}

fn last_of(rows: &[Row]) -> Result<Option<Cursor>, Error> {
    let cursor = |row: &Row| Ok(Cursor { created_at_ms: row.created_at, id: TransactionId::parse(&row.id)? });
    rows.last().map(cursor).transpose()
}

/// A part of an index: its start, and the number of rows.
#[derive(Clone, Copy)]
struct Range<'a> {
    page: &'a Page,
    after: Option<&'a Cursor>,
    window: u32,
}

fn filters(filter: &Filter, subjects: &[Vec<u8>]) -> Vec<By> {
    let columns = [
        ("session_id", filter.session_id.clone()),
        ("verdict", filter.verdict.map(|verdict| Verdict::as_str(verdict).to_owned())),
        ("kind", filter.kind.clone()),
        ("flag", filter.flag.map(|flag| Flag::as_str(flag).to_owned())),
        ("api_key_id", filter.api_key_id.clone()),
    ];
    let columns = columns.into_iter().filter_map(|(name, value)| Some(By::Column(name, value?)));
    let mut filters: Vec<By> = columns.collect();
    filters.extend(filter.tag.clone().map(By::Tag));
    filters.extend(filter.fraud.clone().map(By::Fraud));
    filters.extend(filter.review.map(|status| By::Review(status.as_str().to_owned())));
    filters.extend(filter.has_fraud.map(|has| if has { By::HasFraud } else { By::NoFraud }));
    if !subjects.is_empty() {
        filters.push(By::Subject(subjects.to_vec()));
    }
    if filters.is_empty() || filters == [By::NoFraud] {
        filters.insert(0, By::Time);
    }
    filters
}

/// Adds `SELECT id, created_at` of the rows of one filter, newest first, from its own index.
fn found_by<'a>(sql: &mut Statement<'a>, filter: &'a By, range: Range<'a>) {
    let table = match filter {
        By::Tag(_) => "transaction_tags",
        By::Fraud(_) => "fraud_hits",
        By::Review(_) => "reviews",
        _ => "transactions",
    };
    sql.push("SELECT id, created_at FROM ").push(table).push(" WHERE project_id = ");
    sql.bind(&range.page.filter.project_id);
    match filter {
        By::Tag(tag) => _ = sql.push(" AND tag = ").bind(tag),
        By::Fraud(rule) => _ = sql.push(" AND rule = ").bind(rule),
        By::Review(status) => _ = sql.push(" AND status = ").bind(status),
        other => passes(sql, other),
    }
    in_range(sql, range);
    // A literal limit for the planner; with a parameter it has to guess one, and may sort instead.
    sql.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_number(range.window.into());
}

/// Adds ` AND ...`: the condition of `filter` on a row of the transactions.
fn passes<'a>(sql: &mut Statement<'a>, filter: &'a By) {
    match filter {
        By::Time => {}
        By::Column(name, value) => _ = sql.push(" AND ").push(name).push(" = ").bind(value),
        By::Tag(tag) => {
            sql.push(" AND EXISTS (SELECT 1 FROM transaction_tags WHERE transaction_tags.id = transactions.id AND tag = ");
            sql.bind(tag).push(")");
        }
        By::Fraud(rule) => {
            sql.push(
                " AND EXISTS (SELECT 1 FROM fraud_hits WHERE fraud_hits.id = transactions.id AND rule = ",
            );
            sql.bind(rule).push(")");
        }
        By::Review(status) => {
            sql.push(" AND EXISTS (SELECT 1 FROM reviews WHERE reviews.id = transactions.id AND status = ");
            sql.bind(status).push(")");
        }
        // Literals in the statement: the index has only rows with a value.
        By::HasFraud => _ = sql.push(" AND has_fraud = 1"),
        By::NoFraud => _ = sql.push(" AND has_fraud = 0"),
        By::Subject(hashes) if hashes.len() == 1 => _ = sql.push(" AND subject_hash = ").bind(&hashes[0]),
        By::Subject(hashes) => _ = sql.push(" AND subject_hash IN (").bind_list(hashes).push(")"),
    }
}

fn in_range<'a>(sql: &mut Statement<'a>, range: Range<'a>) {
    let Filter { from_ms, until_ms, .. } = &range.page.filter;
    if let Some(from_ms) = from_ms {
        sql.push(" AND created_at >= ").bind(*from_ms);
    }
    if let Some(until_ms) = until_ms {
        sql.push(" AND created_at < ").bind(*until_ms);
    }
    if let Some(Cursor { created_at_ms, id }) = range.after {
        sql.push(" AND (created_at, id) < (").bind(*created_at_ms).push(", ").bind(id.as_str()).push(")");
    }
}

/// Returns a query of the rows: those of the first filter's window that pass the others. The window's own limit keeps
/// both databases from choosing another plan.
fn select<'a>(filters: &'a [By], range: Range<'a>, wanted: usize) -> Statement<'a> {
    const WALKED: [&str; 3] = [
        "SELECT ",
        COLUMNS,
        " FROM transactions JOIN (SELECT id AS walked_id, created_at AS walked_at FROM (",
    ];
    let mut sql = Statement::new(WALKED);
    found_by(&mut sql, &filters[0], range);
    sql.push(") AS found) AS walked ON id = walked_id WHERE 1 = 1");
    for filter in filters.iter().skip(1) {
        passes(&mut sql, filter);
    }
    sql.push(" ORDER BY walked_at DESC, walked_id DESC LIMIT ").push_number(wanted as u64);
    sql
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
