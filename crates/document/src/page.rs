//! A picture of a document, decoded under bounds.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage, imageops,
    metadata::Orientation,
};

use crate::{
    Error,
    geometry::{Homography, Quad},
};

/// Largest side of a picture in pixels, and most pixels in all.
const SIDE: u32 = 16_384;
const PIXELS: u64 = 60_000_000;
/// Pictures with more pixels than this are shrunk to it as soon as they are decoded, so that memory stays bounded; what
/// is left of an ID-1 card that fills the picture is 1,500 dpi.
const KEPT: u64 = 16_000_000;

/// The upright pixels of a picture: EXIF's note on which way up it is has been heeded.
#[derive(Clone, Debug)]
pub struct Page {
    pub rgb: RgbImage,
    /// Whether these are the camera's own pixels, and not a shrunk picture.
    pub is_full_size: bool,
}

impl Page {
    /// Decodes a JPEG or PNG by content, whatever its name said.
    ///
    /// # Errors
    /// Neither of them; above 60 megapixels (read from the header, before any pixel is decoded); or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let format = match media::sniff(bytes.get(..64).unwrap_or(bytes)) {
            Some(media::Kind::Jpeg) => ImageFormat::Jpeg,
            Some(media::Kind::Png) => ImageFormat::Png,
            _ => return Err(Error::NotPicture),
        };
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = image::Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(SIDE), Some(SIDE));
        limits.max_alloc = Some(PIXELS * 8);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|e| refusal(&e))?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        if pixels > PIXELS {
            return Err(Error::TooLarge);
        }
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let rgb = DynamicImage::from_decoder(decoder).map_err(|e| refusal(&e))?.into_rgb8();
        let mut upright = DynamicImage::ImageRgb8(shrunk(rgb, pixels));
        upright.apply_orientation(orientation);
        Ok(Self { rgb: upright.into_rgb8(), is_full_size: pixels <= KEPT })
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
        Self { rgb, ..self }
    }

    /// What lies in `quad`, made straight, as `width` x `height` pixels; `None` when the quad has no area.
    pub fn flattened(&self, quad: &Quad, width: u32, height: u32) -> Option<RgbImage> {
        let map = Homography::of_crop(width, height, quad)?;
        // A crop pixel may cover several of the picture: average a grid of them.
        let scale = (quad.area() / (width * height).max(1) as f32).sqrt();
        let taps = if scale < 1.5 { 1 } else { (scale.ceil() as u32).min(4) };
        Some(RgbImage::from_fn(width, height, |x, y| image::Rgb(mean(&self.rgb, &map, [x, y], taps))))
    }
}

/// `rgb` at another size; shrinking averages, so that thin strokes survive.
pub(crate) fn resized(rgb: &RgbImage, width: u32, height: u32) -> RgbImage {
    if width < rgb.width() && height < rgb.height() {
        imageops::thumbnail(rgb, width, height)
    } else {
        imageops::resize(rgb, width, height, imageops::FilterType::Triangle)
    }
}

/// The mean of `taps` x `taps` samples over the crop pixel at `at`.
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

/// The colour at a point, whole numbers being the centres of pixels; beyond the border it goes on.
fn bilinear(rgb: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (w, h) = (rgb.width() as usize, rgb.height() as usize);
    let (x, y) = (x.clamp(0.0, w as f32 - 1.0), y.clamp(0.0, h as f32 - 1.0));
    let (left, top) = (x as usize, y as usize);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let (right, bottom) = ((left + 1).min(w - 1), (top + 1).min(h - 1));
    let raw = rgb.as_raw();
    let at = |x: usize, y: usize, c: usize| raw.get((y * w + x) * 3 + c).map_or(0.0, |v| f32::from(*v));
    std::array::from_fn(|c| {
        let upper = at(left, top, c) * (1.0 - fx) + at(right, top, c) * fx;
        let lower = at(left, bottom, c) * (1.0 - fx) + at(right, bottom, c) * fx;
        upper * (1.0 - fy) + lower * fy
    })
}

fn shrunk(rgb: RgbImage, pixels: u64) -> RgbImage {
    if pixels <= KEPT {
        return rgb;
    }
    let scale = (KEPT as f64 / pixels as f64).sqrt();
    let side = |v: u32| ((f64::from(v) * scale) as u32).max(1);
    imageops::thumbnail(&rgb, side(rgb.width()), side(rgb.height()))
}

fn refusal(error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::TooLarge,
        _ => Error::Undecodable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
