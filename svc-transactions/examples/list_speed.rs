//! Duration of a page of a list with a million transactions, for every filter and for pairs of a rare and a frequent one.
//!
//! `cargo run --release -p svc-transactions --example list_speed -- [URL] [RECORDS] [PAGES]`: by default a SQLite file in a
//! temporary folder; `postgres` starts a PostgreSQL of its own; 1000000 records; 200 pages a case. The rows are written
//! to the tables as the service writes them, and read over its own wire in process. Prints p50 and p95 for each case and fails
//! when a p95 is not below 50 ms.

use std::{io::Write, time::Duration};

use anyhow::Context;
use blob::{KeyRing, Purpose};
use db::{Db, Statement, Value};
use proto::transactions::{Flag, ListTransactionsRequest, Verdict, transactions_client::TransactionsClient};
use rpc::Transport;
use sqlx::Row as _;
use tokio::time::Instant;

const PROJECT: &str = "p1";
const BAR: Duration = Duration::from_millis(50);
/// Midnight of the first record; there is one per second.
const START_MS: i64 = 1_760_000_000_000;

type Ask = fn(&mut ListTransactionsRequest);

/// Shares: kinds 50 % process_video, 49.98 % consent, 0.02 % docauth_check; verdicts only of videos; a tag on half of
/// all, one on every 5000th; one key has 90 %, one every 10000th; a user with a third of all, others with ten each.
const CASES: [(&str, Ask); 24] = [
    ("no filter", |_| {}),
    ("a day", |r| (r.from_ms, r.until_ms) = (Some(START_MS + 86_400_000), Some(START_MS + 2 * 86_400_000))),
    ("user, few", |r| r.user_fullname = Some("user 77".into())),
    ("user, a third", |r| r.user_fullname = Some("load test".into())),
    ("session", |r| r.session_id = Some("sess_1234".into())),
    ("verdict, frequent", |r| r.verdict = Verdict::Pass.into()),
    ("verdict, rare", |r| r.verdict = Verdict::Refer.into()),
    ("kind, frequent", |r| r.kind = Some("process_video".into())),
    ("kind, rare", |r| r.kind = Some("docauth_check".into())),
    ("tag, frequent", |r| r.tag = Some("mobile".into())),
    ("tag, rare", |r| r.tag = Some("kiosk".into())),
    ("flag", |r| r.flag = Flag::Fraudulent.into()),
    ("key, frequent", |r| r.api_key_id = Some("k1".into())),
    ("key, rare", |r| r.api_key_id = Some("k3".into())),
    ("fraud rule", |r| r.fraud = Some("emulator".into())),
    ("has_fraud", |r| r.has_fraud = Some(true)),
    ("rare kind + frequent key", |r| {
        (r.kind, r.api_key_id) = (Some("docauth_check".into()), Some("k1".into()));
    }),
    ("rare tag + frequent kind", |r| (r.tag, r.kind) = (Some("kiosk".into()), Some("consent".into()))),
    ("rare key + frequent tag", |r| (r.api_key_id, r.tag) = (Some("k3".into()), Some("mobile".into()))),
    ("flag + frequent verdict", |r| (r.flag, r.verdict) = (Flag::Fraudulent.into(), Verdict::Pass.into())),
    ("few of a user + frequent kind", |r| {
        (r.user_fullname, r.kind) = (Some("user 77".into()), Some("process_video".into()));
    }),
    ("fraud rule + frequent key", |r| (r.fraud, r.api_key_id) = (Some("emulator".into()), Some("k1".into()))),
    ("two frequent that meet", |r| (r.verdict, r.tag) = (Verdict::Pass.into(), Some("mobile".into()))),
    ("two frequent that never meet", |r| {
        (r.kind, r.verdict) = (Some("consent".into()), Verdict::Pass.into());
    }),
];

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (records, pages) = (number(1, 1_000_000).context("RECORDS")?, number(2, 200).context("PAGES")?);
    let mut config = svc_transactions::Config::embedded(folder.path());
    config.samples.folder_is_shared = true;
    config.db.durable = false;
    match arguments.first().map(String::as_str) {
        None | Some("-") => {}
        Some("postgres") => config.db = testkit::postgres().config("list_speed"),
        Some(url) => config.db = db::Config::url(url, "list_speed"),
    }
    let (tables, ring) = (config.db.clone(), KeyRing::open(&config.keys)?);
    let routes = svc_transactions::routes(config).await?;
    let client = TransactionsClient::new(rpc::local(routes, Duration::from_secs(60)));
    let mut out = std::io::stdout();

    let start = Instant::now();
    static NONE: sqlx::migrate::Migrator = sqlx::migrate!();
    let db = Db::open(&tables, &NONE).await?;
    fill(&db, &ring, records).await?;
    writeln!(out, "{records} records written in {:.0} s", start.elapsed().as_secs_f64())?;
    explain(&db, &mut out).await?;

    let mut slow = Vec::new();
    for (name, ask) in CASES {
        let (p50, p95, rows, short) = measure(&client, ask, pages).await?;
        writeln!(
            out,
            "{name:32} p50 {:6.2} ms  p95 {:6.2} ms  {rows:4.0} rows a page{}",
            p50.as_secs_f64() * 1e3,
            p95.as_secs_f64() * 1e3,
            if short { "  (short pages that go on)" } else { "" }
        )?;
        if p95 >= BAR {
            slow.push(name);
        }
    }
    anyhow::ensure!(slow.is_empty(), "not below {} ms: {slow:?}", BAR.as_millis());
    Ok(())
}

