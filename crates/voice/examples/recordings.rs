//! Prints the enrollment quality of 16 kHz WAV recordings: `cargo run -p voice --example recordings -- FILES`.

use voice::{Engine, Quality, clipped_share};

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::load(&models::Runtime::load(&models::Pack::open(None)?)?)?;
    println!("speech_s snr_db clipped level_dbfs file");
    for path in std::env::args().skip(1) {
        let samples = hound::WavReader::open(&path)?.into_samples::<i16>();
        let sound: Vec<f32> = samples.map(|s| s.map(|s| f32::from(s) / 32768.0)).collect::<Result<_, _>>()?;
        let activity = engine.activity(&sound)?;
        let quality = Quality::measure(&sound, &activity);
        let clipped = clipped_share(&activity.speech(&sound, usize::MAX));
        let snr = quality.snr_db.unwrap_or(-1.0);
        println!("{:.2} {snr:.1} {clipped:.4} {:.1} {path}", quality.speech_s, quality.level_dbfs);
    }
    Ok(())
}
