//! Files that hold sound alone, or whose sound alone is wanted.

use std::{
    io::{Cursor, Read, Seek},
    panic::catch_unwind,
};

use symphonia::core::{
    codecs::audio::AudioDecoderOptions,
    formats::{FormatOptions, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

use crate::{
    Error, Limits, SAMPLE_RATE,
    audio::AudioTrack,
    downmix::Downmix,
    gate::{Container, head},
    sniff::{Kind, sniff},
};

/// Larger files are streamed through FFmpeg instead of being held.
const HELD_BYTES: u64 = 16 << 20;
/// Packets for each second of play time that is allowed.
const PACKETS_PER_SECOND: f64 = 2_000.0;

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
        // Its decoders panic on some damaged files; those are tried with FFmpeg, as all that it makes nothing of.
        && let Some(samples) = catch_unwind(|| decode_plain(bytes, limits)).unwrap_or(Ok(None))?
    {
        return Ok(samples);
    }
    through_ffmpeg(source, limits)
}

/// All bytes of a small file that is by its container a sound file.
fn sound_file(source: &mut (impl Read + Seek)) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = head(source)?;
    let is_sound = matches!(
        sniff(&bytes),
        Some(Kind::Wav | Kind::Mp3 | Kind::Ogg | Kind::Flac | Kind::Aiff | Kind::Caf)
    );
    if !is_sound {
        return Ok(None);
    }
    source.by_ref().take(HELD_BYTES).read_to_end(&mut bytes).map_err(|_| Error::Io)?;
    Ok((bytes.len() as u64 <= HELD_BYTES).then_some(bytes))
}

/// `None` where symphonia does not know the codec (Opus) or makes nothing of the file.
fn decode_plain(bytes: Vec<u8>, limits: &Limits) -> Result<Option<Vec<f32>>, Error> {
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
    let mut downmix = Downmix::new(((limits.duration_s + 0.5) * f64::from(SAMPLE_RATE)) as usize);
    let (mut packets_left, mut interleaved) =
        ((limits.duration_s * PACKETS_PER_SECOND) as usize, Vec::<f32>::new());
    while let Ok(Some(packet)) = format.next_packet() {
        packets_left = packets_left.checked_sub(1).ok_or(Error::TooMuchWork)?;
        if packet.track_id != id {
            continue;
        }
        // A damaged packet is passed over.
        let Ok(decoded) = decoder.decode(&packet) else { continue };
        let (channels, rate) = (decoded.spec().channels().count(), decoded.spec().rate());
        decoded.copy_to_vec_interleaved(&mut interleaved);
        downmix.push_interleaved(&interleaved, channels, rate)?;
        if downmix.is_full() {
            return Err(Error::TooLong(limits.duration_s as u32));
        }
    }
    Ok(Some(downmix.finish()).filter(|samples| !samples.is_empty()))
}

fn through_ffmpeg(source: impl Read + Seek + Send + 'static, limits: &Limits) -> Result<Vec<f32>, Error> {
    let mut container = Container::open(source, limits)?;
    let mut track = AudioTrack::choose(&container, limits)?;
    while let Some(packet) = container.next_packet()? {
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
            let samples = decode_plain(tone(rate), &Limits::default()).unwrap().unwrap();
            assert!(samples.len().abs_diff(16_000) < 40, "{rate}: {} samples", samples.len());
            let crossings = samples.windows(2).filter(|s| s[0] < 0.0 && s[1] >= 0.0).count();
            assert!(crossings.abs_diff(440) < 4, "{rate}: {crossings} Hz");
        }
    }

    #[test]
    fn both_decoders_hear_the_same() {
        let ours = decode_plain(tone(44_100), &Limits::default()).unwrap().unwrap();
        let theirs = through_ffmpeg(Cursor::new(tone(44_100)), &Limits::default()).unwrap();
        let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-3 && ours.len().abs_diff(theirs.len()) < 40, "{off}");
    }
}
