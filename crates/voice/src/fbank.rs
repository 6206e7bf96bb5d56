//! Kaldi's log-mel filter bank, the input of CAM++ (80 mels, 25 ms every 10 ms, povey window, no dither).

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::SAMPLE_RATE;

pub(crate) const MELS: usize = 80;
const FRAME: usize = SAMPLE_RATE / 40;
const HOP: usize = SAMPLE_RATE / 100;
const FFT: usize = 512;
const LOWEST_HZ: f32 = 20.0;
const PRE_EMPHASIS: f32 = 0.97;
/// Kaldi's floor under the energies: the machine epsilon of `f32`.
const FLOOR: f32 = f32::EPSILON;

/// The plan, window and filters, made once.
pub(crate) struct Fbank {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    filters: Vec<Filter>,
}

/// One triangle: its first FFT bin and the weights from there on.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

impl Fbank {
    pub(crate) fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / (FRAME - 1) as f64).cos();
        let window = (0..FRAME).map(|i| hann(i).powf(0.85) as f32).collect();
        Self { fft, window, filters: filters() }
    }

    /// Returns the features of `audio`, [`MELS`] values per frame, minus their mean over the recording. Only whole
    /// frames count (snip edges): fewer than 400 samples give none.
    pub(crate) fn features(&self, audio: &[f32]) -> Vec<f32> {
        let (mut samples, mut spectrum) = (self.fft.make_input_vec(), self.fft.make_output_vec());
        let mut features = Vec::with_capacity(audio.len() / HOP * MELS);
        for frame in audio.windows(FRAME).step_by(HOP) {
            self.prepare(frame, &mut samples);
            // The buffers are the plan's own, so their lengths fit; a failed frame would be silence.
            if self.fft.process(&mut samples, &mut spectrum).is_err() {
                spectrum.fill(0.0.into());
            }
            let power: Vec<f32> = spectrum.iter().map(|b| b.norm_sqr()).collect();
            features.extend(self.filters.iter().map(|f| f.energy(&power).max(FLOOR).ln()));
        }
        subtract_mean(&mut features);
        features
    }

    /// Removes DC, applies pre-emphasis (the first sample against itself) and the window, pads with zeros.
    fn prepare(&self, frame: &[f32], out: &mut [f32]) {
        let mean = frame.iter().sum::<f32>() / FRAME as f32;
        let mut before = frame[0] - mean;
        for ((out, sample), weight) in out.iter_mut().zip(frame).zip(&self.window) {
            let centred = sample - mean;
            *out = (centred - PRE_EMPHASIS * before) * weight;
            before = centred;
        }
        out[FRAME..].fill(0.0);
    }
}

impl Filter {
    fn energy(&self, power: &[f32]) -> f32 {
        self.weights.iter().zip(&power[self.first..]).map(|(w, p)| w * p).sum()
    }
}

fn mel(hertz: f32) -> f32 {
    1127.0 * (1.0 + hertz / 700.0).ln()
}

/// Returns triangles evenly spaced in mel; like Kaldi without the bin at half the sampling rate.
fn filters() -> Vec<Filter> {
    let (low, high) = (mel(LOWEST_HZ), mel(SAMPLE_RATE as f32 / 2.0));
    let step = (high - low) / (MELS + 1) as f32;
    let bins: Vec<f32> = (0..FFT / 2).map(|b| mel(b as f32 * SAMPLE_RATE as f32 / FFT as f32)).collect();
    let triangle = |m: usize| {
        let left = low + m as f32 * step;
        let weight = |at: &f32| ((at - left) / step).min((left + 2.0 * step - at) / step);
        let first = bins.partition_point(|b| *b <= left);
        Filter { first, weights: bins[first..].iter().map(weight).take_while(|w| *w > 0.0).collect() }
    };
    (0..MELS).map(triangle).collect()
}

fn subtract_mean(features: &mut [f32]) {
    let frames = (features.len() / MELS).max(1) as f32;
    let mut mean = [0f32; MELS];
    for frame in features.chunks_exact(MELS) {
        mean.iter_mut().zip(frame).for_each(|(m, v)| *m += v / frames);
    }
    for frame in features.chunks_exact_mut(MELS) {
        frame.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The audio and features of the reference; see `tests/data/README.md`.
    fn reference() -> (Vec<f32>, Vec<f32>) {
        let floats =
            |bytes: &[u8]| bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        let sound = include_bytes!("../tests/data/fbank_sound.f32");
        let features = include_bytes!("../tests/data/fbank_features.f32");
        (floats(sound), floats(features))
    }

    #[test]
    fn features_are_those_of_kaldi() {
        let (sound, expected) = reference();
        let got = Fbank::new().features(&sound);
        assert_eq!(got.len(), expected.len());
        let worst = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-3, "largest difference {worst}");
    }

    proptest! {
        #[test]
        fn any_sound_in_range_has_finite_features(audio in prop::collection::vec(-1f32..=1.0, 0..1200)) {
            let features = Fbank::new().features(&audio);
            let frames = if audio.len() < FRAME { 0 } else { 1 + (audio.len() - FRAME) / HOP };
            prop_assert_eq!(features.len(), frames * MELS);
            prop_assert!(features.iter().all(|v| v.is_finite()));
        }
    }
}
