//! A still picture that crops are taken from.

use image::RgbImage;

use crate::{
    Error, Still,
    orientation::Orientation,
    pixels::{Affine, Pixels, Row},
    resample::{Plane, plane_line, taps},
};

/// A decoded JPEG, PNG or WebP; EXIF's note on which way up it is has been heeded.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Red, green and blue, each `width * height`, as stored.
    planes: [Vec<u8>; 3],
    width: u32,
    height: u32,
    orientation: Orientation,
}

impl Picture {
    /// Decodes by content, whatever the name said.
    ///
    /// # Errors
    /// As [`Still::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_still(&Still::decode(bytes)?))
    }

    /// The picture a decoded file shows.
    pub fn from_still(still: &Still) -> Self {
        let orientation = Orientation::from_exif(still.exif_orientation.into());
        Self { orientation, ..Self::from_rgb(&still.rgb) }
    }

    /// From a picture already decoded.
    pub fn from_rgb(rgb: &RgbImage) -> Self {
        let plane = |i: usize| rgb.as_raw().chunks_exact(3).map(|p| p[i]).collect();
        let (width, height) = rgb.dimensions();
        Self { planes: [plane(0), plane(1), plane(2)], width, height, orientation: Orientation::AsStored }
    }

    /// The whole picture as it is meant to be looked at: RGB, line after line.
    pub fn to_rgb(&self) -> RgbImage {
        let (width, height) = (self.width(), self.height());
        let bytes = crate::crop_rgb(self, &Affine::shrink(1.0), width as usize, height as usize);
        RgbImage::from_raw(width, height, bytes).unwrap_or_default()
    }
}

impl Pixels for Picture {
    fn width(&self) -> u32 {
        self.orientation.size(self.width, self.height).0
    }

    fn height(&self) -> u32 {
        self.orientation.size(self.width, self.height).1
    }

    fn sample(&self, map: &Affine, width: usize, height: usize, emit: &mut dyn FnMut(usize, Row<'_>)) {
        let map = self.orientation.to_stored(self.width, self.height).after(map);
        let mut lines = [vec![0.0; width], vec![0.0; width], vec![0.0; width]];
        for row in 0..height {
            for (line, data) in lines.iter_mut().zip(&self.planes) {
                let plane =
                    Plane { data, stride: self.width as usize, width: self.width, height: self.height };
                plane_line(&plane, &map, row as f32, taps(map.scale()), 0.0, line);
            }
            let [r, g, b] = &lines;
            emit(row, Row { r, g, b });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_the_camera_turns_the_picture() {
        let rgb = RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let still = |exif_orientation| Still { rgb: rgb.clone(), pixels: 1200, exif_orientation };
        assert_eq!(Picture::from_still(&still(1)).to_rgb(), rgb);
        // Turned clockwise for display: what is stored at the bottom left is shown at the top left.
        let turned = Picture::from_still(&still(6)).to_rgb();
        assert_eq!((turned.dimensions(), turned.get_pixel(0, 0).0), ((30, 40), [0, 29, 7]));
    }
}
