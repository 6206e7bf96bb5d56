//! Finds the holder's signature: ink beside its label.

use face::Rect;
use image::{RgbImage, imageops};

use crate::{
    Page, TextLine,
    portrait::{cropped, jpeg},
    printed::words,
};

/// The label in the languages of documents, without accents.
const LABELS: [&str; 8] =
    ["SIGNATURE", "UNTERSCHRIFT", "PODPIS", "POTPIS", "ALLKIRI", "FIRMA", "ASSINATURA", "HANDTEKENING"];
/// Minimum width and height of the searched area, in heights of the label.
const WIDE: f32 = 9.0;
const HIGH: f32 = 3.5;
/// Share of dark pixels of handwriting.
const INK: std::ops::RangeInclusive<f32> = 0.012..=0.22;

/// Returns the signature as JPEG; `None` without a label or without ink beside it.
pub(crate) fn find(page: &Page, lines: &[TextLine]) -> Option<Vec<u8>> {
    let is_label = |l: &&TextLine| words(&l.text).split(' ').any(|w| LABELS.contains(&w));
    let label = lines.iter().find(is_label)?.quad.bounds();
    let (w, h) = (label.w.max(WIDE * label.h), HIGH * label.h);
    let below = Rect { x: label.x, y: label.y + label.h, w, h };
    let above = Rect { x: label.x, y: label.y - h, w, h };
    let inked = |rect: Rect| {
        let is_free = !lines.iter().any(|l| rect.overlap(&l.quad.bounds()) > 0.12);
        let crop = cropped(page, &rect).filter(|_| is_free)?;
        INK.contains(&ink(&crop)).then_some(crop)
    };
    inked(below).or_else(|| inked(above)).and_then(|crop| jpeg(&crop))
}

/// Returns the share of pixels that are clearly darker than the paper.
fn ink(crop: &RgbImage) -> f32 {
    let luma = imageops::grayscale(crop);
    let mut values = luma.as_raw().clone();
    values.sort_unstable();
    let paper = values.get(values.len() * 3 / 4).copied().unwrap_or(255);
    let dark = values.partition_point(|v| *v < paper.saturating_sub(60));
    dark as f32 / values.len().max(1) as f32
}
