//! `make load`: calls at a steady rate, each timed from when it was due. Prints a table; fails when a row does.

#![expect(clippy::print_stdout, reason = "the figures of a run")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use hdrhistogram::Histogram;
use reqwest::RequestBuilder;
use serde_json::json;

use crate::{
    process_tree::Process,
    project::{ADA, Project, SPEECH},
    steady::steady_calls,
    world::{self, World},
};

/// How long each case runs: `LOAD_SECONDS`, 60 unless set.
const DEFAULT_CASE_S: u64 = 60;
/// Share of the measured capacity that counts as a normal load.
const NORMAL_SHARE: f64 = 0.6;
const OVERLOAD: f64 = 3.0;
/// How much slower the median may be after the overload than before.
const MAX_SLOWDOWN: f64 = 2.0;
const CAPACITY_CLIENTS: usize = 4;
const CAPACITY_CALLS: usize = 24;
const SMALL_CALLS_PER_SECOND: f64 = 100.0;

/// The outcomes of the calls of one case.
struct Case {
    name: String,
    per_second: f64,
    /// Microseconds from when a call was due until it succeeded.
    times_us: Histogram<u64>,
    succeeded: u64,
    /// Answered with 429 or 503: rejected at once, to be retried.
    shed: u64,
    failures: BTreeMap<String, u64>,
}

impl Case {
    fn new(name: &str, per_second: f64) -> Self {
        let times_us = Histogram::new(3).expect("three digits");
        Self { name: name.to_owned(), per_second, times_us, succeeded: 0, shed: 0, failures: BTreeMap::new() }
    }

    fn add(&mut self, time: Duration, outcome: Result<u16, String>) {
        match outcome {
            Ok(200..300) => {
                self.succeeded += 1;
                self.times_us.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
            }
            Ok(429 | 503) => self.shed += 1,
            Ok(status) => *self.failures.entry(status.to_string()).or_default() += 1,
            Err(error) => *self.failures.entry(error).or_default() += 1,
        }
    }

    fn ms(&self, quantile: f64) -> f64 {
        self.times_us.value_at_quantile(quantile) as f64 / 1000.0
    }

    fn print(&self) {
        let [p50, p95, p99, p999] = [0.5, 0.95, 0.99, 0.999].map(|quantile| self.ms(quantile));
        println!(
            "{:<34} {:>7.1}/s {:>6} answered {:>5} shed {:>3} failed   ms: p50 {p50:>8.1}  p95 {p95:>8.1}  \
             p99 {p99:>8.1}  p99.9 {p999:>8.1}",
            self.name,
            self.per_second,
            self.succeeded,
            self.shed,
            self.failures.values().sum::<u64>(),
        );
    }
}

#[tokio::test]
#[ignore = "minutes of load; run by `make load`"]
async fn calls_at_a_steady_rate_are_answered_and_an_overload_is_shed() {
    for models in [1, 2] {
        measure(models).await;
    }
}

