//! Decodes the sound of a container through FFmpeg to 16 kHz mono.

use ffmpeg_next as ffmpeg;

use ffmpeg::{Packet, Stream, codec, frame, media::Type};

use crate::{
    Error, Limits, SAMPLE_RATE,
    downmix::Downmix,
    gate::{Container, codec_name, decoder_options, reads_sound},
};

/// A longer gap in the sound is filled with silence, so that the rest stays in sync.
const HOLE_S: f64 = 0.1;

/// One audio stream being decoded.
pub(crate) struct AudioTrack {
    pub(crate) index: usize,
    decoder: codec::decoder::Audio,
    time_base: f64,
    downmix: Downmix,
    /// When the first sample is played, on the file's own clock.
    start: Option<f64>,
    max_samples: usize,
}

impl AudioTrack {
    /// Returns the first sound track with a supported codec: telephones add others, and may prefer them.
    ///
    /// # Errors
    /// [`Error::NoAudio`] without a track, [`Error::UnsupportedCodec`] when none is supported.
    pub(crate) fn choose(container: &Container, limits: &Limits) -> Result<Self, Error> {
        let candidates = container.candidates(Type::Audio);
        let first = candidates.first().ok_or(Error::NoAudio)?;
        let unsupported = || Error::UnsupportedCodec(codec_name(first.parameters().id()));
        candidates.iter().find_map(|stream| Self::open(stream, limits)).ok_or_else(unsupported)
    }

    fn open(stream: &Stream, limits: &Limits) -> Option<Self> {
        let parameters = stream.parameters();
        let id = parameters.id();
        if !reads_sound(id) {
            return None;
        }
        let mut decoder = codec::Context::from_parameters(parameters).ok()?.decoder();
        decoder.set_packet_time_base(stream.time_base());
        let max_samples = ((limits.duration_s + 1.0) * f64::from(SAMPLE_RATE)) as usize;
        Some(Self {
            index: stream.index(),
            decoder: decoder.open_as_with(id, decoder_options(limits)).ok()?.audio().ok()?,
            time_base: f64::from(stream.time_base()),
            downmix: Downmix::new(max_samples),
            start: None,
            max_samples,
        })
    }

    /// Decodes a packet; damaged ones are skipped.
    pub(crate) fn push(&mut self, packet: &Packet) -> Result<(), Error> {
        if self.decoder.send_packet(packet).is_ok() { self.drain() } else { Ok(()) }
    }

    fn drain(&mut self) -> Result<(), Error> {
        let mut frame = frame::Audio::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            if frame.samples() > 0 {
                self.keep_in_time(frame.timestamp().map(|t| t as f64 * self.time_base));
                self.downmix.push(&mut frame)?;
            }
            if self.downmix.is_full() {
                return Err(Error::TooLong((self.max_samples as u32 / SAMPLE_RATE).saturating_sub(1)));
            }
        }
        Ok(())
    }

    /// Fills the gap before a frame that is played at `time`.
    fn keep_in_time(&mut self, time: Option<f64>) {
        let start = *self.start.get_or_insert(time.unwrap_or(0.0));
        let Some(time) = time else { return };
        let hole = time - start - self.downmix.len() as f64 / f64::from(SAMPLE_RATE);
        if hole > HOLE_S {
            self.downmix.push_silence((hole * f64::from(SAMPLE_RATE)) as usize);
        }
    }

    /// All samples, in -1..1, the first of them at `from` seconds on the file's clock; `None` when nothing was decoded.
    pub(crate) fn finish(mut self, from: Option<f64>) -> Result<Option<Vec<f32>>, Error> {
        if self.decoder.send_eof().is_ok() {
            self.drain()?;
        }
        let samples = self.downmix.finish();
        if samples.is_empty() {
            return Ok(None);
        }
        let late = self.start.zip(from).map_or(0.0, |(start, from)| start - from);
        Ok(Some(shift(samples, late, self.max_samples)))
    }
}

/// `samples` that begin `late` seconds after the video (before it when negative), moved to begin with it.
fn shift(mut samples: Vec<f32>, late: f64, most: usize) -> Vec<f32> {
    let by = ((late.abs() * f64::from(SAMPLE_RATE)).round() as usize).min(most);
    if late > 0.0 {
        samples.splice(0..0, std::iter::repeat_n(0.0, by));
    } else {
        samples.drain(..by.min(samples.len()));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_sound_is_preceded_by_silence_and_early_sound_cut() {
        assert_eq!(shift(vec![1.0; 4], 2.0 / 16000.0, 100), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(shift(vec![1.0, 2.0, 3.0], -2.0 / 16000.0, 100), [3.0]);
        assert_eq!(shift(vec![1.0], -9.0, 100), [0.0; 0]);
    }
}
