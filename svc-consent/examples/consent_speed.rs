//! How many consents a second one project records on PostgreSQL, and how long another project's reads take meanwhile.
//!
//! `cargo run -p svc-consent --example consent_speed [seconds] [callers]`; prints one line.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use proto::consent::{ConsentKind, GetConsentRequest, RecordConsentRequest, consent_client::ConsentClient};

fn argument(at: usize, default: u64) -> u64 {
    std::env::args().nth(at).map_or(default, |text| text.parse().unwrap())
}

fn consent(project: &str, user: String) -> RecordConsentRequest {
    RecordConsentRequest {
        project_id: project.into(),
        user_fullname: user,
        kind: ConsentKind::Storage.into(),
        given: true,
        api_key_id: "k1".into(),
        transaction_id: "t1".into(),
        ..RecordConsentRequest::default()
    }
}

fn at(sorted: &[Duration], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len() - 1)).unwrap().as_secs_f64() * 1000.0
}

#[tokio::main]
async fn main() {
    let (seconds, callers) = (argument(1, 10), argument(2, 512));
    let postgres = testkit::postgres();
    let keys = blob::KeyConfig { secret: Some("07".repeat(32).into()), ..blob::KeyConfig::default() };
    let config = svc_consent::Config {
        db: postgres.config(&testkit::unique_schema()),
        keys,
        anchor: ledger::AnchorConfig::default(),
    };
    let routes = svc_consent::routes(config.clone()).await.unwrap();
    let client = ConsentClient::new(rpc::local(routes, Duration::from_secs(60)));
    client.clone().record_consent(consent("reader", "Ada".into())).await.unwrap();

    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (mut client, done, over) = (client.clone(), done.clone(), over.clone());
        tasks.spawn(async move {
            for number in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                client.record_consent(consent("writer", format!("{caller} {number}"))).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let (began, mut reads) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        let request = GetConsentRequest { project_id: "reader".into(), user_fullname: "Ada".into() };
        assert!(client.clone().get_consent(request).await.unwrap().into_inner().storage);
        reads.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let rate = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    reads.sort_unstable();
    let (p50, p95, p99) = (at(&reads, 0.5), at(&reads, 0.95), at(&reads, 0.99));
    println!(
        "{rate:.0} consents/s by {callers} callers; reads of another project: p50 {p50:.1} ms, p95 {p95:.1} ms, p99 {p99:.1} ms"
    );
    let audit =
        svc_consent::verify(config, Vec::new(), |finding| println!("BROKEN {finding}")).await.unwrap();
    println!("{} entries, {} marks, {} findings", audit.entries, audit.marks, audit.findings);
}
