//! Whisper's log-mel features: 80 mels, 25 ms every 10 ms, Slaney's filters, a dynamic range of 8 powers of ten.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::SAMPLE_RATE;

pub(crate) const MELS: usize = 80;
const FRAME: usize = SAMPLE_RATE / 40;
const HOP: usize = SAMPLE_RATE / 100;
const BINS: usize = FRAME / 2 + 1;
/// Silence appended to the audio. Whisper was trained on windows of 30 s; this much is enough to recognise the end.
const SILENCE: usize = SAMPLE_RATE;
const FLOOR: f32 = 1e-10;
const RANGE: f32 = 8.0;

/// The plan, window and filters, made once.
pub(crate) struct LogMel {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    filters: Vec<Filter>,
}

/// One triangle: its first FFT bin and the weights from there on.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

impl LogMel {
    pub(crate) fn new() -> Self {
        let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / FRAME as f64).cos();
        let window = (0..FRAME).map(|i| hann(i) as f32).collect();
        Self { fft: RealFftPlanner::new().plan_fft_forward(FRAME), window, filters: filters() }
    }

    /// Returns the features of `audio` and a second of silence, mel by mel, and the number of frames (even: the
    /// encoder halves it).
    pub(crate) fn features(&self, audio: &[f32]) -> (Vec<f32>, usize) {
        let padded = padded(audio);
        let frames = (padded.len() - FRAME) / HOP / 2 * 2;
        let (mut samples, mut spectrum) = (self.fft.make_input_vec(), self.fft.make_output_vec());
        let mut features = vec![0f32; MELS * frames];
        for frame in 0..frames {
            let part = &padded[frame * HOP..frame * HOP + FRAME];
            samples.iter_mut().zip(part).zip(&self.window).for_each(|((out, v), w)| *out = v * w);
            // The buffers are the plan's own, so their lengths fit; a failed frame would be silence.
            if self.fft.process(&mut samples, &mut spectrum).is_err() {
                spectrum.fill(0.0.into());
            }
            let power: Vec<f32> = spectrum.iter().map(|b| b.norm_sqr()).collect();
            for (mel, filter) in self.filters.iter().enumerate() {
                features[mel * frames + frame] = filter.energy(&power).max(FLOOR).log10();
            }
        }
        let loudest = features.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        features.iter_mut().for_each(|v| *v = (v.max(loudest - RANGE) + 4.0) / 4.0);
        (features, frames)
    }
}

/// Mirrors the beginning, so that the first frame is centred on the first sample, and appends silence.
fn padded(audio: &[f32]) -> Vec<f32> {
    let at = |i: usize| audio.get(i).copied().unwrap_or(0.0);
    let mirrored = (1..=FRAME / 2).rev().map(at);
    let silence = std::iter::repeat_n(0.0, SILENCE + FRAME / 2);
    mirrored.chain(audio.iter().copied()).chain(silence).collect()
}

impl Filter {
    fn energy(&self, power: &[f32]) -> f32 {
        self.weights.iter().zip(&power[self.first..]).map(|(w, p)| w * p).sum()
    }
}

/// Slaney's mel scale: linear up to 1 kHz, logarithmic beyond.
fn hertz(mel: f64) -> f64 {
    const LINEAR_MELS: f64 = 15.0;
    if mel < LINEAR_MELS {
        mel * 200.0 / 3.0
    } else {
        1000.0 * (6.4f64.ln() / 27.0 * (mel - LINEAR_MELS)).exp()
    }
}

/// Returns triangles of equal area, evenly spaced in mel.
fn filters() -> Vec<Filter> {
    let highest = 15.0 + (SAMPLE_RATE as f64 / 2000.0).ln() / (6.4f64.ln() / 27.0);
    let corner = |i: usize| hertz(highest * i as f64 / (MELS + 1) as f64);
    let bin = SAMPLE_RATE as f64 / FRAME as f64;
    let triangle = |mel: usize| {
        let (low, middle, high) = (corner(mel), corner(mel + 1), corner(mel + 2));
        let weight = |b: usize| {
            let at = b as f64 * bin;
            (((at - low) / (middle - low)).min((high - at) / (high - middle)) * 2.0 / (high - low)) as f32
        };
        let first = (low / bin) as usize + 1;
        Filter { first, weights: (first..BINS).map(weight).take_while(|w| *w > 0.0).collect() }
    };
    (0..MELS).map(triangle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn floats(bytes: &[u8]) -> Vec<f32> {
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    #[test]
    fn features_are_those_of_whisper() {
        let sound = floats(include_bytes!("../tests/data/fbank_sound.f32"));
        let expected = floats(include_bytes!("../tests/data/log_mel_features.f32"));
        let (got, frames) = LogMel::new().features(&sound);
        assert_eq!((got.len(), frames), (expected.len(), 150));
        let worst = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "largest difference {worst}");
    }

    proptest! {
        #[test]
        fn any_sound_in_range_has_finite_features(audio in prop::collection::vec(-1f32..=1.0, 0..1200)) {
            let (features, frames) = LogMel::new().features(&audio);
            prop_assert!(frames % 2 == 0 && features.len() == frames * MELS);
            prop_assert!(features.iter().all(|v| v.is_finite()));
        }
    }
}
