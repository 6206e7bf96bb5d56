//! Display flicker: the beat of a display's backlight or refresh against the camera's shutter, as bars that move
//! through the picture or as a pulsing brightness.
//!
//! The rows' mean brightness over time is transformed into waves in space and time. A face, a hand or noise spreads
//! over many; a display is one line of the spectrum.

use media::{Affine, FPS, Pixels};
use rustfft::{FftPlanner, num_complex::Complex};

use crate::geometry::median;

/// Sampled points of each frame: rows, and points of a row.
const ROWS: usize = 32;
const COLUMNS: usize = 16;
/// Most bars from the top of the picture to the bottom.
const MOST_BARS: i32 = 4;
/// Band of beats per second: below, people move; above is the limit of 25 frames per second.
const BAND: std::ops::Range<f32> = 4.0..12.2;
/// Fewest frames: two seconds.
const FEWEST: usize = 2 * FPS as usize;
/// A line stands out when its power is this many times the median of its band.
const STANDS_OUT: f32 = 10.0;

/// The measured flicker of the frames.
#[derive(Clone, Debug, Default)]
pub struct Backlight {
    /// Logarithm of each line's mean luma, by frame.
    lines: Vec<[f32; ROWS]>,
    /// Number of frames on the 25 fps clock.
    frames: usize,
}

impl Backlight {
    pub(crate) fn look(&mut self, pixels: &dyn Pixels, index: usize) {
        let (across, down) = (pixels.width() as f32 / COLUMNS as f32, pixels.height() as f32 / ROWS as f32);
        let map = Affine([[across, 0.0, (across - 1.0) / 2.0], [0.0, down, (down - 1.0) / 2.0]]);
        let mut lines = [0.0; ROWS];
        pixels.sample(&map, COLUMNS, ROWS, &mut |y, row| {
            let colours = row.r.iter().zip(row.g).zip(row.b);
            let luma: f32 = colours.map(|((r, g), b)| (0.299 * r + 0.587 * g + 0.114 * b + 4.0).ln()).sum();
            lines[y] = luma / COLUMNS as f32;
        });
        self.lines.push(lines);
        self.frames = index + 1;
    }

    /// Returns the relative amplitude of the flicker, 0 when no line stands out; `None` for a clip that is too short
    /// or skips frames, because dropped frames beat too.
    pub fn beat(&self) -> Option<f32> {
        let is_even = self.lines.len() >= FEWEST && self.frames - self.lines.len() <= self.frames / 50;
        is_even.then(|| (-MOST_BARS..=MOST_BARS).map(|bars| self.line(bars)).fold(0.0, f32::max))
    }

    /// Returns the amplitude of the strongest line among waves with this many bars.
    fn line(&self, bars: i32) -> f32 {
        let n = self.lines.len() - 1;
        let turn = |row: usize| {
            Complex::from_polar(1.0, -std::f32::consts::TAU * (bars * row as i32) as f32 / ROWS as f32)
        };
        // Differences first: static content is far brighter than any beat and would leak into every frequency.
        let hann = |t: usize| 0.5 - 0.5 * (std::f32::consts::TAU * (t as f32 + 0.5) / n as f32).cos();
        let mut wave: Vec<Complex<f32>> = self
            .lines
            .windows(2)
            .enumerate()
            .map(|(t, pair)| {
                (0..ROWS).map(|r| turn(r) * (pair[1][r] - pair[0][r])).sum::<Complex<f32>>() * hann(t)
            })
            .collect();
        FftPlanner::new().plan_fft_forward(n).process(&mut wave);
        let hertz = |bin: usize| bin as f32 * FPS as f32 / n as f32;
        let power = |bin: usize| {
            let of_difference = 2.0 * (std::f32::consts::PI * bin as f32 / n as f32).sin();
            wave[bin].norm_sqr() / (of_difference * of_difference)
        };
        let band = (1..n / 2).filter(|bin| BAND.contains(&hertz(*bin)));
        let lines: Vec<f32> = band.map(|bin| power(bin - 1) + power(bin) + power(bin + 1)).collect();
        let usual = median(lines.iter().copied());
        let over = lines.iter().fold(0.0, |most, power| f32::max(most, power - STANDS_OUT * usual));
        // A wave of amplitude a has the power (a n ROWS / 4)^2 under the window, half as much again with both neighbours.
        over.max(0.0).sqrt() * 4.0 / (n * ROWS) as f32 / 1.5_f32.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    /// Returns frames of light: brightness of a row (0-1 from the top) at a time in seconds.
    fn seen(frames: usize, light: impl Fn(f32, f32) -> f32) -> Backlight {
        let mut backlight = Backlight::default();
        for index in 0..frames {
            let at = index as f32 / FPS as f32;
            let picture = image::RgbImage::from_fn(64, 64, |x, y| {
                let grain = (x * 7 + y * 13 + index as u32 * 31) % 5;
                image::Rgb([(light(y as f32 / 64.0, at) + grain as f32).clamp(0.0, 255.0) as u8; 3])
            });
            backlight.look(&media::Picture::from_rgb(&picture), index);
        }
        backlight
    }

    #[test]
    fn a_beat_is_measured_by_its_size_whether_it_passes_in_bars_or_takes_all() {
        let all = seen(75, |_, t| 120.0 * (1.0 + 0.03 * (TAU * 10.0 * t).sin()));
        let bars = seen(75, |y, t| 120.0 * (1.0 + 0.03 * (TAU * (2.0 * y + 6.0 * t)).sin()));
        for found in [all.beat().unwrap(), bars.beat().unwrap()] {
            assert!((0.02..0.04).contains(&found), "{found}");
        }
    }

    #[test]
    fn slow_motion_and_single_jumps_are_not_flicker() {
        let moving = seen(75, |y, t| 120.0 + 60.0 * (3.0 * y + (TAU * 1.2 * t).sin()).sin());
        let jumping = seen(75, |_, t| if t < 1.5 { 90.0 } else { 160.0 });
        for found in [moving.beat().unwrap(), jumping.beat().unwrap()] {
            assert!(found < 0.002, "{found}");
        }
    }

    #[test]
    fn a_short_clip_or_one_that_skips_frames_gives_no_result() {
        assert_eq!(seen(30, |_, _| 120.0).beat(), None);
        let mut skipping = seen(75, |_, _| 120.0);
        skipping.frames = 100;
        assert_eq!(skipping.beat(), None);
    }
}
