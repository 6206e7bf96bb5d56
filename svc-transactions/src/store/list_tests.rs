//! Query plans of SQLite; PostgreSQL's plans are printed by the example `list_speed`.

use blob::KeyRing;
use db::Db;

use crate::outbox::Outbox;

use super::*;

fn page(change: impl FnOnce(&mut Filter)) -> Page {
    let mut filter = Filter { project_id: "p".into(), from_ms: Some(0), ..Filter::default() };
    change(&mut filter);
    let id = TransactionId::parse(&uuid::Uuid::nil().to_string()).unwrap();
    Page { filter, after: Some(Cursor { created_at_ms: 1, id }), size: 50 }
}

async fn plan(db: &Db, query: &Statement<'_>) -> String {
    let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", query.text()));
    let steps: Vec<(i64, i64, i64, String)> = db.fetch_all(sql, query.params()).await.unwrap();
    steps.into_iter().map(|(_, _, _, detail)| detail).collect::<Vec<_>>().join("\n")
}

async fn database() -> Db {
    Db::open(&db::Config::url("sqlite::memory:", "public"), &crate::MIGRATIONS).await.unwrap()
}

/// No page may need a scan of other rows or a sort: it would grow with the number of transactions.
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
        let mut sql = Statement::new("");
        found_by(&mut sql, &by[0], range);
        let plan = plan(&db, &sql).await;
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
        let plan = plan(&db, &select(&by, range, 51)).await;
        let searches: Vec<_> = plan.lines().filter(|line| line.contains("SEARCH")).collect();
        let by_id = searches.iter().filter(|line| line.contains("(id=?")).count();
        assert_eq!(searches.len() - by_id, 1, "one range, all else by id:\n{plan}");
        assert!(!plan.contains("SCAN transaction"), "{plan}");
    }
}

/// A transaction with the filtered properties.
#[derive(Clone, Debug)]
struct Made {
    id: String,
    at_ms: i64,
    kind: &'static str,
    verdict: Option<&'static str>,
    key: &'static str,
    user: u8,
    tag: Option<&'static str>,
    fraud: Option<&'static str>,
}

/// Four hundred, of which any two properties coincide often, seldom or never.
fn made() -> Vec<Made> {
    let one = |at: usize| Made {
        id: uuid::Uuid::from_u128(at as u128 * 7919 % 1000 + (at as u128) * 1000).to_string(),
        // Some at the same time, so that pages end within one.
        at_ms: at as i64 / 3,
        kind: ["process_video", "consent"][at % 2],
        verdict: (at.is_multiple_of(2)).then_some(if at.is_multiple_of(40) { "refer" } else { "pass" }),
        key: ["k1", "k2", "k1"][at % 3],
        user: u8::from(at.is_multiple_of(5)),
        tag: (at % 4 < 2).then_some(if at % 100 == 1 { "rare" } else { "often" }),
        fraud: (at.is_multiple_of(7)).then_some(if at.is_multiple_of(49) { "emulator" } else { "velocity" }),
    };
    (0..400).map(one).collect()
}

async fn write(db: &Db, made: &[Made]) {
    let (nothing, sealed): (&[u8], &[u8]) = (&[0], &[0; 4]);
    for one in made {
        let row = "INSERT INTO transactions (id, project_id, api_key_id, subject_hash, kind, created_at, http_status, \
                       verdict, reasons, tags, duration_ms, sealed, has_fraud) \
                       VALUES ($1, 'p', $2, $3, $4, $5, 200, $6, '[]', '[]', 1, $7, $8)";
        let user = [one.user; 32];
        let values = db::params![
            &one.id,
            one.key,
            &user,
            one.kind,
            one.at_ms,
            one.verdict,
            sealed,
            one.fraud.is_some(),
        ];
        db.execute(row, values).await.unwrap();
        if let Some(tag) = one.tag {
            let tagged =
                "INSERT INTO transaction_tags (project_id, tag, created_at, id) VALUES ('p', $1, $2, $3)";
            db.execute(tagged, db::params![tag, one.at_ms, &one.id]).await.unwrap();
        }
        if let Some(rule) = one.fraud {
            let hit = "INSERT INTO fraud_hits (id, rule, project_id, created_at, found_at, sealed) \
                           VALUES ($1, $2, 'p', $3, 0, $4)";
            db.execute(hit, db::params![&one.id, rule, one.at_ms, nothing]).await.unwrap();
        }
    }
}

