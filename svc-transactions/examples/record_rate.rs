//! How many records a second this service takes, over its own wire in process.
//!
//! `cargo run --release -p svc-transactions --example record_rate -- [URL] [RECORDS] [CALLERS]`, by default a SQLite file
//! with synced commits in a temporary folder, 30000 records, 64 callers.

use std::{io::Write, time::Duration};

use anyhow::Context;
use proto::transactions::{RecordTransactionRequest, Transaction, transactions_client::TransactionsClient};
use tokio::time::Instant;

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut config = svc_transactions::Config::embedded(folder.path());
    config.samples.folder_is_shared = true;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(url) = arguments.first().filter(|url| url.as_str() != "-") {
        config.db = db::Config::url(url, "record_rate");
    }
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (records, callers) = (number(1, 30_000).context("RECORDS")?, number(2, 64).context("CALLERS")?);

    let client =
        TransactionsClient::new(rpc::local(svc_transactions::routes(config).await?, Duration::from_secs(10)));
    let start = Instant::now();
    let calls = (0..callers).map(|_| tokio::spawn(call(client.clone(), records / callers)));
    let mut times = Vec::with_capacity(records);
    for caller in calls.collect::<Vec<_>>() {
        times.extend(caller.await??);
    }
    let took = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    let rate = times.len() as f64 / took;
    writeln!(
        std::io::stdout(),
        "{} records, {callers} callers: {rate:.0} records/s, p50 {:.1} ms, p99 {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99)
    )?;
    Ok(())
}

/// Records `count` videos one after the other and returns the duration of each.
async fn call(
    mut client: TransactionsClient<rpc::Transport>,
    count: usize,
) -> Result<Vec<Duration>, tonic::Status> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        client.record_transaction(RecordTransactionRequest { transaction: Some(video()) }).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// A record of the size of a processed video, about 2 KB.
fn video() -> Transaction {
    let result =
        format!("{{\"code\":200,\"result\":true,\"score\":0.93,\"description\":\"{}\"}}", "x".repeat(200));
    let services = ["Active Speaker Detection", "Face Liveness Detection", "Visual Speech Recognition"];
    let services: Vec<String> = services.iter().map(|name| format!("\"{name}\":{result}")).collect();
    Transaction {
        id: uuid::Uuid::now_v7().to_string(),
        project_id: "0199f0a0-0000-7000-8000-000000000001".into(),
        api_key_id: "0199f0a0-0000-7000-8000-000000000002".into(),
        session_id: Some("sess_0199f0a0-0000-7000-8000-000000000003".into()),
        user_fullname: Some("ada@example.org".into()),
        kind: "process_video".into(),
        created_at_ms: 1_760_000_000_000,
        http_status: 200,
        verdict: proto::transactions::Verdict::Pass.into(),
        score: Some(92.5),
        reasons: vec!["face_match_passed".into(), "voice_match_passed".into(), "liveness_passed".into()],
        services_json: Some(format!("{{{}}}", services.join(","))),
        rules: Some("default".into()),
        device_info_json: Some(format!("{{\"os\":\"test\",\"agent\":\"{}\"}}", "x".repeat(500))),
        geo_json: Some(r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Vienna"}"#.into()),
        tags: vec!["kiosk".into()],
        durations_json: Some(r#"{"decode":120,"models":900,"rules":0}"#.into()),
        duration_ms: 1100,
        ..Transaction::default()
    }
}
