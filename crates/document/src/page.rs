//! A picture of a document: the upright pixels that `media` decoded.

use std::sync::{Mutex, MutexGuard, PoisonError};

use image::{DynamicImage, RgbImage, imageops, metadata::Orientation};
use media::{KEPT_PIXELS, Still};

use crate::{
    Error,
    geometry::{Homography, Quad},
};

/// Largest mirrored copy: a page at this size is readable, and a copy of the largest pages would take 38 MB.
const MAX_MIRRORED_PIXELS: f64 = 1.5e6;

/// Held during work that briefly needs much memory, so that only one worker at a time does it and the memory of the
/// process is bounded for any number of workers.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits until no other worker decodes a large picture or looks for text.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pixels of a picture, rotated upright by its EXIF orientation.
#[derive(Clone, Debug)]
pub struct Page {
    pub rgb: RgbImage,
    /// Whether these are the camera's original pixels, not those of a shrunk picture.
    pub is_full_size: bool,
    /// Width of one of these pixels, in pixels of the file.
    scale: f32,
    /// Clockwise quarter turns of the displayed file that were undone.
    turned: u8,
}

impl Page {
    /// Creates a page from a camera's original pixels.
    pub fn from_rgb(rgb: RgbImage) -> Self {
        Self { rgb, is_full_size: true, scale: 1.0, turned: 0 }
    }

    /// Decodes a JPEG or PNG, detected by content.
    ///
    /// # Errors
    /// For other formats, for more than 60 megapixels (read from the header, before decoding), for a progressive JPEG
    /// that would need too much memory, and for damaged files.
    pub fn decode(file: &[u8]) -> Result<Self, Error> {
        if !Self::reads(file) {
            return Err(Error::NotPicture);
        }
        let _alone = alone();
        Ok(Self::from_still(Still::decode(file)?))
    }

    /// Returns whether [`Self::decode`] accepts this type of file; its first 64 bytes suffice.
    pub fn reads(head: &[u8]) -> bool {
        matches!(media::sniff(head), Some(media::Kind::Jpeg | media::Kind::Png))
    }

    /// Creates a page from a decoded picture.
    pub fn from_still(still: Still) -> Self {
        let kept = (u64::from(still.rgb.width()) * u64::from(still.rgb.height())).max(1);
        let scale = (still.pixels as f64 / kept as f64).sqrt() as f32;
        let mut upright = DynamicImage::ImageRgb8(still.rgb);
        let orientation = Orientation::from_exif(still.exif_orientation).unwrap_or(Orientation::NoTransforms);
        upright.apply_orientation(orientation);
        Self { scale, is_full_size: still.pixels <= KEPT_PIXELS, ..Self::from_rgb(upright.into_rgb8()) }
    }

    /// Returns a point of this page in pixels of the displayed file.
    pub fn in_file(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (w, h) = (self.width() as f32, self.height() as f32);
        let shown = match self.turned {
            1 => [h - y, x],
            2 => [w - x, h - y],
            3 => [y, w - x],
            _ => [x, y],
        };
        shown.map(|v| v * self.scale)
    }

    pub fn width(&self) -> u32 {
        self.rgb.width()
    }

    pub fn height(&self) -> u32 {
        self.rgb.height()
    }

    /// Undoes `quarters` quarter turns clockwise.
    #[must_use]
    pub fn turned_back(self, quarters: u8) -> Self {
        let rgb = match quarters % 4 {
            1 => imageops::rotate270(&self.rgb),
            2 => imageops::rotate180(&self.rgb),
            3 => imageops::rotate90(&self.rgb),
            _ => self.rgb,
        };
        Self { rgb, turned: (self.turned + quarters) % 4, ..self }
    }

    /// Returns a mirrored copy for reading text, with at most [`MAX_MIRRORED_PIXELS`].
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let (width, height) = (f64::from(self.width()), f64::from(self.height()));
        let share = (MAX_MIRRORED_PIXELS / (width * height).max(1.0)).sqrt();
        if share >= 1.0 {
            return Self::from_rgb(imageops::flip_horizontal(&self.rgb));
        }
        let mut small = resized(&self.rgb, (width * share) as u32, (height * share) as u32);
        imageops::flip_horizontal_in_place(&mut small);
        Self { is_full_size: false, ..Self::from_rgb(small) }
    }

    /// Returns the content of `quad`, straightened to `width` x `height` pixels; `None` when the quad has no area.
    pub fn flattened(&self, quad: &Quad, width: u32, height: u32) -> Option<RgbImage> {
        let map = Homography::of_crop(width, height, quad)?;
        // A crop pixel may cover several of the picture, so a grid of them is averaged.
        let scale = (quad.area() / (width * height).max(1) as f32).sqrt();
        let taps = if scale < 1.5 { 1 } else { (scale.ceil() as u32).min(4) };
        Some(RgbImage::from_fn(width, height, |x, y| image::Rgb(mean(&self.rgb, &map, [x, y], taps))))
    }
}

