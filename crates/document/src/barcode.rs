//! Barcodes on a page, found and decoded by the `rxing` crate.

mod aamva;

use std::collections::HashSet;

use image::{GrayImage, imageops};
use rxing::{BarcodeFormat, DecodeHints, helpers::detect_in_luma_slice_with_hints};

use crate::{Page, TextLine, geometry::Quad};

pub(crate) use aamva::Licence;

/// Longer sides a page is shown at, pixels: modules of a PDF417 want two or three.
const SHOWN: [u32; 2] = [1600, 2400];
/// Turns tried beside the page's own, degrees: the decoder takes a few.
const TURNS: [f32; 5] = [0.0, 4.0, -4.0, 8.0, -8.0];

/// What a barcode says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Barcode {
    Licence(Licence),
    /// Readable, of a form that is not known here.
    Other,
}

/// The first barcode of `page`; its lines of text tell how it is turned.
pub(crate) fn find(page: &Page, lines: &[TextLine]) -> Option<Barcode> {
    let skew = skew(lines);
    for side in SHOWN {
        if side > SHOWN[0] && page.width().max(page.height()) <= SHOWN[0] {
            break;
        }
        for turn in TURNS {
            let shown = turned(page, side, skew + turn.to_radians());
            if let Some(text) = shown.as_ref().and_then(decoded) {
                return Some(Licence::parse(&text).map_or(Barcode::Other, Barcode::Licence));
            }
        }
    }
    None
}

fn decoded(luma: &GrayImage) -> Option<String> {
    let formats = HashSet::from([BarcodeFormat::PDF_417, BarcodeFormat::QR_CODE]);
    let mut hints = DecodeHints { PossibleFormats: Some(formats), ..DecodeHints::default() };
    let read = detect_in_luma_slice_with_hints(luma.as_raw(), luma.width(), luma.height(), None, &mut hints);
    read.ok().map(|r| r.getText().to_owned())
}

/// The middle of the angles of the lines, radians; 0 of none.
fn skew(lines: &[TextLine]) -> f32 {
    let mut angles: Vec<f32> =
        lines.iter().filter(|l| l.quad.width() > 3.0 * l.quad.height()).map(|l| l.quad.angle()).collect();
    angles.sort_by(f32::total_cmp);
    angles.get(angles.len() / 2).copied().unwrap_or(0.0)
}

/// The page as luma, its longer side `side`, turned back by `angle` about its middle.
fn turned(page: &Page, side: u32, angle: f32) -> Option<GrayImage> {
    let (w, h) = (page.width() as f32, page.height() as f32);
    let scale = side as f32 / w.max(h);
    let (width, height) = ((w * scale) as u32, (h * scale) as u32);
    let (sin, cos) = angle.sin_cos();
    let corner = |x: f32, y: f32| {
        let (x, y) = (x - w / 2.0, y - h / 2.0);
        [w / 2.0 + x * cos - y * sin, h / 2.0 + x * sin + y * cos]
    };
    let quad = Quad([corner(0.0, 0.0), corner(w, 0.0), corner(w, h), corner(0.0, h)]);
    Some(imageops::grayscale(&page.flattened(&quad, width.max(8), height.max(8))?))
}
