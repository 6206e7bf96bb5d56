//! Log-mels and energy of the sound, on the video's clock: four hops of 10 ms to a frame.

use std::{f64::consts::TAU, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex};

use crate::{FPS, Reason, SAMPLE_RATE};

pub(crate) const BANDS: usize = 40;
pub(crate) const HOPS_PER_FRAME: usize = 4;
const WINDOW: usize = SAMPLE_RATE / 40;
const HOP: usize = SAMPLE_RATE / 100;
const FFT: usize = 512;
const FRAME: usize = SAMPLE_RATE / FPS;
const LOW_HZ: f64 = 60.0;
const HIGH_HZ: f64 = 7600.0;
/// Floor under a band's power, and under a frame's mean power.
const POWER_FLOOR: f64 = 1e-7;
const ENERGY_FLOOR: f64 = 3e-8;
/// Range below the loudest band, in nepers of power.
const RANGE: f32 = 9.0;
const MEL_SCALE: f32 = 2.0;
/// Least spread of the frames' energy (10th to 95th percentile) in nepers of power. Read sentences have 4.4 and more,
/// steady noise below 1.
const MIN_ENERGY_SPREAD: f32 = 2.0;
/// Less spread than this is speech in so much noise that lips which do not fit the sound mean nothing.
const MIN_CLEAR_SPREAD: f32 = 3.5;
/// Least loud frames of a clip: 1 s.
const MIN_LOUD_FRAMES: usize = FPS;
/// Loudness from which a frame is loud, relative to its clip.
const LOUD: f32 = 1.0 / 3.0;
/// Weight of the quietest frames in sync.
const QUIET: f32 = 0.05;

/// The plan, window and filters, made once.
pub(crate) struct LogMels {
    fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    filters: Vec<Vec<f64>>,
}

impl LogMels {
    pub(crate) fn new() -> Self {
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / WINDOW as f64).cos();
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        Self { fft, window: (0..WINDOW).map(hann).collect(), filters: filters() }
    }

    /// Returns normalised log-mels of `frames` video frames, [`HOPS_PER_FRAME`] rows of [`BANDS`] each; missing sound
    /// is silence.
    pub(crate) fn of(&self, sound: &[f32], frames: usize) -> Vec<f32> {
        let (mut samples, mut spectrum) = (self.fft.make_input_vec(), self.fft.make_output_vec());
        let mut mels = Vec::with_capacity(frames * HOPS_PER_FRAME * BANDS);
        for hop in 0..frames * HOPS_PER_FRAME {
            let sample = |i: usize| sound.get(hop * HOP + i).copied().unwrap_or(0.0);
            samples.fill(0.0);
            // The last hop's window ends with the padding, as in the training code.
            samples
                .iter_mut()
                .zip(&self.window)
                .enumerate()
                .for_each(|(i, (s, w))| *s = f64::from(sample(i)) * w);
            // The buffers are the plan's own, so their lengths fit; a failed frame would be silence.
            if self.fft.process(&mut samples, &mut spectrum).is_err() {
                spectrum.fill(0.0.into());
            }
            let power: Vec<f64> = spectrum.iter().map(|b| b.norm_sqr() / FFT as f64).collect();
            let band = |weights: &Vec<f64>| weights.iter().zip(&power).map(|(w, p)| w * p).sum::<f64>();
            mels.extend(self.filters.iter().map(|f| (band(f) + POWER_FLOOR).ln() as f32));
        }
        normalise(&mut mels);
        mels
    }
}

/// Returns triangles on the HTK mel scale from 60 to 7600 Hz, each over all bins.
fn filters() -> Vec<Vec<f64>> {
    let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    let (low, high) = (mel(LOW_HZ), mel(HIGH_HZ));
    let edge =
        |i: usize| 700.0 * (10f64.powf((low + (high - low) * i as f64 / (BANDS + 1) as f64) / 2595.0) - 1.0);
    let triangle = |band: usize| {
        let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
        let weight = |bin: usize| {
            let hz = bin as f64 * SAMPLE_RATE as f64 / FFT as f64;
            ((hz - left) / (centre - left)).min((right - hz) / (right - centre)).max(0.0)
        };
        (0..=FFT / 2).map(weight).collect()
    };
    (0..BANDS).map(triangle).collect()
}

/// Applies a floor at 9 nepers below the loudest, and subtracts each band's mean.
fn normalise(mels: &mut [f32]) {
    let floor = mels.iter().copied().fold(f32::NEG_INFINITY, f32::max) - RANGE;
    mels.iter_mut().for_each(|v| *v = v.max(floor));
    let rows = (mels.len() / BANDS).max(1) as f64;
    let mut mean = [0f64; BANDS];
    for row in mels.chunks_exact(BANDS) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v) / rows);
    }
    for row in mels.chunks_exact_mut(BANDS) {
        row.iter_mut().zip(&mean).for_each(|(v, m)| *v = (*v - *m as f32) / MEL_SCALE);
    }
}

