//! Still pictures.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, RgbImage};

use crate::{
    Error,
    orientation::Orientation,
    pixels::{Affine, Pixels, Row},
    resample::{Plane, plane_line, taps},
    sniff::{HEAD, Kind, sniff},
};

/// Largest side of a picture in pixels, and most pixels in all.
const SIDE: u32 = 16_384;
const PIXELS: u64 = 60_000_000;

/// A decoded JPEG, PNG or WebP; EXIF's note on which way up it is has been heeded.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Red, green and blue, each `width * height`, as stored.
    planes: [Vec<u8>; 3],
    width: u32,
    height: u32,
    orientation: Orientation,
}

impl Picture {
    /// Decodes by content, whatever the name said.
    ///
    /// # Errors
    /// Not a JPEG, PNG or WebP; above 60 megapixels (read from the header, before any pixel is decoded); or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let format = match sniff(bytes.get(..HEAD).unwrap_or(bytes)) {
            Some(Kind::Jpeg) => image::ImageFormat::Jpeg,
            Some(Kind::Png) => image::ImageFormat::Png,
            Some(Kind::Webp) => image::ImageFormat::WebP,
            _ => return Err(Error::NotMedia),
        };
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = image::Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(SIDE), Some(SIDE));
        limits.max_alloc = Some(PIXELS * 8);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|e| refusal(&e))?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > PIXELS {
            return Err(Error::TooLarge(7_745));
        }
        let orientation = decoder.orientation().map_or(1, |o| u32::from(o.to_exif()));
        let rgb = DynamicImage::from_decoder(decoder).map_err(|e| refusal(&e))?.into_rgb8();
        Ok(Self { orientation: Orientation::from_exif(orientation), ..Self::from_rgb(&rgb) })
    }

    /// From a picture already decoded.
    pub fn from_rgb(rgb: &RgbImage) -> Self {
        let plane = |i: usize| rgb.as_raw().chunks_exact(3).map(|p| p[i]).collect();
        let (width, height) = rgb.dimensions();
        Self { planes: [plane(0), plane(1), plane(2)], width, height, orientation: Orientation::AsStored }
    }

    /// The whole picture as it is meant to be looked at: RGB, line after line.
    pub fn to_rgb(&self) -> RgbImage {
        let (width, height) = (self.width(), self.height());
        let bytes = crate::crop_rgb(self, &Affine::shrink(1.0), width as usize, height as usize);
        RgbImage::from_raw(width, height, bytes).unwrap_or_default()
    }
}

fn refusal(error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::TooLarge(SIDE),
        _ => Error::Undecodable,
    }
}

impl Pixels for Picture {
    fn width(&self) -> u32 {
        self.orientation.size(self.width, self.height).0
    }

    fn height(&self) -> u32 {
        self.orientation.size(self.width, self.height).1
    }

    fn sample(&self, map: &Affine, width: usize, height: usize, emit: &mut dyn FnMut(usize, Row<'_>)) {
        let map = self.orientation.to_stored(self.width, self.height).after(map);
        let mut lines = [vec![0.0; width], vec![0.0; width], vec![0.0; width]];
        for row in 0..height {
            for (line, data) in lines.iter_mut().zip(&self.planes) {
                let plane =
                    Plane { data, stride: self.width as usize, width: self.width, height: self.height };
                plane_line(&plane, &map, row as f32, taps(map.scale()), 0.0, line);
            }
            let [r, g, b] = &lines;
            emit(row, Row { r, g, b });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let rgb = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let mut bytes = Cursor::new(Vec::new());
        rgb.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_png_comes_back_as_it_was() {
        let picture = Picture::decode(&png(40, 30)).unwrap();
        assert_eq!((picture.width(), picture.height()), (40, 30));
        assert_eq!(picture.to_rgb().get_pixel(12, 25).0, [12, 25, 7]);
    }

    #[test]
    fn a_header_that_promises_gigapixels_is_refused_before_decoding() {
        let mut bytes = png(4, 4);
        let size = 60_000u32.to_be_bytes();
        bytes[16..20].copy_from_slice(&size);
        bytes[20..24].copy_from_slice(&size);
        let header_sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&header_sum.to_be_bytes());
        assert!(matches!(Picture::decode(&bytes), Err(Error::TooLarge(_))));
    }

    #[test]
    fn text_and_half_a_picture_are_clean_errors() {
        assert_eq!(Picture::decode(b"not a picture").unwrap_err(), Error::NotMedia);
        let whole = png(64, 64);
        assert_eq!(Picture::decode(&whole[..60]).unwrap_err(), Error::Undecodable);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |s, _| if s & 1 == 1 { (s >> 1) ^ 0xedb8_8320 } else { s >> 1 })
        })
    }
}
