//! Decoded frames of any format and size as 8-bit YUV 4:2:0 of one size.

use ffmpeg_next as ffmpeg;

use ffmpeg::{format::Pixel, frame, software::scaling};

use crate::{
    colour::{is_marked_full_range, luma_weights},
    halve::{Depth, Halved},
    resample::{Plane, YuvToRgb},
};

/// Larger frames are halved until they have no more pixels: no network needs more detail of a face.
pub(crate) const MAX_PIXELS: u64 = 1920 * 1088;

/// Scales every frame of a video to the size of its first one, so that positions are comparable. A frame of another
/// aspect ratio is shown whole, with black borders.
#[derive(Default)]
pub(crate) struct Converter {
    size: Option<(u32, u32)>,
    halved: Option<Halved>,
    scaler: Option<Scaler>,
    canvas: Option<Canvas>,
}

struct Scaler {
    from: scaling::context::Definition,
    context: scaling::Context,
    out: frame::Video,
}

impl Converter {
    /// `None` for a frame that cannot be converted, or whose memory is not laid out as it should be.
    pub(crate) fn planes<'a>(&'a mut self, frame: &'a frame::Video) -> Option<([Plane<'a>; 3], YuvToRgb)> {
        let own = (frame.width(), frame.height());
        let size = *self.size.get_or_insert_with(|| reduced(own));
        let format = frame.format();
        if own == size && matches!(format, Pixel::YUV420P | Pixel::YUVJ420P) {
            return Some((planes(frame)?, colour(frame, is_full_range(frame))));
        }
        if let Some(depth) = depth(format)
            && Halved::fits(own, size)
        {
            let halved = self.halved.get_or_insert_with(|| Halved::new(size));
            halved.show(&planes(frame)?, depth)?;
            return Some((halved.planes(), colour(frame, is_full_range(frame))));
        }
        // The scaler brings the old full-range formats to the narrow range, and leaves others as they are.
        let is_narrowed =
            matches!(format, Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P);
        let colour = colour(frame, is_marked_full_range(frame) && !is_narrowed);
        let fitted = fitted(own, size);
        let scaled = planes(scale(&mut self.scaler, frame, fitted)?)?;
        if fitted == size {
            return Some((scaled, colour));
        }
        let canvas = self.canvas.get_or_insert_with(|| Canvas::new(size));
        canvas.show(&scaled, fitted);
        Some((canvas.planes(), colour))
    }
}

/// The samples of the formats that are halved here; others are left to the scaler.
fn depth(format: Pixel) -> Option<Depth> {
    match format {
        Pixel::YUV420P | Pixel::YUVJ420P => Some(Depth::Eight),
        Pixel::YUV420P10LE => Some(Depth::Ten),
        _ => None,
    }
}

fn is_full_range(frame: &frame::Video) -> bool {
    is_marked_full_range(frame) || frame.format() == Pixel::YUVJ420P
}

/// The frame at another size, by a scaler that is kept for the next one.
fn scale<'a>(
    scaler: &'a mut Option<Scaler>,
    frame: &frame::Video,
    (width, height): (u32, u32),
) -> Option<&'a frame::Video> {
    let from =
        scaling::context::Definition { format: frame.format(), width: frame.width(), height: frame.height() };
    if scaler.as_ref().is_none_or(|s| s.from != from) {
        let (to, flags) = (Pixel::YUV420P, scaling::Flags::BILINEAR);
        let context =
            scaling::Context::get(from.format, from.width, from.height, to, width, height, flags).ok()?;
        *scaler = Some(Scaler { from, context, out: frame::Video::new(to, width, height) });
    }
    let scaler = scaler.as_mut()?;
    scaler.context.run(frame, &mut scaler.out).ok()?;
    Some(&scaler.out)
}

/// A picture that is black where nothing is shown.
struct Canvas {
    size: (u32, u32),
    planes: [Vec<u8>; 3],
}

impl Canvas {
    fn new(size: (u32, u32)) -> Self {
        let plane = |i: usize| {
            let (width, height) = plane_size(size, i);
            let black = if i == 0 { 16 } else { 128 };
            vec![black; width as usize * height as usize]
        };
        Self { size, planes: [plane(0), plane(1), plane(2)] }
    }

