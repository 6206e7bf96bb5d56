//! Sends one video several times from several callers and prints the time of each stage and the memory:
//! `cargo run --release -p svc-ml --example load -- fixtures/bench_5s_640x480.mp4 4 10`

use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::stream;
use proto::ml::{
    AnalyzeVideoHeader, AnalyzeVideoRequest, AnalyzeVideoResponse, Service, analyze_video_request::Part,
    ml_client::MlClient,
};
use rpc::Transport;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    sandbox::run_if_worker();
    measure()
}

#[tokio::main]
async fn measure() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, callers, each] = args.as_slice() else { anyhow::bail!("usage: load VIDEO CALLERS TIMES") };
    let (callers, each): (usize, usize) = (callers.parse()?, each.parse()?);
    let video = bytes::Bytes::from(std::fs::read(file).context("the video")?);
    let dir = tempfile::tempdir()?;
    let started = Instant::now();
    let client = MlClient::new(rpc::local(
        svc_ml::routes(svc_ml::Config::embedded(dir.path())).await?,
        Duration::from_secs(120),
    ));
    let loaded = started.elapsed();
    send(client.clone(), video.clone()).await?;
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..callers).map(|_| tokio::spawn(repeat(client.clone(), video.clone(), each))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.extend(task.await??);
    }
    report(&answers, loaded, started.elapsed())
}

async fn repeat(
    client: MlClient<Transport>,
    video: bytes::Bytes,
    times: usize,
) -> anyhow::Result<Vec<(Duration, AnalyzeVideoResponse)>> {
    let mut answers = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        let answer = send(client.clone(), video.clone()).await?;
        answers.push((started.elapsed(), answer));
    }
    Ok(answers)
}

async fn send(mut client: MlClient<Transport>, video: bytes::Bytes) -> anyhow::Result<AnalyzeVideoResponse> {
    let services = [
        Service::ActiveSpeaker,
        Service::FaceLiveness,
        Service::VisualSpeech,
        Service::VoiceRecognition,
        Service::FaceRecognition,
    ];
    let header = AnalyzeVideoHeader {
        project_id: "load".into(),
        user_fullname: "Ada".into(),
        phrase: "one two three four five".into(),
        vocabulary: String::new(),
        services: services.into_iter().map(i32::from).collect(),
        want_candidate: true,
        origin: None,
    };
    let chunks = video.chunks(256 * 1024).map(|c| Part::Chunk(video.slice_ref(c))).collect::<Vec<_>>();
    let parts = std::iter::once(Part::Header(header)).chain(chunks);
    let parts = parts.map(|part| AnalyzeVideoRequest { part: Some(part) });
    Ok(client.analyze_video(stream::iter(parts.collect::<Vec<_>>())).await?.into_inner())
}

fn report(
    answers: &[(Duration, AnalyzeVideoResponse)],
    loaded: Duration,
    took: Duration,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let mut latencies: Vec<f64> = answers.iter().map(|(latency, _)| latency.as_secs_f64()).collect();
    latencies.sort_by(f64::total_cmp);
    let percentile = |p: usize| latencies[(latencies.len() * p / 100).min(latencies.len() - 1)];
    writeln!(
        out,
        "loaded in {:.2} s; {} videos in {:.2} s",
        loaded.as_secs_f64(),
        answers.len(),
        took.as_secs_f64()
    )?;
    writeln!(
        out,
        "{:.1} videos a minute, median {:.3} s, p95 {:.3} s",
        60.0 * answers.len() as f64 / took.as_secs_f64(),
        percentile(50),
        percentile(95)
    )?;
    let mut stages: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for stage in answers.iter().flat_map(|(_, answer)| &answer.stages) {
        let sum = stages.entry(&stage.stage).or_default();
        (sum.0, sum.1) = (sum.0 + stage.cpu_ms, sum.1 + stage.wall_ms);
    }
    let count = answers.len() as f64;
    for (stage, (cpu, wall)) in &stages {
        writeln!(out, "{stage:16} {:8.1} ms cpu {:8.1} ms wall", cpu / count, wall / count)?;
    }
    let cpu: f64 = stages.values().map(|s| s.0).sum();
    writeln!(out, "{:16} {:8.1} ms cpu", "all", cpu / count)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
