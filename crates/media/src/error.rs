//! Errors of decoding.

use serde::{Deserialize, Serialize};

/// Texts are safe to show to a client: they speak of the file, never of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    #[error(
        "the file is not a media file this server can read; it reads video as MP4, MOV, 3GP, WebM, Matroska, AVI, MPEG-PS \
         and MPEG-TS, and sound as WAV, MP3, M4A, AAC, Ogg, Opus, FLAC, AIFF, CAF and AMR"
    )]
    NotMedia,
    #[error("the file is not a picture this server can read; it reads JPEG, PNG and WebP")]
    NotPicture,
    #[error("the file has no video stream")]
    NoVideo,
    #[error("the file has no audio stream")]
    NoAudio,
    #[error("nothing in the file can be decoded; it may be cut short or damaged")]
    Undecodable,
    #[error(
        "the codec `{0}` is not supported; video is read as H.264, HEVC, VP8, VP9, AV1, MPEG-4, H.263, MPEG-1, MPEG-2 and Motion \
         JPEG, sound as AAC, Opus, Vorbis, MP3, MP2, AC-3, FLAC, ALAC, AMR, ADPCM and PCM"
    )]
    UnsupportedCodec(String),
    #[error("the sound has more than 8 channels, or a sample rate outside 1 to 384 kHz")]
    UnsupportedSound,
    #[error(
        "the index of the file is compressed (`cmov`), which this server does not read; save the file anew"
    )]
    CompressedIndex,
    #[error("the file plays longer than {0} seconds")]
    TooLong(u32),
    #[error("the picture is larger than {0}x{0} pixels")]
    TooLarge(u32),
    #[error("the picture has more than {0} megapixels; send a smaller one")]
    TooManyPixels(u32),
    #[error("the picture is a progressive JPEG that needs too much memory; save it as a baseline JPEG")]
    TooManyCoefficients,
    #[error("the file has more than {0} frames a second")]
    TooManyFrames(u32),
    #[error("the file takes more decoding than this server spends on one; send it shorter or smaller")]
    TooMuchWork,
    #[error("the file could not be read")]
    Io,
}
