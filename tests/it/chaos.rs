//! `make chaos`: faults under a steady load in a deployment with two of everything. Afterwards the stores are read:
//! acknowledged calls are there once, the ledgers verify, and the deployment is ready again. Prints a table; fails when
//! a row does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    time::{Duration, Instant},
};

use futures::StreamExt;
use serde_json::{Value, json};
use testkit::Receiver;
use tokio::{sync::watch, task::spawn_blocking, time::sleep};

use crate::{
    process_tree::Process,
    project::{Project, answer},
    steady::steady_calls,
    world::{self, World},
};

const CALLS_PER_SECOND: f64 = 20.0;
/// How long an engine does not respond.
const OUTAGE: Duration = Duration::from_secs(15);
/// How long after a fault the deployment may take to be ready.
const MAX_RECOVERY: Duration = Duration::from_secs(10);
const SETTLING: Duration = Duration::from_secs(3);
/// How long deliveries that were delayed by the faults may take.
const MAX_DELIVERY: Duration = Duration::from_secs(120);

/// One row of the table.
struct Line {
    fault: String,
    recovery: Duration,
    failed_calls: usize,
}

/// The outcomes of the calls so far.
#[derive(Default)]
struct Calls {
    /// Transaction and user of each call that was answered with 200.
    acknowledged: BTreeMap<String, String>,
    failed: usize,
}

#[tokio::test]
#[ignore = "minutes of outages; run by `make chaos`"]
async fn acknowledged_writes_survive_every_fault() {
    let world: &'static World = Box::leak(Box::new(world::replicated()));
    let project: &'static Project = Box::leak(Box::new(Project::new(world)));
    let mut receiver = Receiver::new().await;
    let made = answer(project.post("/api-gateway/webhooks").json(&json!({"url": receiver.url}))).await;
    assert_eq!(made.status, 200, "{}", made.body);

    let (stop, stopped) = watch::channel(false);
    let (failures, failed) = watch::channel(0);
    let load = tokio::spawn(give_consents(project, stopped, failures));
    let mut table = Vec::new();
    let count = world.lock_servers().len();
    for number in 0..count {
        let name = world.lock_servers()[number].name();
        let restart = spawn_blocking(move || {
            let server = &mut world.lock_servers()[number];
            server.kill();
            server.start_again();
        });
        table.push(
            line(world, &failed, format!("{name} killed"), async { restart.await.expect("the restart") })
                .await,
        );
    }
    for (name, processes) in world.engines() {
        let fault = format!("{name} silent for {} s", OUTAGE.as_secs());
        table.push(line(world, &failed, fault, freeze(&processes)).await);
    }
    let backend = *database(&world.engine_urls()[0]).tree().last().expect("PostgreSQL has processes");
    let fault = "PostgreSQL recovers from a killed process".to_owned();
    table.push(line(world, &failed, fault, async { assert!(backend.kill()) }).await);
    stop.send(true).expect("the load runs");
    let calls = load.await.expect("the load");

    for line in &table {
        println!(
            "{:<45} ready after {:>5.1} s, {:>4} calls failed",
            line.fault,
            line.recovery.as_secs_f64(),
            line.failed_calls
        );
    }
    println!("{} calls acknowledged, {} failed", calls.acknowledged.len(), calls.failed);
    assert!(calls.acknowledged.len() > 1000, "{}", calls.acknowledged.len());
    check_stores(project, &calls.acknowledged).await;
    check_deliveries(&mut receiver, &calls.acknowledged).await;
    for mut verify in [world.consent_verify(), world.audit_verify()] {
        let output = verify.output().expect("the CLI runs");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{verify:?}: {}{}", said(&output.stdout), said(&output.stderr));
    }
}

/// Injects a fault, waits until the deployment is ready again, and continues the load for a moment.
async fn line(
    world: &World,
    failed: &watch::Receiver<usize>,
    fault: String,
    make: impl Future<Output = ()>,
) -> Line {
    let before = *failed.borrow();
    make.await;
    let since = Instant::now();
    let client = reqwest::Client::new();
    loop {
        let ready = client.get(format!("{}/readyz", world.url)).timeout(Duration::from_secs(2)).send().await;
        if ready.is_ok_and(|ready| ready.status() == 200) {
            break;
        }
        assert!(since.elapsed() < MAX_RECOVERY, "{fault}: not ready after {MAX_RECOVERY:?}");
        sleep(Duration::from_millis(100)).await;
    }
    let recovery = since.elapsed();
    sleep(SETTLING).await;
    Line { fault, recovery, failed_calls: *failed.borrow() - before }
}

