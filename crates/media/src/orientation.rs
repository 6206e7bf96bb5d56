//! The intended orientation of a stored picture.

use crate::pixels::Affine;

/// The eight ways a rectangle can lie, as the numbers of EXIF: what to do to the stored picture to show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Orientation {
    #[default]
    AsStored,
    Mirror,
    Half,
    MirrorHalf,
    Transpose,
    /// Turn it clockwise by 90 degrees.
    Clockwise,
    Transverse,
    CounterClockwise,
}

impl Orientation {
    pub(crate) fn from_exif(number: u32) -> Self {
        use Orientation::{
            AsStored, Clockwise, CounterClockwise, Half, Mirror, MirrorHalf, Transpose, Transverse,
        };
        let ways = [AsStored, Mirror, Half, MirrorHalf, Transpose, Clockwise, Transverse, CounterClockwise];
        ways.get((number as usize).wrapping_sub(1)).copied().unwrap_or_default()
    }

    pub(crate) fn to_exif(self) -> u8 {
        self as u8 + 1
    }

    /// From the display matrix of a stream: nine little-endian 32-bit fixed-point numbers (libavutil/display.h); shown
    /// x = a x + c y and y = b x + d y. Other angles than quarter turns are taken to the nearest one.
    pub(crate) fn from_display_matrix(bytes: &[u8]) -> Self {
        let number = |i: usize| {
            let at = bytes.get(4 * i..4 * i + 4)?;
            Some(i64::from(i32::from_ne_bytes(at.try_into().ok()?)))
        };
        let (Some(a), Some(b), Some(c), Some(d)) = (number(0), number(1), number(3), number(4)) else {
            return Self::AsStored;
        };
        if a.abs() + d.abs() >= b.abs() + c.abs() {
            match (a >= 0, d >= 0) {
                (true, true) => Self::AsStored,
                (false, true) => Self::Mirror,
                (false, false) => Self::Half,
                (true, false) => Self::MirrorHalf,
            }
        } else {
            match (b >= 0, c >= 0) {
                (true, true) => Self::Transpose,
                (true, false) => Self::Clockwise,
                (false, true) => Self::CounterClockwise,
                (false, false) => Self::Transverse,
            }
        }
    }

    fn is_sideways(self) -> bool {
        matches!(self, Self::Transpose | Self::Clockwise | Self::Transverse | Self::CounterClockwise)
    }

    /// Shown width and height of a picture stored as `width` x `height`.
    pub(crate) fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.is_sideways() { (height, width) } else { (width, height) }
    }

    /// Takes a shown point to the stored one, for a picture stored as `width` x `height`.
    pub(crate) fn to_stored(self, width: u32, height: u32) -> Affine {
        let (right, bottom) = (width as f32 - 1.0, height as f32 - 1.0);
        Affine(match self {
            Self::AsStored => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            Self::Mirror => [[-1.0, 0.0, right], [0.0, 1.0, 0.0]],
            Self::Half => [[-1.0, 0.0, right], [0.0, -1.0, bottom]],
            Self::MirrorHalf => [[1.0, 0.0, 0.0], [0.0, -1.0, bottom]],
            Self::Transpose => [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
            Self::Clockwise => [[0.0, 1.0, 0.0], [-1.0, 0.0, bottom]],
            Self::Transverse => [[0.0, -1.0, right], [-1.0, 0.0, bottom]],
            Self::CounterClockwise => [[0.0, -1.0, right], [1.0, 0.0, 0.0]],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(a: i32, b: i32, c: i32, d: i32) -> Vec<u8> {
        [a, b, 0, c, d, 0, 0, 0, 1 << 14].iter().flat_map(|v| (v << 16).to_ne_bytes()).collect()
    }

    #[test]
    fn a_display_matrix_of_a_quarter_turn_is_read() {
        // What a phone held upright writes: shown x = -y, shown y = x.
        assert_eq!(Orientation::from_display_matrix(&matrix(0, 1, -1, 0)), Orientation::Clockwise);
        assert_eq!(Orientation::from_display_matrix(&matrix(0, -1, 1, 0)), Orientation::CounterClockwise);
        assert_eq!(Orientation::from_display_matrix(&matrix(-1, 0, 0, -1)), Orientation::Half);
        assert_eq!(Orientation::from_display_matrix(&[]), Orientation::AsStored);
    }

    #[test]
    fn turned_clockwise_the_stored_bottom_left_is_shown_top_left() {
        assert_eq!(Orientation::Clockwise.size(640, 480), (480, 640));
        assert_eq!(Orientation::Clockwise.to_stored(640, 480).apply([0.0, 0.0]), [0.0, 479.0]);
        assert_eq!(Orientation::CounterClockwise.to_stored(640, 480).apply([0.0, 0.0]), [639.0, 0.0]);
    }

    #[test]
    fn every_way_keeps_the_corners_inside() {
        for number in 1..=8 {
            let way = Orientation::from_exif(number);
            let (w, h) = way.size(7, 5);
            for corner in [[0.0, 0.0], [w as f32 - 1.0, h as f32 - 1.0]] {
                let [x, y] = way.to_stored(7, 5).apply(corner);
                assert!((0.0..7.0).contains(&x) && (0.0..5.0).contains(&y), "{way:?}");
            }
        }
    }
}