async fn measure(models: usize) {
    let world: &'static World = Box::leak(Box::new(world::with_models_services(models)));
    let project: &'static Project = Box::leak(Box::new(Project::new(world)));
    project.both_consents(ADA).await;
    println!("\n{models} svc-ml, one of every other service");
    let start = |_| project.post("/api-gateway/sessions/start");
    let consent = |number: usize| {
        let user = format!("user {number}");
        project.post("/api-consent/consent").json(&json!({"is_consent_given": true, "user_fullname": user}))
    };
    let list = |_| project.request(reqwest::Method::GET, "/api-transactions/transactions?limit=20");
    let video = |_| project.video(ADA, "speaker_crop.mp4", SPEECH);
    let cases = [
        run(world, "sessions/start", SMALL_CALLS_PER_SECOND, start).await,
        run(world, "consent", SMALL_CALLS_PER_SECOND, consent).await,
        run(world, "transactions, a page of 20", SMALL_CALLS_PER_SECOND, list).await,
    ];
    cases.iter().for_each(check_nothing_failed);

    let capacity = measure_capacity(project).await;
    println!("process-video with {CAPACITY_CLIENTS} clients in a closed loop: {capacity:.2}/s");
    let before = run(world, "process-video, 0.6 of capacity", capacity * NORMAL_SHARE, video).await;
    let during = run(world, "process-video, 3 times capacity", capacity * OVERLOAD, video).await;
    let after = run(world, "process-video, 0.6 after overload", capacity * NORMAL_SHARE, video).await;
    [&before, &after].into_iter().for_each(check_nothing_failed);
    assert!(during.failures.is_empty(), "{:?}", during.failures);
    assert!(during.shed > 0, "three times the capacity was taken");
    assert!(during.succeeded > 0, "an overload stopped all work");
    let (was, is) = (before.ms(0.5), after.ms(0.5));
    assert!(
        is < was * MAX_SLOWDOWN,
        "the median was {was:.0} ms before the overload and {is:.0} ms after it"
    );
    // The next deployment has the machine to itself.
    for server in world.lock_servers().iter_mut() {
        server.stop();
    }
}

fn check_nothing_failed(case: &Case) {
    assert!(case.failures.is_empty(), "{}: {:?}", case.name, case.failures);
    assert_eq!(case.shed, 0, "{}: refused below capacity", case.name);
    assert!(case.succeeded > 0, "{}: nothing was called", case.name);
}

/// Returns the responses per second with as many concurrent calls as there are clients.
async fn measure_capacity(project: &Project) -> f64 {
    let since = Instant::now();
    let calls =
        stream::iter(0..CAPACITY_CALLS).map(|_| status(project.video(ADA, "speaker_crop.mp4", SPEECH)));
    let outcomes: Vec<_> = calls.buffer_unordered(CAPACITY_CLIENTS).collect().await;
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(200)), "{outcomes:?}");
    CAPACITY_CALLS as f64 / since.elapsed().as_secs_f64()
}

/// Makes calls at a steady rate, waits for the last response, and prints the case and the resources of each process.
async fn run(world: &World, name: &str, per_second: f64, call: impl Fn(usize) -> RequestBuilder) -> Case {
    let seconds = std::env::var("LOAD_SECONDS")
        .map_or(DEFAULT_CASE_S, |text| text.parse().expect("LOAD_SECONDS is a number"));
    let count = (per_second * seconds as f64).ceil() as usize;
    let (cpu_before, begun) = (cpu_s(world), Instant::now());
    let calls = steady_calls(per_second, |number| number < count, |number| status(call(number)));
    let mut outcomes = std::pin::pin!(calls);
    let mut case = Case::new(name, per_second);
    while let Some((time, outcome)) = outcomes.next().await {
        case.add(time, outcome);
    }
    case.print();
    print_processes(world, &cpu_before, begun.elapsed());
    case
}

async fn status(request: RequestBuilder) -> Result<u16, String> {
    let response = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = response.status().as_u16();
    response.bytes().await.map_err(|error| format!("{status}, then {error:?}"))?;
    Ok(status)
}

fn cpu_s(world: &World) -> BTreeMap<String, f64> {
    let servers = world.lock_servers();
    servers.iter().map(|server| (server.name(), Process(server.process_id()).cpu_s())).collect()
}

/// Returns CPU share and memory of each process that did any work.
fn print_processes(world: &World, before: &BTreeMap<String, f64>, elapsed: Duration) {
    let after = cpu_s(world);
    let parts: Vec<_> = world
        .lock_servers()
        .iter()
        .filter_map(|server| {
            let name = server.name();
            let cores = (after[&name] - before[&name]) / elapsed.as_secs_f64();
            let memory_mb = Process(server.process_id()).memory_mb();
            (cores >= 0.005).then(|| format!("{name} {cores:.2} cores {memory_mb:.0} MB"))
        })
        .collect();
    println!("    {}", parts.join(", "));
}
