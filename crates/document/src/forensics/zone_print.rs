//! Measures how evenly the machine readable zone is printed: one machine prints all of it, in one typeface, at one
//! pitch.

use image::{GrayImage, imageops};

use crate::{Page, Quad};

/// Height to which a line is scaled, in pixels; and height of a character's picture.
const HIGH: u32 = 48;
const CELL: (u32, u32) = (16, 24);
/// A line lower than this on the picture has too few pixels.
const LOWEST: f32 = 11.0;
/// Fewest characters with another of their kind that are compared.
const FEWEST: usize = 10;

/// The evenness of a zone's print.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZonePrint {
    /// Largest displacement of a character on its line, in pitches.
    pub pitch: f32,
    /// Distance of the second least similar character from its nearest of a kind, in medians of that distance: the
    /// least similar one may have been misread.
    pub face: Option<f32>,
}

/// One character's ink.
pub(super) struct Character {
    pub letter: char,
    /// The middle of its ink, pixels of the line.
    middle: f32,
    /// Width over height of its ink.
    pub proportion: f32,
    /// Its picture, mean 0 and length 1.
    pub picture: Vec<f32>,
}

/// Measures the zone with `lines` at `quads`; `None` unless every character of at least two lines is separate.
pub fn zone_print(page: &Page, quads: &[Quad], lines: &[String]) -> Option<ZonePrint> {
    let each: Vec<Vec<Character>> =
        quads.iter().zip(lines).filter_map(|(quad, text)| characters(page, quad, text)).collect();
    if each.len() < 2 {
        return None;
    }
    let pitch = each.iter().map(|line| off_place(line)).reduce(f32::max)?;
    Some(ZonePrint { pitch, face: unlike(&each.iter().flatten().collect::<Vec<_>>()) })
}

/// Returns the heights of a line's characters with subpixel precision, as shares of the line's height, if there are as
/// many separate inks as letters.
pub(crate) fn character_heights(page: &Page, quad: &Quad, text: &str) -> Option<Vec<f32>> {
    if quad.height() < LOWEST || text.is_empty() {
        return None;
    }
    let wide = (quad.width() / quad.height() * HIGH as f32) as u32;
    let grey = imageops::grayscale(&page.flattened(quad, wide.clamp(1, 4096), HIGH)?);
    let limit = otsu(&grey);
    let inks = inks(&grey, limit);
    let height = |ink: [u32; 4]| ink_height(&grey, limit, ink) / HIGH as f32;
    (inks.len() == text.len()).then(|| inks.into_iter().map(height).collect())
}

/// Returns where the darkest column of each row crosses `limit` at the top and at the bottom.
fn ink_height(grey: &GrayImage, limit: u8, [left, top, right, bottom]: [u32; 4]) -> f32 {
    let row = |y: u32| (left..right).map(|x| grey.get_pixel(x, y).0[0]).min().unwrap_or(255);
    let crossing = |inside: u32, outside: u32| {
        let (dark, light) = (f32::from(row(inside)), f32::from(row(outside)));
        ((f32::from(limit) - dark) / (light - dark).max(1.0)).clamp(0.0, 1.0)
    };
    let above = if top > 0 { crossing(top, top - 1) } else { 0.0 };
    let below = if bottom < grey.height() { crossing(bottom - 1, bottom) } else { 0.0 };
    (bottom - top) as f32 + above + below
}

/// Returns the characters of a line, if there are as many separate inks as letters.
pub(super) fn characters(page: &Page, quad: &Quad, text: &str) -> Option<Vec<Character>> {
    if quad.height() < LOWEST || text.is_empty() {
        return None;
    }
    let wide = (quad.width() / quad.height() * HIGH as f32) as u32;
    let line = page.flattened(quad, wide.clamp(1, 4096), HIGH)?;
    let grey = imageops::grayscale(&line);
    let limit = otsu(&grey);
    let inks = inks(&grey, limit);
    let letters: Vec<char> = text.chars().collect();
    (inks.len() == letters.len())
        .then(|| letters.into_iter().zip(inks).map(|(letter, ink)| character(&grey, letter, ink)).collect())
}

