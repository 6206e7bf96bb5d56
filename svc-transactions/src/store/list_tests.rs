//! How rows are found, by SQLite's own account; PostgreSQL's plans are printed by the example `list_speed`.

use db::Db;
use sqlx::Row as _;

use super::*;

fn page(change: impl FnOnce(&mut Filter)) -> Page {
    let mut filter = Filter { project_id: "p".into(), from_ms: Some(0), ..Filter::default() };
    change(&mut filter);
    let id = TransactionId::parse(&uuid::Uuid::nil().to_string()).unwrap();
    Page { filter, after: Some(Cursor { created_at_ms: 1, id }), size: 50 }
}

async fn plan(db: &Db, write: impl FnOnce(&mut QueryBuilder<sqlx::Sqlite>)) -> String {
    let Db::Lite(pool) = db else { panic!("opened as SQLite below") };
    let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN ");
    write(&mut sql);
    let steps = sql.build().fetch_all(pool).await.unwrap();
    steps.iter().map(|step| step.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

async fn database() -> Db {
    Db::open(&db::Config::url("sqlite::memory:", "public"), &crate::MIGRATIONS).await.unwrap()
}

/// No page may cost a walk through other rows or a sort: it would grow with the number of transactions.
#[tokio::test]
async fn any_one_filter_reads_its_own_index_in_order_and_nothing_else() {
    let db = database().await;
    let subject = [vec![1; 32]];
    let cases: [(&str, Page, &[Vec<u8>]); 10] = [
        ("transactions_time", page(|_| {}), &[]),
        ("transactions_subject", page(|_| {}), &subject),
        ("transactions_session", page(|f| f.session_id = Some("s".into())), &[]),
        ("transactions_verdict", page(|f| f.verdict = Some(Verdict::Refer)), &[]),
        ("transactions_kind", page(|f| f.kind = Some("process_video".into())), &[]),
        ("transaction_tags_tag", page(|f| f.tag = Some("kiosk".into())), &[]),
        ("transactions_flag", page(|f| f.flag = Some(Flag::Fraudulent)), &[]),
        ("transactions_key", page(|f| f.api_key_id = Some("k".into())), &[]),
        ("fraud_hits_rule", page(|f| f.fraud = Some("velocity".into())), &[]),
        ("transactions_fraud", page(|f| f.has_fraud = Some(true)), &[]),
    ];
    for (index, page, subjects) in cases {
        let by = filters(&page.filter, subjects);
        let range = Range { page: &page, after: page.after.as_ref(), window: 51 };
        let plan = plan(&db, |sql| found_by(sql, &by[0], range)).await;
        assert!(plan.contains(&format!("COVERING INDEX {index} (")), "{index} is not used alone:\n{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{index}:\n{plan}");
    }
}

/// Whatever the other filters are, the rows are found by the first one's window.
#[tokio::test]
async fn of_several_filters_only_the_first_is_walked() {
    let db = database().await;
    let page = page(|f| {
        (f.kind, f.tag, f.fraud) = (Some("k".into()), Some("t".into()), Some("velocity".into()));
    });
    let by = filters(&page.filter, &[vec![1; 32]]);
    for first in 0..by.len() {
        let mut by = by.clone();
        by.swap(0, first);
        let range = Range { page: &page, after: None, window: 500 };
        let plan = plan(&db, |sql| select(sql, &by, range, 51)).await;
        let searches: Vec<_> = plan.lines().filter(|line| line.contains("SEARCH")).collect();
        let by_id = searches.iter().filter(|line| line.contains("(id=?")).count();
        assert_eq!(searches.len() - by_id, 1, "one range, all else by id:\n{plan}");
        assert!(!plan.contains("SCAN transaction"), "{plan}");
    }
}