/// Reads pages one after the other, from the newest again after the last.
async fn measure(
    client: &TransactionsClient<Transport>,
    ask: Ask,
    pages: usize,
) -> anyhow::Result<(Duration, Duration, f64, bool)> {
    let (mut times, mut rows, mut cursor, mut short) = (Vec::new(), 0, String::new(), false);
    for _ in 0..pages {
        let mut request =
            ListTransactionsRequest { project_id: PROJECT.into(), page_size: 50, ..Default::default() };
        ask(&mut request);
        request.cursor = cursor;
        let start = Instant::now();
        let page = client.clone().list_transactions(request).await?.into_inner();
        times.push(start.elapsed());
        rows += page.transactions.len();
        short |= page.transactions.len() < 50 && !page.next_cursor.is_empty();
        cursor = page.next_cursor;
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Ok((at(0.5), at(0.95), rows as f64 / pages as f64, short))
}

/// Writes the tables directly: the service would first run the fraud rules on a million records.
async fn fill(db: &Db, ring: &KeyRing, records: usize) -> anyhow::Result<()> {
    const BATCH: usize = 500;
    for start in (0..records).step_by(BATCH) {
        let rows: Vec<Row> =
            (start..records.min(start + BATCH)).map(|at| row(ring, at)).collect::<Result<_, _>>()?;
        let mut insert = Statement::new(
            "INSERT INTO transactions (id, project_id, api_key_id, session_id, subject_hash, kind, created_at, \
             http_status, verdict, reasons, tags, duration_ms, flag, sealed, has_fraud) ",
        );
        insert.bind_rows(rows.iter().map(|row| {
            [
                Value::from(&row.id),
                PROJECT.into(),
                row.key.into(),
                (&row.session).into(),
                (&row.subject).into(),
                row.kind.into(),
                row.at_ms.into(),
                200_i64.into(),
                row.verdict.into(),
                "[]".into(),
                (&row.tags_json).into(),
                1100_i64.into(),
                row.flag.into(),
                (&row.sealed).into(),
                row.fraud.into(),
            ]
        }));
        let mut tx = db.begin().await?;
        tx.execute(insert.sql(), insert.params()).await?;
        for row in &rows {
            for tag in &row.tags {
                const TAG: &str =
                    "INSERT INTO transaction_tags (project_id, tag, created_at, id) VALUES ($1, $2, $3, $4)";
                tx.execute(TAG, db::params![PROJECT, *tag, row.at_ms, &row.id]).await?;
            }
            if row.fraud {
                const HIT: &str = "INSERT INTO fraud_hits (id, rule, project_id, created_at, found_at, sealed) \
                                   VALUES ($1, 'emulator', $2, $3, $3, $4)";
                let nothing: &[u8] = &[];
                tx.execute(HIT, db::params![&row.id, PROJECT, row.at_ms, nothing]).await?;
            }
        }
        tx.commit().await?;
    }
    if let Db::Pg(pool) = db {
        // The regular maintenance of the database, which would come minutes after such a load.
        sqlx::query("VACUUM ANALYZE").execute(pool).await?;
    }
    Ok(())
}

/// A record as stored.
struct Row {
    id: String,
    key: &'static str,
    session: String,
    subject: Vec<u8>,
    kind: &'static str,
    at_ms: i64,
    verdict: Option<&'static str>,
    tags: Vec<&'static str>,
    tags_json: String,
    flag: Option<&'static str>,
    fraud: bool,
    sealed: Vec<u8>,
}

fn row(ring: &KeyRing, at: usize) -> anyhow::Result<Row> {
    let consent = at % 2 == 1;
    let verdict = match at % 10_000 {
        _ if consent => None,
        2 => Some("refer"),
        rest if rest.is_multiple_of(20) => Some("fail"),
        _ => Some("pass"),
    };
    let user = if at.is_multiple_of(3) { "load test".to_owned() } else { format!("user {}", at % 66_667) };
    let (mobile, kiosk) = ((at % 4 < 2).then_some("mobile"), (at % 5000 == 3).then_some("kiosk"));
    let tags: Vec<_> = mobile.into_iter().chain(kiosk).collect();
    let id = uuid::Uuid::now_v7().to_string();
    let personal = serde_json::json!({
        "user_fullname": user,
        "services_json": format!("{{\"Face Recognition\":{{\"description\":\"{}\"}}}}", "x".repeat(600)),
        "device_info_json": format!("{{\"os\":\"test\",\"agent\":\"{}\"}}", "x".repeat(300)),
        "geo_json": r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Vienna"}"#,
    });
    let purpose = Purpose("personal fields of a transaction");
    let sealed =
        ring.seal(purpose, format!("{PROJECT}\0{id}").as_bytes(), personal.to_string().as_bytes())?;
    let subject = ring
        .fingerprints(Purpose("find transactions of a subject"), format!("{PROJECT}\0{user}").as_bytes())?;
    Ok(Row {
        key: if at % 10_000 == 9 {
            "k3"
        } else if at % 10 == 8 {
            "k2"
        } else {
            "k1"
        },
        session: format!("sess_{}", at / 4),
        subject: subject[0].to_vec(),
        kind: if at % 5000 == 11 {
            "docauth_check"
        } else if consent {
            "consent"
        } else {
            "process_video"
        },
        at_ms: START_MS + at as i64 * 1000,
        verdict,
        tags_json: serde_json::json!(tags).to_string(),
        tags,
        flag: (at % 10_000 == 6).then_some("fraudulent"),
        fraud: at % 20_000 == 7,
        id,
        sealed,
    })
}

/// Prints how the database finds a page of two filters: the plans of the service's statements.
async fn explain(db: &Db, out: &mut impl Write) -> anyhow::Result<()> {
    const FOUND: [(&str, &str); 3] = [
        (
            "kind",
            "SELECT id, created_at FROM transactions WHERE project_id = 'p1' AND kind = 'consent' \
                  ORDER BY created_at DESC, id DESC LIMIT 51",
        ),
        (
            "tag",
            "SELECT id, created_at FROM transaction_tags WHERE project_id = 'p1' AND tag = 'mobile' \
                 ORDER BY created_at DESC, id DESC LIMIT 51",
        ),
        (
            "kind, then verdict",
            "SELECT transactions.id FROM transactions JOIN (SELECT id AS walked_id, created_at AS walked_at \
          FROM (SELECT id, created_at FROM transactions WHERE project_id = 'p1' AND kind = 'consent' \
          ORDER BY created_at DESC, id DESC LIMIT 500) AS found) AS walked ON id = walked_id WHERE verdict = 'pass' \
          ORDER BY walked_at DESC, walked_id DESC LIMIT 51",
        ),
    ];
    for (name, sql) in FOUND {
        writeln!(out, "plan of {name}:")?;
        match db {
            Db::Pg(pool) => {
                let sql = sqlx::AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {sql}"));
                for (line,) in sqlx::query_as::<_, (String,)>(sql).fetch_all(pool).await? {
                    writeln!(out, "    {line}")?;
                }
            }
            Db::Lite(lite) => {
                let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                for step in sqlx::query(sql).fetch_all(lite.pool()).await? {
                    writeln!(out, "    {}", step.get::<String, _>("detail"))?;
                }
            }
        }
    }
    Ok(())
}
