//! Finds a document's edges: straight lines of strong gradient (Duda and Hart 1972; each pixel votes only near the
//! direction of its own gradient). Of all quads they form, the largest with visible sides is the document.

use image::{GrayImage, imageops};
use imageproc::{
    filter::gaussian_blur_f32,
    gradients::{horizontal_sobel, vertical_sobel},
};

use super::{Outline, OutlineSource};
use crate::{Page, geometry::Quad};

/// Longer side of the searched picture, pixels.
const SIDE: u32 = 640;
/// Standard deviation of the blur, in pixels. Without it a slanted edge is a staircase whose steps have no slope.
const BLUR: f32 = 1.2;
/// Sobel gradient of an edge: a step of about ten grey levels after that blur.
const STEP: i16 = 24;
/// Slopes searched on either side of an axis, in steps of `TAN`: 16 degrees.
const STEPS: i32 = 36;
const TAN: f32 = 0.008;
/// Largest difference between a pixel's slope and one that it votes for.
const NEAR: f32 = 0.07;
/// Most lines of either direction that are tried.
const LINES: usize = 12;
/// Least votes of a line, as a share of the picture's side.
const VOTES: f32 = 0.16;
/// Least share of the picture that a document covers.
const SHARE: f32 = 0.14;
/// Width over height of documents, horizontal and vertical, including the effect of perspective.
const ASPECTS: [std::ops::RangeInclusive<f32>; 2] = [1.22..=1.82, 0.55..=0.82];
/// Least visible share of each side; of each of the other three when one is assumed to lie on the border; and of all
/// sides together.
const SEEN: f32 = 0.3;
const SEEN_OF_THREE: f32 = 0.7;
const SEEN_OF_ALL: f32 = 0.66;
/// Weight of a side on the border of the picture.
const ON_BORDER: f32 = 0.5;
/// A side on the border is cut off when the opposite one is this far inside, as a share of the picture; when all are on
/// the border, the picture was cropped.
const CLEAR: f32 = 0.06;
/// A larger quad is preferred even if this much less of it is visible.
const YIELD: f32 = 0.12;

/// Returns the corners of the document on an upright page; `None` when its edges are not visible.
pub(crate) fn edges(page: &Page) -> Option<Outline> {
    let scale = SIDE as f32 / page.width().max(page.height()).max(1) as f32;
    let side = |v: u32| (v as f32 * scale) as u32;
    let (width, height) = (side(page.width()), side(page.height()));
    if width.min(height) < 100 {
        return None;
    }
    let luma = imageops::grayscale(&crate::page::resized(&page.rgb, width, height));
    let luma = gaussian_blur_f32(&luma, BLUR);
    let upright = Family::of(&luma, false);
    let lying = Family::of(&luma, true);
    let (columns, rows) = (upright.lines(), lying.lines());
    let found = best(&columns, &rows, width, height)?;
    let back = |[x, y]: [f32; 2]| [(x + 0.5) / scale, (y + 0.5) / scale];
    Some(Outline { quad: Quad(found.quad.0.map(back)), ..found })
}

/// Edge pixels of one direction. For horizontal lines x and y are exchanged.
struct Family {
    /// Extent along the lines, and across.
    length: usize,
    breadth: usize,
    /// By line: whether there is an edge, and its slope.
    slopes: Vec<Option<f32>>,
}

/// `across = offset + slope * (along - length / 2)`.
#[derive(Clone)]
struct Line {
    offset: f32,
    slope: f32,
    /// For each place the number of edge pixels before it; empty for the picture's own border.
    seen: Vec<u32>,
}

impl Family {
    fn of(luma: &GrayImage, is_lying: bool) -> Self {
        let (gx, gy) = (horizontal_sobel(luma), vertical_sobel(luma));
        let (w, h) = (luma.width() as usize, luma.height() as usize);
        let (length, breadth) = if is_lying { (w, h) } else { (h, w) };
        let gradient = |along: usize, across: usize| {
            let at = if is_lying { across * w + along } else { along * w + across };
            let (x, y) = (gx.as_raw()[at], gy.as_raw()[at]);
            if is_lying { (y, x) } else { (x, y) }
        };
        let mut slopes = vec![None; length * breadth];
        for along in 0..length {
            for across in 1..breadth - 1 {
                let (g, other) = gradient(along, across);
                let strength = g.abs();
                let is_ridge = strength >= gradient(along, across - 1).0.abs()
                    && strength > gradient(along, across + 1).0.abs();
                if strength >= STEP && is_ridge && other.abs() * 3 < strength {
                    // An edge is perpendicular to its gradient.
                    slopes[along * breadth + across] = Some(-f32::from(other) / f32::from(g));
                }
            }
        }
        Self { length, breadth, slopes }
    }

    fn pixels(&self) -> impl Iterator<Item = (f32, f32, f32)> {
        let middle = self.length as f32 / 2.0;
        self.slopes.iter().enumerate().filter_map(move |(i, slope)| {
            let (along, across) = (i / self.breadth, i % self.breadth);
            Some((along as f32 - middle, across as f32, (*slope)?))
        })
    }

