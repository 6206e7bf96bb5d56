//! Audio quality: pure measures on 16 kHz audio, never NaN.

use realfft::RealFftPlanner;

use crate::{Activity, SAMPLE_RATE};

/// Lower bound of reported levels: digital silence has no finite level.
pub const FLOOR_DBFS: f32 = -100.0;
/// A sample counts as clipped from here on.
const FULL_SCALE: f32 = 0.985;
/// Signal-to-noise ratios are reported within 0..=60 dB.
const MAX_SNR_DB: f32 = 60.0;
/// Below this frequency there is no voice.
const OFFSET_HZ: f32 = 10.0;
/// Larger numbers are not audio; they are clamped so that sums stay finite.
const MAX_SAMPLE: f32 = 1e6;
/// Frames of the noise estimate, 20 ms.
const FRAME: usize = SAMPLE_RATE / 50;
/// Mean power at 4.5-7.5 kHz relative to 2.5-3.7 kHz below which speech came through an 8 kHz channel. Measured on
/// 143 wide recordings it is .017 and more, on 308 narrow ones .003 and less; this is the middle, in decibels.
const NARROW_RATIO: f32 = 0.0063;
const HIGH_HZ: std::ops::Range<usize> = 4500..7500;
const MIDDLE_HZ: std::ops::Range<usize> = 2500..3700;
const FFT: usize = 512;

/// The bandwidth of the audio: speech up to 4 kHz (telephone, 8 kHz files) or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bandwidth {
    Wide,
    Narrow,
}

/// The measures that decide an enrollment.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Quality {
    /// Seconds of audio and seconds of speech in it.
    pub duration_s: f32,
    pub speech_s: f32,
    /// Level of the speech (of everything, without speech), -100..=0 dB of full scale for audio in range.
    pub level_dbfs: f32,
    /// Speech relative to the pauses, 0..=60 dB; `None` without speech.
    pub snr_db: Option<f32>,
    /// Share of the samples at full scale, 0..=1.
    pub clipped_share: f32,
    pub bandwidth: Bandwidth,
}

impl Quality {
    /// Measures audio whose speech was found by [`crate::Engine::activity`].
    #[must_use]
    pub fn measure(audio: &[f32], activity: &Activity) -> Self {
        let centred = without_offset(audio);
        let speech = activity.speech(&centred, usize::MAX);
        let heard = if speech.is_empty() { &centred } else { &speech };
        Self {
            duration_s: audio.len() as f32 / SAMPLE_RATE as f32,
            speech_s: activity.speech_seconds(),
            level_dbfs: level_dbfs(heard),
            snr_db: snr_db(&centred, activity),
            // On the unfiltered audio: full scale is where the device clips, with or without offset.
            clipped_share: clipped_share(audio),
            bandwidth: bandwidth(heard),
        }
    }
}

/// Removes a constant or slowly drifting offset, which cheap microphones add: a high-pass at [`OFFSET_HZ`], far below
/// any voice.
#[must_use]
pub fn without_offset(audio: &[f32]) -> Vec<f32> {
    let finite = |v: f32| if v.is_finite() { v.clamp(-MAX_SAMPLE, MAX_SAMPLE) } else { 0.0 };
    let mean = audio.iter().map(|v| f64::from(finite(*v))).sum::<f64>() / audio.len().max(1) as f64;
    let pace = 1.0 - (-std::f32::consts::TAU * OFFSET_HZ / SAMPLE_RATE as f32).exp();
    let mut offset = mean as f32;
    let centred = |v: &f32| {
        offset += (finite(*v) - offset) * pace;
        finite(*v) - offset
    };
    audio.iter().map(centred).collect()
}

/// Returns the root-mean-square level in dB of full scale, -100 for silence.
#[must_use]
pub fn level_dbfs(audio: &[f32]) -> f32 {
    decibel(power(audio))
}

/// Returns the share of the samples at full scale, 0..=1; 0 for no audio.
#[must_use]
pub fn clipped_share(audio: &[f32]) -> f32 {
    let clipped = audio.iter().filter(|v| v.abs() >= FULL_SCALE).count();
    clipped as f32 / audio.len().max(1) as f32
}

/// Returns speech power relative to the power of the pauses, 0..=60 dB. Without pauses of at least 0.2 s in total,
/// the quietest tenth of the 20 ms frames counts as noise. `None` without speech.
#[must_use]
pub fn snr_db(audio: &[f32], activity: &Activity) -> Option<f32> {
    let speech = activity.speech(audio, usize::MAX);
    if speech.is_empty() {
        return None;
    }
    let pauses = pauses(audio, activity);
    let noise = if pauses.len() >= SAMPLE_RATE / 5 { power(&pauses) } else { quiet_tenth(&speech) };
    let signal = (power(&speech) - noise).max(noise * 1e-6).max(1e-12);
    Some((10.0 * (signal / noise.max(1e-12)).log10()).clamp(0.0, MAX_SNR_DB))
}

