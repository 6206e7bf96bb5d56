//! Locates the document on the picture: its four corners, from its edges, its machine readable zone, or its text.

mod edges;

use face::Rect;
use serde::Serialize;

use crate::{
    Mrz, Page,
    field::TextLine,
    geometry::{Homography, Quad, around},
    mrz::MrzFormat,
};

pub(crate) use edges::edges;

/// The basis of an outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlineSource {
    /// The document's own edges.
    Edges,
    /// The zone, and the dimensions of documents with its form.
    Zone,
    /// The rectangle around its text; the document is larger.
    Text,
}

/// The corners of a document.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outline {
    /// Pixels of the page.
    pub quad: Quad,
    pub source: OutlineSource,
    /// Sides on or beyond the border of the picture.
    pub cut: usize,
}

/// Character pitch of a zone, and the distance from the middle of its last line to the lower edge, in millimetres (ICAO
/// Doc 9303-3).
const PITCH: f32 = 2.54;
const ZONE_ABOVE_EDGE: f32 = 8.5;
/// Share of a line's height that is added as a margin on either side when it is detected.
const MARGIN: f32 = 0.3;
/// Millimetres by which an edge that is calculated from the zone may be beyond the picture.
const UNSURE: f32 = 5.0;
/// Tilt in radians, and difference of opposite sides as a share, from which a document is straightened: text is
/// detected as well on one that is almost straight.
const ASKEW: f32 = 0.055;
const KEYSTONE: f32 = 0.05;
/// Share of the picture below which the document is also enlarged.
const SMALL: f32 = 0.42;
/// Margin around a straightened document, as a share of its sides.
const AROUND: f32 = 0.03;

impl Outline {
    /// Returns the best outline of a page that has been read: `edges` when they were found.
    pub(crate) fn of(
        page: &Page,
        edges: Option<Self>,
        mrz: Option<&Mrz>,
        lines: &[TextLine],
    ) -> Option<Self> {
        edges.or_else(|| mrz.and_then(|m| by_zone(page, m))).or_else(|| by_text(lines))
    }

    /// Returns whether straightening can help to find the text.
    pub(crate) fn is_askew(&self, page: &Page) -> bool {
        let [a, b, c, d] = self.quad.0;
        let level = |p: [f32; 2], q: [f32; 2]| ((q[1] - p[1]) / (q[0] - p[0]).abs().max(1.0)).abs();
        let plumb = |p: [f32; 2], q: [f32; 2]| ((q[0] - p[0]) / (q[1] - p[1]).abs().max(1.0)).abs();
        let tilt = level(a, b).max(level(d, c)).max(plumb(a, d)).max(plumb(b, c));
        let length = |p: [f32; 2], q: [f32; 2]| (p[0] - q[0]).hypot(p[1] - q[1]).max(1.0);
        let uneven = |p: f32, q: f32| (p / q).max(q / p) - 1.0;
        let keystone = uneven(length(a, b), length(d, c)).max(uneven(length(a, d), length(b, c)));
        let share = self.quad.area() / (page.width() * page.height()).max(1) as f32;
        tilt > ASKEW || keystone > KEYSTONE || share < SMALL
    }

    /// Returns the part of the page that is straightened.
    pub(crate) fn shown(&self) -> Quad {
        let (w, h) = (self.quad.width(), self.quad.height());
        self.quad.grown(AROUND * w, AROUND * h)
    }

    /// Returns the map from the page to the straightened document, at about the same scale.
    pub(crate) fn straightening(&self) -> Option<Homography> {
        let (w, h) = (self.quad.width(), self.quad.height());
        Homography::between(&self.quad, &Quad::of_rect(Rect { x: 0.0, y: 0.0, w, h }))
    }
}

/// Returns width and height of documents of a form, in millimetres.
fn size(format: MrzFormat) -> (f32, f32) {
    match format {
        MrzFormat::Td1 | MrzFormat::Licence => (85.6, 54.0),
        MrzFormat::Td2 | MrzFormat::MrvB | MrzFormat::FranceCard => (105.0, 74.0),
        MrzFormat::Td3 => (125.0, 88.0),
        MrzFormat::MrvA => (120.0, 80.0),
    }
}

