//! Prints the milliseconds of each stage of a video on one thread: `cargo run -p face --example stages -- FILE [TIMES]`.
//! Of several runs, prints the shortest time of each stage, the one least disturbed by other load.

use std::{fs::File, time::Instant};

use face::{Engine, FaceTracker, Timings, liveness};
use media::{Error, Limits, decode};

const STAGES: [&str; 7] =
    ["decode", "yunet", "mesh", "sface", "texture", "around the networks", "everything else"];

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "fixtures/bench_5s_640x480.mp4".to_owned());
    let times: u32 = arguments.next().map_or(Ok(10), |n| n.parse())?;
    let runtime = models::Runtime::load(&models::Pack::open(None)?)?;
    let mut engine = Engine::load(&runtime)?;
    engine.warm_up()?;
    let mut best = [f64::INFINITY; STAGES.len()];
    for _ in 0..times {
        let (times, _) = run(&path, &mut engine)?;
        best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time));
    }
    let all: f64 = best.iter().sum();
    for (stage, ms) in STAGES.iter().zip(best) {
        println!("{stage:<20} {ms:7.1} ms {:5.1} %", 100.0 * ms / all);
    }
    let (_, t) = run(&path, &mut engine)?;
    println!(
        "{} detections, {} meshes, {} embeddings, {} textures",
        t.detections, t.meshes, t.embeddings, t.textures
    );
    Ok(())
}

fn run(
    path: &str,
    engine: &mut Engine,
) -> Result<([f64; STAGES.len()], Timings), Box<dyn std::error::Error>> {
    let started = Instant::now();
    decode(File::open(path)?, &Limits::default(), |_| Ok::<_, Error>(()))?;
    let decoding = started.elapsed();
    let mut outside = std::time::Duration::ZERO;
    let mut tracker = FaceTracker::new();
    engine.take_timings();
    decode(File::open(path)?, &Limits::default(), |frame| {
        let started = Instant::now();
        let fed = tracker.feed(engine, frame);
        outside += started.elapsed();
        fed
    })?;
    let started = Instant::now();
    liveness::judge_main_face(engine, &tracker.finish())?;
    outside += started.elapsed();
    let t = engine.take_timings();
    let networks = [t.detect, t.mesh, t.embed, t.texture];
    let rest = outside.saturating_sub(networks.iter().sum()).saturating_sub(t.around);
    let [detect, mesh, embed, texture] = networks;
    Ok(([decoding, detect, mesh, embed, texture, t.around, rest].map(|d| d.as_secs_f64() * 1e3), t))
}
