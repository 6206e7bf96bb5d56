//! PNGs, row by row: whatever their size and depth, no more of them is held than is kept.

use std::io::Cursor;

use ::png::{ColorType, Decoder, Reader, Transformations};
use image::RgbImage;

use super::{MAX_PIXELS, check_size, shrink::Shrinker};
use crate::Error;

/// Most bytes the decoder may hold besides rows: profiles, notes.
const NOTES: usize = 16 * 1024 * 1024;
/// Columns and rows of each pass of an interlaced picture: first and step (PNG specification, 8.2).
const PASSES: [[u32; 4]; 7] =
    [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];

/// Decodes to at most `most` pixels; also tells the size the file has.
///
/// # Errors
/// Above the bounds of a picture, or damaged.
pub(super) fn decode(file: &[u8], most: u64) -> Result<(RgbImage, u64), Error> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), ::png::Limits { bytes: NOTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let info = decoder.read_header_info().map_err(|_| Error::Undecodable)?;
    let ((width, height), is_interlaced) = (info.size(), info.interlaced);
    let pixels = check_size(width, height, MAX_PIXELS)?;
    let mut reader = decoder.read_info().map_err(|_| Error::Undecodable)?;
    let rgb = if is_interlaced {
        interlaced(&mut reader, (width, height), pixels > most)?
    } else {
        straight(&mut reader, (width, height), most)?
    };
    Ok((rgb, pixels))
}

type Rows<'a> = Reader<Cursor<&'a [u8]>>;

fn straight(reader: &mut Rows<'_>, (width, height): (u32, u32), most: u64) -> Result<RgbImage, Error> {
    let colour = reader.output_color_type().0;
    let mut shrinker = Shrinker::to(width, height, most);
    let mut rgb = vec![0; width as usize * 3];
    for _ in 0..height {
        let row = reader.next_row().map_err(|_| Error::Undecodable)?.ok_or(Error::Undecodable)?;
        spread(row.data(), colour, &mut rgb);
        shrinker.push(&rgb);
    }
    Ok(shrinker.finish())
}

/// Of a large one every second column and row: five of the seven passes.
fn interlaced(reader: &mut Rows<'_>, (width, height): (u32, u32), is_large: bool) -> Result<RgbImage, Error> {
    let colour = reader.output_color_type().0;
    let step = if is_large { 2 } else { 1 };
    let mut out = RgbImage::new(width.div_ceil(step), height.div_ceil(step));
    let mut rgb = vec![0; width as usize * 3];
    for [left, across, top, down] in PASSES.into_iter().take(if is_large { 5 } else { 7 }) {
        // A pass without columns has no rows either.
        for y in (top..height).step_by(down as usize).filter(|_| left < width) {
            let row = reader.next_row().map_err(|_| Error::Undecodable)?.ok_or(Error::Undecodable)?;
            let columns = (left..width).step_by(across as usize);
            spread(row.data(), colour, &mut rgb);
            for (x, pixel) in columns.zip(rgb.chunks_exact(3)) {
                if x % step == 0 && y % step == 0 {
                    out.put_pixel(x / step, y / step, image::Rgb([pixel[0], pixel[1], pixel[2]]));
                }
            }
        }
    }
    Ok(out)
}

/// Eight-bit samples of any colour type as red, green and blue; what shines through is left out.
fn spread(row: &[u8], colour: ColorType, rgb: &mut [u8]) {
    let samples = colour.samples();
    for (out, pixel) in rgb.chunks_exact_mut(3).zip(row.chunks_exact(samples)) {
        match pixel {
            [grey] | [grey, _] => out.fill(*grey),
            [r, g, b, ..] => out.copy_from_slice(&[*r, *g, *b]),
            [] => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageFormat};

    fn saved(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn ramp() -> RgbImage {
        RgbImage::from_fn(120, 90, |x, y| image::Rgb([2 * x as u8, 2 * y as u8, 7]))
    }

    #[test]
    fn every_depth_and_colour_comes_back_in_eight_bits() {
        let all = DynamicImage::ImageRgb8(ramp());
        let grey = all.to_luma8();
        for picture in [all.clone(), all.to_rgba8().into(), all.to_rgb16().into(), all.to_rgba16().into()] {
            assert_eq!(decode(&saved(&picture), u64::MAX).unwrap().0, ramp());
        }
        for picture in [grey.clone().into(), DynamicImage::ImageLuma8(grey.clone()).to_luma_alpha16().into()]
        {
            let read = decode(&saved(&picture), u64::MAX).unwrap().0;
            assert_eq!(read.get_pixel(50, 40).0, [grey.get_pixel(50, 40).0[0]; 3]);
        }
    }

    #[test]
    fn a_large_one_is_shrunk_while_it_is_read() {
        let (rgb, pixels) = decode(&saved(&ramp().into()), 60 * 45).unwrap();
        assert_eq!((rgb.dimensions(), pixels), ((60, 45), 120 * 90));
        assert_eq!(rgb.get_pixel(20, 30).0, [81, 121, 7], "the mean of two by two");
    }
}
