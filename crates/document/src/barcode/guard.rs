//! Locates a PDF417 by its guard patterns: bars at its left and right ends that are the same in every row (ISO/IEC
//! 15438: start 8-1-1-1-1-1-1-3, stop 7-1-1-3-1-1-1-2-1).

use image::GrayImage;

use crate::geometry::Quad;

const START: [f32; 8] = [8.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0];
const STOP: [f32; 9] = [7.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 2.0, 1.0];
/// Modules besides the columns of data, which have 17 each: start, two row indicators, stop.
const OVERHEAD: f32 = 69.0;
const COLUMN: f32 = 17.0;
const COLUMNS: std::ops::RangeInclusive<u32> = 1..=30;

/// Rows between scans, in pixels.
const STEP: u32 = 3;
/// Pixels on each side that determine the threshold of a pixel.
const WINDOW: usize = 28;
/// Least contrast there.
const CONTRAST: f32 = 24.0;
/// Tolerance of a bar's width in modules: blur widens dark bars or light ones.
const OFF: f32 = 0.8;
/// Width of a module, pixels.
const MODULE: std::ops::RangeInclusive<f32> = 1.0..=14.0;
/// Fewest scans with a pattern on one line.
const FEWEST: usize = 6;
/// Largest distance from the line, in modules.
const NEAR: f32 = 1.2;
/// Pixels without the bar after which it has ended.
const GAP: usize = 5;

/// A code and its location, in pixels of the picture it was found on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub quad: Quad,
    /// Columns of data.
    pub columns: u32,
}

impl Code {
    /// Modules from end to end.
    pub fn modules(&self) -> f32 {
        OVERHEAD + COLUMN * self.columns as f32
    }
}

/// A guard pattern on one scan: its outer edge, and the width of its modules.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    x: f32,
    y: f32,
    module: f32,
}

/// `x = at + slope * y`, and the sightings on it.
#[derive(Clone, Debug)]
struct Line {
    at: f32,
    slope: f32,
    on_it: Vec<Sighting>,
}

/// Finds a code that is roughly upright on `luma`.
pub(super) fn find_code(luma: &GrayImage) -> Option<Code> {
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for y in (1..luma.height().saturating_sub(1)).step_by(STEP as usize) {
        let edges = edges(&row(luma, y));
        sightings(&edges, &START, |edges, module| Sighting { x: edges[0], y: y as f32, module }, &mut starts);
        sightings(
            &edges,
            &STOP,
            |edges, module| Sighting { x: edges[STOP.len()], y: y as f32, module },
            &mut stops,
        );
    }
    let (start, stop) = (line_of(&starts)?, line_of(&stops)?);
    let (left, right) = (start.module(), stop.module());
    let ([top, bottom], [stop_top, stop_bottom]) =
        (extent(luma, &start, 4.0 * left), extent(luma, &stop, -14.5 * right));
    let corner = |line: &Line, y: f32| [line.at + line.slope * y, y];
    let quad = Quad([
        corner(&start, top),
        corner(&stop, stop_top),
        corner(&stop, stop_bottom),
        corner(&start, bottom),
    ]);
    let wide = quad.width() / f32::midpoint(left, right);
    let columns = ((wide - OVERHEAD) / COLUMN).round();
    let is_code =
        columns >= *COLUMNS.start() as f32 && columns <= *COLUMNS.end() as f32 && quad.height() > 4.0 * left;
    is_code.then_some(Code { quad, columns: columns as u32 })
}

/// Returns a row, averaged with its neighbours, because bars are vertical.
fn row(luma: &GrayImage, y: u32) -> Vec<f32> {
    let value = |x, y| f32::from(luma.get_pixel(x, y).0[0]);
    (0..luma.width()).map(|x| (value(x, y - 1) + value(x, y) + value(x, y + 1)) / 3.0).collect()
}

/// Returns the positions where a row changes from light to dark and back, with subpixel precision, beginning with a
/// change to dark. The threshold is the middle of the darkest and lightest values nearby.
fn edges(row: &[f32]) -> Vec<f32> {
    let mut edges = Vec::new();
    let mut last = 1.0_f32;
    for (x, value) in row.iter().enumerate() {
        let near = &row[x.saturating_sub(WINDOW)..(x + WINDOW).min(row.len())];
        let (low, high) =
            near.iter().fold((255.0_f32, 0.0_f32), |(low, high), v| (low.min(*v), high.max(*v)));
        let above = if high - low < CONTRAST { 1.0 } else { value - f32::midpoint(low, high) };
        if (above < 0.0) != (last < 0.0) {
            let share = last / (last - above);
            edges.push(x as f32 - 1.0 + if share.is_finite() { share } else { 0.5 });
        }
        last = above;
    }
    edges
}

/// Adds the matches of `pattern` among `edges`. It begins with a dark bar, so only every second edge is tried.
fn sightings(
    edges: &[f32],
    pattern: &[f32],
    made: impl Fn(&[f32], f32) -> Sighting,
    found: &mut Vec<Sighting>,
) {
    let modules: f32 = pattern.iter().sum();
    for from in (0..edges.len()).step_by(2) {
        let Some(bars) = edges.get(from..=from + pattern.len()) else { break };
        let module = (bars[pattern.len()] - bars[0]) / modules;
        let fits = |(bar, wide): (&[f32], &f32)| ((bar[1] - bar[0]) / module - wide).abs() <= OFF;
        if MODULE.contains(&module) && bars.windows(2).zip(pattern).all(fits) {
            found.push(made(bars, module));
        }
    }
}

