//! Traces of a display in front of the camera: the moiré of two pixel grids, and the straight edges of its frame.

use std::sync::Arc;

use media::{Affine, Pixels};
use rustfft::{Fft, FftPlanner, num_complex::Complex};

use crate::geometry::{Rect, median};

/// Side of the transformed patch, in unscaled frame pixels: scaling would remove the grid.
const PATCH: usize = 128;
/// Longer side of the frame for edge detection.
const SMALL: f32 = 160.0;
/// Luma step from which a pixel counts as an edge.
const STEP: f32 = 10.0;
/// Band of grid frequencies, in cycles per pixel: below is the face itself.
const BAND: std::ops::Range<f32> = 0.12..0.48;
/// Bins on either side along the ray from the origin that a peak is compared with.
const RAY: std::ops::RangeInclusive<i32> = 4..=9;

/// Display traces in the key frames of one face.
#[derive(Clone, Default)]
pub struct ScreenSigns {
    fft: Option<Arc<dyn Fft<f32>>>,
    /// Summed power spectra.
    power: Vec<f32>,
    frames: usize,
    edges: Vec<f32>,
}

impl std::fmt::Debug for ScreenSigns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScreenSigns").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl ScreenSigns {
    /// Adds one frame with a face.
    pub(crate) fn look(&mut self, pixels: &dyn Pixels, face: &Rect) {
        self.add_spectrum(&patch(pixels, face.centre()));
        self.edges.push(straight_edges(pixels, face));
    }

    /// Returns the strongest isolated peak of the mean spectrum in decibels over the median of its ring, or of its
    /// ray if that is higher; `None` without frames. Noise alone gives about five, with few frames up to ten.
    pub fn moire_db(&self) -> Option<f32> {
        (self.frames > 0).then(|| peak_db(&self.power))
    }

    /// Returns the share (0-1) of the second straightest of the four lines left, right, above and below the face; the
    /// median over the frames. `None` without frames.
    pub fn edges(&self) -> Option<f32> {
        (!self.edges.is_empty()).then(|| median(self.edges.iter().copied()))
    }

    fn add_spectrum(&mut self, values: &[f32]) {
        let fft = self.fft.get_or_insert_with(|| FftPlanner::new().plan_fft_forward(PATCH)).clone();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let hann = |i: usize| 0.5 - 0.5 * (std::f32::consts::TAU * (i as f32 + 0.5) / PATCH as f32).cos();
        let mut grid: Vec<Complex<f32>> = values
            .iter()
            .enumerate()
            .map(|(i, v)| Complex::new((v - mean) * hann(i % PATCH) * hann(i / PATCH), 0.0))
            .collect();
        fft.process(&mut grid);
        let mut turned: Vec<Complex<f32>> =
            (0..PATCH * PATCH).map(|i| grid[i % PATCH * PATCH + i / PATCH]).collect();
        fft.process(&mut turned);
        // A brighter or sharper patch counts no more than the others.
        let total = turned.iter().map(Complex::norm_sqr).sum::<f32>().max(f32::MIN_POSITIVE);
        self.power.resize(PATCH * PATCH, 0.0);
        self.power.iter_mut().zip(&turned).for_each(|(sum, v)| *sum += v.norm_sqr() / total);
        self.frames += 1;
    }
}

/// Returns the luma of the patch around `centre`, unscaled.
fn patch(pixels: &dyn Pixels, [x, y]: [f32; 2]) -> Vec<f32> {
    let half = PATCH as f32 / 2.0;
    let map = Affine([[1.0, 0.0, x.round() - half], [0.0, 1.0, y.round() - half]]);
    luma(pixels, &map, PATCH, PATCH)
}

/// Returns the luma (0-255) of a crop, row by row.
pub(crate) fn luma(pixels: &dyn Pixels, map: &Affine, width: usize, height: usize) -> Vec<f32> {
    let mut all = vec![0.0; width * height];
    pixels.sample(map, width, height, &mut |y, row| {
        let colours = row.r.iter().zip(row.g).zip(row.b);
        for (out, ((r, g), b)) in all[y * width..(y + 1) * width].iter_mut().zip(colours) {
            *out = 0.299 * r + 0.587 * g + 0.114 * b;
        }
    });
    all
}

/// Converts a bin to a signed frequency.
fn frequency(bin: usize) -> i32 {
    let (bin, side) = (bin as i32, PATCH as i32);
    if bin > side / 2 { bin - side } else { bin }
}

fn peak_db(power: &[f32]) -> f32 {
    let at = |x: i32, y: i32| {
        let wrap = |v: i32| v.rem_euclid(PATCH as i32) as usize;
        let around = (-1..=1).flat_map(|j| (-1..=1).map(move |i| (x + i, y + j)));
        around.map(|(x, y)| power[wrap(y) * PATCH + wrap(x)]).sum::<f32>()
    };
    let mut rings: Vec<Vec<(f32, i32, i32)>> = vec![Vec::new(); PATCH];
    // The spectrum of real numbers is symmetric: half of it is enough.
    for y in 0..=PATCH / 2 {
        for x in 0..PATCH {
            let (u, v) = (frequency(x), frequency(y));
            let radius = ((u * u + v * v) as f32).sqrt();
            if BAND.contains(&(radius / PATCH as f32)) && !is_of_blocks(u, v) && !is_of_blocks(v, u) {
                rings[radius as usize].push((at(u, v), u, v));
            }
        }
    }
    let lead = |ring: &Vec<(f32, i32, i32)>| {
        let usual = median(ring.iter().map(|(power, ..)| *power)).max(1e-12);
        // Only the leader of its ring is compared along its ray: an edge is a ridge there, not a peak.
        let strong = ring.iter().filter(|(power, ..)| *power > 4.0 * usual);
        strong.map(|(power, u, v)| power / along_ray(&at, *u, *v).max(usual)).fold(1.0, f32::max)
    };
    10.0 * rings.iter().filter(|r| r.len() > 8).map(lead).fold(1.0, f32::max).log10()
}

