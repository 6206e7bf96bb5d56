//! Files that hold sound alone, or whose sound alone is wanted.

use std::io::{Cursor, Read, Seek, SeekFrom};

use ffmpeg_next as ffmpeg;
use symphonia::core::{
    codecs::audio::AudioDecoderOptions,
    formats::{FormatOptions, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

use crate::{
    Error, Limits,
    audio::{AudioTrack, to_sample_rate},
    sniff::{HEAD, Kind, sniff},
    video::{next_packet, open},
};

/// Larger files are streamed through FFmpeg instead of being held.
const HELD: u64 = 16 << 20;
const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;

/// The sound of any file this server reads, 16 kHz mono in -1..1. A video gives its sound track.
///
/// Plain sound files are decoded by symphonia, which is safe Rust from end to end; what it does not know, and everything
/// that may hold video, goes to FFmpeg.
///
/// # Errors
/// The file is no media, has no sound this server reads, plays longer than `limits` allow, or cannot be decoded.
pub fn decode_audio(
    mut source: impl Read + Seek + Send + 'static,
    limits: &Limits,
) -> Result<Vec<f32>, Error> {
    if let Some(bytes) = sound_file(&mut source)?
        && let Some(samples) = plain(bytes, limits)?
    {
        return Ok(samples);
    }
    through_ffmpeg(source, limits)
}

/// All bytes of a small file that is by its container a sound file.
fn sound_file(source: &mut (impl Read + Seek)) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    source.seek(SeekFrom::Start(0)).map_err(|_| Error::Io)?;
    source.by_ref().take(HEAD as u64).read_to_end(&mut bytes).map_err(|_| Error::Io)?;
    if !matches!(sniff(&bytes), Some(Kind::Wav | Kind::Mp3 | Kind::Ogg | Kind::Flac)) {
        return Ok(None);
    }
    source.by_ref().take(HELD).read_to_end(&mut bytes).map_err(|_| Error::Io)?;
    Ok((bytes.len() as u64 <= HELD).then_some(bytes))
}

/// `None` where symphonia does not know the codec (Opus) or makes nothing of the file.
fn plain(bytes: Vec<u8>, limits: &Limits) -> Result<Option<Vec<f32>>, Error> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let options = (FormatOptions::default(), MetadataOptions::default());
    let Ok(mut format) = symphonia::default::get_probe().probe(&Hint::new(), stream, options.0, options.1)
    else {
        return Ok(None);
    };
    let Some(track) = format.default_track(TrackType::Audio) else { return Ok(None) };
    let (id, parameters) = (track.id, track.codec_params.as_ref().and_then(|p| p.audio()).cloned());
    let Some(parameters) = parameters else { return Ok(None) };
    let made =
        symphonia::default::get_codecs().make_audio_decoder(&parameters, &AudioDecoderOptions::default());
    let Ok(mut decoder) = made else { return Ok(None) };
    let (mut mono, mut rate, mut interleaved) = (Vec::new(), 0, Vec::<f32>::new());
    while let Ok(Some(packet)) = format.next_packet() {
        if packet.track_id != id {
            continue;
        }
        // A damaged packet is passed over.
        let Ok(decoded) = decoder.decode(&packet) else { continue };
        let (channels, spec_rate) = (decoded.spec().channels().count(), decoded.spec().rate());
        if channels == 0 || !RATES.contains(&spec_rate) || (rate != 0 && rate != spec_rate) {
            return Ok(None);
        }
        rate = spec_rate;
        decoded.copy_to_vec_interleaved(&mut interleaved);
        mono.extend(interleaved.chunks_exact(channels).map(|c| c.iter().sum::<f32>() / channels as f32));
        if mono.len() as f64 > (limits.duration_s + 0.5) * f64::from(rate) {
            return Err(Error::TooLong(limits.duration_s as u32));
        }
    }
    if mono.is_empty() {
        return Ok(None);
    }
    Ok(to_sample_rate(&mono, rate))
}

fn through_ffmpeg(source: impl Read + Seek + Send + 'static, limits: &Limits) -> Result<Vec<f32>, Error> {
    let (mut input, _) = open(source)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a 440 Hz tone, 16-bit mono WAV.
    fn tone(rate: u32) -> Vec<u8> {
        let samples = (0..rate).map(|i| (i as f32 * 440.0 * std::f32::consts::TAU / rate as f32).sin());
        let data: Vec<u8> = samples.flat_map(|s| ((s * 16_000.0) as i16).to_le_bytes()).collect();
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + data.len() as u32).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        wav.extend(rate.to_le_bytes());
        wav.extend((2 * rate).to_le_bytes());
        wav.extend(b"\x02\0\x10\0data");
        wav.extend((data.len() as u32).to_le_bytes());
        wav.extend(data);
        wav
    }

    #[test]
    fn every_rate_becomes_sixteen_kilohertz_and_keeps_its_pitch() {
        for rate in [8_000, 16_000, 44_100, 48_000] {
            let samples = plain(tone(rate), &Limits::default()).unwrap().unwrap();
            assert!(samples.len().abs_diff(16_000) < 40, "{rate}: {} samples", samples.len());
            let crossings = samples.windows(2).filter(|s| s[0] < 0.0 && s[1] >= 0.0).count();
            assert!(crossings.abs_diff(440) < 4, "{rate}: {crossings} Hz");
        }
    }

    #[test]
    fn both_decoders_hear_the_same() {
        let ours = plain(tone(44_100), &Limits::default()).unwrap().unwrap();
        let theirs = through_ffmpeg(Cursor::new(tone(44_100)), &Limits::default()).unwrap();
        let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-3 && ours.len().abs_diff(theirs.len()) < 40, "{off}");
    }
}