/// Returns the line with the most matches.
fn line_of(sightings: &[Sighting]) -> Option<Line> {
    let mut best: Vec<Sighting> = Vec::new();
    // All pairs of a hundred suffice, and take little time.
    let every = sightings.len().div_ceil(100).max(1);
    let some: Vec<&Sighting> = sightings.iter().step_by(every).collect();
    for (at, a) in some.iter().enumerate() {
        for b in some[at + 1..].iter().filter(|b| b.y - a.y > 6.0 * STEP as f32) {
            let slope = (b.x - a.x) / (b.y - a.y);
            // The code of a region does not lean more than this.
            if slope.abs() > 1.0 {
                continue;
            }
            let is_near = |s: &&Sighting| (a.x + slope * (s.y - a.y) - s.x).abs() <= NEAR * a.module;
            let near: Vec<Sighting> = sightings.iter().filter(is_near).copied().collect();
            if near.len() > best.len() {
                best = near;
            }
        }
    }
    (best.len() >= FEWEST).then(|| Line::through(best))
}

impl Line {
    /// Returns the least-squares line.
    fn through(on_it: Vec<Sighting>) -> Self {
        let n = on_it.len() as f32;
        let (mx, my) =
            (on_it.iter().map(|s| s.x).sum::<f32>() / n, on_it.iter().map(|s| s.y).sum::<f32>() / n);
        let (up, down) = on_it
            .iter()
            .fold((0.0, 1e-6), |(up, down), s| (up + (s.x - mx) * (s.y - my), down + (s.y - my).powi(2)));
        let slope = up / down;
        Self { at: mx - slope * my, slope, on_it }
    }

    /// Returns the median width of its modules.
    fn module(&self) -> f32 {
        let mut all: Vec<f32> = self.on_it.iter().map(|s| s.module).collect();
        all.sort_by(f32::total_cmp);
        all[all.len() / 2]
    }
}

/// Returns the ends of a guard pattern's wide bar along its line; the middle of the bar is `aside` of it.
fn extent(luma: &GrayImage, line: &Line, aside: f32) -> [f32; 2] {
    let value = |y: f32, aside: f32| {
        let (x, y) = (line.at + line.slope * y + aside, y);
        let is_inside = x >= 0.0 && y >= 0.0 && x < luma.width() as f32 && y < luma.height() as f32;
        is_inside.then(|| f32::from(luma.get_pixel(x as u32, y as u32).0[0]))
    };
    let ys: Vec<f32> = line.on_it.iter().map(|s| s.y).collect();
    let (first, last) = ys.iter().fold((f32::MAX, 0.0_f32), |(first, last), y| (first.min(*y), last.max(*y)));
    let mean = |aside: f32| {
        let all: Vec<f32> = ys.iter().filter_map(|y| value(*y, aside)).collect();
        all.iter().sum::<f32>() / all.len().max(1) as f32
    };
    // The quiet zone is beside the bar, outside the code.
    let quiet = if aside > 0.0 { -2.0 } else { 2.0 } * line.module();
    let limit = f32::midpoint(mean(aside), mean(quiet));
    let walk = |from: f32, step: f32| {
        let (mut end, mut y, mut gap) = (from, from, 0);
        while gap < GAP {
            y += step;
            match value(y, aside) {
                None => break,
                Some(value) if value < limit => (end, gap) = (y, 0),
                Some(_) => gap += 1,
            }
        }
        end
    };
    [walk(first, -1.0), walk(last, 1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Luma, imageops};
    use proptest::prelude::*;

    /// A code of random bars between its guards, 3 pixels a module, sheared so that it leans.
    fn drawn(columns: u32, lean: f32) -> (GrayImage, [f32; 2]) {
        let mut modules: Vec<bool> = Vec::new();
        let mut push = |widths: &[f32]| {
            for (at, wide) in widths.iter().enumerate() {
                modules.extend(std::iter::repeat_n(at % 2 == 0, *wide as usize));
            }
        };
        push(&START);
        for column in 0..columns + 2 {
            push(&[4.0, 1.0, 2.0, 3.0, 1.0, 1.0 + (column % 2) as f32, 4.0 - (column % 2) as f32, 1.0]);
        }
        push(&STOP);
        let (left, top, high) = (60.0, 40.0, 120.0);
        let wide = left as u32 * 2 + modules.len() as u32 * 3 + 80;
        let image = GrayImage::from_fn(wide, 200, |x, y| {
            let at = (x as f32 - left - lean * (y as f32 - top)) / 3.0;
            let is_inside = (top..top + high).contains(&(y as f32)) && at >= 0.0;
            let is_dark = is_inside && modules.get(at as usize).copied().unwrap_or(false);
            Luma([if is_dark { 40 } else { 215 }])
        });
        (imageops::blur(&image, 1.2), [left, top])
    }

    #[test]
    fn the_corners_and_columns_of_a_blurred_and_leaning_code_are_found() {
        for (columns, lean) in [(5, 0.0), (10, 0.15), (13, -0.2)] {
            let (image, [left, top]) = drawn(columns, lean);
            let code = find_code(&image).unwrap();
            assert_eq!(code.columns, columns);
            let [corner, ..] = code.quad.0;
            assert!((corner[0] - left).abs() < 4.0 && (corner[1] - top).abs() < 5.0, "{:?}", code.quad);
        }
    }

    #[test]
    fn text_and_plain_paper_are_no_code() {
        let text = GrayImage::from_fn(600, 200, |x, y| {
            Luma([if y % 40 < 20 && (x / 7) % 3 == 0 { 40 } else { 220 }])
        });
        assert!(find_code(&text).is_none());
        assert!(find_code(&GrayImage::new(40, 40)).is_none() && find_code(&GrayImage::new(1, 1)).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_picture_causes_no_panic(pixels in prop::collection::vec(any::<u8>(), 64 * 32)) {
            let _ = find_code(&GrayImage::from_raw(64, 32, pixels).unwrap());
        }
    }
}
