//! Locates candidate regions of a barcode on a page: blocks full of edges that together form a filled rectangle.

use image::GrayImage;

use super::view;
use crate::{
    Page,
    geometry::{Quad, smallest_rectangle},
    outline::Outline,
};

/// Longer side of the searched picture and side of a block, pixels.
const SIDE: u32 = 800;
const BLOCK: usize = 8;
/// Mean difference of neighbouring pixels, as a share of the page's range of greys, from which a block is dense.
const DENSE: f32 = 0.07;
/// Smallest thickness of a region in blocks, and largest ratio of length to thickness: a line of text is thinner.
const THICK: f32 = 5.0;
const LONG: f32 = 9.0;
/// Share of a region's rectangle that must be dense.
const FILLED: f32 = 0.66;
/// Most regions that are tried, largest first.
const MOST: usize = 2;

/// Returns the regions that may contain a barcode, in pixels of the page, except lines of a zone.
pub(super) fn regions(page: &Page, outline: Option<&Outline>, zone: &[Quad]) -> Vec<Quad> {
    let Some((luma, to_page)) = view(page, outline, SIDE) else { return Vec::new() };
    let (wide, high) = (luma.width() as usize / BLOCK, luma.height() as usize / BLOCK);
    let dense = dense(&luma, wide, high);
    let in_zone = |i: usize| {
        let middle = |v: usize| (v * BLOCK + BLOCK / 2) as f32;
        let at = to_page.apply([middle(i % wide), middle(i / wide)]);
        zone.iter().any(|q| q.grown(0.0, q.height()).contains(at))
    };
    let mut open: Vec<bool> = dense.iter().enumerate().map(|(i, d)| *d && !in_zone(i)).collect();
    let mut found: Vec<Quad> = Vec::new();
    for start in 0..open.len() {
        if open[start] {
            found.extend(rectangle(&flood(&mut open, wide, high, start), wide));
        }
    }
    found.sort_by(|a, b| b.area().total_cmp(&a.area()));
    found.truncate(MOST);
    found.into_iter().map(|quad| quad.mapped(&to_page)).collect()
}

/// Returns which blocks are dense, averaged with their neighbours.
fn dense(luma: &GrayImage, wide: usize, high: usize) -> Vec<bool> {
    let range = range(luma).max(20.0);
    let raw = luma.as_raw();
    let stride = luma.width() as usize;
    let step = |a: usize, b: usize| f32::from(raw[a].abs_diff(raw[b]));
    let mut each = vec![0.0_f32; wide * high];
    for (i, block) in each.iter_mut().enumerate() {
        let (x, y) = (i % wide * BLOCK, i / wide * BLOCK);
        for at in (0..BLOCK - 1).flat_map(|dy| (0..BLOCK - 1).map(move |dx| (y + dy) * stride + x + dx)) {
            *block += step(at, at + 1).max(step(at, at + stride));
        }
        *block /= range * ((BLOCK - 1) * (BLOCK - 1)) as f32;
    }
    let mean = |i: usize| {
        let (x, y) = (i % wide, i / wide);
        let (mut sum, mut n) = (0.0, 0.0);
        for (x, y) in (y.saturating_sub(1)..(y + 2).min(high))
            .flat_map(|y| (x.saturating_sub(1)..(x + 2).min(wide)).map(move |x| (x, y)))
        {
            (sum, n) = (sum + each[y * wide + x], n + 1.0);
        }
        sum / n
    };
    (0..each.len()).map(|i| mean(i) >= DENSE).collect()
}

/// Returns the range from the 5th to the 95th percentile of the greys.
fn range(luma: &GrayImage) -> f32 {
    let mut counts = [0_usize; 256];
    luma.as_raw().iter().for_each(|v| counts[usize::from(*v)] += 1);
    let at = |share: usize| {
        let mut left = luma.as_raw().len() * share / 100;
        counts.iter().position(|n| {
            let is_here = left < *n;
            left = left.saturating_sub(*n);
            is_here
        })
    };
    at(95).unwrap_or(255).saturating_sub(at(5).unwrap_or(0)) as f32
}

fn flood(open: &mut [bool], wide: usize, high: usize, start: usize) -> Vec<usize> {
    let (mut found, mut todo) = (Vec::new(), vec![start]);
    open[start] = false;
    while let Some(at) = todo.pop() {
        found.push(at);
        let (x, y) = (at % wide, at / wide);
        let beside = [
            (x > 0).then(|| at - 1),
            (x + 1 < wide).then_some(at + 1),
            (y > 0).then(|| at - wide),
            (y + 1 < high).then_some(at + wide),
        ];
        for next in beside.into_iter().flatten() {
            if std::mem::take(&mut open[next]) {
                todo.push(next);
            }
        }
    }
    found
}

/// Returns the rectangle of a patch of blocks when it is filled and has a barcode's proportions; in pixels of the view.
fn rectangle(blocks: &[usize], wide: usize) -> Option<Quad> {
    let corner = |at: usize, dx: usize, dy: usize| {
        [((at % wide + dx) * BLOCK) as f32, ((at / wide + dy) * BLOCK) as f32]
    };
    let corners: Vec<[f32; 2]> = blocks
        .iter()
        .flat_map(|at| [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| corner(*at, x, y)))
        .collect();
    let quad = smallest_rectangle(&corners)?;
    let (thin, thick) = (quad.width().min(quad.height()), quad.width().max(quad.height()));
    let filled = (blocks.len() * BLOCK * BLOCK) as f32 / quad.area().max(1.0);
    (thin >= THICK * BLOCK as f32 && thick <= LONG * thin && filled >= FILLED).then_some(quad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    #[test]
    fn a_patch_of_bars_is_found_and_lines_of_text_are_not() {
        let bars = |x: u32, y: u32| (300..900).contains(&x) && (500..680).contains(&y);
        let rgb = RgbImage::from_fn(1200, 800, |x, y| {
            let is_bar = bars(x, y) && (x / 5 * 31 + y / 15 * 17) % 7 < 3;
            let is_text = y < 400 && y % 60 < 16 && x % 11 < 4;
            Rgb([if is_bar || is_text { 30 } else { 220 }; 3])
        });
        let page = Page::from_rgb(rgb);
        let found = regions(&page, None, &[]);
        let [region] = found[..] else { panic!("{found:?}") };
        let [a, _, c, _] = region.0;
        assert!((a[0] - 300.0).abs() < 30.0 && (c[1] - 680.0).abs() < 30.0, "{region:?}");
        assert!(regions(&page, None, &[region]).is_empty(), "a zone is no barcode");
    }
}
