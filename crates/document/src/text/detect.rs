//! Finds text: PP-OCR's detector and the processing of its probability map (Liao et al. 2020, "Real-time scene text
//! detection with differentiable binarization": threshold, connected regions, smallest rectangle, enlarged).

use image::{RgbImage, imageops};

use crate::{
    Error, Page,
    geometry::{Homography, Quad, smallest_rectangle},
    network::{DEVIATION, MEAN, Network, Tensor, planes},
    page::resized,
};

/// Longer side of the network's input, pixels: smaller pictures are enlarged to the first value, larger ones shrunk to
/// the second.
const SMALLEST: f32 = 1000.0;
const LARGEST: f32 = 1280.0;
/// Sides are multiples of this, pixels of the network.
const UNIT: u32 = 32;
/// A page of so many pixels takes much memory itself, also beside a smaller copy of it, so that the network sees either in
/// strips of about this many pixels.
const LARGE_PAGE: u64 = 6_000_000;
const STRIP: u32 = 650_000;
/// Rows that a strip is shown beyond its own, where it has a neighbour: more than any line is high.
const BEYOND: u32 = 64;
/// Probability from which a pixel counts as text.
const PIXEL: f32 = 0.3;
/// Lowest mean probability of a text region.
const REGION: f32 = 0.6;
/// Detected regions are too small; they are enlarged by this share of area over perimeter.
const UNCLIP: f32 = 1.5;
/// Regions thinner than this, in the network's pixels, are discarded as noise.
const THINNEST: f32 = 3.0;
/// Most lines of a page; further lines are ignored.
const MOST: usize = 400;

/// Returns the lines of text on a page, or in a part of it that is straightened first; in pixels of the page, top to
/// bottom in the straightened view.
pub(crate) fn detect(network: &mut Network, page: &Page, part: Option<&Quad>) -> Result<Vec<Quad>, Error> {
    let whole = (page.width() as f32, page.height() as f32);
    let (w, h) = part.map_or(whole, |part| (part.width(), part.height()));
    let longer = w.max(h);
    let scale = longer.clamp(SMALLEST, LARGEST) / longer;
    let side = |v: f32| (((v * scale / UNIT as f32).round() as u32) * UNIT).clamp(UNIT, LARGEST as u32);
    let (width, height) = (side(w), side(h));
    let straight = part.and_then(|part| Some((page.flattened(part, width, height)?, part)));
    let map = straight.as_ref().and_then(|(_, part)| Homography::of_crop(width, height, part));
    let shown = straight.map_or_else(|| resized(&page.rgb, width, height), |(shown, _)| shown);
    let is_large = !page.is_full_size || u64::from(page.width()) * u64::from(page.height()) > LARGE_PAGE;
    let rows = if is_large { (STRIP / width).max(UNIT) } else { height };
    let data = probabilities(network, shown, rows)?;
    let (width, height) = (width as usize, height as usize);
    let (sx, sy) = (whole.0 / width as f32, whole.1 / height as f32);
    let to_picture = |quad: Quad| {
        let middles = Quad(quad.0.map(|[x, y]| [x + 0.5, y + 0.5]));
        map.map_or_else(|| Quad(middles.0.map(|[x, y]| [x * sx, y * sy])), |map| middles.mapped(&map))
    };
    Ok(regions(&data, width, height).into_iter().map(to_picture).collect())
}

/// How likely each pixel belongs to text, the network being shown about `rows` of them at a time.
fn probabilities(network: &mut Network, shown: RgbImage, rows: u32) -> Result<Vec<f32>, Error> {
    let (width, height) = shown.dimensions();
    if rows >= height {
        return run(network, shown);
    }
    let mut map = Vec::with_capacity(width as usize * height as usize);
    for own in strips(height, rows) {
        let (from, to) = (own.start.saturating_sub(BEYOND), (own.end + BEYOND).min(height));
        let part = run(network, imageops::crop_imm(&shown, 0, from, width, to - from).to_image())?;
        let at = |row: u32| (row - from) as usize * width as usize;
        map.extend_from_slice(part.get(at(own.start)..at(own.end)).unwrap_or(&[]));
    }
    Ok(map)
}

/// Strips of the same height, but for what is left for the last; all of whole units, of at least one and `rows` at most.
fn strips(height: u32, rows: u32) -> impl Iterator<Item = std::ops::Range<u32>> {
    let most = (rows / UNIT).max(1) * UNIT;
    let each = height.div_ceil(height.div_ceil(most).max(1)).div_ceil(UNIT).max(1) * UNIT;
    (0..height).step_by(each as usize).map(move |from| from..(from + each).min(height))
}

fn run(network: &mut Network, shown: RgbImage) -> Result<Vec<f32>, Error> {
    let (width, height) = (shown.width() as usize, shown.height() as usize);
    let input = planes(&shown, width, height, |c, v| (f32::from(v) / 255.0 - MEAN[c]) / DEVIATION[c]);
    // Not beside what the network computes with.
    drop(shown);
    let Tensor { data, .. } = network.run_network(height, width, &input)?;
    Ok(data)
}