/// Resizes `rgb`; shrinking averages, so that thin strokes survive.
pub(crate) fn resized(rgb: &RgbImage, width: u32, height: u32) -> RgbImage {
    if width < rgb.width() && height < rgb.height() {
        imageops::thumbnail(rgb, width, height)
    } else {
        imageops::resize(rgb, width, height, imageops::FilterType::Triangle)
    }
}

/// Returns the mean of `taps` x `taps` samples over the crop pixel at `at`.
fn mean(rgb: &RgbImage, map: &Homography, at: [u32; 2], taps: u32) -> [u8; 3] {
    let mut sum = [0.0; 3];
    for (i, j) in (0..taps * taps).map(|k| (k % taps, k / taps)) {
        let offset = |n: u32| (n as f32 + 0.5) / taps as f32;
        let [x, y] = map.apply([at[0] as f32 + offset(i), at[1] as f32 + offset(j)]);
        let sample = bilinear(rgb, x - 0.5, y - 0.5);
        sum.iter_mut().zip(sample).for_each(|(s, v)| *s += v);
    }
    sum.map(|v| (v / (taps * taps) as f32 + 0.5) as u8)
}

/// Returns the colour at a point, where whole numbers are the centres of pixels; the border extends outwards.
fn bilinear(rgb: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (w, h) = (rgb.width() as usize, rgb.height() as usize);
    let (x, y) = (x.clamp(0.0, (w.max(1) - 1) as f32), y.clamp(0.0, (h.max(1) - 1) as f32));
    // On the last column and row the weight of the next one is 1, so a next one always exists.
    let (left, top) = ((x as usize).min(w.saturating_sub(2)), (y as usize).min(h.saturating_sub(2)));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let from = |row: usize| rgb.as_raw().get((row * w + left) * 3..).and_then(|rest| rest.first_chunk::<6>());
    let (Some(a), Some(b)) = (from(top), from((top + 1).min(h.saturating_sub(1)))) else { return [0.0; 3] };
    let mix = |a: u8, b: u8, share: f32| f32::from(a) + (f32::from(b) - f32::from(a)) * share;
    std::array::from_fn(|c| {
        let (upper, lower) = (mix(a[c], a[c + 3], fx), mix(b[c], b[c + 3], fx));
        upper + (lower - upper) * fy
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageFormat;
    use std::io::Cursor;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let rgb = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let mut bytes = Cursor::new(Vec::new());
        rgb.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_png_comes_back_as_it_was() {
        let page = Page::decode(&png(40, 30)).unwrap();
        assert_eq!((page.width(), page.height(), page.is_full_size), (40, 30, true));
        assert_eq!(page.rgb.get_pixel(12, 25).0, [12, 25, 7]);
    }

    #[test]
    fn a_header_that_promises_gigapixels_is_refused_before_decoding() {
        let mut bytes = png(4, 4);
        bytes[16..20].copy_from_slice(&16_000u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&16_000u32.to_be_bytes());
        let sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(matches!(Page::decode(&bytes), Err(Error::TooLarge)));
    }

    #[test]
    fn text_and_half_a_picture_are_clean_errors() {
        assert!(matches!(Page::decode(b"%PDF-1.7"), Err(Error::NotPicture)));
        assert!(matches!(Page::decode(&png(64, 64)[..60]), Err(Error::Undecodable)));
    }

    #[test]
    fn a_point_of_a_turned_page_is_found_again_in_the_file() {
        let whole = Page::decode(&png(40, 30)).unwrap();
        for quarters in 0..4 {
            // The file was turned by so many quarters; its marked pixel is at (12, 25).
            let page = Page::decode(&png(40, 30)).unwrap().turned_back(quarters);
            let marked = whole.rgb.get_pixel(12, 25);
            let (x, y, _) = page.rgb.enumerate_pixels().find(|(.., p)| *p == marked).unwrap();
            assert_eq!(page.in_file([x as f32 + 0.5, y as f32 + 0.5]), [12.5, 25.5], "{quarters}");
        }
    }

    #[test]
    fn a_flattened_rectangle_is_the_crop_itself() {
        let page = Page::decode(&png(40, 30)).unwrap();
        let quad = Quad::of_rect(face::Rect { x: 10.0, y: 5.0, w: 20.0, h: 10.0 });
        let crop = page.flattened(&quad, 20, 10).unwrap();
        assert_eq!(crop.get_pixel(3, 4).0, [13, 9, 7]);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |s, _| if s & 1 == 1 { (s >> 1) ^ 0xedb8_8320 } else { s >> 1 })
        })
    }
}