/// Returns the grey that best separates ink from paper (Otsu 1979).
fn otsu(grey: &GrayImage) -> u8 {
    let mut counts = [0.0_f64; 256];
    grey.as_raw().iter().for_each(|v| counts[usize::from(*v)] += 1.0);
    let total: f64 = counts.iter().sum();
    let all: f64 = counts.iter().enumerate().map(|(v, n)| v as f64 * n).sum();
    let (mut below, mut sum, mut best) = (0.0, 0.0, (0.0, 128));
    for (value, count) in counts.iter().enumerate() {
        below += count;
        sum += value as f64 * count;
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let between = below * above * (sum / below - (all - sum) / above).powi(2);
        if between > best.0 {
            best = (between, value);
        }
    }
    best.1 as u8
}

/// Returns left, top, right and bottom of the separate inks.
fn inks(grey: &GrayImage, limit: u8) -> Vec<[u32; 4]> {
    let dark = |x: u32, y: u32| grey.get_pixel(x, y).0[0] <= limit;
    let column = |x: u32| (0..grey.height()).filter(|y| dark(x, *y)).count();
    let mut found = Vec::new();
    let mut from = None;
    for x in 0..=grey.width() {
        let is_ink = x < grey.width() && column(x) >= 2;
        match (from, is_ink) {
            (None, true) => from = Some(x),
            (Some(left), false) => {
                let rows = || (0..grey.height()).filter(|y| (left..x).any(|x| dark(x, *y)));
                let (top, bottom) = (rows().next().unwrap_or(0), rows().next_back().unwrap_or(0) + 1);
                // Specks are narrower than a stroke or lower than half a letter.
                if x - left >= 2 && bottom - top >= HIGH / 5 {
                    found.push([left, top, x, bottom]);
                }
                from = None;
            }
            _ => {}
        }
    }
    found
}

fn character(grey: &GrayImage, letter: char, [left, top, right, bottom]: [u32; 4]) -> Character {
    let cut = imageops::crop_imm(grey, left, top, right - left, bottom - top).to_image();
    let small = imageops::resize(&cut, CELL.0, CELL.1, imageops::FilterType::Triangle);
    let mut picture: Vec<f32> = small.as_raw().iter().map(|v| f32::from(*v)).collect();
    let mean = picture.iter().sum::<f32>() / picture.len().max(1) as f32;
    picture.iter_mut().for_each(|v| *v -= mean);
    let length = picture.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-3);
    picture.iter_mut().for_each(|v| *v /= length);
    let proportion = (right - left) as f32 / (bottom - top).max(1) as f32;
    Character { letter, middle: (left + right) as f32 / 2.0, proportion, picture }
}

/// Returns the largest distance of a middle from the best straight row, in pitches; asymmetrical letters are compared
/// with their own kind.
fn off_place(line: &[Character]) -> f32 {
    let n = line.len() as f32;
    let xs = (0..line.len()).map(|i| i as f32 - (n - 1.0) / 2.0);
    let mean = line.iter().map(|c| c.middle).sum::<f32>() / n;
    let spread: f32 = xs.clone().map(|x| x * x).sum();
    let pitch = xs.clone().zip(line).map(|(x, c)| x * (c.middle - mean)).sum::<f32>() / spread.max(1e-3);
    let off: Vec<f32> = xs.zip(line).map(|(x, c)| (c.middle - mean - x * pitch) / pitch.max(1e-3)).collect();
    // Perspective bends the row gradually, so a character is compared with its neighbours.
    let bend = |i: usize| {
        let around = i.saturating_sub(5)..(i + 6).min(off.len());
        let mut near: Vec<f32> = around.map(|k| off[k]).collect();
        let middle = near.len() / 2;
        *near.select_nth_unstable_by(middle, f32::total_cmp).1
    };
    (0..off.len()).map(|i| (off[i] - bend(i)).abs()).fold(0.0, f32::max)
}

