//! JPEGs too large to be held whole.

use ffmpeg_next as ffmpeg;

use ffmpeg::{
    Dictionary, Packet, codec,
    format::Pixel,
    frame,
    software::scaling::{self, Flags},
};
use image::RgbImage;

use crate::Error;

/// Decodes a JPEG whose header promises `width` x `height` to at most `most` pixels, as stored. From three times as many on, the
/// inverse cosine transform itself gives half the width and height, so that the picture never exists at its own size.
///
/// # Errors
/// It is damaged, larger than its header said to the caller, or of a kind FFmpeg does not know.
pub(super) fn decode_jpeg_shrunk(
    bytes: &[u8],
    (width, height): (u32, u32),
    most: u64,
) -> Result<RgbImage, Error> {
    let pixels = u64::from(width) * u64::from(height);
    let halvings = (0..3).find(|h| pixels >> (2 * h) <= 3 * most).unwrap_or(3);
    // Decoders round lines up to whole blocks and more.
    let bound = (u64::from(width) + 64) * (u64::from(height) + 64);
    let frame = decoded(bytes, bound, halvings)?;
    let held = u64::from(frame.width()) * u64::from(frame.height());
    let scale = (most as f64 / held.max(1) as f64).sqrt().min(1.0);
    let side = |v: u32| ((f64::from(v) * scale) as u32).max(1);
    let (width, height) = (side(frame.width()), side(frame.height()));
    let mut scaler = scaling::Context::get(
        frame.format(),
        frame.width(),
        frame.height(),
        Pixel::RGB24,
        width,
        height,
        Flags::AREA,
    )
    .map_err(|_| Error::Undecodable)?;
    let mut shown = frame::Video::empty();
    scaler.run(&frame, &mut shown).map_err(|_| Error::Undecodable)?;
    drop(frame);
    to_rgb(&shown, width, height).ok_or(Error::Undecodable)
}

/// The picture in the decoder's own planes; what the decoder itself holds is freed before this returns.
fn decoded(bytes: &[u8], bound: u64, halvings: u32) -> Result<frame::Video, Error> {
    ffmpeg::util::log::set_level(ffmpeg::util::log::Level::Quiet);
    let mut context = codec::Context::new();
    context.set_threading(codec::threading::Config::count(1));
    let mut options = Dictionary::new();
    options.set("lowres", &halvings.to_string());
    // A second header inside the file must not ask for more than the one that was looked at.
    options.set("max_pixels", &bound.to_string());
    let opened = context.decoder().open_as_with(codec::Id::MJPEG, options);
    let mut decoder = opened.and_then(codec::decoder::Opened::video).map_err(|_| Error::Undecodable)?;
    decoder.send_packet(&Packet::copy(bytes)).map_err(|_| Error::Undecodable)?;
    let mut frame = frame::Video::empty();
    if decoder.receive_frame(&mut frame).is_err() {
        decoder.send_eof().map_err(|_| Error::Undecodable)?;
        decoder.receive_frame(&mut frame).map_err(|_| Error::Undecodable)?;
    }
    Ok(frame)
}

fn to_rgb(shown: &frame::Video, width: u32, height: u32) -> Option<RgbImage> {
    let line = width as usize * 3;
    let mut rgb = Vec::with_capacity(line * height as usize);
    for row in shown.data(0).chunks(shown.stride(0)).take(height as usize) {
        rgb.extend_from_slice(row.get(..line)?);
    }
    RgbImage::from_raw(width, height, rgb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;

    /// A ramp, saved as a JPEG.
    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let rgb = RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 128])
        });
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&rgb).unwrap();
        bytes
    }

    #[test]
    fn a_large_picture_comes_out_small_and_with_its_colours() {
        for most in [640 * 400, 320 * 200, 100 * 60] {
            let shrunk = decode_jpeg_shrunk(&jpeg(640, 400), (640, 400), most).unwrap();
            let pixels = u64::from(shrunk.width()) * u64::from(shrunk.height());
            assert!(pixels <= most && pixels * 10 > most * 9, "{pixels} of {most}");
            let [r, g, b] = shrunk.get_pixel(shrunk.width() / 2, shrunk.height() / 4).0;
            assert!(r.abs_diff(127) < 6 && g.abs_diff(64) < 6 && b.abs_diff(128) < 6, "{r} {g} {b}");
        }
    }

    #[test]
    fn a_file_larger_than_its_caller_knows_and_a_damaged_one_are_clean_errors() {
        let file = jpeg(1200, 900);
        assert_eq!(decode_jpeg_shrunk(&file, (64, 64), 4096).unwrap_err(), Error::Undecodable);
        assert_eq!(decode_jpeg_shrunk(&file[..200], (1200, 900), 4096).unwrap_err(), Error::Undecodable);
        assert_eq!(decode_jpeg_shrunk(&[], (12, 9), 4096).unwrap_err(), Error::Undecodable);
    }
}