/// One property of a list filter: its request, and its matching transactions.
type Property = (fn(&mut Filter), fn(&Made) -> bool);

const PROPERTIES: [Property; 12] = [
    (|f| f.kind = Some("consent".into()), |m| m.kind == "consent"),
    (|f| f.verdict = Some(Verdict::Pass), |m| m.verdict == Some("pass")),
    (|f| f.verdict = Some(Verdict::Refer), |m| m.verdict == Some("refer")),
    (|f| f.api_key_id = Some("k2".into()), |m| m.key == "k2"),
    (|f| f.tag = Some("often".into()), |m| m.tag == Some("often")),
    (|f| f.tag = Some("rare".into()), |m| m.tag == Some("rare")),
    (|f| f.fraud = Some("velocity".into()), |m| m.fraud == Some("velocity")),
    (|f| f.fraud = Some("emulator".into()), |m| m.fraud == Some("emulator")),
    (|f| f.has_fraud = Some(true), |m| m.fraud.is_some()),
    (|f| f.has_fraud = Some(false), |m| m.fraud.is_none()),
    (|f| f.user_fullname = Some("user 1".into()), |m| m.user == 1),
    (|f| (f.from_ms, f.until_ms) = (Some(30), Some(100)), |m| (30..100).contains(&m.at_ms)),
];

/// Reads every page of a list; returns how many there were, and whether one was shorter than the rest.
async fn read_through(store: &Store, filter: &Filter) -> (Vec<String>, usize, bool) {
    let subjects: Vec<_> = filter.user_fullname.iter().map(|_| vec![1; 32]).collect();
    let (mut ids, mut after, mut pages, mut short) = (Vec::new(), None, 0, false);
    loop {
        let page = Page { filter: filter.clone(), after, size: 7 };
        let Listed { rows, next } = store.list_transactions(&page, &subjects).await.unwrap();
        pages += 1;
        short |= rows.len() < 7 && next.is_some();
        ids.extend(rows.into_iter().map(|row| row.id));
        match next {
            Some(next) => after = Some(next),
            None => return (ids, pages, short),
        }
    }
}

/// Pages that end early, with windows that end anywhere, skip and repeat no row.
#[tokio::test]
async fn any_two_or_three_filters_list_just_what_has_all_of_them() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let keys = blob::KeyConfig { secret: Some("07".repeat(32).into()), ..blob::KeyConfig::default() };
        let store = Store::new(db.clone(), Outbox::new(KeyRing::open(&keys).unwrap()));
        let mut made = made();
        write(&db, &made).await;
        made.sort_by(|a, b| (b.at_ms, &b.id).cmp(&(a.at_ms, &a.id)));
        let mut ended_early = 0;
        for (at, (first, _)) in PROPERTIES.iter().enumerate() {
            for (second, _) in &PROPERTIES[at..] {
                for third in [first, &PROPERTIES[(at * 5 + 3) % PROPERTIES.len()].0] {
                    let mut filter = Filter { project_id: "p".into(), ..Filter::default() };
                    [first, second, third].iter().for_each(|ask| ask(&mut filter));
                    // If two values of one property are requested, the last one applies.
                    let whole = filter.clone();
                    let holds = |m: &&Made| {
                        PROPERTIES.iter().all(|(ask, has)| {
                            let mut with = whole.clone();
                            ask(&mut with);
                            with != whole || has(m)
                        })
                    };
                    let expected: Vec<_> = made.iter().filter(holds).map(|m| m.id.clone()).collect();
                    let (ids, pages, short) = read_through(&store, &filter).await;
                    assert_eq!(ids, expected, "{filter:?}");
                    assert!(pages <= 400 / 7 + 2, "{pages} pages");
                    ended_early += usize::from(short);
                }
            }
        }
        assert!(ended_early > 0, "no case has a window that ends early");
    })
    .await;
}
