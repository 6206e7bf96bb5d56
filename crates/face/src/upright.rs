//! Finds the orientation of a picture by its faces.
//!
//! Some cameras and editors store a picture rotated without metadata. The detector finds many of these faces anyway,
//! upside down, and the mesh treats them as upright: a template of such a crop matches nobody, not even its owner.
//! Upright faces score higher than the same faces rotated, so a picture without clearly upright faces is also
//! examined rotated.

use media::{Affine, Pixels, Row};

use crate::{Engine, Error, detect::Detection};

/// A face with this score is upright: two in three of 78 upright pictures score more, and none of their rotated
/// copies comes within .03 (docs/ACCURACY.md).
const SURELY_UPRIGHT: f32 = 0.92;
/// Lead of a rotated face's score for the picture to be rotated. Upright pictures stay within .011.
const MARGIN: f32 = 0.03;

/// Upright faces of 78 pictures scored .82 and more; a lower score does not count for a rotation.
const LEAST_UPRIGHT: f32 = 0.8;

/// The rotation that makes a picture upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    #[default]
    None,
    Clockwise,
    Half,
    Counterclockwise,
}

impl Turn {
    const TURNED: [Self; 3] = [Self::Half, Self::Clockwise, Self::Counterclockwise];

    /// Rotates the picture.
    pub fn of(self, pixels: &dyn Pixels) -> Turned<'_> {
        Turned { pixels, turn: self }
    }

    fn swaps_sides(self) -> bool {
        matches!(self, Self::Clockwise | Self::Counterclockwise)
    }
}

/// A view of a picture, rotated by quarter turns.
#[derive(Clone, Copy)]
pub struct Turned<'a> {
    pixels: &'a dyn Pixels,
    turn: Turn,
}

impl Turned<'_> {
    /// Maps points of the rotated picture to the stored one.
    fn to_stored(self) -> Affine {
        let (right, bottom) = (self.pixels.width() as f32 - 1.0, self.pixels.height() as f32 - 1.0);
        Affine(match self.turn {
            Turn::None => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            Turn::Clockwise => [[0.0, 1.0, 0.0], [-1.0, 0.0, bottom]],
            Turn::Half => [[-1.0, 0.0, right], [0.0, -1.0, bottom]],
            Turn::Counterclockwise => [[0.0, -1.0, right], [1.0, 0.0, 0.0]],
        })
    }
}

impl Pixels for Turned<'_> {
    fn width(&self) -> u32 {
        if self.turn.swaps_sides() { self.pixels.height() } else { self.pixels.width() }
    }

    fn height(&self) -> u32 {
        if self.turn.swaps_sides() { self.pixels.width() } else { self.pixels.height() }
    }

    fn sample(&self, map: &Affine, width: usize, height: usize, emit: &mut dyn FnMut(usize, Row<'_>)) {
        self.pixels.sample(&self.to_stored().after(map), width, height, emit);
    }
}

/// Returns the score of the most confident face, 0 for none.
fn surest(faces: &[Detection]) -> f32 {
    faces.iter().map(|face| face.score).fold(0.0, f32::max)
}

/// Whether one of `faces` is clearly upright.
pub(crate) fn is_surely_upright(faces: &[Detection]) -> bool {
    surest(faces) >= SURELY_UPRIGHT
}

impl Engine {
    /// Detects the faces of a still picture, largest first, and the rotation that makes them upright; the faces are
    /// those of the rotated picture.
    ///
    /// # Errors
    /// When the network fails.
    pub fn upright_faces(&mut self, picture: &dyn Pixels) -> Result<(Turn, Vec<Detection>), Error> {
        let faces = self.faces(picture)?;
        self.turn_by_faces(picture, faces, crate::engine::PICTURE_SIDE)
    }

    /// Compares `faces`, those of the picture as stored, with the faces of the picture rotated.
    pub(crate) fn turn_by_faces(
        &mut self,
        picture: &dyn Pixels,
        faces: Vec<Detection>,
        side: u32,
    ) -> Result<(Turn, Vec<Detection>), Error> {
        if is_surely_upright(&faces) {
            return Ok((Turn::None, faces));
        }
        let mut least = (surest(&faces) + MARGIN).max(LEAST_UPRIGHT);
        let mut best = (Turn::None, faces);
        for turn in Turn::TURNED {
            let found = self.detect(&turn.of(picture), side)?;
            if surest(&found) > least {
                least = surest(&found);
                best = (turn, found);
            }
        }
        Ok(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_view_shows_the_pixels_of_the_turned_picture() {
        let rgb = image::RgbImage::from_fn(7, 4, |x, y| image::Rgb([(10 * x + y) as u8; 3]));
        let picture = media::Picture::from_rgb(&rgb);
        let turned = [
            (Turn::Clockwise, image::imageops::rotate90(&rgb)),
            (Turn::Half, image::imageops::rotate180(&rgb)),
            (Turn::Counterclockwise, image::imageops::rotate270(&rgb)),
            (Turn::None, rgb.clone()),
        ];
        for (turn, expected) in turned {
            let view = turn.of(&picture);
            assert_eq!((view.width(), view.height()), expected.dimensions(), "{turn:?}");
            let (width, height) = (view.width() as usize, view.height() as usize);
            let shown = media::crop_rgb(&view, &Affine::shrink(1.0), width, height);
            assert_eq!(shown, expected.into_raw(), "{turn:?}");
        }
    }
}