/// Returns whether speech has energy above 4 kHz, from its mean spectrum. Silence counts as narrow.
#[must_use]
pub fn bandwidth(audio: &[f32]) -> Bandwidth {
    let spectrum = mean_spectrum(audio);
    let mean = |hertz: std::ops::Range<usize>| {
        let bins = &spectrum[hertz.start * FFT / SAMPLE_RATE..hertz.end * FFT / SAMPLE_RATE];
        bins.iter().sum::<f32>() / bins.len() as f32
    };
    let (high, middle) = (mean(HIGH_HZ), mean(MIDDLE_HZ));
    if high > 0.0 && high > middle * NARROW_RATIO { Bandwidth::Wide } else { Bandwidth::Narrow }
}

fn power(audio: &[f32]) -> f32 {
    let sum: f64 = audio.iter().map(|v| f64::from(*v) * f64::from(*v)).filter(|p| p.is_finite()).sum();
    // Numbers far outside the range of audio must not become infinite here.
    (sum / audio.len().max(1) as f64).min(f64::from(f32::MAX)) as f32
}

fn decibel(power: f32) -> f32 {
    (10.0 * power.max(1e-12).log10()).max(FLOOR_DBFS)
}

fn pauses(audio: &[f32], activity: &Activity) -> Vec<f32> {
    let mut rest = Vec::with_capacity(audio.len());
    let mut at = 0;
    for segment in &activity.segments {
        rest.extend_from_slice(audio.get(at..segment.start).unwrap_or_default());
        at = segment.end;
    }
    rest.extend_from_slice(audio.get(at..).unwrap_or_default());
    rest
}

fn quiet_tenth(audio: &[f32]) -> f32 {
    let mut powers: Vec<f32> = audio.chunks(FRAME).map(power).collect();
    powers.sort_by(f32::total_cmp);
    powers.truncate((powers.len() / 10).max(1));
    powers.iter().sum::<f32>() / powers.len().max(1) as f32
}

/// Returns the mean power spectrum over Hann-windowed frames, half overlapping; zeros for less than a frame.
fn mean_spectrum(audio: &[f32]) -> Vec<f32> {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FFT);
    let (mut frame, mut bins, mut sum) =
        (fft.make_input_vec(), fft.make_output_vec(), vec![0.0; FFT / 2 + 1]);
    for window in audio.windows(FFT).step_by(FFT / 2) {
        for (i, (out, v)) in frame.iter_mut().zip(window).enumerate() {
            *out = v * 0.5 * (1.0 - (std::f32::consts::TAU * i as f32 / FFT as f32).cos());
        }
        // Lengths come from the plan itself, so this cannot fail; a failed frame would only be skipped.
        if fft.process(&mut frame, &mut bins).is_ok() {
            sum.iter_mut().zip(&bins).for_each(|(s, b)| *s += b.norm_sqr());
        }
    }
    if sum.iter().all(|s| s.is_finite()) { sum } else { vec![0.0; FFT / 2 + 1] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Segment;
    use proptest::prelude::*;

    fn tone(hertz: f32, amplitude: f32, samples: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * hertz / SAMPLE_RATE as f32;
        (0..samples).map(|i| amplitude * (step * i as f32).sin()).collect()
    }

    #[test]
    fn a_full_scale_sine_is_at_minus_three_decibel() {
        assert!((level_dbfs(&tone(1000.0, 1.0, 16000)) + 3.01).abs() < 0.05);
    }

    #[test]
    fn energy_above_four_kilohertz_makes_sound_wide() {
        let low = tone(3000.0, 0.5, 16000);
        let both: Vec<f32> = low.iter().zip(tone(6000.0, 0.1, 16000)).map(|(a, b)| a + b).collect();
        assert_eq!((bandwidth(&low), bandwidth(&both)), (Bandwidth::Narrow, Bandwidth::Wide));
    }

    #[test]
    fn speech_twenty_decibel_over_its_pauses_measures_twenty() {
        let audio = [tone(500.0, 0.5, 16000), tone(500.0, 0.05, 16000)].concat();
        let activity = Activity { segments: vec![Segment { start: 0, end: 16000 }] };
        assert!((snr_db(&audio, &activity).unwrap() - 20.0).abs() < 0.2);
    }

    #[test]
    fn an_offset_changes_neither_level_nor_noise() {
        let audio = [tone(500.0, 0.2, 16000), tone(500.0, 0.002, 16000)].concat();
        let activity = Activity { segments: vec![Segment { start: 0, end: 16000 }] };
        let shifted: Vec<f32> = audio.iter().map(|v| v + 0.2).collect();
        let (plain, shifted) = (Quality::measure(&audio, &activity), Quality::measure(&shifted, &activity));
        assert!((plain.level_dbfs - shifted.level_dbfs).abs() < 0.1, "{plain:?} {shifted:?}");
        assert!((plain.snr_db.unwrap() - shifted.snr_db.unwrap()).abs() < 1.0, "{plain:?} {shifted:?}");
    }

    proptest! {
        #[test]
        fn any_sound_measures_to_finite_numbers(audio in prop::collection::vec(prop::num::f32::ANY, 0..2000), cut in 0.0f32..1.0) {
            let end = (audio.len() as f32 * cut) as usize;
            let segments = if end > 0 { vec![Segment { start: 0, end }] } else { vec![] };
            let q = Quality::measure(&audio, &Activity { segments });
            prop_assert!(q.level_dbfs.is_finite() && (0.0..=1.0).contains(&q.clipped_share));
            prop_assert!(q.snr_db.is_none_or(|s| (0.0..=60.0).contains(&s)));
        }
    }
}