    /// Returns the lines with the most votes, and the two borders of the picture.
    fn lines(&self) -> Vec<Line> {
        let bins = self.breadth * 2;
        let shift = bins as f32 / 4.0;
        let mut votes = vec![0_u16; bins * (2 * STEPS as usize + 1)];
        for (along, across, slope) in self.pixels() {
            let near = |tan: f32| ((tan / TAN).round() as i32).clamp(-STEPS, STEPS);
            for step in near(slope - NEAR)..=near(slope + NEAR) {
                let offset = across - step as f32 * TAN * along + shift;
                if (0.0..bins as f32).contains(&offset) {
                    votes[(step + STEPS) as usize * bins + offset as usize] += 1;
                }
            }
        }
        let fewest = (VOTES * self.length as f32) as u16;
        let mut found = Vec::new();
        while found.len() < LINES {
            let Some((at, most)) = votes.iter().enumerate().max_by_key(|(_, v)| **v) else { break };
            if *most < fewest {
                break;
            }
            let (step, bin) = ((at / bins) as i32 - STEPS, at % bins);
            self.clear(&mut votes, bins, step, bin);
            found.push(self.fitted(bin as f32 + 0.5 - shift, step as f32 * TAN));
        }
        let border = |offset: f32| Line { offset, slope: 0.0, seen: Vec::new() };
        found.extend([border(0.0), border(self.breadth as f32 - 1.0)]);
        found
    }

    /// Removes the votes that the same edge gave to neighbouring lines.
    fn clear(&self, votes: &mut [u16], bins: usize, step: i32, bin: usize) {
        for other in (step - 5).max(-STEPS)..=(step + 5).min(STEPS) {
            let from = (other + STEPS) as usize * bins;
            votes[from + bin.saturating_sub(6)..from + (bin + 7).min(bins)].fill(0);
        }
    }

    /// Fits a straight line through the edge's pixels.
    fn fitted(&self, mut offset: f32, mut slope: f32) -> Line {
        for reach in [2.5, 1.5] {
            let on = |(along, across, _): &(f32, f32, f32)| (across - offset - slope * along).abs() < reach;
            let (mut n, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (along, across, _) in self.pixels().filter(on) {
                (n, x, y, xx, xy) = (n + 1.0, x + along, y + across, xx + along * along, xy + along * across);
            }
            let spread = n * xx - x * x;
            if n >= 10.0 && spread > 1.0 {
                slope = (n * xy - x * y) / spread;
                offset = (y - slope * x) / n;
            }
        }
        let mut line = Line { offset, slope, seen: Vec::with_capacity(self.length + 1) };
        let mut count = 0;
        line.seen.push(0);
        for along in 0..self.length {
            let across = line.at(along as f32, self.length).round() as i32;
            let is_edge = |d: i32| {
                let at = across + d;
                (0..self.breadth as i32).contains(&at)
                    && self.slopes[along * self.breadth + at as usize]
                        .is_some_and(|s| (s - slope).abs() < 0.15)
            };
            count += u32::from((-1..=1).any(is_edge));
            line.seen.push(count);
        }
        line
    }
}

impl Line {
    fn at(&self, along: f32, length: usize) -> f32 {
        self.offset + self.slope * (along - length as f32 / 2.0)
    }

    fn is_border(&self) -> bool {
        self.seen.is_empty()
    }

