//! Measures the fine detail in the picture of a mouth.
//!
//! Programs that redraw a mouth do so at a low resolution and scale the result up: coarse detail is present, the
//! finest is missing. Both are measured as the mean absolute response of two band-pass filters over the lips.

use media::{Affine, Pixels};

use crate::{
    geometry::Rect,
    mesh::{EYE_CORNERS, Mesh, mouth_openness},
    screen::luma,
};

/// Side of the square crop around the mouth, in crop pixels.
const SIDE: usize = 80;
/// Distance between the outer corners of the eyes, in crop pixels.
const EYE_DISTANCE: f32 = 64.0;
/// Outer contour of the lips.
const CONTOUR: [usize; 20] =
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185];
/// Standard deviations of the two Gaussians, in crop pixels: fine detail is above the first, coarse detail between both.
const FINE_SIGMA: f32 = 0.8;
const COARSE_SIGMA: f32 = 1.6;
/// Added to both responses, in luma steps, so that a flat picture has a ratio.
const FLOOR: f32 = 0.02;
/// Change of fineness with the logarithm of a face's size relative to [`EYE_DISTANCE`], measured on genuine clips: a
/// smaller face is scaled up and loses more, a larger one gains less, and only up to twice the size.
const SLOPE_OF_SMALLER: f32 = 0.25;
const SLOPE_OF_LARGER: f32 = 0.125;
const MAX_LOG_SIZE: f32 = 0.7;
/// Fewest measured lip pixels.
const MIN_PIXELS: usize = 60;

/// The mouth of one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MouthDetail {
    /// Logarithm of fine over coarse detail, corrected for the size of the face.
    pub fineness: f32,
    /// See [`mouth_openness`].
    pub openness: f32,
}

impl MouthDetail {
    /// Measures the mouth of `mesh`; `None` when the lips are outside the picture or hidden by a turned head.
    pub(crate) fn measure(pixels: &dyn Pixels, mesh: &Mesh) -> Option<Self> {
        let lips = CONTOUR.map(|i| mesh.at(i));
        let rect = Rect::about(lips);
        if !rect.is_within(pixels.width(), pixels.height()) {
            return None;
        }
        let [left, right] = EYE_CORNERS.map(|i| mesh.at(i));
        let angle = (right[1] - left[1]).atan2(right[0] - left[0]);
        let scale = mesh.eye_distance() / EYE_DISTANCE;
        let map = Affine::square(rect.centre(), scale * SIDE as f32, angle, 2 * SIDE);
        let luma = halve(&luma(pixels, &map, 2 * SIDE, 2 * SIDE));
        let mask = polygon(&lips.map(|p| to_crop(p, rect.centre(), scale, angle)));
        let fineness = fineness(&luma, &mask)? - expected_change(scale);
        Some(Self { fineness, openness: mouth_openness(mesh) })
    }
}

/// Returns how much finer a genuine mouth is in a face `scale` times as large as the crop shows it.
fn expected_change(scale: f32) -> f32 {
    let size = scale.ln().min(MAX_LOG_SIZE);
    if size < 0.0 { SLOPE_OF_SMALLER * size } else { SLOPE_OF_LARGER * size }
}

/// Averages blocks of two by two pixels: sampled at full size, the crop of a larger face would have aliases.
fn halve(luma: &[f32]) -> Vec<f32> {
    let at = |x: usize, y: usize| luma[y * 2 * SIDE + x];
    let mean = |x: usize, y: usize| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
    (0..SIDE * SIDE).map(|i| mean(2 * (i % SIDE), 2 * (i / SIDE))).collect()
}

/// Maps a picture point to the crop of [`Affine::square`].
fn to_crop([x, y]: [f32; 2], centre: [f32; 2], scale: f32, angle: f32) -> [f32; 2] {
    let (dx, dy) = ((x - centre[0]) / scale, (y - centre[1]) / scale);
    let (sin, cos) = angle.sin_cos();
    let middle = (SIDE as f32 - 1.0) / 2.0;
    [middle + dx * cos + dy * sin, middle + dy * cos - dx * sin]
}

/// Returns the crop pixels inside a polygon, by the even-odd rule.
fn polygon(points: &[[f32; 2]]) -> Vec<bool> {
    let next = points.iter().cycle().skip(1);
    let edges: Vec<_> = points.iter().zip(next).collect();
    let is_inside = |i: usize| {
        let (x, y) = ((i % SIDE) as f32, (i / SIDE) as f32);
        let crossed = edges.iter().filter(|([ax, ay], [bx, by])| {
            (*ay > y) != (*by > y) && x < ax + (y - ay) * (bx - ax) / (by - ay)
        });
        crossed.count() % 2 == 1
    };
    (0..SIDE * SIDE).map(is_inside).collect()
}

