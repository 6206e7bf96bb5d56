//! The sound of a container, through FFmpeg, to 16 kHz mono.

use ffmpeg_next as ffmpeg;

use ffmpeg::{
    ChannelLayout, Packet, Stream, codec,
    format::sample::{Sample, Type},
    frame,
    software::resampling,
};

use crate::{Error, Limits, SAMPLE_RATE};

/// The resampler's output: 16-bit, because FFmpeg then averages channels, where for floats it adds them up.
const SAMPLE: Sample = Sample::I16(Type::Packed);
/// A hole in the sound longer than this is filled with silence, so that what follows stays in time.
const HOLE_S: f64 = 0.1;

/// One audio stream being decoded.
pub(crate) struct AudioTrack {
    pub(crate) index: usize,
    decoder: codec::decoder::Audio,
    time_base: f64,
    resampler: Option<resampling::Context>,
    /// When the first sample sounds, on the file's own clock.
    start: Option<f64>,
    samples: Vec<f32>,
    most: usize,
}

impl AudioTrack {
    /// `None` when the codec is not one this server reads: such a file counts as silent.
    pub(crate) fn open(stream: &Stream, limits: &Limits) -> Option<Self> {
        let parameters = stream.parameters();
        if !is_supported(parameters.id()) {
            return None;
        }
        let mut decoder = codec::Context::from_parameters(parameters).ok()?.decoder();
        decoder.set_packet_time_base(stream.time_base());
        Some(Self {
            index: stream.index(),
            decoder: decoder.audio().ok()?,
            time_base: f64::from(stream.time_base()),
            resampler: None,
            start: None,
            samples: Vec::new(),
            most: ((limits.duration_s + 1.0) * f64::from(SAMPLE_RATE)) as usize,
        })
    }

    /// Decodes a packet; damaged ones are passed over.
    pub(crate) fn push(&mut self, packet: &Packet) -> Result<(), Error> {
        if self.decoder.send_packet(packet).is_ok() { self.drain() } else { Ok(()) }
    }

