//! Frames of 4K at half their size: each pixel the mean of two by two. A general scaler takes three times as long, and with
//! 4K it was a quarter of a call.

use crate::{convert::plane_size, resample::Plane};

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Bytes.
    Eight,
    /// Ten bits in two bytes, the low one first.
    Ten,
}

impl Depth {
    /// Bytes of a sample.
    fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Ten => 2,
        }
    }
}

/// Returns a picture of half the width and height, in 8 bits.
pub(crate) struct Halved {
    size: (u32, u32),
    planes: [Vec<u8>; 3],
}

impl Halved {
    /// Whether a picture of the size `own` is halved to `size` without a rest, its chroma included.
    pub fn fits(own: (u32, u32), size: (u32, u32)) -> bool {
        own == (2 * size.0, 2 * size.1) && size.0.is_multiple_of(2) && size.1.is_multiple_of(2)
    }

    pub fn new(size: (u32, u32)) -> Self {
        let plane = |i: usize| {
            let (width, height) = plane_size(size, i);
            vec![0; width as usize * height as usize]
        };
        Self { size, planes: [plane(0), plane(1), plane(2)] }
    }

    /// Takes a picture; `None` when its memory is too short for its size.
    pub fn show(&mut self, picture: &[Plane<'_>; 3], depth: Depth) -> Option<()> {
        for (i, (own, plane)) in self.planes.iter_mut().zip(picture).enumerate() {
            let (width, _) = plane_size(self.size, i);
            for (y, out) in own.chunks_exact_mut(width as usize).enumerate() {
                let upper = plane.data.get(2 * y * plane.stride..)?;
                let lower = plane.data.get((2 * y + 1) * plane.stride..)?;
                let length = 2 * depth.bytes() * out.len();
                let (upper, lower) = (upper.get(..length)?, lower.get(..length)?);
                match depth {
                    Depth::Eight => halve_line(upper, lower, out),
                    Depth::Ten => halve_deep_line(upper, lower, out),
                }
            }
        }
        Some(())
    }

    pub fn planes(&self) -> [Plane<'_>; 3] {
        std::array::from_fn(|i| {
            let (width, height) = plane_size(self.size, i);
            Plane { data: &self.planes[i], stride: width as usize, width, height }
        })
    }
}

/// Two lines to one. Both samples of a pair are added within a word of 16 bits, which compilers turn into vectors.
fn halve_line(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let sum = |pair: &[u8]| {
        let word = u16::from_le_bytes([pair[0], pair[1]]);
        (word & 255) + (word >> 8)
    };
    let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
    out.iter_mut().zip(pairs).for_each(|(out, (a, b))| *out = ((sum(a) + sum(b) + 2) >> 2) as u8);
}

/// The same of ten bits, of which the upper eight are kept.
fn halve_deep_line(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let sum = |pair: &[u8]| {
        let words = u32::from_le_bytes([pair[0], pair[1], pair[2], pair[3]]);
        (words & 1023) + (words >> 16 & 1023)
    };
    let pairs = upper.chunks_exact(4).zip(lower.chunks_exact(4));
    out.iter_mut().zip(pairs).for_each(|(out, (a, b))| *out = ((sum(a) + sum(b) + 8) >> 4).min(255) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plane(data: &[u8], stride: usize, width: u32, height: u32) -> Plane<'_> {
        Plane { data, stride, width, height }
    }

    #[test]
    fn only_a_size_that_is_twice_the_other_is_halved_here() {
        assert!(Halved::fits((3840, 2160), (1920, 1080)) && Halved::fits((2160, 3840), (1080, 1920)));
        assert!(!Halved::fits((3842, 2160), (1920, 1080)) && !Halved::fits((3840, 2162), (1920, 1081)));
    }

    #[test]
    fn memory_that_is_too_short_is_no_picture() {
        let data = vec![9; 64 * 63];
        let picture = [plane(&data, 64, 64, 64), plane(&data, 32, 32, 32), plane(&data, 32, 32, 32)];
        assert!(Halved::new((32, 32)).show(&picture, Depth::Eight).is_none());
    }

    proptest! {
        #[test]
        fn each_pixel_is_the_mean_of_four(data in prop::collection::vec(any::<u8>(), 40 * 16), deep in any::<bool>()) {
            // Lines are longer than the picture, as decoders write them.
            let (depth, bytes, stride) = if deep { (Depth::Ten, 2, 40) } else { (Depth::Eight, 1, 40) };
            let data: Vec<u8> = if deep { data.iter().enumerate().map(|(i, v)| if i % 2 == 1 { v & 3 } else { *v }).collect() } else { data };
            let at = |x: usize, y: usize| match depth {
                Depth::Eight => f64::from(data[y * stride + x]),
                Depth::Ten => f64::from(u16::from_le_bytes([data[y * stride + 2 * x], data[y * stride + 2 * x + 1]])) / 4.0,
            };
            let (width, height) = (32 / bytes / 2, 8);
            let mut halved = Halved::new((width as u32, height as u32));
            let picture = [plane(&data, stride, 2 * width as u32, 2 * height as u32); 3];
            halved.show(&picture, depth).unwrap();
            let [luma, chroma, _] = halved.planes();
            prop_assert_eq!((chroma.width, chroma.height), (width as u32 / 2, height as u32 / 2));
            for (i, value) in luma.data.iter().enumerate() {
                let (x, y) = (2 * (i % width), 2 * (i / width));
                let mean = (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
                prop_assert!((f64::from(*value) - mean.min(255.0)).abs() <= 0.51, "{} {}", value, mean);
            }
        }
    }
}