fn fineness(luma: &[f32], mask: &[bool]) -> Option<f32> {
    let (smooth, smoother) = (blur(luma, FINE_SIGMA), blur(luma, COARSE_SIGMA));
    let (mut fine, mut coarse, mut count) = (0.0, 0.0, 0);
    for i in (0..luma.len()).filter(|i| mask[*i]) {
        fine += (luma[i] - smooth[i]).abs();
        coarse += (smooth[i] - smoother[i]).abs();
        count += 1;
    }
    let n = count as f32;
    (count >= MIN_PIXELS).then(|| (fine / n + FLOOR).ln() - (coarse / n + FLOOR).ln())
}

/// Gaussian blur of a crop, its edge repeated.
fn blur(luma: &[f32], sigma: f32) -> Vec<f32> {
    let reach = (4.0 * sigma).ceil() as usize;
    let weight = |d: usize| (-((d * d) as f32) / (2.0 * sigma * sigma)).exp();
    let sum = weight(0) + 2.0 * (1..=reach).map(weight).sum::<f32>();
    let kernel: Vec<f32> = (0..=2 * reach).map(|i| weight(i.abs_diff(reach)) / sum).collect();
    let across = convolve(luma, &kernel, 1, SIDE);
    convolve(&across, &kernel, SIDE, 1)
}

/// Convolves along the axis whose neighbours lie `step` apart; `other` is the step of the other axis.
fn convolve(luma: &[f32], kernel: &[f32], step: usize, other: usize) -> Vec<f32> {
    let reach = kernel.len() / 2;
    let mut out = vec![0.0; luma.len()];
    for line in 0..SIDE {
        for at in 0..SIDE {
            let tap = |k: usize| luma[line * other + (at + k).saturating_sub(reach).min(SIDE - 1) * step];
            out[line * other + at * step] =
                kernel.iter().enumerate().map(|(k, weight)| weight * tap(k)).sum();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise() -> Vec<f32> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32
        };
        (0..SIDE * SIDE).map(|_| next()).collect()
    }

    #[test]
    fn a_picture_that_was_scaled_up_has_less_fine_detail() {
        let sharp = noise();
        let soft = blur(&sharp, 1.0);
        let all = vec![true; SIDE * SIDE];
        let [sharp, soft] = [sharp, soft].map(|luma| fineness(&luma, &all).unwrap());
        assert!(sharp > soft + 0.5, "sharp {sharp}, soft {soft}");
    }

    #[test]
    fn a_flat_picture_has_a_finite_ratio_and_too_few_pixels_have_none() {
        let flat = vec![128.0; SIDE * SIDE];
        assert!(fineness(&flat, &vec![true; SIDE * SIDE]).is_some_and(|v| v.abs() < 0.05));
        assert_eq!(fineness(&flat, &vec![false; SIDE * SIDE]), None);
    }

    #[test]
    fn a_blur_keeps_the_mean_and_a_polygon_its_area() {
        let luma = noise();
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        assert!((mean(&luma) - mean(&blur(&luma, 1.6))).abs() < 1.0);
        let inside = polygon(&[[10.0, 10.0], [50.0, 10.0], [50.0, 30.0], [10.0, 30.0]]);
        let area = inside.iter().filter(|i| **i).count();
        assert!((760..=840).contains(&area), "{area}");
    }

    #[test]
    fn larger_faces_are_expected_to_be_finer() {
        let sizes = [0.4, 0.7, 1.0, 1.5, 2.0].map(expected_change);
        assert!(sizes.is_sorted() && sizes[2] == 0.0, "{sizes:?}");
        assert_eq!(expected_change(3.0), expected_change(9.0));
    }

    #[test]
    fn a_point_is_found_in_the_crop_where_the_crop_shows_it() {
        let (centre, scale, angle) = ([120.0, 90.0], 1.7, 0.3);
        let map = Affine::square(centre, scale * SIDE as f32, angle, SIDE);
        let [x, y] = to_crop(map.apply([12.0, 61.0]), centre, scale, angle);
        assert!((x - 12.0).abs() < 1e-3 && (y - 61.0).abs() < 1e-3, "{x} {y}");
    }
}