async fn freeze(processes: &[Process]) {
    let signal = |name: &str| {
        let ids = processes.iter().map(|process| process.0.to_string());
        assert!(Command::new("kill").arg(name).args(ids).status().expect("kill runs").success());
    };
    signal("-STOP");
    sleep(OUTAGE).await;
    signal("-CONT");
}

/// Records a consent of another user with each call, at a steady rate.
async fn give_consents(
    project: &'static Project,
    stop: watch::Receiver<bool>,
    failures: watch::Sender<usize>,
) -> Calls {
    let give = |number| give_consent(project, format!("user-{number}@example.org"));
    let mut answers = std::pin::pin!(steady_calls(CALLS_PER_SECOND, |_| !*stop.borrow(), give));
    let mut calls = Calls::default();
    while let Some((_, acknowledged)) = answers.next().await {
        match acknowledged {
            Some((transaction, user)) => _ = calls.acknowledged.insert(transaction, user),
            None => calls.failed += 1,
        }
        failures.send_replace(calls.failed);
    }
    calls
}

async fn give_consent(project: &Project, user: String) -> Option<(String, String)> {
    let body = json!({"is_consent_given": true, "user_fullname": user});
    let sent = project
        .post("/api-consent/consent")
        .json(&body)
        .timeout(Duration::from_secs(60))
        .send()
        .await
        .ok()?;
    let transaction = sent.headers().get("x-request-id")?.to_str().ok()?.to_owned();
    (sent.status() == 200).then_some((transaction, user))
}

/// Every acknowledged consent and transaction is listed once.
async fn check_stores(project: &Project, acknowledged: &BTreeMap<String, String>) {
    let users = list(project, "/api-consent/consents", "user_fullname").await;
    let transactions = list(project, "/api-transactions/transactions", "id").await;
    let wrong_users: Vec<_> = acknowledged.values().filter(|user| users.get(*user) != Some(&1)).collect();
    let wrong: Vec<_> = acknowledged.keys().filter(|id| transactions.get(*id) != Some(&1)).collect();
    assert!(wrong_users.is_empty(), "{} consents are missing or double: {wrong_users:?}", wrong_users.len());
    assert!(wrong.is_empty(), "{} transactions are missing or double: {wrong:?}", wrong.len());
}

/// Returns how often each value of `field` occurs in the pages of a list.
async fn list(project: &Project, path: &str, field: &str) -> BTreeMap<String, usize> {
    let (mut counts, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = project.get(&format!("{path}?limit=100{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        for row in page.body["data"].as_array().expect("a page") {
            *counts.entry(row[field].as_str().expect("text").to_owned()).or_insert(0) += 1;
        }
        match &page.body["next_cursor"] {
            Value::String(next) if !next.is_empty() => cursor = format!("&cursor={next}"),
            _ => return counts,
        }
    }
}

/// Every acknowledged call's event arrives, including those delayed by the faults, and none under two ids.
async fn check_deliveries(receiver: &mut Receiver, acknowledged: &BTreeMap<String, String>) {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let missing = |ids: &BTreeMap<String, BTreeSet<String>>| {
        acknowledged.keys().filter(|id| !ids.contains_key(*id)).count()
    };
    let since = Instant::now();
    while missing(&ids) > 0 {
        assert!(since.elapsed() < MAX_DELIVERY, "{} events did not arrive", missing(&ids));
        let hook = receiver.next().await;
        let transaction = hook.json()["data"]["id"].as_str().unwrap_or_default().to_owned();
        ids.entry(transaction).or_default().insert(hook.id().to_owned());
    }
    let double: Vec<_> = ids.values().filter(|ids| ids.len() > 1).collect();
    assert!(double.is_empty(), "{} events were made twice", double.len());
}

impl World {
    /// Returns the engines of a split deployment and their processes.
    fn engines(&self) -> Vec<(&'static str, Vec<Process>)> {
        let [postgres, redis, s3] = self.engine_urls();
        let port = s3.rsplit_once(':').expect("a port").1;
        let redis = redis.trim_start_matches("redis+unix://");
        vec![
            ("PostgreSQL", database(&postgres).tree()),
            ("Redis", Process::with_argument(redis)),
            ("S3", Process::with_argument(&format!("-s3.port={port}"))),
        ]
    }
}

/// Returns the first process of the server at `url`.
fn database(url: &str) -> Process {
    let folder = url.split_once("host=").expect("a socket").1;
    let file = fs::read_to_string(format!("{folder}/data/postmaster.pid")).expect("PostgreSQL runs");
    Process(file.lines().next().and_then(|id| id.parse().ok()).expect("a process id"))
}
