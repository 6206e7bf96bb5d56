//! Still pictures, decoded within a bound of memory.
//!
//! A picture may have 60 megapixels, but is never in memory at that size: a large JPEG is halved by its own inverse
//! transform, a PNG is averaged row by row. The result is stored once.

mod jpeg;
mod png;
mod shrink;
mod shrunk;

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

use crate::{
    Error,
    sniff::{HEAD, Kind, sniff},
};

/// Most passes over a JPEG; cameras and editors write at most a few dozen, and each costs as much as the picture is large.
const MAX_PASSES: usize = 500;
/// Largest side of a picture in pixels, and most pixels in all.
const MAX_SIDE: u32 = 16_384;
const MAX_PIXELS: u64 = 60_000_000;
/// Most pixels of a WebP, which can only be decoded as a whole.
const MAX_WEBP_PIXELS: u64 = 16_000_000;
/// Most pixels that are kept, a telephone's twelve megapixels among them; of an ID-1 card that fills the picture this
/// leaves 1,200 dpi.
pub const KEPT_PIXELS: u64 = 12_600_000;
/// Most bytes of coefficients that a progressive JPEG may ask to be kept until its last scan: 32 megapixels with halved
/// chroma, 16 with all of it.
const MAX_COEFFICIENT_BYTES: u64 = 96_500_000;

/// A decoded JPEG, PNG or WebP, as its file stores it.
#[derive(Clone, Debug)]
pub struct Still {
    /// At most [`KEPT_PIXELS`].
    pub rgb: RgbImage,
    /// Pixels the file has.
    pub pixels: u64,
    /// EXIF's note on which way up it is shown: 1 to 8.
    pub exif_orientation: u8,
}

impl Still {
    /// Decodes by content, whatever the file name.
    ///
    /// # Errors
    /// Not a JPEG, PNG or WebP; above 60 megapixels, 16 of a WebP (read from the header, before any pixel is decoded), or a
    /// progressive JPEG that would need too much memory; or damaged.
    pub fn decode(file: &[u8]) -> Result<Self, Error> {
        let (rgb, pixels) = match sniff(file.get(..HEAD).unwrap_or(file)) {
            Some(Kind::Jpeg) => decode_jpeg(file)?,
            Some(Kind::Png) => png::decode(file, KEPT_PIXELS)?,
            Some(Kind::Webp) => decode_webp(file)?,
            _ => return Err(Error::NotPicture),
        };
        Ok(Self { rgb, pixels, exif_orientation: exif_orientation(file) })
    }
}

/// Refuses a size above the bounds.
fn check_size(width: u32, height: u32, max_pixels: u64) -> Result<u64, Error> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels {
        return Err(Error::TooManyPixels((max_pixels / 1_000_000) as u32));
    }
    if width.max(height) > MAX_SIDE { Err(Error::TooLarge(MAX_SIDE)) } else { Ok(pixels) }
}

fn decode_jpeg(file: &[u8]) -> Result<(RgbImage, u64), Error> {
    let header = jpeg::header(file).ok_or(Error::Undecodable)?;
    let pixels = check_size(header.width, header.height, MAX_PIXELS)?;
    if header.coefficients > MAX_COEFFICIENT_BYTES {
        return Err(Error::TooManyCoefficients);
    }
    if passes(file) > MAX_PASSES {
        return Err(Error::TooMuchWork);
    }
    let size = (header.width, header.height);
    let rgb = if pixels > KEPT_PIXELS {
        shrunk::decode_jpeg_shrunk(file, size, KEPT_PIXELS)?
    } else {
        decode_whole(file, ImageFormat::Jpeg, size)?
    };
    Ok((rgb, pixels))
}

/// Passes over the picture that a JPEG asks for. Within compressed data FF is never followed by DA, so each pair is the header of
/// one; the few of a preview inside the file count as well.
fn passes(file: &[u8]) -> usize {
    memchr::memmem::find_iter(file, &[0xFF, 0xDA]).count()
}

fn decode_webp(file: &[u8]) -> Result<(RgbImage, u64), Error> {
    let reader = ImageReader::with_format(Cursor::new(file), ImageFormat::WebP);
    let (width, height) = reader.into_dimensions().map_err(|_| Error::Undecodable)?;
    let pixels = check_size(width, height, MAX_WEBP_PIXELS)?;
    let rgb = decode_whole(file, ImageFormat::WebP, (width, height))?;
    if pixels <= KEPT_PIXELS {
        return Ok((rgb, pixels));
    }
    let mut shrinker = shrink::Shrinker::to(width, height, KEPT_PIXELS);
    rgb.as_raw().chunks_exact(width as usize * 3).for_each(|row| shrinker.push(row));
    Ok((shrinker.finish(), pixels))
}

/// A picture whose size has been looked at.
fn decode_whole(file: &[u8], format: ImageFormat, size: (u32, u32)) -> Result<RgbImage, Error> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(image::Limits::no_limits());
    let decoder = reader.into_decoder().map_err(|_| Error::Undecodable)?;
    // A second header inside the file must not ask for more than the one that was looked at.
    if decoder.dimensions() != size {
        return Err(Error::Undecodable);
    }
    Ok(DynamicImage::from_decoder(decoder).map_err(|_| Error::Undecodable)?.into_rgb8())
}

/// What EXIF notes on which way up the picture is; 1, as stored, where it says nothing believable.
fn exif_orientation(file: &[u8]) -> u8 {
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(file)).ok();
    let value = exif.and_then(|e| e.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0));
    value.and_then(|v| u8::try_from(v).ok()).filter(|v| (1..=8).contains(v)).unwrap_or(1)
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

    /// A PNG whose header says another size than its pixels have.
    fn png_claiming(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = png(4, 4);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let header_sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&header_sum.to_be_bytes());
        bytes
    }

    #[test]
    fn a_png_comes_back_as_it_was() {
        let still = Still::decode(&png(40, 30)).unwrap();
        assert_eq!((still.rgb.dimensions(), still.pixels, still.exif_orientation), ((40, 30), 1200, 1));
        assert_eq!(still.rgb.get_pixel(12, 25).0, [12, 25, 7]);
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_decoding_and_in_megapixels() {
        for (width, height) in [(60_000, 60_000), (10_400, 7_800), (12_000, 9_000)] {
            let refused = Still::decode(&png_claiming(width, height)).unwrap_err();
            assert_eq!(refused, Error::TooManyPixels(60));
            assert_eq!(refused.to_string(), "the picture has more than 60 megapixels; send a smaller one");
        }
        assert_eq!(Still::decode(&png_claiming(20_000, 10)).unwrap_err(), Error::TooLarge(16_384));
    }

    #[test]
    fn a_file_that_is_no_picture_is_rejected_with_the_accepted_formats() {
        let heic = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic";
        for file in [&b"not a picture"[..], b"GIF89a..........", heic, b"%PDF-1.7", b""] {
            let refused = Still::decode(file).unwrap_err();
            assert!(refused.to_string().contains("JPEG, PNG and WebP"), "{refused}");
        }
    }

    #[test]
    fn half_a_picture_is_a_clean_error() {
        assert_eq!(Still::decode(&png(64, 64)[..60]).unwrap_err(), Error::Undecodable);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |s, _| if s & 1 == 1 { (s >> 1) ^ 0xedb8_8320 } else { s >> 1 })
        })
    }
}
