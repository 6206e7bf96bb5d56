//! What decoding in a process of its own costs: `cargo run --release -p sandbox --example overhead -- VIDEO TIMES`.
//!
//! The same video is decoded here and in a worker by turns. Times are medians; CPU is that of this process alone.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::{
    fs::File,
    time::{Duration, Instant},
};

use media::Limits;
use rustix::time::{ClockId, clock_gettime};
use sandbox::{Error, MediaFile, Sandbox};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    sandbox::run_if_worker();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, times] = args.as_slice() else { return Err("usage: overhead VIDEO TIMES".into()) };
    let (times, sandbox): (usize, _) = (times.parse()?, Sandbox::of(None));
    let started = Instant::now();
    sandbox.probe()?;
    println!("the first worker after {:.1} ms", ms(started.elapsed()));
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..times {
        here.push(measure(|| decode_here(file))?);
        there.push(measure(|| decode_there(&sandbox, file))?);
    }
    let [here, there] = [median(here), median(there)];
    println!("{} frames, median of {times}: wall ms, CPU ms of this process", here.2);
    println!("in this process: {:.1}, {:.1}", ms(here.0), ms(here.1));
    println!("in a worker:     {:.1}, {:.1}", ms(there.0), ms(there.1));
    Ok(())
}

type Measured = (Duration, Duration, usize);

fn measure(decode: impl Fn() -> Result<usize, Error>) -> Result<Measured, Error> {
    let (started, cpu) = (Instant::now(), cpu_time());
    let frames = decode()?;
    Ok((started.elapsed(), cpu_time().saturating_sub(cpu), frames))
}

/// Looks at each frame as a caller does, so that its bytes are read.
fn look_at(frame: &media::Frame<'_>, seen: &mut usize) {
    let map = media::Affine::shrink(16.0);
    *seen += usize::from(!media::crop_rgb(frame, &map, 32, 24).is_empty());
}

fn decode_here(file: &str) -> Result<usize, Error> {
    let mut seen = 0;
    let source = File::open(file).map_err(Error::Start)?;
    media::decode(source, &Limits::default(), |frame| {
        look_at(frame, &mut seen);
        Ok::<_, media::Error>(())
    })?;
    Ok(seen)
}

fn decode_there(sandbox: &Sandbox, file: &str) -> Result<usize, Error> {
    let mut seen = 0;
    let source = File::open(file).and_then(MediaFile::new).map_err(Error::Start)?;
    sandbox.decode_video(
        &source,
        &Limits::default(),
        || Ok(()),
        |frame| {
            look_at(frame, &mut seen);
            Ok::<_, Error>(())
        },
    )?;
    Ok(seen)
}

fn median(mut all: Vec<Measured>) -> Measured {
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
