//! Fingerprints: quality of a print, and comparison of two prints.
//!
//! A picture (jpg, png or webp by content) becomes a [`Print`]: minutiae by NIST's MINDTCT, and a quality with the
//! reason if it cannot be judged. Two prints are compared by NIST's BOZORTH3 (Watson et al., "User's Guide to NIST
//! Biometric Image Software", NISTIR 7392): a whole number, higher is more similar, [`SAME_FINGER`] is the customary
//! threshold.
//!
//! Invariants: size and format are bounded before C code sees a pixel; the C code, which keeps its tables in statics,
//! runs one call at a time; a panic around it is an error of one call; a picture that is not a print (a landscape has
//! "minutiae" too) is rejected with the reason, never compared.
//!
//! Callers: `sandbox`, whose workers read the prints that clients send; `svc-ml`, which stores the [`Template`] of a
//! print; `biometry evaluate`.

mod error;
mod nist;
mod quality;
mod ridges;
mod template;
mod transfer;

pub use error::{Error, Reason};
pub use quality::Quality;
pub use template::Template;
pub use transfer::{compare_pair, pair_to_bytes};

use media::{Picture, Pixels};

/// BOZORTH3's customary threshold: scores above 40 are rarely of two fingers.
pub const SAME_FINGER: u32 = 40;

/// A print that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Print {
    minutiae: nbis::Minutiae,
    quality: Quality,
}

/// The result of a comparison of two prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// 0 and up; hundreds for the same picture.
    pub score: u32,
    /// At least [`SAME_FINGER`].
    pub matched: bool,
}

impl Comparison {
    /// What a score says.
    pub fn of(score: u32) -> Self {
        Self { score, matched: score >= SAME_FINGER }
    }
}

impl Print {
    /// Reads a picture of one fingerprint, dark ridges on light ground, as scanners produce it (500 pixels per inch).
    ///
    /// # Errors
    /// [`Error::CannotJudge`] with the reason, [`Error::Media`] when it is not a picture, [`Error::Failed`] when the
    /// extraction failed.
    pub fn decode_picture(picture: &[u8]) -> Result<Self, Error> {
        Self::from_picture(&Picture::decode(picture)?)
    }

    /// Extracts the print of a decoded picture.
    ///
    /// # Errors
    /// As [`Print::decode_picture`].
    pub fn from_picture(picture: &Picture) -> Result<Self, Error> {
        quality::check_size(picture.width(), picture.height())?;
        let grey = image::imageops::grayscale(&picture.to_rgb());
        let ridges = ridges::measure(&grey);
        quality::check_ridges(ridges)?;
        let minutiae = nist::minutiae(&grey)?;
        let quality = Quality::of(ridges, &minutiae);
        quality.check()?;
        Ok(Self { minutiae, quality })
    }

    /// What the C code does with any pixels: their minutiae, compared with themselves. For fuzzing, past every gate but the
    /// size.
    ///
    /// # Errors
    /// As [`Print::decode_picture`].
    #[doc(hidden)]
    pub fn try_pixels(pixels: &[u8], width: u32, height: u32) -> Result<u32, Error> {
        quality::check_size(width, height)?;
        let grey = image::GrayImage::from_raw(width, height, pixels.to_vec()).ok_or(Error::Failed)?;
        let minutiae = nist::minutiae(&grey)?;
        nist::compare(&minutiae, &minutiae)
    }

    /// Returns what can be stored: its minutiae, without the picture.
    pub fn template(&self) -> Template {
        Template::new(self.minutiae.clone())
    }

    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// Compares two prints.
    ///
    /// # Errors
    /// [`Error::Failed`] when the comparison failed.
    pub fn compare(&self, other: &Self) -> Result<Comparison, Error> {
        let score = nist::compare(&self.minutiae, &other.minutiae)?;
        Ok(Comparison::of(score))
    }
}

#[cfg(test)]
mod tests;