    /// Puts a picture of the size `fitted` in the middle.
    fn show(&mut self, picture: &[Plane<'_>; 3], fitted: (u32, u32)) {
        *self = Self::new(self.size);
        let offset = (even(self.size.0 - fitted.0) / 2, even(self.size.1 - fitted.1) / 2);
        for (i, (own, shown)) in self.planes.iter_mut().zip(picture).enumerate() {
            let (width, _) = plane_size(self.size, i);
            let shift = if i == 0 { 0 } else { 1 };
            let (left, top) = ((offset.0 >> shift) as usize, (offset.1 >> shift) as usize);
            let lines = shown.data.chunks(shown.stride).take(shown.height as usize);
            for (line, own) in lines.zip(own.chunks_mut(width as usize).skip(top)) {
                let count = (shown.width as usize).min(own.len().saturating_sub(left)).min(line.len());
                own[left..left + count].copy_from_slice(&line[..count]);
            }
        }
    }

    fn planes(&self) -> [Plane<'_>; 3] {
        std::array::from_fn(|i| {
            let (width, height) = plane_size(self.size, i);
            Plane { data: &self.planes[i], stride: width as usize, width, height }
        })
    }
}

/// Width and height of the luma plane (0) or a chroma plane (1, 2) of a picture.
pub(crate) fn plane_size((width, height): (u32, u32), plane: usize) -> (u32, u32) {
    if plane == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) }
}

fn even(side: u32) -> u32 {
    side & !1
}

fn reduced((mut width, mut height): (u32, u32)) -> (u32, u32) {
    while u64::from(width) * u64::from(height) > MAX_PIXELS {
        (width, height) = (even(width / 2).max(2), even(height / 2).max(2));
    }
    (width, height)
}

/// The largest size of the shape of `own` within `size`.
fn fitted(own: (u32, u32), size: (u32, u32)) -> (u32, u32) {
    if own == size {
        return size;
    }
    let scale = (f64::from(size.0) / f64::from(own.0)).min(f64::from(size.1) / f64::from(own.1));
    let side = |own: u32, size: u32| {
        let side = (f64::from(own) * scale).round() as u32;
        // A shape that is off by a few lines is not worth a border.
        if side + 4 >= size { size } else { even(side).clamp(16.min(size), size) }
    };
    (side(own.0, size.0), side(own.1, size.1))
}

fn planes(frame: &frame::Video) -> Option<[Plane<'_>; 3]> {
    if frame.planes() != 3 || frame.width() < 16 || frame.height() < 16 {
        return None;
    }
    let plane = |i: usize| {
        let (width, height, stride) = (frame.plane_width(i), frame.plane_height(i), frame.stride(i));
        // A negative stride (a picture stored bottom up) arrives here as a huge number; no supported codec has one.
        let is_sound = stride >= width as usize && stride < 1 << 16;
        is_sound.then(|| Plane { data: frame.data(i), stride, width, height })
    };
    Some([plane(0)?, plane(1)?, plane(2)?])
}

fn colour(frame: &frame::Video, is_full_range: bool) -> YuvToRgb {
    let (red, blue) = luma_weights(frame);
    YuvToRgb::new(red, blue, is_full_range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_of_the_same_shape_fills_the_first_ones_size() {
        assert_eq!(fitted((640, 480), (480, 360)), (480, 360));
        assert_eq!(fitted((960, 540), (1920, 1080)), (1920, 1080));
        assert_eq!(fitted((641, 480), (640, 480)), (640, 480));
        assert_eq!(fitted((480, 640), (640, 480)), (360, 480));
    }

    #[test]
    fn frames_larger_than_any_network_looks_at_are_halved() {
        assert_eq!(reduced((3840, 2160)), (1920, 1080));
        assert_eq!(reduced((2160, 3840)), (1080, 1920));
        assert_eq!(reduced((1920, 1080)), (1920, 1080));
        assert_eq!(reduced((1080, 1920)), (1080, 1920));
    }

    #[test]
    fn frames_of_another_shape_have_black_borders() {
        let white = vec![235; 64 * 64];
        let plane = |width, height| Plane { data: &white, stride: 64, width, height };
        let mut canvas = Canvas::new((64, 32));
        canvas.show(&[plane(32, 32), plane(16, 16), plane(16, 16)], (32, 32));
        let [luma, ..] = canvas.planes();
        let line = &luma.data[..64];
        assert!(line[..16].iter().chain(&line[48..]).all(|v| *v == 16));
        assert!(line[16..48].iter().all(|v| *v == 235));
    }

    proptest! {
        #[test]
        fn a_fitted_frame_never_exceeds_the_first_ones(
            own in (16u32..4096, 16u32..4096), size in (16u32..1920, 16u32..1088)
        ) {
            let (width, height) = fitted(own, size);
            prop_assert!((1..=size.0).contains(&width) && (1..=size.1).contains(&height));
        }
    }
}
