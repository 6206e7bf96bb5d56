//! Listing: one index range for any one filter, read backwards from the cursor.

use sqlx::{Database, Encode, QueryBuilder, Type};

use super::{Row, Store};
use crate::{
    error::Error,
    list::{Cursor, Filter, Page},
    record::{Flag, Verdict},
};

/// How rows are found: by their own columns, or from the tags, which carry the order too.
const ALL: &str = concat!("SELECT ", columns!(), " FROM transactions WHERE project_id = ");
const TAGGED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM transactions JOIN (SELECT id AS tagged_id, created_at AS tagged_at, tag, project_id AS tagged_project ",
    "FROM transaction_tags) AS tagged ON tagged_id = id WHERE tagged_project = "
);

impl Store {
    /// The rows of `page`, newest first, and one more when there is a next page. `subjects` are the hashes its user may
    /// have (empty: any user).
    pub async fn list(&self, page: &Page, subjects: &[Vec<u8>]) -> Result<Vec<Row>, Error> {
        Ok(db::on!(&self.db, |pool| {
            let mut sql = QueryBuilder::new("");
            select(&mut sql, page, subjects);
            sql.build_query_as().fetch_all(pool).await
        })?)
    }
}

fn select<DB>(sql: &mut QueryBuilder<DB>, page: &Page, subjects: &[Vec<u8>])
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Vec<u8>: for<'q> Encode<'q, DB> + Type<DB>,
{
    let Filter {
        project_id,
        from_ms,
        until_ms,
        user_fullname: _,
        session_id,
        verdict,
        kind,
        tag,
        flag,
        api_key_id,
        fraud,
        has_fraud,
    } = &page.filter;
    let (at, id) = if tag.is_some() { ("tagged_at", "tagged_id") } else { ("created_at", "id") };
    sql.push(if tag.is_some() { TAGGED } else { ALL }).push_bind(project_id.clone());
    let equal = [
        ("tag", tag.clone()),
        ("session_id", session_id.clone()),
        ("verdict", verdict.map(|verdict| Verdict::as_str(verdict).to_owned())),
        ("kind", kind.clone()),
        ("flag", flag.map(|flag| Flag::as_str(flag).to_owned())),
        ("api_key_id", api_key_id.clone()),
    ];
    for (column, value) in equal {
        if let Some(value) = value {
            sql.push(format_args!(" AND {column} = ")).push_bind(value);
        }
    }
    if let [subject] = subjects {
        sql.push(" AND subject_hash = ").push_bind(subject.clone());
    } else if !subjects.is_empty() {
        let mut any = sql.push(" AND subject_hash IN (").separated(", ");
        for subject in subjects {
            any.push_bind(subject.clone());
        }
        sql.push(")");
    }
    // As words of the statement: the index holds only the rows that have one.
    match (has_fraud, fraud) {
        (Some(false), _) => _ = sql.push(" AND has_fraud = 0"),
        (Some(true), _) | (None, Some(_)) => _ = sql.push(" AND has_fraud = 1"),
        (None, None) => {}
    }
    if let Some(rule) = fraud {
        sql.push(" AND EXISTS (SELECT 1 FROM fraud_hits WHERE fraud_hits.id = transactions.id AND rule = ");
        sql.push_bind(rule.clone()).push(")");
    }
    for (order, limit) in [(">=", from_ms), ("<", until_ms)] {
        if let Some(limit) = limit {
            sql.push(format_args!(" AND {at} {order} ")).push_bind(*limit);
        }
    }
    if let Some(Cursor { created_at_ms, id: last }) = &page.after {
        sql.push(format_args!(" AND ({at}, {id}) < (")).push_bind(*created_at_ms);
        sql.push(", ").push_bind(last.as_str().to_owned()).push(")");
    }
    sql.push(format_args!(" ORDER BY {at} DESC, {id} DESC LIMIT ")).push_bind(i64::from(page.size) + 1);
}

#[cfg(test)]
mod tests {
    use db::Db;
    use sqlx::Row as _;

    use super::*;

    fn filter(change: impl FnOnce(&mut Filter)) -> Filter {
        let mut filter = Filter { project_id: "p".into(), ..Filter::default() };
        change(&mut filter);
        filter
    }

    /// What SQLite would do for `filter`, one line a step.
    async fn plan(db: &Db, filter: Filter, subjects: &[Vec<u8>]) -> String {
        let Db::Lite(pool) = db else { panic!("opened as SQLite above") };
        let after = Cursor {
            created_at_ms: 1,
            id: crate::record::TransactionId::parse(&uuid::Uuid::nil().to_string()).unwrap(),
        };
        let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN ");
        select(&mut sql, &Page { filter, after: Some(after), size: 50 }, subjects);
        let steps = sql.build().fetch_all(pool).await.unwrap();
        steps.iter().map(|step| step.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
    }

    /// No page may cost a walk through other rows or a sort: it would grow with the number of transactions.
    #[tokio::test]
    async fn any_one_filter_reads_its_own_index_in_order() {
        let db = Db::open(&db::Config::url("sqlite::memory:", "public"), &crate::MIGRATIONS).await.unwrap();
        let subject = [vec![1; 32]];
        let cases: [(&str, Filter, &[Vec<u8>]); 8] = [
            ("transactions_time", filter(|f| f.from_ms = Some(0)), &[]),
            ("transactions_subject", filter(|_| {}), &subject),
            ("transactions_session", filter(|f| f.session_id = Some("s".into())), &[]),
            ("transactions_verdict", filter(|f| f.verdict = Some(Verdict::Refer)), &[]),
            ("transactions_kind", filter(|f| f.kind = Some("process_video".into())), &[]),
            ("transaction_tags_tag", filter(|f| f.tag = Some("kiosk".into())), &[]),
            ("transactions_flag", filter(|f| f.flag = Some(Flag::Fraudulent)), &[]),
            ("transactions_key", filter(|f| f.api_key_id = Some("k".into())), &[]),
        ];
        for (index, filter, subjects) in cases {
            let plan = plan(&db, filter, subjects).await;
            assert!(plan.contains(&format!("INDEX {index} (")), "{index} is not used:\n{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{index}:\n{plan}");
        }
    }
}
