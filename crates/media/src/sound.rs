//! Files that hold sound alone, or whose sound alone is wanted.

use std::io::{Read, Seek};

use ffmpeg_next as ffmpeg;

use crate::{
    Error, Limits,
    audio::AudioTrack,
    video::{next_packet, open},
};

/// The sound of any file this server reads, 16 kHz mono in -1..1. A video gives its sound track.
///
/// # Errors
/// The file is no media, has no sound this server reads, plays longer than `limits` allow, or cannot be decoded.
pub fn decode_audio(source: impl Read + Seek + Send + 'static, limits: &Limits) -> Result<Vec<f32>, Error> {
    let mut input = open(source)?;
    if input.duration() as f64 / 1e6 > limits.duration_s + 0.5 {
        return Err(Error::TooLong(limits.duration_s as u32));
    }
    let stream = input.streams().best(ffmpeg::media::Type::Audio).ok_or(Error::NoAudio)?;
    let codec = stream.parameters().id().name();
    let mut track =
        AudioTrack::open(&stream, limits).ok_or_else(|| Error::UnsupportedCodec(codec.to_owned()))?;
    while let Some(packet) = next_packet(&mut input) {
        if packet.stream() == track.index {
            track.push(&packet)?;
        }
    }
    track.finish(None)?.ok_or(Error::Undecodable)
}