/// Calculates the corners from the zone, which gives scale and direction, but not perspective.
fn by_zone(page: &Page, mrz: &Mrz) -> Option<Outline> {
    let (first, last) = (mrz.quads.first()?, mrz.quads.last()?);
    if !mrz.all_digits_right() || mrz.quads.len() < 2 {
        return None;
    }
    let (wide, high) = size(mrz.format);
    let characters = mrz.format.size().1 as f32;
    let line = |q: &Quad| {
        let [a, b, c, d] = q.0;
        let margin = MARGIN * q.height();
        ([(a[0] + d[0]) / 2.0, (a[1] + d[1]) / 2.0], [(b[0] + c[0]) / 2.0, (b[1] + c[1]) / 2.0], margin)
    };
    let (from, to, margin) = line(last);
    let length = (to[0] - from[0]).hypot(to[1] - from[1]) - 2.0 * margin;
    let mm = length / (characters * PITCH);
    if !(mm > 0.5 && mm.is_finite()) {
        return None;
    }
    let along = [(to[0] - from[0]), (to[1] - from[1])].map(|v| v / (length + 2.0 * margin));
    // Down is perpendicular to the lines, towards the last one.
    let (top, bottom) = (first.centre(), last.centre());
    let side = (bottom[0] - top[0]) * -along[1] + (bottom[1] - top[1]) * along[0];
    let down = [-along[1] * side.signum(), along[0] * side.signum()];
    let left = margin - (wide - characters * PITCH) / 2.0 * mm;
    let corner = |x: f32, y: f32| {
        let (x, y) = (left + x * mm, (ZONE_ABOVE_EDGE - high + y) * mm);
        [from[0] + x * along[0] + y * down[0], from[1] + x * along[1] + y * down[1]]
    };
    let quad = Quad([corner(0.0, 0.0), corner(wide, 0.0), corner(wide, high), corner(0.0, high)]);
    Some(Outline { quad, source: OutlineSource::Zone, cut: beyond(page, &quad, UNSURE * mm) })
}

/// Returns the rectangle around all text, aligned with most of its lines.
fn by_text(lines: &[TextLine]) -> Option<Outline> {
    let corners: Vec<[f32; 2]> = lines.iter().flat_map(|l| l.quad.0).collect();
    let mut angles: Vec<f32> =
        lines.iter().filter(|l| l.quad.width() > 3.0 * l.quad.height()).map(|l| l.quad.angle()).collect();
    angles.sort_by(f32::total_cmp);
    let (sin, cos) = angles.get(angles.len() / 2)?.sin_cos();
    let (area, quad) = around(&corners, [cos, sin]);
    if lines.len() < 3 || area < 1.0 {
        return None;
    }
    Some(Outline { quad, source: OutlineSource::Text, cut: 0 })
}

/// Returns the sides whose middle is more than `slack` pixels beyond the picture. The upper side is excluded, because
/// it is too far from the zone to be calculated precisely.
fn beyond(page: &Page, quad: &Quad, slack: f32) -> usize {
    let (w, h) = (page.width() as f32, page.height() as f32);
    let next = quad.0.iter().cycle().skip(1);
    let middles = quad.0.iter().zip(next).map(|(p, q)| [(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0]);
    let is_out = |p: &[f32; 2]| p[0] < -slack || p[1] < -slack || p[0] > w + slack || p[1] > h + slack;
    middles.skip(1).filter(is_out).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    fn page(width: u32, height: u32) -> Page {
        Page::from_rgb(RgbImage::new(width, height))
    }

    /// A passport's zone on a page where a millimetre is eight pixels and the document's corner is at `at`.
    fn zone(at: [f32; 2]) -> Mrz {
        let lines =
            ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
        let mut mrz = Mrz::parse_lines(&lines.map(str::to_owned)).unwrap();
        let (wide, high, mm) = (125.0, 88.0, 8.0);
        let (zone, tall) = (44.0 * PITCH, 4.0 * mm);
        for (quad, above) in mrz.quads.iter_mut().zip([ZONE_ABOVE_EDGE + 6.35, ZONE_ABOVE_EDGE]) {
            let (x, y) = (at[0] + (wide - zone) / 2.0 * mm, at[1] + (high - above) * mm);
            let rect =
                Rect { x: x - MARGIN * tall, y: y - tall / 2.0, w: zone * mm + 2.0 * MARGIN * tall, h: tall };
            *quad = Quad::of_rect(rect);
        }
        mrz
    }

    #[test]
    fn the_zone_tells_where_the_document_ends_and_whether_the_picture_ends_before() {
        let whole = by_zone(&page(1200, 900), &zone([100.0, 90.0])).unwrap();
        for (found, true_) in whole.quad.0.iter().zip([[100.0, 90.0], [1100.0, 90.0], [1100.0, 794.0]]) {
            assert!((found[0] - true_[0]).abs() < 2.0 && (found[1] - true_[1]).abs() < 2.0, "{whole:?}");
        }
        assert_eq!(whole.cut, 0);
        assert_eq!(
            by_zone(&page(1200, 900), &zone([-64.0, 90.0])).unwrap().cut,
            1,
            "its left edge is missing"
        );
    }

    #[test]
    fn what_lies_nearly_straight_and_fills_the_picture_is_left_as_it_is() {
        let outline = |quad| Outline { quad: Quad(quad), source: OutlineSource::Edges, cut: 0 };
        let straight = outline([[50.0, 50.0], [950.0, 60.0], [945.0, 650.0], [48.0, 640.0]]);
        assert!(!straight.is_askew(&page(1000, 700)));
        let keystone = outline([[120.0, 50.0], [880.0, 60.0], [945.0, 650.0], [48.0, 640.0]]);
        assert!(keystone.is_askew(&page(1000, 700)));
        let straightened = keystone.quad.mapped(&keystone.straightening().unwrap());
        assert!(straightened.angle().abs() < 1e-4 && straightened.0[0][0].abs() < 0.1, "{straightened:?}");
    }
}