/// Returns the text regions of a probability map, in its pixels, top to bottom.
pub(crate) fn regions(map: &[f32], width: usize, height: usize) -> Vec<Quad> {
    let mut seen = vec![false; map.len()];
    let mut found = Vec::new();
    for start in 0..map.len().min(width * height) {
        if seen[start] || map[start] <= PIXEL || found.len() == MOST {
            continue;
        }
        let outline = flood(map, &mut seen, width, height, start);
        let Some(rectangle) = smallest_rectangle(&outline) else { continue };
        if rectangle.width().min(rectangle.height()) < THINNEST
            || mean_inside(map, width, height, &rectangle) < REGION
        {
            continue;
        }
        found.push(enlarged(&rectangle));
    }
    found
}

/// Marks the region of `start` as visited and returns the ends of its rows, which suffice for the smallest rectangle.
fn flood(map: &[f32], seen: &mut [bool], width: usize, height: usize, start: usize) -> Vec<[f32; 2]> {
    let mut ends: std::collections::BTreeMap<usize, (usize, usize)> = std::collections::BTreeMap::new();
    let mut open = vec![start];
    seen[start] = true;
    while let Some(at) = open.pop() {
        let (x, y) = (at % width, at / width);
        let row = ends.entry(y).or_insert((x, x));
        *row = (row.0.min(x), row.1.max(x));
        for ny in y.saturating_sub(1)..(y + 2).min(height) {
            for nx in x.saturating_sub(1)..(x + 2).min(width) {
                let next = ny * width + nx;
                if !seen[next] && map[next] > PIXEL {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
    }
    ends.into_iter().flat_map(|(y, (l, r))| [[l as f32, y as f32], [r as f32, y as f32]]).collect()
}

/// Returns the mean probability of the pixels in `quad`.
fn mean_inside(map: &[f32], width: usize, height: usize, quad: &Quad) -> f32 {
    let box_ = quad.bounds();
    let range = |from: f32, size: f32, most: usize| {
        from.floor().max(0.0) as usize..((from + size).ceil().max(0.0) as usize + 1).min(most)
    };
    let (mut sum, mut count) = (0.0, 0);
    for y in range(box_.y, box_.h, height) {
        for x in range(box_.x, box_.w, width) {
            if quad.contains([x as f32, y as f32]) {
                sum += map[y * width + x];
                count += 1;
            }
        }
    }
    if count > 0 { sum / count as f32 } else { 0.0 }
}

/// Moves every side outwards by `area * UNCLIP / outline`.
fn enlarged(quad: &Quad) -> Quad {
    let (w, h) = (quad.width().max(1.0), quad.height().max(1.0));
    let by = quad.area() * UNCLIP / (2.0 * (w + h));
    quad.grown(by, by)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strips_are_all_rows_once_in_whole_units(units in 1..41_u32, rows in 0..2000_u32) {
            let height = units * UNIT;
            let mut end = 0;
            for strip in strips(height, rows) {
                prop_assert_eq!(strip.start, end);
                prop_assert!(!strip.is_empty() && strip.len() <= rows.max(UNIT) as usize);
                prop_assert_eq!(strip.start % UNIT, 0);
                end = strip.end;
            }
            prop_assert_eq!(end, height);
        }
    }

    #[test]
    fn a_bar_of_text_becomes_one_enlarged_rectangle() {
        let (width, height) = (100, 40);
        let bar = |i: usize| (20..80).contains(&(i % width)) && (10..20).contains(&(i / width));
        let map: Vec<f32> = (0..width * height).map(|i| if bar(i) { 0.9 } else { 0.0 }).collect();
        let found = regions(&map, width, height);
        let [line] = found[..] else { panic!("{found:?}") };
        let by = 59.0 * 9.0 * UNCLIP / (2.0 * (59.0 + 9.0));
        assert!((line.width() - (59.0 + 2.0 * by)).abs() < 0.5, "{line:?}");
        assert!((line.height() - (9.0 + 2.0 * by)).abs() < 0.5);
        assert!((line.centre()[0] - 49.5).abs() < 0.5 && line.angle().abs() < 0.01);
    }

    #[test]
    fn a_tilted_bar_keeps_its_angle_and_noise_is_no_text() {
        let (width, height) = (120, 80);
        let on = |i: usize| {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let (u, v) = (x * 0.97 + y * 0.26, -x * 0.26 + y * 0.97);
            (30.0..100.0).contains(&u) && (20.0..32.0).contains(&v) || (i % width < 2 && i / width < 2)
        };
        let map: Vec<f32> = (0..width * height).map(|i| if on(i) { 0.8 } else { 0.1 }).collect();
        let found = regions(&map, width, height);
        let [line] = found[..] else { panic!("{found:?}") };
        assert!((line.angle() - 0.26).abs() < 0.03, "{}", line.angle());
    }
}
