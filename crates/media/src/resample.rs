//! Bilinear sampling straight from YUV planes, line by line.
//!
//! Luma is sampled for every crop pixel. Chroma has half the resolution in the picture, so unless the crop shrinks it,
//! one chroma sample serves two by two crop pixels. A crop smaller than what it shows averages a grid of samples a pixel.

use crate::pixels::{Affine, Row};

/// One plane of 8-bit samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane<'a> {
    /// Line after line, `stride` apart; at least `(height - 1) * stride + width` bytes.
    pub data: &'a [u8],
    pub stride: usize,
    pub width: u32,
    pub height: u32,
}

/// Most samples along each axis for one crop pixel; beyond four the models see no difference.
const MOST_TAPS: f32 = 4.0;
/// Above this many picture pixels to a crop pixel, chroma is sampled for every crop pixel.
const SHARED_CHROMA: f32 = 1.3;

/// Samples `plane` at `n` points that start at `(x, y)` and go on by `step`, adding `weight` times each to `out`.
fn add_line(plane: &Plane, mut at: [f32; 2], step: [f32; 2], outside: f32, weight: f32, out: &mut [f32]) {
    let inside = inside_range(plane, at, step, out.len());
    for (i, value) in out.iter_mut().enumerate() {
        if i == inside.start {
            break;
        }
        *value +=
            weight * edge_sample(plane, [at[0] + step[0] * i as f32, at[1] + step[1] * i as f32], outside);
    }
    for (i, value) in out.iter_mut().enumerate().skip(inside.end) {
        *value +=
            weight * edge_sample(plane, [at[0] + step[0] * i as f32, at[1] + step[1] * i as f32], outside);
    }
    at = [at[0] + step[0] * inside.start as f32, at[1] + step[1] * inside.start as f32];
    if let Some(out) = out.get_mut(inside) {
        add_inside(plane, at, step, weight, out);
    }
}

/// The fast part: every tap lies inside. 16.16 fixed point, eight bits of weight.
fn add_inside(plane: &Plane, at: [f32; 2], step: [f32; 2], weight: f32, out: &mut [f32]) {
    let fixed = |v: f32| (v * 65536.0) as i32;
    let ([mut x, mut y], [dx, dy]) = (at.map(fixed), step.map(fixed));
    let scale = weight / 65536.0;
    let stride = plane.stride;
    for value in out {
        let start = (y >> 16) as usize * stride + (x >> 16) as usize;
        let (fx, fy) = ((x >> 8) & 255, (y >> 8) & 255);
        // One bounds check for the four taps. It holds by construction; a line ends here if it ever should not.
        let Some(taps) = plane.data.get(start..start + stride + 2) else { return };
        let mix = |a: u8, b: u8| (i32::from(a) << 8) + (i32::from(b) - i32::from(a)) * fx;
        let (top, bottom) = (mix(taps[0], taps[1]), mix(taps[stride], taps[stride + 1]));
        *value += scale * ((top << 8) + (bottom - top) * fy) as f32;
        x += dx;
        y += dy;
    }
}

/// The points of a line whose four taps all lie inside the plane.
fn inside_range(plane: &Plane, at: [f32; 2], step: [f32; 2], n: usize) -> std::ops::Range<usize> {
    let (mut first, mut last) = (0.0_f32, n as f32 - 1.0);
    for ((at, step), size) in at.into_iter().zip(step).zip([plane.width, plane.height]) {
        // Half a thousandth keeps the fixed-point steps, which drift by a pixel's 65536th each, inside as well.
        let (low, high) = (0.01, size as f32 - 1.01);
        if step.abs() < 1e-6 {
            if at < low - 0.01 || at > high {
                return 0..0;
            }
            continue;
        }
        let (a, b) = ((low - at) / step, (high - at) / step);
        first = first.max(a.min(b).ceil());
        last = last.min(a.max(b).floor());
    }
    if first > last { 0..0 } else { first as usize..last as usize + 1 }
}

/// One sample anywhere. The border pixels reach half a sample further out, which is where chroma of the border lies;
/// beyond, the plane counts as `outside`.
fn edge_sample(plane: &Plane, [x, y]: [f32; 2], outside: f32) -> f32 {
    let (right, bottom) = (plane.width as f32 - 1.0, plane.height as f32 - 1.0);
    if !(x >= -0.5 && y >= -0.5 && x <= right + 0.5 && y <= bottom + 0.5) {
        return outside;
    }
    let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let tap = |dx: f32, dy: f32| {
        let (x, y) = ((left + dx).min(right) as usize, (top + dy).min(bottom) as usize);
        plane.data.get(y * plane.stride + x).map_or(outside, |v| f32::from(*v))
    };
    let upper = tap(0.0, 0.0) * (1.0 - fx) + tap(1.0, 0.0) * fx;
    let lower = tap(0.0, 1.0) * (1.0 - fx) + tap(1.0, 1.0) * fx;
    upper * (1.0 - fy) + lower * fy
}

