//! Sound fingerprints after Haitsma and Kalker ("A Highly Robust Audio Fingerprinting System", ISMIR 2002): every few
//! milliseconds 32 bits of how the differences between neighbouring bands of the spectrum change. They survive
//! coding, resampling, changes of volume and cuts; two takes of one sentence by one person share none beyond chance
//! (docs/ACCURACY.md).

use realfft::RealFftPlanner;

use super::Mark;

/// Every third sample is used: 5,333 per second.
const THIN: usize = 3;
const RATE: f32 = media::SAMPLE_RATE as f32 / THIN as f32;
/// 0.384 seconds: neighbouring windows overlap almost completely, so that windows of a cut recording are close to
/// original ones.
const WINDOW: usize = 2048;
/// 6 milliseconds between the windows of a lookup.
pub const HOP: usize = 32;
/// A stored recording keeps every fourth window, 24 milliseconds apart.
const STORED_EVERY: usize = 4;
/// Most stored windows of a recording; longer ones store fewer per second.
const MAX_STORED: usize = 1000;
const BANDS: usize = 33;
const LOWEST_HZ: f32 = 300.0;
const HIGHEST_HZ: f32 = 2000.0;
/// Windows with less than this share of the loudest one's energy are silence, whose bits are noise.
const SILENCE: f32 = 1e-3;
/// Energy of a window below which there is only rounding (a full-scale sine has about 10^5).
const NOTHING: f32 = 1e-4;

/// Returns the marks of `sound` (16 kHz); empty when it is shorter than half a second or silent.
pub fn marks(sound: &[f32]) -> Vec<Mark> {
    let thinned = thin(sound);
    let windows = energies(&thinned);
    let loudness: Vec<f32> = windows.iter().map(|bands| bands.iter().sum()).collect();
    let least = (loudness.iter().copied().fold(0.0, f32::max) * SILENCE).max(NOTHING);
    let every = STORED_EVERY * windows.len().div_ceil(STORED_EVERY * MAX_STORED).max(1);
    let pairs = windows.windows(2).zip(&loudness[1.min(loudness.len())..]).enumerate();
    pairs
        .filter(|(_, (_, loud))| **loud >= least)
        .map(|(place, (pair, _))| Mark {
            place: u32::try_from(place).unwrap_or(u32::MAX),
            bits: bits(&pair[0], &pair[1]),
            is_stored: place % every == 0,
        })
        .filter(|mark| mark.bits != 0 && mark.bits != u64::from(u32::MAX))
        .collect()
}

fn bits(before: &[f32; BANDS], now: &[f32; BANDS]) -> u64 {
    let slope = |bands: &[f32; BANDS], i: usize| bands[i] - bands[i + 1];
    (0..BANDS - 1).map(|i| u64::from(slope(now, i) > slope(before, i)) << i).sum()
}

/// Returns every third sample after a low pass (windowed sinc, 31 taps).
fn thin(sound: &[f32]) -> Vec<f32> {
    const TAPS: usize = 31;
    let middle = (TAPS / 2) as f32;
    let mut taps: Vec<f32> = (0..TAPS)
        .map(|i| {
            let x = (i as f32 - middle) / THIN as f32 * std::f32::consts::PI;
            let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
            let hamming = 0.54 - 0.46 * (std::f32::consts::TAU * i as f32 / (TAPS - 1) as f32).cos();
            sinc * hamming
        })
        .collect();
    let sum: f32 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    let filtered = sound.windows(TAPS).step_by(THIN);
    filtered.map(|window| window.iter().zip(&taps).map(|(s, t)| s * t).sum()).collect()
}

/// Returns the energy of each band in each window.
fn energies(sound: &[f32]) -> Vec<[f32; BANDS]> {
    let fft = RealFftPlanner::new().plan_fft_forward(WINDOW);
    let (mut samples, mut spectrum) = (fft.make_input_vec(), fft.make_output_vec());
    let mut scratch = fft.make_scratch_vec();
    let hann = |i: usize| 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / (WINDOW - 1) as f32).cos();
    let weights: Vec<f32> = (0..WINDOW).map(hann).collect();
    let edges = edges();
    let mut all = Vec::with_capacity(sound.len() / HOP);
    for window in sound.windows(WINDOW).step_by(HOP) {
        samples.iter_mut().zip(window.iter().zip(&weights)).for_each(|(out, (s, w))| *out = s * w);
        // The buffers are the plan's own, so their lengths fit; a failed window would be silence.
        if fft.process_with_scratch(&mut samples, &mut spectrum, &mut scratch).is_err() {
            spectrum.fill(0.0.into());
        }
        let band = |i: usize| spectrum[edges[i]..edges[i + 1]].iter().map(|bin| bin.norm_sqr()).sum();
        all.push(std::array::from_fn(band));
    }
    all
}

/// Returns the first bins of the bands, evenly spaced in the logarithm of the frequency, and the one after the last.
fn edges() -> [usize; BANDS + 1] {
    let step = (HIGHEST_HZ / LOWEST_HZ).ln() / BANDS as f32;
    std::array::from_fn(|i| (LOWEST_HZ * (step * i as f32).exp() / RATE * WINDOW as f32).round() as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns sound that changes like speech: gliding tones, from a linear congruential generator.
    pub fn babble(seconds: f32, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as f32 / u32::MAX as f32
        };
        let samples = (seconds * media::SAMPLE_RATE as f32) as usize;
        let mut sound = vec![0.0; samples];
        for _ in 0..12 {
            let (mut phase, mut hertz) = (0.0f32, 300.0 + 1500.0 * random());
            let mut glide = 0.0;
            for (i, sample) in sound.iter_mut().enumerate() {
                if i % 2400 == 0 {
                    glide = (random() - 0.5) * 0.05;
                }
                hertz = (hertz + glide).clamp(250.0, 2200.0);
                phase += std::f32::consts::TAU * hertz / media::SAMPLE_RATE as f32;
                *sample += 0.05 * phase.sin();
            }
        }
        sound
    }

    #[test]
    fn silence_and_little_have_no_marks() {
        for sound in [vec![], vec![0.0; 16_000], vec![1e-6; 16_000], babble(0.3, 1)] {
            assert!(marks(&sound).is_empty(), "{}", sound.len());
        }
    }

    #[test]
    fn volume_does_not_matter_and_other_sound_has_other_bits() {
        let sound = babble(3.0, 1);
        let quiet: Vec<f32> = sound.iter().map(|s| s * 0.2).collect();
        let (whole, quiet, other) = (marks(&sound), marks(&quiet), marks(&babble(3.0, 2)));
        let same = |a: &[Mark], b: &[Mark]| a.iter().zip(b).filter(|(a, b)| a.bits == b.bits).count();
        assert!(same(&whole, &quiet) * 100 >= whole.len() * 95);
        assert!(same(&whole, &other) * 100 <= whole.len() * 2);
        let stored = whole.iter().filter(|mark| mark.is_stored).count();
        assert!((90..130).contains(&stored), "{stored} of {}", whole.len());
    }

    #[test]
    fn a_minute_has_no_more_marks_than_are_stored() {
        assert!(marks(&babble(60.0, 3)).iter().filter(|mark| mark.is_stored).count() <= MAX_STORED);
    }

    proptest! {
        #[test]
        fn any_sound_is_read(sound in prop::collection::vec(any::<f32>(), 0..9000)) {
            let _ = marks(&sound);
        }
    }
}
