//! Decodes videos and prints time and properties: `cargo run --release -p media --example decode -- FILE...`

#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::{fs::File, time::Instant};

use media::{Decoded, Error, Limits, SAMPLE_RATE, decode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let (started, cpu_before) = (Instant::now(), cpu_seconds()?);
        let decoded = decode(File::open(&path)?, &Limits::default(), |_| Ok::<_, Error>(()));
        let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu_before);
        print!("{path}: {wall:.2} s, {cpu:.2} s of CPU, ");
        match decoded {
            Ok(Decoded { info, audio, unread_sound }) => {
                let sound = audio.unwrap_or_default();
                let loudness = (sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32).sqrt();
                let seconds = sound.len() as f64 / f64::from(SAMPLE_RATE);
                println!(
                    "{info:?}, {seconds:.2} s of sound, loudness {loudness:.3}, not read: {unread_sound:?}"
                );
            }
            Err(error) => println!("refused: {error}"),
        }
    }
    Ok(())
}

/// Seconds of CPU of all threads so far, as the kernel counts them (hundredths).
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no process")?.1.split_whitespace();
    let ticks: u32 = fields.skip(11).take(2).map(str::parse::<u32>).sum::<Result<_, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}
