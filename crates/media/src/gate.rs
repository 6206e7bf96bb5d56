//! Restricts what FFmpeg may open: containers, codecs, and amounts.
//!
//! FFmpeg opens decoders while it probes streams. So the allowed ones are set on the container's context, before the
//! first byte is parsed, and again on each decoder.

use std::io::{Read, Seek, SeekFrom};

use ffmpeg_next as ffmpeg;

use ffmpeg::{Dictionary, Packet, Stream, codec, format::context, media::Type};
use memchr::memmem;

use crate::{
    Error, Limits,
    sniff::{HEAD, Kind, sniff},
};

/// The supported codecs, with FFmpeg's decoders of each.
const VIDEO_CODECS: [(codec::Id, &str); 10] = [
    (codec::Id::H264, "h264"),
    (codec::Id::HEVC, "hevc"),
    (codec::Id::VP8, "vp8"),
    (codec::Id::VP9, "vp9"),
    (codec::Id::AV1, "libdav1d,libaom-av1"),
    (codec::Id::MPEG4, "mpeg4"),
    (codec::Id::H263, "h263"),
    (codec::Id::MPEG1VIDEO, "mpeg1video"),
    (codec::Id::MPEG2VIDEO, "mpeg2video"),
    (codec::Id::MJPEG, "mjpeg"),
];
const SOUND_CODECS: [(codec::Id, &str); 30] = [
    (codec::Id::AAC, "aac"),
    (codec::Id::AAC_LATM, "aac_latm"),
    (codec::Id::OPUS, "opus,libopus"),
    (codec::Id::VORBIS, "vorbis"),
    (codec::Id::MP3, "mp3float,mp3"),
    (codec::Id::MP2, "mp2float,mp2"),
    (codec::Id::AC3, "ac3"),
    (codec::Id::EAC3, "eac3"),
    (codec::Id::FLAC, "flac"),
    (codec::Id::ALAC, "alac"),
    (codec::Id::AMR_NB, "amrnb"),
    (codec::Id::AMR_WB, "amrwb"),
    (codec::Id::ADPCM_IMA_QT, "adpcm_ima_qt"),
    (codec::Id::ADPCM_IMA_WAV, "adpcm_ima_wav"),
    (codec::Id::ADPCM_MS, "adpcm_ms"),
    (codec::Id::PCM_S8, "pcm_s8"),
    (codec::Id::PCM_U8, "pcm_u8"),
    (codec::Id::PCM_S16LE, "pcm_s16le"),
    (codec::Id::PCM_S16BE, "pcm_s16be"),
    (codec::Id::PCM_S24LE, "pcm_s24le"),
    (codec::Id::PCM_S24BE, "pcm_s24be"),
    (codec::Id::PCM_S32LE, "pcm_s32le"),
    (codec::Id::PCM_S32BE, "pcm_s32be"),
    (codec::Id::PCM_F32LE, "pcm_f32le"),
    (codec::Id::PCM_F32BE, "pcm_f32be"),
    (codec::Id::PCM_F64LE, "pcm_f64le"),
    (codec::Id::PCM_F64BE, "pcm_f64be"),
    (codec::Id::PCM_ALAW, "pcm_alaw"),
    (codec::Id::PCM_MULAW, "pcm_mulaw"),
    (codec::Id::PCM_DVD, "pcm_dvd"),
];

/// Telephones write half a dozen streams: pictures, sound, two or three of sensors.
const MAX_STREAMS: usize = 32;
/// Bytes and microseconds that FFmpeg may probe.
const PROBE_BYTES: usize = 5_000_000;
const PROBE_US: usize = 5_000_000;
/// Packets of all streams per second of allowed play time; a clip of a telephone has about 100.
const PACKETS_PER_SECOND: f64 = 2_000.0;
/// Consecutive damaged packets after which a file is rejected.
const MAX_DAMAGED_PACKETS: usize = 1_000;
/// The start of a compressed index (QuickTime's `cmov` atom). FFmpeg would decompress it to whatever size it claims.
const COMPRESSED_INDEX: &[u8] = b"dcomzlib";
/// Bytes searched at a time.
const SEARCHED: usize = 256 * 1024;

/// A container that passed the checks.
pub(crate) struct Container {
    pub input: context::Input,
    pub kind: Kind,
    packets_left: usize,
}

impl Container {
    /// Opens a container this server knows, and lets FFmpeg use that demuxer alone, the listed decoders alone, and no other
    /// file or address.
    pub(crate) fn open(
        mut source: impl Read + Seek + Send + 'static,
        limits: &Limits,
    ) -> Result<Self, Error> {
        ffmpeg::util::log::set_level(ffmpeg::util::log::Level::Quiet);
        let head = head(&mut source)?;
        let known = sniff(&head).and_then(|kind| Some((kind, kind.demuxer()?)));
        let (kind, demuxer) = known.ok_or(Error::NotMedia)?;
        if kind == Kind::Mp4 && has_compressed_index(&mut source)? {
            return Err(Error::CompressedIndex);
        }
        source.seek(SeekFrom::Start(0)).map_err(|_| Error::Io)?;
        let io = context::StreamIo::from_read_seek(source).map_err(|_| Error::Io)?;
        let input = ffmpeg::format::input_from_stream(io, None, Some(container_options(demuxer)))
            .map_err(|_| Error::Undecodable)?;
        let container = Self { input, kind, packets_left: (limits.duration_s * PACKETS_PER_SECOND) as usize };
        container.check_duration(limits)?;
        Ok(container)
    }

