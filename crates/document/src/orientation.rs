//! Which way up a page lies.

use image::{RgbImage, imageops};
use models::Runtime;

use crate::{
    Error, Page,
    network::{DEVIATION, MEAN, Network, planes},
};

/// The network sees the middle of the page: its shorter side made this long, then this square.
const SHORT: u32 = 256;
const SIDE: u32 = 224;
/// Below this probability the page is taken to lie as it is.
const SURE: f32 = 0.6;

/// The network that tells quarter turns of a page.
pub(crate) struct PageOrientation(Network);

impl PageOrientation {
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        Ok(Self(Network::load(runtime, "page_orientation")?))
    }

    /// By how many quarter turns clockwise the page was turned, 0-3, and how sure that is (0-1).
    pub fn quarters(&mut self, page: &Page) -> Result<(u8, f32), Error> {
        let shown = middle(&page.rgb);
        let side = SIDE as usize;
        let input = planes(&shown, side, side, |c, v| (f32::from(v) / 255.0 - MEAN[c]) / DEVIATION[c]);
        let answer = self.0.run_network(side, side, &input)?;
        let best = answer.data.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        Ok(best.map_or((0, 0.0), |(class, p)| (class as u8, p)))
    }

    /// Turns the page upright; says by how many quarters it had been turned.
    pub fn upright(&mut self, page: Page) -> Result<(Page, u8), Error> {
        let (quarters, sure) = self.quarters(&page)?;
        if sure < SURE { Ok((page, 0)) } else { Ok((page.turned_back(quarters), quarters)) }
    }
}

fn middle(rgb: &RgbImage) -> RgbImage {
    let scale = SHORT as f32 / rgb.width().min(rgb.height()).max(1) as f32;
    let side = |v: u32| ((v as f32 * scale).round() as u32).clamp(SIDE, 16 * SHORT);
    let (width, height) = (side(rgb.width()), side(rgb.height()));
    let small = crate::page::resized(rgb, width, height);
    imageops::crop_imm(&small, (width - SIDE) / 2, (height - SIDE) / 2, SIDE, SIDE).to_image()
}
