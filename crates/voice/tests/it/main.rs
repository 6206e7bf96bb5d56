//! The engine on real audio: needs `models/` and `fixtures/` in the repository root (`make setup`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod degenerate;
mod speaker;
mod words;

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use voice::{Activity, Engine, SAMPLE_RATE};

/// The engine, loaded once for all tests.
fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let pack = models::Pack::open(Some(&root().join("models")))
            .expect("the model pack is there after `make models`");
        let runtime = models::Runtime::load(&pack).expect("ONNX Runtime is there after `make models`");
        Engine::load(&runtime).expect("all voice models load")
    });
    &ENGINE
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Returns a fixture as 16 kHz mono audio.
fn fixture(name: &str) -> Vec<f32> {
    read_wav(&root().join("fixtures").join(name))
}

/// The same of any file.
fn read_wav(file: &Path) -> Vec<f32> {
    let name = file.display();
    let mut wav = hound::WavReader::open(file).unwrap_or_else(|e| panic!("{name}: {e}; run `make setup`"));
    let spec = wav.spec();
    let samples: Vec<f32> = wav.samples::<i16>().map(|s| f32::from(s.unwrap()) / 32768.0).collect();
    let channels = usize::from(spec.channels);
    let mono: Vec<f32> = samples.chunks(channels).map(|c| c.iter().sum::<f32>() / channels as f32).collect();
    resampled(&mono, spec.sample_rate as usize, SAMPLE_RATE)
}

/// Windowed-sinc resampling, slow and exact, independent of the product's resampler.
fn resampled(audio: &[f32], from: usize, to: usize) -> Vec<f32> {
    const REACH: i64 = 24;
    let cut = (to as f64 / from as f64).min(1.0) * 0.97;
    let length = audio.len() * to / from;
    (0..length)
        .map(|i| {
            let at = i as f64 * from as f64 / to as f64;
            let middle = at.floor() as i64;
            let reach = (REACH as f64 / cut) as i64;
            let tap = |j: i64| {
                let (x, sample) = (j as f64 - at, *audio.get(usize::try_from(j).ok()?)?);
                let window = 0.5 + 0.5 * (std::f64::consts::PI * x / (reach + 1) as f64).cos();
                let sinc = if x.abs() < 1e-9 {
                    1.0
                } else {
                    (std::f64::consts::PI * cut * x).sin() / (std::f64::consts::PI * cut * x)
                };
                Some(f64::from(sample) * cut * sinc * window)
            };
            (middle - reach..=middle + reach).filter_map(tap).sum::<f64>() as f32
        })
        .collect()
}

/// Returns audio with its speech detected.
fn heard(audio: Vec<f32>) -> (Vec<f32>, Activity) {
    let activity = engine().activity(&audio).unwrap();
    (audio, activity)
}

/// The speech fixture, decoded once.
fn speech() -> &'static (Vec<f32>, Activity) {
    static SPEECH: LazyLock<(Vec<f32>, Activity)> = LazyLock::new(|| heard(fixture("obama_speech.wav")));
    &SPEECH
}