    /// Rejects a declared duration that is too long; a missing or wrong one is found during decoding. Matroska counts
    /// from zero, whenever its first frame is shown.
    fn check_duration(&self, limits: &Limits) -> Result<(), Error> {
        let starts = self.input.streams().filter_map(|s| start_s(&s));
        let start = starts.fold(f64::INFINITY, f64::min);
        let start = if start.is_finite() { start.max(0.0) } else { 0.0 };
        let is_too_long = self.input.duration() as f64 / 1e6 - start > limits.duration_s + 0.5;
        if is_too_long { Err(Error::TooLong(limits.duration_s as u32)) } else { Ok(()) }
    }

    /// The streams of one kind: the one FFmpeg would choose first, then the others.
    pub(crate) fn candidates(&self, medium: Type) -> Vec<Stream<'_>> {
        let best = self.input.streams().best(medium).map(|s| s.index());
        let mut all: Vec<_> = self.input.streams().filter(|s| s.parameters().medium() == medium).collect();
        all.sort_by_key(|s| (Some(s.index()) != best, s.index()));
        all
    }

    /// Returns the next packet; damaged ones are skipped, any other error ends the file.
    ///
    /// # Errors
    /// [`Error::TooMuchWork`] for a file of more packets than its play time can need.
    pub(crate) fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        let mut packet = Packet::empty();
        for _ in 0..MAX_DAMAGED_PACKETS {
            self.packets_left = self.packets_left.checked_sub(1).ok_or(Error::TooMuchWork)?;
            match packet.read(&mut self.input) {
                Ok(()) => return Ok(Some(packet)),
                Err(ffmpeg::Error::InvalidData) => {}
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}

fn start_s(stream: &Stream<'_>) -> Option<f64> {
    // FFmpeg's way to say that it does not know.
    let start = Some(stream.start_time()).filter(|s| *s != i64::MIN)?;
    Some(start as f64 * f64::from(stream.time_base()))
}

/// The first bytes of a file.
pub(crate) fn head(source: &mut (impl Read + Seek)) -> Result<Vec<u8>, Error> {
    let mut head = Vec::with_capacity(HEAD);
    source.seek(SeekFrom::Start(0)).map_err(|_| Error::Io)?;
    source.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(|_| Error::Io)?;
    Ok(head)
}

fn container_options(demuxer: &str) -> Dictionary<'static> {
    let mut options = Dictionary::new();
    options.set("format_whitelist", demuxer);
    options.set("protocol_whitelist", "");
    options.set("codec_whitelist", &all_codecs());
    options.set("max_streams", &MAX_STREAMS.to_string());
    options.set("probesize", &PROBE_BYTES.to_string());
    options.set("analyzeduration", &PROBE_US.to_string());
    options
}

/// What every decoder is opened with.
pub(crate) fn decoder_options(limits: &Limits) -> Dictionary<'static> {
    let mut options = Dictionary::new();
    options.set("codec_whitelist", &all_codecs());
    // Decoders round lines up to whole blocks.
    options.set("max_pixels", &(limits.frame_pixels + limits.frame_pixels / 8).to_string());
    options
}

fn all_codecs() -> String {
    let names: Vec<_> = VIDEO_CODECS.iter().chain(&SOUND_CODECS).map(|(_, names)| *names).collect();
    names.join(",")
}

/// The name of a codec in responses.
pub(crate) fn codec_name(id: codec::Id) -> String {
    if id == codec::Id::None { "unknown".to_owned() } else { id.name().to_owned() }
}

/// Whether pictures of this codec are read.
pub(crate) fn reads_video(id: codec::Id) -> bool {
    VIDEO_CODECS.iter().any(|(known, _)| *known == id)
}

/// Whether sound of this codec is read.
pub(crate) fn reads_sound(id: codec::Id) -> bool {
    SOUND_CODECS.iter().any(|(known, _)| *known == id)
}

fn has_compressed_index(source: &mut (impl Read + Seek)) -> Result<bool, Error> {
    source.seek(SeekFrom::Start(0)).map_err(|_| Error::Io)?;
    let finder = memmem::Finder::new(COMPRESSED_INDEX);
    let (mut buffer, mut kept) = (vec![0; SEARCHED], 0);
    loop {
        let read = source.read(&mut buffer[kept..]).map_err(|_| Error::Io)?;
        if read == 0 {
            return Ok(false);
        }
        let filled = kept + read;
        if finder.find(&buffer[..filled]).is_some() {
            return Ok(true);
        }
        // The mark may lie across two reads.
        let tail = filled.min(COMPRESSED_INDEX.len() - 1);
        buffer.copy_within(filled - tail..filled, 0);
        kept = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_compressed_index_is_found_wherever_it_lies() {
        for at in [0, 40, SEARCHED - 3, SEARCHED - 8, SEARCHED, 2 * SEARCHED + 5] {
            let mut file = vec![7; at];
            file.extend(COMPRESSED_INDEX);
            assert!(has_compressed_index(&mut Cursor::new(&file)).unwrap(), "{at}");
            file.pop();
            assert!(!has_compressed_index(&mut Cursor::new(file)).unwrap(), "{at}");
        }
    }
}
