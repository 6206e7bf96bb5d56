//! Straightens a PDF417 by its guard patterns, restores it, and decodes it.

use image::{GrayImage, imageops};

use super::{Barcode, decoded, guard, restore};
use crate::{
    Page,
    geometry::{Homography, Quad},
};

/// Pixels per module of a straightened code, and the margin around it, modules.
const PIXELS: [f32; 2] = [4.0, 3.2];
const QUIET: f32 = 3.0;
/// Area around a region in which the guard patterns are searched, as shares of its width and height, and its size in
/// pixels.
const AROUND: (f32, f32) = (0.1, 0.2);
const SHOWN: f32 = 1_000_000.0;
const WIDEST: u32 = 1600;
/// Typical pixels of a module at that size, for a first deblurring when the patterns are not found.
const SEEN: f32 = 3.3;

/// Decodes a region after straightening the code in it.
pub(super) fn read(page: &Page, region: &Quad) -> Option<Barcode> {
    let around = region.grown(AROUND.0 * region.width(), AROUND.1 * region.height());
    let most = (SHOWN * around.width() / around.height().max(1.0)).sqrt() as u32;
    let width = WIDEST.min(most).max(8);
    let height = ((width as f32 * around.height() / around.width().max(1.0)) as u32).clamp(8, 2 * width);
    // A code may be upside down: its start is then on the right.
    let [a, b, c, d] = around.0;
    [around, Quad([c, d, a, b])].into_iter().find_map(|quad| {
        let luma = imageops::grayscale(&page.flattened(&quad, width, height)?);
        let code = guard::find_code(&luma).or_else(|| guard::find_code(&restore::deblurred(&luma, SEEN)))?;
        let to_page = Homography::of_crop(width, height, &quad)?;
        read_code(page, &code.quad.mapped(&to_page), code.modules())
    })
}

/// Decodes the code with these corners on the page and this width in modules.
fn read_code(page: &Page, corners: &Quad, modules: f32) -> Option<Barcode> {
    let quiet = QUIET * corners.width() / modules;
    let quad = corners.grown(quiet, quiet);
    PIXELS.into_iter().find_map(|module| {
        let width = (module * (modules + 2.0 * QUIET)) as u32;
        let height = (width as f32 * quad.height() / quad.width().max(1.0)) as u32;
        let luma: GrayImage = imageops::grayscale(&page.flattened(&quad, width, height.clamp(8, width))?);
        let even = restore::evened(&luma, module);
        let text = decoded(&even).or_else(|| decoded(&restore::deblurred(&even, module)));
        text.or_else(|| decoded(&luma)).map(|text| Barcode::parse(&text))
    })
}
