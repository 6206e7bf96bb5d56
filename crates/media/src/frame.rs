//! One video frame, in the planes the decoder wrote.

use crate::{
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
