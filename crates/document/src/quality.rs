//! Assesses whether a picture can be judged, and otherwise what the photographer can do.

use image::{RgbImage, imageops};

use crate::{
    Check, Outline, OutlineSource, Page, TextLine, geometry::smallest_rectangle, page::resized,
    reasons::Reason,
};

/// Shorter side below which no document is readable, pixels.
const SMALLEST: u32 = 200;
/// Longer side at which measures are taken, so that they are comparable between pictures.
const MEASURED_AT: u32 = 1000;
/// Variance of the Laplacian below which strokes have no sharp edges.
const SOFT: f32 = 12.0;
/// Share of the text's area that may be overexposed.
const BURNT: f32 = 0.25;
/// Channel value from which a pixel is overexposed.
const WHITE: u8 = 253;

/// The measures of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quality {
    shorter: u32,
    sharpness: f32,
    burnt: f32,
    /// Lines of text that extend beyond the border of the picture.
    cut: usize,
    /// Edges of the document on or beyond the border, when its outline is known.
    edges_cut: Option<usize>,
}

impl Quality {
    pub fn of(page: &Page, lines: &[TextLine], outline: Option<&Outline>) -> Self {
        let scale = MEASURED_AT as f32 / page.width().max(page.height()).max(1) as f32;
        let side = |v: u32| ((v as f32 * scale) as u32).max(3);
        let small = resized(&page.rgb, side(page.width()), side(page.height()));
        let corners: Vec<[f32; 2]> = lines.iter().flat_map(|l| l.quad.0).collect();
        let area = smallest_rectangle(&corners).map(|q| q.bounds()).map(|r| {
            let to = |v: f32, most: u32| ((v * scale).max(0.0) as u32).min(most.saturating_sub(3));
            let (x, y) = (to(r.x, small.width()), to(r.y, small.height()));
            let size = |v: f32, from: u32, most: u32| ((v * scale) as u32).clamp(3, most - from);
            imageops::crop_imm(&small, x, y, size(r.w, x, small.width()), size(r.h, y, small.height()))
                .to_image()
        });
        let measured = area.as_ref().unwrap_or(&small);
        let edge = |l: &&TextLine| {
            let b = l.quad.bounds();
            let out = 0.3 * l.quad.height();
            b.x < -out
                || b.y < -out
                || b.x + b.w > page.width() as f32 + out
                || b.y + b.h > page.height() as f32 + out
        };
        Self {
            shorter: page.width().min(page.height()),
            sharpness: laplacian_variance(measured),
            burnt: burnt(measured),
            cut: lines.iter().filter(edge).count(),
            edges_cut: outline.filter(|o| o.source != OutlineSource::Text).map(|o| o.cut),
        }
    }

    fn is_whole(&self) -> bool {
        self.cut == 0 && self.edges_cut.is_none_or(|edges| edges == 0)
    }

    /// Returns the measures as advisory checks.
    pub fn checks(&self) -> Vec<Check> {
        vec![
            Check::advisory(
                "picture_size",
                self.shorter >= SMALLEST,
                format!("shorter side {} pixels, {SMALLEST} are needed", self.shorter),
            ),
            Check::advisory(
                "picture_sharp",
                self.sharpness >= SOFT,
                format!("sharpness {:.0}, {SOFT:.0} is needed", self.sharpness),
            ),
            Check::advisory(
                "picture_glare",
                self.burnt <= BURNT,
                format!("{:.0} % burnt out, {:.0} % are allowed", self.burnt * 100.0, BURNT * 100.0),
            ),
            Check::advisory(
                "picture_whole",
                self.is_whole(),
                match self.edges_cut {
                    Some(edges) => {
                        format!(
                            "{edges} edges of the document and {} lines of text are cut by the border",
                            self.cut
                        )
                    }
                    None => format!("{} lines of text are cut by the border", self.cut),
                },
            ),
        ]
    }

    /// Returns the defect of the picture itself, if any: the first in the order of [`Reason`].
    pub fn reason(&self) -> Option<Reason> {
        let all = [
            (self.shorter < SMALLEST, Reason::PictureTooSmall),
            (self.sharpness < SOFT, Reason::Blurred),
            (self.burnt > BURNT, Reason::Glare),
            (!self.is_whole(), Reason::DocumentCutOff),
        ];
        all.into_iter().find(|(applies, _)| *applies).map(|(_, reason)| reason)
    }
}

fn laplacian_variance(rgb: &RgbImage) -> f32 {
    let luma = imageops::grayscale(rgb);
    let (w, h) = (luma.width() as usize, luma.height() as usize);
    let at = |x: usize, y: usize| luma.as_raw().get(y * w + x).map_or(0.0, |v| f32::from(*v));
    let (mut sum, mut squares, mut n) = (0.0_f64, 0.0_f64, 0.0_f64);
    for y in 1..h.saturating_sub(1) {
        for x in 1..w.saturating_sub(1) {
            let v = f64::from(at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y));
            (sum, squares, n) = (sum + v, squares + v * v, n + 1.0);
        }
    }
    if n > 0.0 { ((squares - sum * sum / n) / n) as f32 } else { 0.0 }
}

fn burnt(rgb: &RgbImage) -> f32 {
    let white = rgb.pixels().filter(|p| p.0.iter().all(|v| *v >= WHITE)).count();
    white as f32 / (rgb.width() * rgb.height()).max(1) as f32
}
