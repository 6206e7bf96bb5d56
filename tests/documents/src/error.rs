//! Why the studio cannot work.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the font {0} is missing or damaged: run setup/system.sh")]
    Font(String),
    #[error("the picture {0} is missing or damaged: run `make setup`")]
    Portrait(String),
    #[error("the barcode cannot be made: {0}")]
    Barcode(String),
    #[error(transparent)]
    Image(#[from] image::ImageError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