    /// Returns the visible share of the line between two places.
    fn seen(&self, from: f32, to: f32) -> f32 {
        if self.is_border() {
            return ON_BORDER;
        }
        let place = |v: f32| (v.max(0.0) as usize).min(self.seen.len() - 1);
        let (a, b) = (place(from), place(to));
        // Parts beyond the picture are not visible.
        (self.seen[b].saturating_sub(self.seen[a])) as f32 / (to - from).max(1.0)
    }
}

fn best(columns: &[Line], rows: &[Line], width: u32, height: u32) -> Option<Outline> {
    let mut tried: Vec<Tried> = Vec::new();
    let size = (width as usize, height as usize);
    for (left, right) in pairs(columns) {
        for (top, bottom) in pairs(rows) {
            tried.extend(judged([left, top, right, bottom], size));
        }
    }
    // A side is only assumed to lie on the border when no four sides are visible.
    if tried.iter().any(|t| !t.is_on_border) {
        tried.retain(|t| !t.is_on_border);
    }
    let most = tried.iter().map(|t| t.seen).fold(0.0, f32::max);
    let near = tried.into_iter().filter(|t| t.seen >= most - YIELD);
    near.max_by(|a, b| a.area.total_cmp(&b.area)).map(|t| t.outline)
}

/// A quad that may be the document.
struct Tried {
    /// Mean visible share of its sides.
    seen: f32,
    /// Square pixels.
    area: f32,
    is_on_border: bool,
    outline: Outline,
}

fn pairs(lines: &[Line]) -> impl Iterator<Item = (&Line, &Line)> {
    let all = lines.iter().flat_map(move |a| lines.iter().map(move |b| (a, b)));
    all.filter(|(a, b)| b.offset - a.offset > 60.0)
}

/// Returns how much of a quad's outline is visible, and its area; `None` when it cannot be a document.
fn judged([left, top, right, bottom]: [&Line; 4], (width, height): (usize, usize)) -> Option<Tried> {
    let borders = [left, top, right, bottom].iter().filter(|l| l.is_border()).count();
    if borders > 1 {
        return None;
    }
    let (w, h) = (width as f32, height as f32);
    let inside = [w - right.offset, h - bottom.offset, left.offset, top.offset];
    let far = inside.iter().zip([w, h, w, h]).map(|(inside, size)| *inside > CLEAR * size);
    let cut = [left, top, right, bottom].iter().zip(far).filter(|(l, far)| l.is_border() && *far).count();
    let corner = |column: &Line, row: &Line| {
        // x = a + b y, y = c + d x.
        let a = column.offset - column.slope * height as f32 / 2.0;
        let c = row.offset - row.slope * width as f32 / 2.0;
        let x = (a + column.slope * c) / (1.0 - column.slope * row.slope);
        [x, c + row.slope * x]
    };
    let quad = Quad([corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)]);
    let area = quad.area();
    let aspect = quad.width() / quad.height().max(1.0);
    let is_document = borders > 0 || ASPECTS.iter().any(|range| range.contains(&aspect));
    if area < SHARE * (width * height) as f32 || !is_document || !(0.5..=2.2).contains(&aspect) {
        return None;
    }
    let [a, b, c, d] = quad.0;
    let seen = [left.seen(a[1], d[1]), right.seen(b[1], c[1]), top.seen(a[0], b[0]), bottom.seen(d[0], c[0])];
    let sides = [left, right, top, bottom].into_iter().zip(seen);
    let least = sides.filter(|(l, _)| !l.is_border()).map(|(_, seen)| seen).fold(1.0, f32::min);
    let wanted = if borders > 0 { SEEN_OF_THREE } else { SEEN };
    let mean = seen.iter().sum::<f32>() / 4.0;
    let outline = Outline { quad, source: OutlineSource::Edges, cut };
    (least >= wanted && mean >= SEEN_OF_ALL).then_some(Tried {
        seen: mean,
        area,
        is_on_border: borders > 0,
        outline,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use face::Rect;
    use image::{Rgb, RgbImage};
    use proptest::prelude::*;

    /// A pale card with lines of text on a dark table.
    fn card(quad: &Quad) -> Page {
        let mut state = 5_u32;
        let inside = |x: u32, y: u32| quad.contains([x as f32, y as f32]);
        let rgb = RgbImage::from_fn(1200, 900, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 28) as u8;
            let is_text = y % 40 < 14 && (x * 7 + y / 40 * 3) % 23 < 9 && (300..700).contains(&x);
            let base = if !inside(x, y) {
                70
            } else if is_text {
                40
            } else {
                200
            };
            Rgb([base + noise, base + noise, base + noise / 2])
        });
        Page::from_rgb(rgb)
    }

    fn furthest(a: &Quad, b: &Quad) -> f32 {
        a.0.iter().zip(b.0).map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1])).fold(0.0, f32::max)
    }

    #[test]
    fn a_card_on_a_table_is_found_tilted_and_in_perspective() {
        for quad in [
            Quad([[150.0, 140.0], [1050.0, 140.0], [1050.0, 710.0], [150.0, 710.0]]),
            Quad([[190.0, 110.0], [1060.0, 220.0], [990.0, 790.0], [110.0, 690.0]]),
            Quad([[250.0, 150.0], [950.0, 170.0], [1050.0, 720.0], [140.0, 700.0]]),
        ] {
            let found = edges(&card(&quad)).unwrap();
            assert!(furthest(&found.quad, &quad) < 6.0, "{found:?}");
            assert_eq!((found.source, found.cut), (OutlineSource::Edges, 0));
        }
    }

    #[test]
    fn a_card_that_extends_beyond_the_border_is_cropped() {
        let quad = Quad([[-160.0, 140.0], [850.0, 150.0], [845.0, 760.0], [-160.0, 750.0]]);
        assert_eq!(edges(&card(&quad)).map(|o| o.cut), Some(1));
    }

    #[test]
    fn a_picture_without_edges_has_no_outline() {
        assert_eq!(edges(&card(&Quad::of_rect(Rect { x: -9.0, y: -9.0, w: 1300.0, h: 1000.0 }))), None);
        assert_eq!(edges(&Page::from_rgb(RgbImage::new(3000, 40))), None);
        assert_eq!(edges(&Page::from_rgb(RgbImage::new(0, 0))), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn corners_are_numbers(points in prop::array::uniform8(0f32..900.0)) {
            let mut quad = Quad([[0.0; 2]; 4]);
            points.chunks_exact(2).zip(&mut quad.0).for_each(|(p, q)| *q = [p[0], p[1]]);
            if let Some(found) = edges(&card(&quad)) {
                prop_assert!(found.quad.0.iter().flatten().all(|v| v.is_finite()));
            }
        }
    }
}
