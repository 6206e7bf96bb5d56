//! Remote photoplethysmography (rPPG): the pulse in the colour of the skin by the plane-orthogonal-to-skin method
//! (POS) of Wang, den Brinker, Stuijk and de Haan, "Algorithmic principles of remote PPG", IEEE Transactions on
//! Biomedical Engineering 64 (2017).
//!
//! Advisory: a clip of three seconds has three or four beats, a codec at a call's bit rate removes most of them, and
//! a replay shows the pulse of the filmed person.

use crate::skin::Skin;

/// Range of heart rates, Hz.
const BEATS: std::ops::Range<f32> = 0.7..3.0;
/// Shorter clips give no result, seconds.
const SHORTEST_S: f32 = 4.0;
/// POS's window, seconds.
const WINDOW_S: f32 = 1.6;

/// Returns the share of the strongest heart rate with its first harmonic in the power of the band, in decibels over
/// the rest; `None` for a clip that is too short. `skin` has `rate` samples per second.
pub fn pulse_snr_db(skin: &[Skin], rate: f32) -> Option<f32> {
    if (skin.len() as f32) < SHORTEST_S * rate {
        return None;
    }
    let signal = pos(skin, (WINDOW_S * rate) as usize);
    let seconds = signal.len() as f32 / rate;
    let power = |hz: f32| {
        let (mut re, mut im) = (0.0f32, 0.0f32);
        for (i, v) in signal.iter().enumerate() {
            let (sin, cos) = (std::f32::consts::TAU * hz * i as f32 / rate).sin_cos();
            (re, im) = (re + v * cos, im + v * sin);
        }
        re * re + im * im
    };
    let steps = ((BEATS.end - BEATS.start) * seconds * 2.0) as usize;
    let all: Vec<f32> = (0..=steps).map(|k| power(BEATS.start + k as f32 / (2.0 * seconds))).collect();
    let top = (0..all.len()).max_by(|a, b| all[*a].total_cmp(&all[*b]))?;
    let near: f32 = all[top.saturating_sub(2)..(top + 3).min(all.len())].iter().sum();
    let rest = all.iter().sum::<f32>() - near;
    (near > 0.0 && rest > 0.0).then(|| 10.0 * (near / rest).log10())
}

/// The pulse signal, overlapped and added window by window.
fn pos(skin: &[Skin], window: usize) -> Vec<f32> {
    let mut signal = vec![0.0; skin.len()];
    for start in 0..=skin.len().saturating_sub(window) {
        let part = &skin[start..(start + window).min(skin.len())];
        let mean: [f32; 3] =
            std::array::from_fn(|c| part.iter().map(|s| s.colour[c]).sum::<f32>() / part.len() as f32);
        let normal = |s: &Skin| -> [f32; 3] { std::array::from_fn(|c| s.colour[c] / mean[c].max(1.0)) };
        let (one, two): (Vec<f32>, Vec<f32>) =
            part.iter().map(normal).map(|[r, g, b]| (g - b, -2.0 * r + g + b)).unzip();
        let alpha = deviation(&one) / deviation(&two).max(1e-9);
        let beat: Vec<f32> = one.iter().zip(&two).map(|(one, two)| one + alpha * two).collect();
        let middle = beat.iter().sum::<f32>() / beat.len().max(1) as f32;
        for (sum, beat) in signal[start..].iter_mut().zip(&beat) {
            *sum += beat - middle;
        }
    }
    signal
}

fn deviation(values: &[f32]) -> f32 {
    let n = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skin(beat: f32, seconds: f32) -> Vec<Skin> {
        let frame = |i: usize| {
            let t = i as f32 / 12.5;
            let light = 1.0 + 0.02 * (0.9 * t).sin();
            let wave = beat * (std::f32::consts::TAU * 1.2 * t).sin();
            let shake = 0.2 * ((i * i * 7 % 31) as f32 / 31.0 - 0.5);
            let colour = [150.0 - 0.3 * wave, 110.0 + wave, 90.0 + 0.2 * wave].map(|v| v * light + shake);
            Skin { colour }
        };
        (0..(12.5 * seconds) as usize).map(frame).collect()
    }

    #[test]
    fn a_beat_stands_out_and_its_absence_does_not() {
        let (alive, dead) =
            (pulse_snr_db(&skin(0.6, 8.0), 12.5).unwrap(), pulse_snr_db(&skin(0.0, 8.0), 12.5).unwrap());
        assert!(alive > dead + 4.0, "{alive} against {dead}");
    }

    #[test]
    fn a_short_or_dark_clip_gives_no_result() {
        assert_eq!(pulse_snr_db(&skin(0.6, 3.0), 12.5), None);
        assert_eq!(pulse_snr_db(&vec![Skin::default(); 100], 12.5), None);
    }
}
