//! Scores recordings for calibration and evaluation: reads a list on standard input, writes JSON lines.
//!
//! `embed<TAB>file.wav` gives `{file, bandwidth, speech_s, embedding}`; `phrase<TAB>file.wav<TAB>expected<TAB>vocabulary`
//! (words parted by spaces, `digits`, or empty for a free phrase), and a case to be repeated, gives the evidence. Sound that cannot be judged gives
//! `{file, reason}`. Files are 16 kHz mono WAV. Every line has the milliseconds of its stages.

use std::{io::BufRead, path::Path, time::Instant};

use serde_json::{Value, json};
use voice::{DIGITS, Engine, Error, Phrase};

#[expect(clippy::print_stdout, reason = "the lines are what this program is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::load(&models::Runtime::load(&models::Pack::open(None)?)?)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        let audio = read(Path::new(fields[1]))?;
        let mut answer = match score(&engine, &audio, &fields) {
            Ok(answer) => answer,
            Err(Error::CannotJudge(reason)) => json!({"reason": reason.code()}),
            Err(error) => return Err(error.into()),
        };
        answer["file"] = json!(fields[1]);
        answer["case"] = json!(fields.get(4));
        println!("{answer}");
    }
    Ok(())
}

fn score(engine: &Engine, audio: &[f32], fields: &[&str]) -> Result<Value, Error> {
    let (activity, vad_ms) = timed(|| engine.activity(audio))?;
    let times = |ms: f64| json!({"audio_s": audio.len() as f64 / 16000.0, "vad_ms": vad_ms, "ms": ms});
    if fields[0] == "embed" {
        let (print, ms) = timed(|| engine.voiceprint(audio, &activity))?;
        let (bandwidth, speech_s) = (print.bandwidth(), print.speech_seconds());
        return Ok(
            json!({"bandwidth": bandwidth, "speech_s": speech_s, "embedding": print.embedding(), "times": times(ms)}),
        );
    }
    let words: Vec<&str> = match fields[3] {
        "digits" => DIGITS.to_vec(),
        words => words.split_whitespace().collect(),
    };
    let (evidence, ms) = timed(|| engine.score_phrase(audio, &activity, &Phrase::parse(fields[2]), &words))?;
    let (_, free_ms) = timed(|| engine.transcribe(audio, &activity))?;
    Ok(json!({"expected": fields[2], "evidence": evidence, "free_ms": free_ms, "times": times(ms)}))
}

fn timed<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<(T, f64), Error> {
    let start = Instant::now();
    Ok((work()?, start.elapsed().as_secs_f64() * 1000.0))
}

fn read(file: &Path) -> Result<Vec<f32>, hound::Error> {
    let mut wav = hound::WavReader::open(file)?;
    wav.samples::<i16>().map(|s| s.map(|v| f32::from(v) / 32768.0)).collect()
}