/// Returns the log mean power of each video frame's 640 samples; missing sound is silence.
pub(crate) fn log_energy(sound: &[f32], frames: usize) -> Vec<f32> {
    let power = |frame: usize| {
        let samples = sound.iter().skip(frame * FRAME).take(FRAME);
        samples.map(|s| f64::from(*s).powi(2)).sum::<f64>() / FRAME as f64
    };
    (0..frames).map(|frame| (power(frame) + ENERGY_FLOOR).ln() as f32).collect()
}

/// Returns each frame's weight in sync, from the clip's log energy: `.05` for the quietest, 1.05 for the loudest.
pub(crate) fn weights(energy: &[f32]) -> Vec<f32> {
    let (Some(low), Some(high)) = (percentile(energy, 0.1), percentile(energy, 0.95)) else {
        return Vec::new();
    };
    let loudness = |e: &f32| ((e - low) / (high - low).max(1e-3)).clamp(0.0, 1.0);
    energy.iter().map(|e| weight(loudness(e))).collect()
}

/// Returns the weight of a frame's loudness within its clip, 0..=1.
pub(crate) fn weight(loudness: f32) -> f32 {
    loudness + QUIET
}

/// Returns the nearest value at that share of the sorted values.
fn percentile(values: &[f32], share: f64) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted.get((sorted.len().saturating_sub(1) as f64 * share).round() as usize).copied()
}

/// Returns the part of `sound` that belongs to the video from frame `start` on, after checks.
pub(crate) fn from_frame(sound: &[f32], start: usize) -> Result<&[f32], Reason> {
    if sound.iter().any(|s| !s.is_finite()) {
        return Err(Reason::NotANumber);
    }
    Ok(sound.get(start * FRAME..).unwrap_or_default())
}

/// Rejects sound whose loudness hardly changes: silence, hum, steady noise.
pub(crate) fn check_speech(energy: &[f32]) -> Result<(), Reason> {
    if spread(energy) >= MIN_ENERGY_SPREAD { Ok(()) } else { Err(Reason::NoSpeech) }
}

/// Rejects speech so noisy or short that lips which do not fit it mean nothing.
pub(crate) fn check_clear(energy: &[f32]) -> Result<(), Reason> {
    if spread(energy) < MIN_CLEAR_SPREAD {
        return Err(Reason::NoisySound);
    }
    let loud = weights(energy).iter().filter(|w| **w > weight(LOUD)).count();
    if loud < MIN_LOUD_FRAMES { Err(Reason::LittleSpeech) } else { Ok(()) }
}

/// Returns the spread from the 10th to the 95th percentile of the frames' log energy; 0 for no frames.
fn spread(energy: &[f32]) -> f32 {
    percentile(energy, 0.95).zip(percentile(energy, 0.1)).map_or(0.0, |(high, low)| high - low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn silence_and_steady_noise_are_not_speech() {
        let noise: Vec<f32> =
            (0..48_000).map(|i| ((i as f32 * 12.9898).sin() * 43_758.547).fract() * 0.1).collect();
        for sound in [vec![0.0; 48_000], noise, vec![]] {
            assert_eq!(check_speech(&log_energy(&sound, 75)), Err(Reason::NoSpeech));
        }
    }

    #[test]
    fn loud_frames_weigh_most() {
        let energy: Vec<f32> = (0..=100).map(|i| i as f32 / 10.0).collect();
        let weights = weights(&energy);
        assert_eq!((weights[0], weights[100]), (0.05, 1.05));
        assert!((weights[50] - 0.05 - 40.0 / 85.0).abs() < 1e-5);
        assert!(super::weights(&[]).is_empty());
    }

    #[test]
    fn a_sound_that_is_no_number_is_refused() {
        assert_eq!(from_frame(&[0.0, f32::NAN], 0), Err(Reason::NotANumber));
        assert_eq!(from_frame(&[0.0; 1000], 1).unwrap().len(), 360);
        assert!(from_frame(&[0.0; 1000], 9).unwrap().is_empty());
    }

    #[test]
    fn a_tone_lights_its_band() {
        let tone: Vec<f32> = (0..16_000)
            .map(|i| if i < 8000 { 0.0 } else { (i as f32 * std::f32::consts::FRAC_PI_8).sin() })
            .collect();
        let mels = LogMels::new().of(&tone, 25);
        let row = &mels[80 * BANDS..81 * BANDS];
        let loudest = (0..BANDS).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
        assert!((10..20).contains(&loudest), "1 kHz in band {loudest}");
    }

    proptest! {
        #[test]
        fn any_sound_gives_finite_mels_on_the_video_clock(sound in prop::collection::vec(-1f32..=1.0, 0..3000), frames in 1usize..8) {
            let mels = LogMels::new().of(&sound, frames);
            prop_assert_eq!(mels.len(), frames * HOPS_PER_FRAME * BANDS);
            prop_assert!(mels.iter().all(|v| v.is_finite()));
            prop_assert!(log_energy(&sound, frames).iter().all(|v| v.is_finite()));
        }
    }
}
