//! Detects periodic traces: a display's pixel grid and the dots of a printing screen cause sharp peaks in the spectrum,
//! unlike paper, text and a camera's noise.

use image::RgbImage;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::Rect;

/// Side of the square tiles that are transformed, pixels.
const SIDE: usize = 128;
/// Tiles across and down the document, at most.
const GRID: (usize, usize) = (7, 4);
/// Fewest tiles that distinguish a periodic trace from chance.
const FEWEST: usize = 4;
/// Lowest frequency that is examined, in periods per tile: lines of text and of security printing have their peaks
/// below.
const LOWEST: f32 = 14.0;
/// Added to every power, in squared grey levels, so that rounding in flat digital areas does not cause peaks.
const FLOOR: f32 = 0.05;
/// Degrees from the axes within which a display's grid is searched.
const AXIS: f32 = 14.0;

/// Heights of the strongest peaks, in nepers of power above their surroundings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peaks {
    /// Near the picture's axes, in luminance or colour.
    pub along: f32,
    /// Off the axes: the weaker of two at right angles.
    pub across: f32,
}

/// Returns the peaks in the part `region` of a picture; `None` when it is too small or flat.
pub fn peaks(rgb: &RgbImage, region: &Rect) -> Option<Peaks> {
    let corners = tiles(rgb, region)?;
    let plan = FftPlanner::new().plan_fft_forward(SIDE);
    let mut sums = [vec![0.0_f32; SIDE * SIDE], vec![0.0_f32; SIDE * SIDE]];
    let mut taken = 0;
    for at in corners {
        let [light, colour] = planes(rgb, at);
        if is_flat(&light) {
            continue;
        }
        taken += 1;
        for (sum, plane) in sums.iter_mut().zip([light, colour]) {
            add_log_power(sum, &plane, plan.as_ref());
        }
    }
    if taken < FEWEST {
        return None;
    }
    let maps = sums.map(|sum| heights(&sum.iter().map(|v| v / taken as f32).collect::<Vec<_>>()));
    let [light, colour] = &maps;
    Some(Peaks { along: along(light).max(along(colour)), across: across(light).max(across(colour)) })
}