    fn drain(&mut self) -> Result<(), Error> {
        let mut frame = frame::Audio::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            self.take(&mut frame);
            if self.samples.len() > self.most {
                return Err(Error::TooLong((self.most as u32 / SAMPLE_RATE).saturating_sub(1)));
            }
        }
        Ok(())
    }

    fn take(&mut self, frame: &mut frame::Audio) {
        let rates = 1_000..=384_000;
        if frame.samples() == 0
            || frame.channels() == 0
            || frame.channels() > 8
            || !rates.contains(&frame.rate())
        {
            return;
        }
        if frame.channel_layout().is_empty() {
            frame.set_channel_layout(ChannelLayout::default(i32::from(frame.channels())));
        }
        if let Some(time) = frame.timestamp().map(|t| t as f64 * self.time_base) {
            self.fill_hole(time);
        }
        self.start.get_or_insert(0.0);
        if self.resampler_for(frame).is_none() {
            return;
        }
        let Some(resampler) = &mut self.resampler else { return };
        let room = frame.samples() * SAMPLE_RATE as usize / frame.rate() as usize + 256;
        let mut out = frame::Audio::new(SAMPLE, room, ChannelLayout::MONO);
        if resampler.run(frame, &mut out).is_ok() {
            append(&mut self.samples, &out);
        }
    }

    fn fill_hole(&mut self, time: f64) {
        let start = *self.start.get_or_insert(time);
        let due = self.samples.len() as f64 / f64::from(SAMPLE_RATE);
        let hole = time - start - due;
        if hole > HOLE_S {
            let silence = (hole * f64::from(SAMPLE_RATE)) as usize;
            // One sample above the limit is enough to be refused.
            self.samples.resize((self.samples.len() + silence).min(self.most + 1), 0.0);
        }
    }

    /// The resampler for frames like this one, renewed when a stream changes its format midway.
    fn resampler_for(&mut self, frame: &frame::Audio) -> Option<()> {
        let (format, layout, rate) = (frame.format(), frame.channel_layout(), frame.rate());
        let is_same = self.resampler.as_ref().is_some_and(|r| {
            let input = r.input();
            (input.format, input.channel_layout, input.rate) == (format, layout, rate)
        });
        if !is_same {
            self.flush_resampler();
            self.resampler =
                resampling::Context::get(format, layout, rate, SAMPLE, ChannelLayout::MONO, SAMPLE_RATE).ok();
        }
        self.resampler.as_ref().map(|_| ())
    }

    fn flush_resampler(&mut self) {
        if let Some(mut resampler) = self.resampler.take() {
            flush(&mut resampler, &mut self.samples);
        }
    }

    /// All samples, in -1..1, the first of them at `from` seconds on the file's clock; `None` when nothing was decoded.
    pub(crate) fn finish(mut self, from: Option<f64>) -> Result<Option<Vec<f32>>, Error> {
        if self.decoder.send_eof().is_ok() {
            self.drain()?;
        }
        self.flush_resampler();
        if self.samples.is_empty() {
            return Ok(None);
        }
        let late = self.start.zip(from).map_or(0.0, |(start, from)| start - from);
        Ok(Some(shift(self.samples, late, self.most)))
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

/// Mono samples in -1..1 of any rate, brought to 16 kHz.
pub(crate) fn to_sample_rate(mono: &[f32], rate: u32) -> Option<Vec<f32>> {
    if rate == SAMPLE_RATE {
        return Some(mono.to_vec());
    }
    let float = Sample::F32(Type::Packed);
    let mut resampler =
        resampling::Context::get(float, ChannelLayout::MONO, rate, SAMPLE, ChannelLayout::MONO, SAMPLE_RATE)
            .ok()?;
    let mut samples = Vec::with_capacity(mono.len() * SAMPLE_RATE as usize / rate as usize + 1);
    for chunk in mono.chunks(8192) {
        let mut frame = frame::Audio::new(float, chunk.len(), ChannelLayout::MONO);
        frame.set_rate(rate);
        frame.plane_mut::<f32>(0)[..chunk.len()].copy_from_slice(chunk);
        let room = chunk.len() * SAMPLE_RATE as usize / rate as usize + 256;
        let mut out = frame::Audio::new(SAMPLE, room, ChannelLayout::MONO);
        resampler.run(&frame, &mut out).ok()?;
        append(&mut samples, &out);
    }
    flush(&mut resampler, &mut samples);
    Some(samples)
}

fn flush(resampler: &mut resampling::Context, samples: &mut Vec<f32>) {
    // A resampler holds back a few hundred samples; the bound is against one that never ends.
    for _ in 0..1000 {
        let mut out = frame::Audio::new(SAMPLE, 4096, ChannelLayout::MONO);
        if resampler.flush(&mut out).is_err() || out.samples() == 0 {
            return;
        }
        append(samples, &out);
    }
}

fn append(samples: &mut Vec<f32>, frame: &frame::Audio) {
    if frame.samples() > 0 && frame.planes() > 0 {
        let data = frame.plane::<i16>(0);
        samples.extend(data.iter().take(frame.samples()).map(|s| f32::from(*s) / 32768.0));
    }
}

fn is_supported(id: codec::Id) -> bool {
    use codec::Id;
    matches!(
        id,
        Id::AAC
            | Id::OPUS
            | Id::VORBIS
            | Id::MP3
            | Id::MP2
            | Id::FLAC
            | Id::ALAC
            | Id::AMR_NB
            | Id::AMR_WB
            | Id::PCM_S16LE
            | Id::PCM_S16BE
            | Id::PCM_U8
            | Id::PCM_S24LE
            | Id::PCM_S24BE
            | Id::PCM_S32LE
            | Id::PCM_S32BE
            | Id::PCM_F32LE
            | Id::PCM_F32BE
            | Id::PCM_F64LE
            | Id::PCM_ALAW
            | Id::PCM_MULAW
    )
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