/// Returns the median of the bins before and behind a bin on the ray from the origin.
fn along_ray(at: &impl Fn(i32, i32) -> f32, u: i32, v: i32) -> f32 {
    let radius = ((u * u + v * v) as f32).sqrt();
    let steps = RAY.flat_map(|k| [k, -k]);
    median(steps.map(|k| {
        let stretch = 1.0 + k as f32 / radius;
        at((u as f32 * stretch).round() as i32, (v as f32 * stretch).round() as i32)
    }))
}

/// Whether a bin beside an axis is a multiple of the frequency of a codec's blocks of eight pixels.
fn is_of_blocks(along: i32, off: i32) -> bool {
    const BLOCKS: i32 = PATCH as i32 / 8;
    off.abs() <= 2 && (along + 2).rem_euclid(BLOCKS) <= 4
}

/// See [`ScreenSigns::edges`].
fn straight_edges(pixels: &dyn Pixels, face: &Rect) -> f32 {
    let scale = (pixels.width().max(pixels.height()) as f32 / SMALL).max(1.0);
    let (width, height) =
        ((pixels.width() as f32 / scale) as usize, (pixels.height() as f32 / scale) as usize);
    let small = luma(pixels, &Affine::shrink(scale), width, height);
    let side = |v: f32, most: usize| (v / scale).clamp(0.0, most as f32) as usize;
    let (left, right) = (side(face.x, width), side(face.x + face.w, width));
    let (top, bottom) = (side(face.y, height), side(face.y + face.h, height));
    let at = |x: usize, y: usize| small[y * width + x];
    let upright = |x: usize| line(top..bottom, |y| at(x + 2, y) - at(x, y));
    let level = |y: usize| line(left..right, |x| at(x, y + 2) - at(x, y));
    let best = |each: std::ops::Range<usize>, of: &dyn Fn(usize) -> f32| each.map(of).fold(0.0, f32::max);
    let mut sides = [
        best(0..left.saturating_sub(2), &upright),
        best(right..width.saturating_sub(2), &upright),
        best(0..top.saturating_sub(2), &level),
        best(bottom..height.saturating_sub(2), &level),
    ];
    sides.sort_by(f32::total_cmp);
    sides[2]
}

/// Returns how much of a line is a step in one direction.
fn line(along: std::ops::Range<usize>, step: impl Fn(usize) -> f32) -> f32 {
    let length = along.len().max(1) as f32;
    let (mut up, mut down) = (0.0, 0.0);
    for at in along {
        let step = step(at);
        up += f32::from(u8::from(step > STEP));
        down += f32::from(u8::from(step < -STEP));
    }
    f32::max(up, down) / length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(of: impl Fn(u32, u32) -> f32) -> media::Picture {
        let pixel = |x, y| image::Rgb([of(x, y).clamp(0.0, 255.0) as u8; 3]);
        media::Picture::from_rgb(&image::RgbImage::from_fn(200, 200, pixel))
    }

    const FACE: Rect = Rect { x: 60.0, y: 60.0, w: 80.0, h: 80.0 };

    fn signs(of: impl Fn(u32, u32) -> f32) -> ScreenSigns {
        let mut signs = ScreenSigns::default();
        signs.look(&picture(of), &FACE);
        signs
    }

    /// Returns noise without a pattern: a hash of the position.
    fn grain(x: u32, y: u32) -> f32 {
        let mixed = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
        (mixed >> 24) as f32 / 16.0
    }

    #[test]
    fn a_grid_over_grain_is_a_peak_and_grain_alone_is_not() {
        let plain = signs(|x, y| 100.0 + grain(x, y)).moire_db().unwrap();
        let grid = signs(|x, y| 100.0 + grain(x, y) + 4.0 * (1.7 * x as f32 + 0.6 * y as f32).sin());
        assert!(plain < 14.0 && grid.moire_db().unwrap() > plain + 10.0, "{plain}");
    }

    #[test]
    fn a_frame_about_a_face_has_straight_edges_and_a_wall_has_none() {
        let framed =
            |x: u32, y: u32| if (30..170).contains(&x) && (30..170).contains(&y) { 150.0 } else { 20.0 };
        assert!(signs(framed).edges().unwrap() > 0.9);
        assert!(signs(|x, y| 100.0 + grain(x, y) / 4.0).edges().unwrap() < 0.1);
    }

    #[test]
    fn no_evidence_gives_no_result() {
        assert_eq!((ScreenSigns::default().moire_db(), ScreenSigns::default().edges()), (None, None));
        let black = signs(|_, _| 0.0);
        assert!(black.moire_db().unwrap().is_finite() && black.edges() == Some(0.0));
        let mut far = ScreenSigns::default();
        far.look(&picture(|_, _| 90.0), &Rect { x: -500.0, y: 900.0, w: 50.0, h: 50.0 });
        assert!(far.moire_db().unwrap().is_finite() && far.edges().unwrap().is_finite());
    }
}