/// Returns the top left corners of a grid of tiles over the region.
fn tiles(rgb: &RgbImage, region: &Rect) -> Option<Vec<[usize; 2]>> {
    let clamp = |v: f32, most: u32| if v.is_finite() { v.clamp(0.0, most as f32) as usize } else { 0 };
    let (left, top) = (clamp(region.x, rgb.width()), clamp(region.y, rgb.height()));
    let (right, bottom) = (clamp(region.x + region.w, rgb.width()), clamp(region.y + region.h, rgb.height()));
    let (wide, high) = (right.saturating_sub(left), bottom.saturating_sub(top));
    let (columns, rows) = ((wide / SIDE).min(GRID.0), (high / SIDE).min(GRID.1));
    if columns * rows < FEWEST {
        return None;
    }
    let spread =
        |from: usize, length: usize, count: usize, i: usize| from + (length - SIDE) * i / (count - 1).max(1);
    let all = (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
    Some(all.map(|(r, c)| [spread(left, wide, columns, c), spread(top, high, rows, r)]).collect())
}

/// Returns luminance and red minus blue of a tile.
fn planes(rgb: &RgbImage, [x, y]: [usize; 2]) -> [Vec<f32>; 2] {
    let mut planes = [Vec::with_capacity(SIDE * SIDE), Vec::with_capacity(SIDE * SIDE)];
    let stride = rgb.width() as usize * 3;
    for row in 0..SIDE {
        let from = (y + row) * stride + x * 3;
        let Some(line) = rgb.as_raw().get(from..from + SIDE * 3) else { continue };
        for pixel in line.chunks_exact(3) {
            let [r, g, b] = [0, 1, 2].map(|i| f32::from(pixel[i]));
            planes[0].push(0.299 * r + 0.587 * g + 0.114 * b);
            planes[1].push(r - b);
        }
    }
    planes
}

fn is_flat(plane: &[f32]) -> bool {
    let mean = plane.iter().sum::<f32>() / plane.len().max(1) as f32;
    let variance = plane.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / plane.len().max(1) as f32;
    plane.len() != SIDE * SIDE || variance < 0.5
}

/// Adds the logarithm of a plane's power under a Hann window.
fn add_log_power(sum: &mut [f32], plane: &[f32], plan: &dyn Fft<f32>) {
    let hann = |i: usize| 0.5 - 0.5 * (std::f32::consts::TAU * (i as f32 + 0.5) / SIDE as f32).cos();
    let mean = plane.iter().sum::<f32>() / plane.len().max(1) as f32;
    let windowed = plane.iter().enumerate().map(|(i, v)| (v - mean) * hann(i / SIDE) * hann(i % SIDE));
    let mut field: Vec<Complex32> = windowed.map(|v| Complex32::new(v, 0.0)).collect();
    plan.process(&mut field);
    transpose(&mut field);
    plan.process(&mut field);
    // The window's power: 3/8 of each direction.
    let energy = (SIDE * SIDE) as f32 * (3.0_f32 / 8.0).powi(2);
    sum.iter_mut().zip(&field).for_each(|(s, f)| *s += (f.norm_sqr() / energy + FLOOR).ln());
}

fn transpose(field: &mut [Complex32]) {
    for row in 0..SIDE {
        for column in row + 1..SIDE {
            field.swap(row * SIDE + column, column * SIDE + row);
        }
    }
}

/// A frequency in periods a tile, -64 to 63.
fn frequency(index: usize) -> f32 {
    if index < SIDE / 2 { index as f32 } else { index as f32 - SIDE as f32 }
}

/// Returns by how much each frequency exceeds the median of those around it, without the peaks of JPEG's own blocks.
fn heights(power: &[f32]) -> Vec<f32> {
    let at = |u: usize, v: usize| power[(v % SIDE) * SIDE + u % SIDE];
    let mut out = vec![0.0; SIDE * SIDE];
    let mut around = Vec::with_capacity(72);
    for v in 0..SIDE {
        // The other half of a real picture's spectrum is symmetrical.
        for u in 0..=SIDE / 2 {
            let (fu, fv) = (frequency(u).abs(), frequency(v).abs());
            if fu.hypot(fv) < LOWEST || is_of_blocks(fu, fv) {
                continue;
            }
            around.clear();
            for dv in 0..9 {
                for du in 0..9 {
                    if !(3..=5).contains(&dv) || !(3..=5).contains(&du) {
                        around.push(at(u + SIDE + du - 4, v + SIDE + dv - 4));
                    }
                }
            }
            let middle = around.len() / 2;
            let (_, median, _) = around.select_nth_unstable_by(middle, f32::total_cmp);
            out[v * SIDE + u] = at(u, v) - *median;
        }
    }
    out
}

/// Returns whether a frequency is a multiple of an eighth on either axis, where blocks of eight pixels have peaks, or
/// on an axis, where straight edges have peaks.
fn is_of_blocks(fu: f32, fv: f32) -> bool {
    let eighth = |f: f32| {
        let rest = f % (SIDE as f32 / 8.0);
        rest <= 1.0 || rest >= SIDE as f32 / 8.0 - 1.0
    };
    (fv <= 1.0 && eighth(fu)) || (fu <= 1.0 && eighth(fv)) || (eighth(fu) && eighth(fv))
}

/// Returns the degrees of a frequency from the nearer axis, 0 to 45.
fn off_axis(u: usize, v: usize) -> f32 {
    let (fu, fv) = (frequency(u).abs(), frequency(v).abs());
    fu.min(fv).atan2(fu.max(fv)).to_degrees()
}

fn along(heights: &[f32]) -> f32 {
    let near = |i: &usize| off_axis(i % SIDE, i / SIDE) <= AXIS;
    (0..heights.len()).filter(near).map(|i| heights[i]).fold(0.0, f32::max)
}

fn across(heights: &[f32]) -> f32 {
    let value = |u: i32, v: i32| {
        // The half that was left out is the mirror image.
        let (u, v) = if u < 0 { (-u, -v) } else { (u, v) };
        let wrap = |f: i32| f.rem_euclid(SIDE as i32) as usize;
        let (mut best, side) = (0.0_f32, SIDE as i32 / 2);
        for (du, dv) in (-1..=1).flat_map(|a| (-1..=1).map(move |b| (a, b))) {
            if (0..=side).contains(&(u + du)) {
                best = best.max(heights[wrap(v + dv) * SIDE + wrap(u + du)]);
            }
        }
        best
    };
    let mut best = 0.0_f32;
    for (i, height) in heights.iter().enumerate() {
        let (u, v) = (i % SIDE, i / SIDE);
        if *height > best && off_axis(u, v) > AXIS {
            let (fu, fv) = (frequency(u) as i32, frequency(v) as i32);
            best = best.max(height.min(value(-fv, fu)));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(rgb: &RgbImage) -> Option<Peaks> {
        peaks(rgb, &Rect { x: 0.0, y: 0.0, w: rgb.width() as f32, h: rgb.height() as f32 })
    }

    /// Paper with a camera's noise, and what `more` adds.
    fn paper(more: impl Fn(f32, f32) -> f32) -> RgbImage {
        let mut state = 1_u32;
        RgbImage::from_fn(640, 480, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = ((state >> 24) as f32 - 128.0) / 25.0;
            let value = 170.0 + 20.0 * (x as f32 / 200.0).sin() + noise + more(x as f32, y as f32);
            image::Rgb([value.clamp(0.0, 255.0) as u8; 3])
        })
    }

    #[test]
    fn paper_has_no_peaks_a_grid_has_one_along_and_dots_have_two_across() {
        let turn = std::f32::consts::TAU;
        let clean = all(&paper(|_, _| 0.0)).unwrap();
        let grid = all(&paper(|x, y| 6.0 * (turn * (x * 0.31 + y * 0.01)).cos())).unwrap();
        let dots = all(&paper(|x, y| {
            let (u, v) = (x * 0.22 + y * 0.22, y * 0.22 - x * 0.22);
            5.0 * ((turn * u).cos() + (turn * v).cos())
        }))
        .unwrap();
        assert!(grid.along > clean.along + 2.0 && grid.across < clean.across + 0.5, "{clean:?} {grid:?}");
        assert!(dots.across > clean.across + 2.0, "{clean:?} {dots:?}");
    }

    #[test]
    fn flat_and_tiny_pictures_have_nothing_to_say() {
        assert_eq!(all(&RgbImage::from_pixel(640, 480, image::Rgb([200; 3]))), None);
        assert_eq!(all(&paper(|_, _| 0.0)).map(|_| ()), Some(()));
        assert_eq!(all(&RgbImage::new(40, 30)), None);
        assert_eq!(all(&RgbImage::new(0, 0)), None);
    }

    proptest! {
        #[test]
        fn any_region_gives_numbers_or_nothing(x in -900f32..900.0, y in -900f32..900.0, w in -10f32..2000.0, h in -10f32..2000.0) {
            if let Some(p) = peaks(&paper(|_, _| 0.0), &Rect { x, y, w, h }) {
                prop_assert!(p.along.is_finite() && p.across.is_finite());
            }
        }
    }
}
