//! Why a file gives no media.

/// Texts are safe to show to a client: they speak of the file, never of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the file is not a media file this server can read")]
    NotMedia,
    #[error("the file has no video stream")]
    NoVideo,
    #[error("the file has no audio stream")]
    NoAudio,
    #[error("nothing in the file can be decoded; it may be cut short or damaged")]
    Undecodable,
    #[error("the codec `{0}` is not supported")]
    UnsupportedCodec(String),
    #[error("the file plays longer than {0} seconds")]
    TooLong(u32),
    #[error("the picture is larger than {0}x{0} pixels")]
    TooLarge(u32),
    #[error("the file has more than {0} frames a second")]
    TooManyFrames(u32),
    #[error("the file could not be read")]
    Io,
}