/// Returns the second largest distance of a character from the nearest of its kind, in medians. Fillers are left out,
/// because there are always many.
fn unlike(all: &[&Character]) -> Option<f32> {
    let distance = |a: &Character, b: &Character| {
        1.0 - a.picture.iter().zip(&b.picture).map(|(x, y)| x * y).sum::<f32>()
    };
    let mut nearest: Vec<f32> = Vec::new();
    for (i, c) in all.iter().enumerate().filter(|(_, c)| c.letter != '<') {
        let others = all.iter().enumerate().filter(|(k, o)| *k != i && o.letter == c.letter);
        nearest.extend(others.map(|(_, o)| distance(c, o)).reduce(f32::min));
    }
    if nearest.len() < FEWEST {
        return None;
    }
    nearest.sort_unstable_by(f32::total_cmp);
    let (second, median) = (nearest[nearest.len() - 2], nearest[nearest.len() / 2]);
    Some(second / median.max(0.01))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};
    use proptest::prelude::*;

    /// Two lines of boxes, a letter being so wide and high; `odd` is drawn otherwise, or stands elsewhere.
    fn page(odd: Option<usize>, shift: u32) -> (Page, Vec<Quad>, Vec<String>) {
        let mut rgb = RgbImage::from_pixel(800, 140, Rgb([220; 3]));
        let text = "AABBCCDDEEAABBCCDDEE";
        for (line, (i, c)) in (0..2).flat_map(|l| text.chars().enumerate().map(move |c| (l, c))) {
            let is_odd = line == 1 && odd.is_some_and(|odd| i == odd || i == odd + 2);
            let (x0, y0) = (20 + i as u32 * 36 + if is_odd { shift } else { 0 }, 20 + line * 60);
            let hole = if is_odd && shift == 0 { 9 } else { 3 + (c as u32 - 'A' as u32) * 3 };
            for (x, y) in (0..22).flat_map(|x| (0..34).map(move |y| (x, y))) {
                let is_ink = !(4..18).contains(&x) || !(hole..hole + 12).contains(&y);
                if is_ink {
                    rgb.put_pixel(x0 + x, y0 + y, Rgb([20 + (x % 3) as u8; 3]));
                }
            }
        }
        let quad = |y: f32| Quad([[10.0, y], [760.0, y], [760.0, y + 44.0], [10.0, y + 44.0]]);
        let page = Page::from_rgb(rgb);
        (page, vec![quad(15.0), quad(75.0)], vec![text.into(), text.into()])
    }

    #[test]
    fn an_even_zone_passes_and_a_moved_or_foreign_character_stands_out() {
        let measure =
            |(page, quads, lines): (Page, Vec<Quad>, Vec<String>)| zone_print(&page, &quads, &lines).unwrap();
        let even = measure(page(None, 0));
        let moved = measure(page(Some(4), 8));
        let foreign = measure(page(Some(8), 0));
        assert!(even.pitch < 0.08 && moved.pitch > 0.15, "{even:?} {moved:?}");
        assert!(foreign.face.unwrap() > 2.0 * even.face.unwrap(), "{even:?} {foreign:?}");
    }

    #[test]
    fn a_line_that_cannot_be_segmented_is_not_judged() {
        let (page, quads, lines) = page(None, 0);
        assert_eq!(zone_print(&page, &quads, &["AAA".into(), "BBB".into()]), None);
        let blank = Page::from_rgb(RgbImage::new(30, 30));
        assert_eq!(zone_print(&blank, &quads, &lines), None);
        let empty = Page::from_rgb(RgbImage::new(0, 0));
        assert_eq!(zone_print(&empty, &[], &[]), None);
    }

    proptest! {
        #[test]
        fn any_quads_give_numbers_or_nothing(points in prop::array::uniform8(-200f32..1000.0)) {
            let (page, mut quads, lines) = page(None, 0);
            points.chunks_exact(2).zip(&mut quads[0].0).for_each(|(p, q)| *q = [p[0], p[1]]);
            if let Some(print) = zone_print(&page, &quads, &lines) {
                prop_assert!(print.pitch.is_finite() && print.face.is_none_or(f32::is_finite));
            }
        }
    }
}
