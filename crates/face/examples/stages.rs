//! Prints the CPU milliseconds of each stage of a video: `cargo run -p face --example stages -- FILE [TIMES]`.

use std::{fs::File, time::Instant};

use face::{Engine, FaceTracker, liveness};
use media::{Error, Limits, decode};

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "fixtures/bench_5s_640x480.mp4".to_owned());
    let times: u32 = arguments.next().map_or(Ok(5), |n| n.parse())?;
    let runtime = models::Runtime::load(&models::Pack::open(None)?)?;
    let mut engine = Engine::load(&runtime)?;
    engine.warm_up()?;
    for _ in 0..times {
        let started = Instant::now();
        decode(File::open(&path)?, &Limits::default(), |_| Ok::<_, Error>(()))?;
        let decoding = started.elapsed();
        let started = Instant::now();
        let mut tracker = FaceTracker::new();
        decode(File::open(&path)?, &Limits::default(), |frame| tracker.feed(&mut engine, frame))?;
        let tracks = tracker.finish();
        let found = liveness::judge(&mut engine, &tracks)?;
        let all = started.elapsed();
        let t = engine.take_timings();
        let networks = t.detect + t.mesh + t.embed + t.texture;
        let ms = |d: std::time::Duration| d.as_secs_f64() * 1e3;
        println!(
            "decode {:.0}  detect {:.0} ({})  mesh {:.0} ({})  sface {:.0} ({})  texture {:.0} ({})  around networks {:.0}  \
             other {:.0}  all {:.0} ms  live {:?}",
            ms(decoding),
            ms(t.detect),
            t.detections,
            ms(t.mesh),
            t.meshes,
            ms(t.embed),
            t.embeddings,
            ms(t.texture),
            t.textures,
            ms(t.around),
            ms(all) - ms(decoding) - ms(networks) - ms(t.around),
            ms(all),
            found.map(|f| f.live)
        );
    }
    Ok(())
}
