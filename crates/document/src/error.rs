//! Errors of reading a document.

/// Errors of this crate. That a document cannot be judged is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file; the texts are safe to show to a client.
    #[error("the document must be a jpg or png picture")]
    NotPicture,
    #[error(
        "the picture has more than 60 megapixels, or is a progressive JPEG that needs too much memory or time; send a smaller one"
    )]
    TooLarge,
    #[error("the picture cannot be decoded; it may be cut short or damaged")]
    Undecodable,
    /// A network is missing from the pack or cannot be loaded.
    #[error(transparent)]
    Model(#[from] models::Error),
    #[error(transparent)]
    Face(#[from] face::Error),
    /// A network failed while running.
    #[error("the network `{network}` failed")]
    Inference {
        network: &'static str,
        #[source]
        source: ort::Error,
    },
}

impl From<media::Error> for Error {
    fn from(error: media::Error) -> Self {
        match error {
            media::Error::NotPicture | media::Error::NotMedia => Self::NotPicture,
            media::Error::TooLarge(_)
            | media::Error::TooManyPixels(_)
            | media::Error::TooManyCoefficients
            | media::Error::TooMuchWork => Self::TooLarge,
            _ => Self::Undecodable,
        }
    }
}
