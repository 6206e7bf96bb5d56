//! Faces for the portraits: real photographs that set-up fetches, and those of a folder when one is named.

use std::path::Path;

use image::imageops;

use crate::{Error, canvas::Canvas};

/// Portraits by person, 7:9.
pub struct Portraits(Vec<Vec<Canvas>>);

/// Head and shoulders in the fixtures: file, left, top, width, height.
const IN_FIXTURES: [(&str, u32, u32, u32, u32); 5] = [
    ("obama.jpg", 12, 0, 420, 540),
    ("thai_people.jpg", 427, 20, 200, 257),
    ("thai_people.jpg", 330, 165, 175, 225),
    ("thai_people.jpg", 668, 285, 144, 185),
    ("thai_people.jpg", 755, 175, 145, 186),
];

impl Portraits {
    /// The people in `fixtures/`, and those in `more`: a folder with a folder of photographs for each person, the face
    /// in the middle.
    ///
    /// # Errors
    /// A file is missing or is no picture.
    pub fn open(fixtures: &Path, more: Option<&Path>) -> Result<Self, Error> {
        let mut people = Vec::new();
        for (file, x, y, w, h) in IN_FIXTURES {
            let picture = picture(&fixtures.join(file))?;
            people.push(vec![Canvas::from_image(&imageops::crop_imm(&picture, x, y, w, h).to_image())]);
        }
        for folder in more.map(sorted).transpose()?.unwrap_or_default() {
            let photos = sorted(&folder)?;
            people.push(photos.iter().map(|p| centre(p)).collect::<Result<_, _>>()?);
        }
        Ok(Self(people))
    }

    pub fn people(&self) -> usize {
        self.0.len()
    }

    /// A photograph of a person; both numbers go round.
    pub fn of(&self, person: usize, photo: usize) -> &Canvas {
        let photos = &self.0[person % self.0.len()];
        &photos[photo % photos.len()]
    }
}

fn sorted(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn picture(path: &Path) -> Result<image::RgbImage, Error> {
    let bytes = std::fs::read(path).map_err(|_| Error::Portrait(path.display().to_string()))?;
    Ok(image::load_from_memory(&bytes).map_err(|_| Error::Portrait(path.display().to_string()))?.into_rgb8())
}

fn centre(path: &Path) -> Result<Canvas, Error> {
    let whole = picture(path)?;
    let width = (whole.height() * 7 / 9).min(whole.width());
    let cut = imageops::crop_imm(&whole, (whole.width() - width) / 2, 0, width, width * 9 / 7).to_image();
    Ok(Canvas::from_image(&cut))
}
