//! One video frame, in the planes the decoder wrote.

use crate::{
    FPS,
    convert::plane_size,
    orientation::Orientation,
    pixels::{Affine, Pixels, Row},
    resample::{Plane, YuvToRgb, sample_yuv},
};

/// A borrowed 8-bit planar YUV 4:2:0 picture and when it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Position on the constant 25 fps clock; 0 is the first frame of the video.
    pub index: usize,
    /// `index` in seconds.
    pub time_s: f64,
    /// Whether this is the previous frame once more, because the file has fewer than 25 a second.
    pub is_repeat: bool,
    pub(crate) planes: [Plane<'a>; 3],
    pub(crate) colour: YuvToRgb,
    pub(crate) orientation: Orientation,
}

/// Bytes before the planes of a frame that travels between processes: width, height, orientation, colour.
const HEADER_BYTES: usize = 4 + 4 + 1 + YuvToRgb::BYTES;
/// Most pixels of a frame that is handed out.
const MAX_PIXELS: u64 = 1920 * 1088;

impl<'a> Frame<'a> {
    /// Most bytes of [`Self::write_to`].
    pub const MAX_BYTES: usize = HEADER_BYTES + 2 * MAX_PIXELS as usize;

    /// Appends all that makes the picture: what [`Self::read_from`] reads.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend(self.header());
        for plane in &self.planes {
            let lines = plane.data.chunks(plane.stride).take(plane.height as usize);
            lines.for_each(|line| out.extend(line.get(..plane.width as usize).unwrap_or(line)));
        }
    }

    /// The bytes of [`Self::write_to`] as they lie in memory, header and planes, where each plane is in one piece.
    pub fn parts(&self) -> Option<(Vec<u8>, [&'a [u8]; 3])> {
        let mut pieces = [&[][..]; 3];
        for (piece, plane) in pieces.iter_mut().zip(&self.planes) {
            let is_whole = plane.stride == plane.width as usize;
            *piece = plane.data.get(..plane.stride * plane.height as usize).filter(|_| is_whole)?;
        }
        Some((self.header(), pieces))
    }

    fn header(&self) -> Vec<u8> {
        let [luma, ..] = &self.planes;
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend(luma.width.to_le_bytes());
        header.extend(luma.height.to_le_bytes());
        header.push(self.orientation.to_exif());
        header.extend(self.colour.to_bytes());
        header
    }

    /// The frame that [`Self::write_to`] wrote; `None` for anything else. The bytes come from a process that may have been
    /// taken over, so every size is checked.
    pub fn read_from(bytes: &'a [u8], index: usize, is_repeat: bool) -> Option<Self> {
        let (header, planes) = bytes.split_at_checked(HEADER_BYTES)?;
        let side = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let size @ (width, height) = (side(0)?, side(4)?);
        let is_bounded = width.min(height) >= 16 && u64::from(width) * u64::from(height) <= MAX_PIXELS;
        let chroma = plane_size(size, 1);
        let [luma_bytes, chroma_bytes] = [size, chroma].map(|(w, h)| w as usize * h as usize);
        if !is_bounded || planes.len() != luma_bytes + 2 * chroma_bytes {
            return None;
        }
        let (luma, chromas) = planes.split_at(luma_bytes);
        let (blue, red) = chromas.split_at(chroma_bytes);
        let plane = |data, (width, height): (u32, u32)| Plane { data, stride: width as usize, width, height };
        Some(Self {
            index,
            time_s: index as f64 / f64::from(FPS),
            is_repeat,
            planes: [plane(luma, size), plane(blue, chroma), plane(red, chroma)],
            colour: YuvToRgb::from_bytes(header.get(9..)?)?,
            orientation: Orientation::from_exif(header[8].into()),
        })
    }
}

impl Pixels for Frame<'_> {
    fn width(&self) -> u32 {
        self.orientation.size(self.planes[0].width, self.planes[0].height).0
    }

    fn height(&self) -> u32 {
        self.orientation.size(self.planes[0].width, self.planes[0].height).1
    }

    fn sample(&self, map: &Affine, width: usize, height: usize, emit: &mut dyn FnMut(usize, Row<'_>)) {
        let stored = self.orientation.to_stored(self.planes[0].width, self.planes[0].height);
        sample_yuv(&self.planes, &self.colour, &stored.after(map), width, height, emit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crop_rgb;
    use proptest::prelude::*;

    #[test]
    fn a_frame_arrives_in_another_process_as_it_was() {
        // Lines are longer than the picture, as decoders write them.
        let data: Vec<u8> = (0..40 * 20).map(|i| (i * 7 % 251) as u8).collect();
        let plane = |width, height| Plane { data: &data, stride: 40, width, height };
        let frame = Frame {
            index: 3,
            time_s: 0.12,
            is_repeat: false,
            planes: [plane(34, 20), plane(17, 10), plane(17, 10)],
            colour: YuvToRgb::new(0.2126, 0.0722, false),
            orientation: Orientation::Clockwise,
        };
        let mut bytes = Vec::new();
        frame.write_to(&mut bytes);
        assert!(frame.parts().is_none(), "its lines are apart");
        let read = Frame::read_from(&bytes, 3, false).unwrap();
        let (header, [luma, blue, red]) = read.parts().unwrap();
        assert_eq!([&header, luma, blue, red].concat(), bytes);
        let map = Affine::shrink(1.0);
        assert_eq!((read.width(), read.height()), (20, 34));
        assert_eq!(crop_rgb(&read, &map, 20, 34), crop_rgb(&frame, &map, 20, 34));
        bytes.pop();
        assert!(Frame::read_from(&bytes, 3, false).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_within_bounds_or_none(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Some(frame) = Frame::read_from(&bytes, 0, false) {
                crop_rgb(&frame, &Affine::shrink(1.0), 16, 16);
            }
        }
    }
}
