//! Errors of reading and comparing fingerprints.

use serde::{Deserialize, Serialize};

/// Either the picture cannot be judged, which is a result, or the extraction failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    CannotJudge(#[from] Reason),
    #[error("the picture cannot be read")]
    Media(#[from] media::Error),
    #[error("the print could not be worked on")]
    Failed,
}

/// Why a print cannot be judged. [`Reason::code`] is stable; `Display` is a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Reason {
    #[error("the picture of the print is too small")]
    TooSmall,
    #[error(
        "the picture of the print is too large; a print at 500 pixels an inch is below 2000 pixels wide and high"
    )]
    TooLarge,
    #[error("the picture shows no fingerprint ridges")]
    NoRidges,
    #[error("the print shows too few minutiae; press the whole fingertip")]
    TooFewMinutiae,
    #[error("the print is too smudged or faint to be judged")]
    Unclear,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::TooSmall, Self::TooLarge, Self::NoRidges, Self::TooFewMinutiae, Self::Unclear];

    /// A stable snake_case word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooSmall => "print_too_small",
            Self::TooLarge => "print_too_large",
            Self::NoRidges => "no_ridges",
            Self::TooFewMinutiae => "too_few_minutiae",
            Self::Unclear => "print_unclear",
        }
    }
}
