//! Two of everything behind a balancer: processes are restarted and killed, and no call fails.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    project::{ADA, Project, answer},
    steady::steady_calls,
    world::{self, World},
};

/// Calls per second while processes are restarted.
const CALLS_PER_SECOND: f64 = 20.0;
/// How long the probes of the balancer and the gateways may take to find a new process.
const SETTLING: Duration = Duration::from_secs(2);
const PHRASE: &str = "one two three";

fn replicated() -> &'static World {
    Box::leak(Box::new(world::replicated()))
}

/// The outcomes of one kind of calls.
#[derive(Debug, Default)]
struct Tally {
    made: usize,
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, outcome: Result<(), String>) {
        self.made += 1;
        self.failures.extend(outcome.err());
    }
}

/// Makes small calls at a steady rate until `stop`, whether or not earlier calls have ended.
fn start_load(project: &'static Project, stop: watch::Receiver<bool>) -> JoinHandle<Tally> {
    tokio::spawn(async move {
        steady_calls(CALLS_PER_SECOND, |_| !*stop.borrow(), |number| small_call(project, number))
            .fold(Tally::default(), async |mut tally, (_, outcome)| {
                tally.add(outcome);
                tally
            })
            .await
    })
}

/// Makes a session, a consent or a page of the records, in turn. Together they write to two services and read all that
/// a call reads.
async fn small_call(project: &Project, number: usize) -> Result<(), String> {
    let user = format!("user {number}");
    let request = match number % 3 {
        0 => project.post("/api-gateway/sessions/start"),
        1 => project
            .post("/api-consent/consent")
            .json(&serde_json::json!({"is_consent_given": true, "user_fullname": user})),
        _ => project.request(reqwest::Method::GET, "/api-transactions/transactions?limit=5"),
    };
    outcome(request).await
}

async fn video(project: &Project) -> Result<(), String> {
    outcome(project.video(ADA, "speaker_crop.mp4", PHRASE)).await
}

async fn outcome(request: reqwest::RequestBuilder) -> Result<(), String> {
    let response = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = response.status();
    let body = response.text().await.map_err(|error| format!("{status}, then {error:?}"))?;
    if status.is_success() { Ok(()) } else { Err(format!("{status}: {body}")) }
}

/// Sends videos one after the other until `stop`.
fn start_videos(project: &'static Project, stop: watch::Receiver<bool>) -> JoinHandle<Tally> {
    tokio::spawn(async move {
        let mut tally = Tally::default();
        while !*stop.borrow() {
            tally.add(video(project).await);
        }
        tally
    })
}

#[tokio::test]
async fn a_rolling_restart_fails_no_call_and_a_killed_models_service_neither() {
    let world = replicated();
    let project: &'static Project = Box::leak(Box::new(Project::new(world)));
    project.both_consents(ADA).await;
    rolling_restart(world, project).await;
    kill_models_service(world, project).await;
}

/// Each process in turn is asked to stop, exits with success once its calls are answered, and is started again.
#[expect(clippy::print_stdout, reason = "the figures of a run")]
async fn rolling_restart(world: &'static World, project: &'static Project) {
    let (stop, stopped) = watch::channel(false);
    let load = start_load(project, stopped.clone());
    let videos = start_videos(project, stopped);
    let count = world.lock_servers().len();
    for number in 0..count {
        spawn_blocking(move || {
            let server = &mut world.lock_servers()[number];
            let status = server.stop();
            assert!(status.success(), "{} ended with {status}", server.name());
            server.start_again();
        })
        .await
        .expect("the restart");
        tokio::time::sleep(SETTLING).await;
    }
    stop.send(true).expect("the load runs");
    let (load, videos) = (load.await.expect("the load"), videos.await.expect("the videos"));
    println!("{count} restarts: {} small calls and {} videos", load.made, videos.made);
    assert!(load.made > 20 * count, "{}", load.made);
    assert!(load.failures.is_empty(), "{:#?}", load.failures);
    assert!(videos.failures.is_empty(), "{:#?}", videos.failures);
}

/// A video that the killed process was working on is sent to the other.
async fn kill_models_service(world: &'static World, project: &'static Project) {
    let calls = stream::iter(0..8).map(|_| video(project)).buffer_unordered(2);
    let kill = async {
        // By then each replica is working on one video.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut servers = world.lock_servers();
        servers.iter_mut().find(|server| server.name() == "ml-0").expect("a replica").kill();
    };
    let (outcomes, ()) = tokio::join!(calls.collect::<Vec<_>>(), kill);
    let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let left = answer(project.video(ADA, "speaker_crop.mp4", PHRASE)).await;
    assert_eq!(left.status, 200, "{}", left.body);
}