/// Line `row` of a crop of `plane`, each value the mean of `taps` x `taps` samples over the pixel's area.
pub(crate) fn plane_line(plane: &Plane, map: &Affine, row: f32, taps: usize, outside: f32, out: &mut [f32]) {
    out.fill(0.0);
    let weight = 1.0 / (taps * taps) as f32;
    let step = [map.0[0][0], map.0[1][0]];
    let offset = |i: usize| (i as f32 + 0.5) / taps as f32 - 0.5;
    for (i, j) in (0..taps * taps).map(|k| (k % taps, k / taps)) {
        let at = map.apply([offset(i), row + offset(j)]);
        add_line(plane, at, step, outside, weight, out);
    }
}

/// Samples an axis for one crop pixel that covers `scale` picture pixels.
pub(crate) fn taps(scale: f32) -> usize {
    if scale < 1.5 { 1 } else { scale.ceil().min(MOST_TAPS) as usize }
}

/// How luma and chroma make red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct YuvToRgb {
    black: f32,
    luma: f32,
    red_v: f32,
    green_u: f32,
    green_v: f32,
    blue_u: f32,
}

impl YuvToRgb {
    /// From the share of red and blue in luma (ITU-R BT.601: .299 and .114), and whether black is 0 or 16.
    pub(crate) fn new(red: f32, blue: f32, is_full_range: bool) -> Self {
        let green = 1.0 - red - blue;
        let (black, luma, chroma) =
            if is_full_range { (0.0, 1.0, 1.0) } else { (16.0, 255.0 / 219.0, 255.0 / 224.0) };
        Self {
            black,
            luma,
            red_v: 2.0 * (1.0 - red) * chroma,
            green_u: -2.0 * (1.0 - blue) * blue / green * chroma,
            green_v: -2.0 * (1.0 - red) * red / green * chroma,
            blue_u: 2.0 * (1.0 - blue) * chroma,
        }
    }

    /// Bytes of [`Self::to_bytes`].
    pub(crate) const BYTES: usize = 24;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let all = [self.black, self.luma, self.red_v, self.green_u, self.green_v, self.blue_u];
        let mut bytes = [0; Self::BYTES];
        bytes.chunks_exact_mut(4).zip(all).for_each(|(out, v)| out.copy_from_slice(&v.to_le_bytes()));
        bytes
    }

    /// What [`Self::to_bytes`] wrote; `None` for anything else, and for values no colour space has.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let all: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let [black, luma, red_v, green_u, green_v, blue_u] = all[..] else { return None };
        let is_sound = all.iter().all(|v| v.is_finite() && v.abs() <= 64.0);
        is_sound.then_some(Self { black, luma, red_v, green_u, green_v, blue_u })
    }

    fn convert(&self, [y, u, v]: &[Vec<f32>; 3], rgb: &mut [Vec<f32>; 3]) {
        let [r, g, b] = rgb;
        let out = r.iter_mut().zip(g).zip(b);
        for (((r, g), b), ((y, u), v)) in out.zip(y.iter().zip(u).zip(v)) {
            let (u, v, y) = (u - 128.0, v - 128.0, (y - self.black) * self.luma);
            *r = (y + self.red_v * v).clamp(0.0, 255.0);
            *g = (y + self.green_u * u + self.green_v * v).clamp(0.0, 255.0);
            *b = (y + self.blue_u * u).clamp(0.0, 255.0);
        }
    }
}

/// Where chroma lies over luma: on every second column, between two lines (the siting of MPEG-2 and H.264).
const CHROMA: Affine = Affine([[0.5, 0.0, 0.0], [0.0, 0.5, -0.25]]);
/// The middle of two by two crop pixels, as one.
const PAIR: Affine = Affine([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]]);

