//! The skin colour of a face from frame to frame, which pulses with the blood (input of rPPG).
//!
//! Sampled around mesh points of the crop the mesh was made of, so it needs no pass over the frame.

use crate::mesh::SIDE;

const FOREHEAD: [usize; 8] = [10, 151, 108, 337, 69, 299, 104, 333];
const CHEEKS: [usize; 10] = [50, 280, 205, 425, 117, 346, 101, 330, 187, 411];
/// Half the side of the square around a point, in crop pixels.
const REACH: usize = 3;

/// The skin colour of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Skin {
    /// Mean red, green and blue of forehead and cheeks, 0-255.
    pub colour: [f32; 3],
}

impl Skin {
    /// Samples a crop in RGB 0-1, row by row, with its mesh points `at`, in crop pixels.
    pub(crate) fn of(crop: &[f32], at: impl Fn(usize) -> [f32; 2]) -> Self {
        let forehead = mean(crop, FOREHEAD.iter().map(|i| at(*i)));
        let cheeks = mean(crop, CHEEKS.iter().map(|i| at(*i)));
        Self { colour: std::array::from_fn(|c| (forehead[c] + cheeks[c]) / 2.0) }
    }
}

/// Returns the mean colour, 0-255, of the squares around `points`.
fn mean(crop: &[f32], points: impl Iterator<Item = [f32; 2]>) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0f32);
    for [x, y] in points {
        // A point that is not a number or far outside is clamped to the crop's edge.
        let place = |v: f32| (v.clamp(0.0, (SIDE - 1) as f32) as usize).clamp(REACH, SIDE - 1 - REACH);
        let (x, y) = (place(x), place(y));
        for row in y - REACH..=y + REACH {
            let from = 3 * (row * SIDE + x - REACH);
            for pixel in crop[from..from + 3 * (2 * REACH + 1)].as_chunks::<3>().0 {
                (0..3).for_each(|c| sum[c] += pixel[c]);
                count += 1.0;
            }
        }
    }
    sum.map(|v| 255.0 * v / count.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_is_that_about_the_points_and_points_outside_do_no_harm() {
        let mut crop = vec![0.0; 3 * SIDE * SIDE];
        crop.as_chunks_mut::<3>().0.iter_mut().for_each(|p| *p = [0.8, 0.4, 0.2]);
        let skin = Skin::of(&crop, |i| [i as f32 * 3.0 - 300.0, f32::NAN]);
        assert!((skin.colour[0] - 204.0).abs() < 0.1 && (skin.colour[2] - 51.0).abs() < 0.1, "{skin:?}");
    }
}