/// A crop of a YUV 4:2:0 picture; see [`crate::Pixels::sample`].
pub(crate) fn sample_yuv(
    planes: &[Plane; 3],
    colour: &YuvToRgb,
    map: &Affine,
    width: usize,
    height: usize,
    emit: &mut dyn FnMut(usize, Row<'_>),
) {
    if width == 0 || height == 0 {
        return;
    }
    let scale = map.scale();
    let shared = scale < SHARED_CHROMA;
    let chroma_map = if shared { CHROMA.after(map).after(&PAIR) } else { CHROMA.after(map) };
    let chroma_taps = taps(scale / 2.0);
    let mut yuv = [vec![0.0; width], vec![0.0; width], vec![0.0; width]];
    let mut rgb = yuv.clone();
    let mut pairs = vec![0.0; width.div_ceil(2)];
    for row in 0..height {
        let [y, chroma @ ..] = &mut yuv;
        plane_line(&planes[0], map, row as f32, taps(scale), colour.black, y);
        for (plane, line) in planes[1..].iter().zip(chroma) {
            if !shared {
                plane_line(plane, &chroma_map, row as f32, chroma_taps, 128.0, line);
            } else if row % 2 == 0 {
                plane_line(plane, &chroma_map, (row / 2) as f32, chroma_taps, 128.0, &mut pairs);
                line.chunks_mut(2).zip(&pairs).for_each(|(two, value)| two.fill(*value));
            }
        }
        colour.convert(&yuv, &mut rgb);
        let [r, g, b] = &rgb;
        emit(row, Row { r, g, b });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp(width: u32, height: u32) -> Vec<u8> {
        (0..height).flat_map(|y| (0..width).map(move |x| (2 * x + 3 * y) as u8)).collect()
    }

    fn plane(data: &[u8], width: u32, height: u32) -> Plane<'_> {
        Plane { data, stride: width as usize, width, height }
    }

    #[test]
    fn bilinear_sampling_of_a_ramp_is_exact_inside() {
        let data = ramp(20, 16);
        let mut line = [0.0; 5];
        let map = Affine([[1.5, -0.25, 2.25], [0.5, 1.0, 3.5]]);
        plane_line(&plane(&data, 20, 16), &map, 2.0, 1, 0.0, &mut line);
        for (i, value) in line.iter().enumerate() {
            let [x, y] = map.apply([i as f32, 2.0]);
            assert!((value - (2.0 * x + 3.0 * y)).abs() < 0.05, "{value} at {x} {y}");
        }
    }

    #[test]
    fn shrinking_averages_what_a_pixel_covers() {
        let data: Vec<u8> = (0..64).map(|i| if (i % 8 + i / 8) % 2 == 0 { 0 } else { 200 }).collect();
        let mut line = [0.0; 4];
        plane_line(&plane(&data, 8, 8), &Affine::shrink(2.0), 1.0, taps(2.0), 0.0, &mut line);
        assert!(line.iter().all(|v| (v - 100.0).abs() < 1.0), "{line:?}");
    }

    #[test]
    fn grey_stays_grey_and_outside_is_black() {
        let (luma, chroma) = ([126u8; 64], [128u8; 16]);
        let planes = [plane(&luma, 8, 8), plane(&chroma, 4, 4), plane(&chroma, 4, 4)];
        let colour = YuvToRgb::new(0.299, 0.114, false);
        let mut seen = Vec::new();
        sample_yuv(&planes, &colour, &Affine([[1.0, 0.0, -4.0], [0.0, 1.0, 2.0]]), 8, 2, &mut |_, row| {
            seen.push((row.r.to_vec(), row.b.to_vec()));
        });
        let (r, b) = &seen[0];
        assert!((r[6] - 128.0).abs() < 0.6 && (b[6] - 128.0).abs() < 0.6);
        assert_eq!((r[0], b[0]), (0.0, 0.0));
    }

    #[test]
    fn pure_red_comes_out_red() {
        let (y, u, v) = ([81u8; 16], [90u8; 4], [240u8; 4]); // BT.601, limited range
        let planes = [plane(&y, 4, 4), plane(&u, 2, 2), plane(&v, 2, 2)];
        sample_yuv(
            &planes,
            &YuvToRgb::new(0.299, 0.114, false),
            &Affine::shrink(1.0),
            4,
            4,
            &mut |row, line| {
                if row == 2 {
                    assert!(line.r[2] > 252.0 && line.g[2] < 3.0 && line.b[2] < 3.0);
                }
            },
        );
    }

    proptest! {
        #[test]
        fn the_fast_and_the_careful_path_agree(
            x in -3.0f32..22.0, y in -3.0f32..18.0, dx in -2.0f32..2.0, dy in -2.0f32..2.0
        ) {
            let data = ramp(20, 16);
            let plane = plane(&data, 20, 16);
            let mut line = [0.0; 24];
            add_line(&plane, [x, y], [dx, dy], 7.0, 1.0, &mut line);
            for (i, value) in line.iter().enumerate() {
                let careful = edge_sample(&plane, [x + dx * i as f32, y + dy * i as f32], 7.0);
                prop_assert!((value - careful).abs() < 0.2, "{i}: {value} {careful}");
            }
        }
    }
}
