//! Decoded sound of any rate and any channels to 16 kHz mono.
//!
//! Channels are kept separate until the end. Their mean loses a voice that is in both with opposite phase, as some
//! microphone arrays record it; then only the loudest channel is used.

use ffmpeg_next as ffmpeg;

use ffmpeg::{
    ChannelLayout,
    format::sample::{Sample, Type},
    frame,
    software::resampling,
};

use crate::{Error, SAMPLE_RATE};

/// Supported rates and channels; beyond are files made to be expensive.
pub(crate) const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;
pub(crate) const MAX_CHANNELS: usize = 8;

const PLANAR: Sample = Sample::I16(Type::Planar);
const INTERLEAVED: Sample = Sample::F32(Type::Packed);
/// Samples of a channel handed to the resampler at a time.
const CHUNK: usize = 8192;
/// Decoded samples of all channels together, per kept sample: 48 kHz of eight channels, 192 kHz of two.
const MAX_WORK: usize = 25;
/// The mean of all channels is used while it has at least this share of the power of the loudest one. One channel of two
/// that is silent leaves a quarter.
const MIN_MEAN_POWER: f64 = 0.2;

/// Takes frames of one stream, in order.
pub(crate) struct Downmix {
    resampler: Option<resampling::Context>,
    /// What came before the number of channels last changed.
    mixed: Vec<f32>,
    channels: Vec<Vec<f32>>,
    max_samples: usize,
    work_left: usize,
}

impl Downmix {
    pub(crate) fn new(max_samples: usize) -> Self {
        Self {
            resampler: None,
            mixed: Vec::new(),
            channels: Vec::new(),
            max_samples,
            work_left: max_samples * MAX_WORK,
        }
    }

    /// Samples so far.
    pub(crate) fn len(&self) -> usize {
        self.mixed.len() + self.channels.first().map_or(0, Vec::len)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() > self.max_samples
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// [`Error::UnsupportedSound`] for a rate or a number of channels that is not read, [`Error::TooMuchWork`] for more
    /// samples than the play time that is allowed needs.
    pub(crate) fn push(&mut self, frame: &mut frame::Audio) -> Result<(), Error> {
        if frame.samples() == 0 {
            return Ok(());
        }
        let channels = usize::from(frame.channels());
        if !(1..=MAX_CHANNELS).contains(&channels) || !RATES.contains(&frame.rate()) {
            return Err(Error::UnsupportedSound);
        }
        let work = channels * frame.samples();
        self.work_left = self.work_left.checked_sub(work).ok_or(Error::TooMuchWork)?;
        if frame.channel_layout().is_empty() {
            frame.set_channel_layout(ChannelLayout::default(i32::from(frame.channels())));
        }
        self.prepare(frame, channels)?;
        let Some(resampler) = &mut self.resampler else { return Ok(()) };
        let room = frame.samples() * SAMPLE_RATE as usize / frame.rate() as usize + 256;
        let mut out = frame::Audio::new(PLANAR, room, resampler.output().channel_layout);
        if resampler.run(frame, &mut out).is_ok() {
            append(&mut self.channels, &out);
        }
        Ok(())
    }

    /// Adds samples of `channels` channels, one after the other, at `rate`.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(crate) fn push_interleaved(
        &mut self,
        samples: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<(), Error> {
        if !(1..=MAX_CHANNELS).contains(&channels) || !RATES.contains(&rate) {
            return Err(Error::UnsupportedSound);
        }
        let layout = ChannelLayout::default(channels as i32);
        for chunk in samples.chunks(CHUNK * channels) {
            let mut frame = frame::Audio::new(INTERLEAVED, chunk.len() / channels, layout);
            frame.set_rate(rate);
            let plane = frame.plane_mut::<f32>(0);
            let filled = chunk.len().min(plane.len());
            plane[..filled].copy_from_slice(&chunk[..filled]);
            self.push(&mut frame)?;
        }
        Ok(())
    }

    /// Makes the resampler for frames like this one, anew when a stream changes its format midway.
    fn prepare(&mut self, frame: &frame::Audio, channels: usize) -> Result<(), Error> {
        let (format, layout, rate) = (frame.format(), frame.channel_layout(), frame.rate());
        let is_same = self.resampler.as_ref().is_some_and(|r| {
            let input = r.input();
            (input.format, input.channel_layout, input.rate) == (format, layout, rate)
        });
        if is_same {
            return Ok(());
        }
        self.flush();
        if self.channels.len() != channels {
            self.settle();
            self.channels = vec![Vec::new(); channels];
        }
        let made = resampling::Context::get(format, layout, rate, PLANAR, layout, SAMPLE_RATE);
        self.resampler = Some(made.map_err(|_| Error::UnsupportedSound)?);
        Ok(())
    }

    /// Adds silence.
    pub(crate) fn push_silence(&mut self, samples: usize) {
        // One sample above the limit is enough to be refused.
        let samples = samples.min((self.max_samples + 1).saturating_sub(self.len()));
        if self.channels.is_empty() {
            self.mixed.resize(self.mixed.len() + samples, 0.0);
        }
        for channel in &mut self.channels {
            channel.resize(channel.len() + samples, 0.0);
        }
    }

    fn flush(&mut self) {
        let Some(mut resampler) = self.resampler.take() else { return };
        // A resampler holds back a few hundred samples; the bound is against one that never ends.
        for _ in 0..1000 {
            let mut out = frame::Audio::new(PLANAR, 4096, resampler.output().channel_layout);
            if resampler.flush(&mut out).is_err() || out.samples() == 0 {
                return;
            }
            append(&mut self.channels, &out);
        }
    }

    fn settle(&mut self) {
        self.mixed.append(&mut mix(&std::mem::take(&mut self.channels)));
    }

    /// All samples, in -1..1.
    pub(crate) fn finish(mut self) -> Vec<f32> {
        self.flush();
        self.settle();
        self.mixed
    }
}

fn append(channels: &mut [Vec<f32>], frame: &frame::Audio) {
    let samples = frame.samples();
    if samples == 0 || frame.planes() < channels.len() {
        return;
    }
    for (plane, channel) in channels.iter_mut().enumerate() {
        channel.extend(frame.plane::<i16>(plane).iter().take(samples).map(|s| f32::from(*s) / 32768.0));
    }
}

/// One channel of many: their mean, or the loudest where the mean loses it.
fn mix(channels: &[Vec<f32>]) -> Vec<f32> {
    let [first, others @ ..] = channels else { return Vec::new() };
    if others.is_empty() {
        return first.clone();
    }
    let share = 1.0 / channels.len() as f32;
    let mut mean = vec![0.0; first.len()];
    for channel in channels {
        mean.iter_mut().zip(channel).for_each(|(m, s)| *m += s * share);
    }
    let loudest = channels.iter().max_by(|a, b| power(a).total_cmp(&power(b)));
    match loudest {
        Some(loudest) if power(&mean) < MIN_MEAN_POWER * power(loudest) => loudest.clone(),
        _ => mean,
    }
}

fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|s| f64::from(s * s)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(gain: f32) -> Vec<f32> {
        (0..1600).map(|i| gain * (i as f32 * 0.1).sin()).collect()
    }

    #[test]
    fn opposite_phase_leaves_a_voice_and_equal_phase_its_mean() {
        assert_eq!(mix(&[tone(0.5), tone(-0.4)]), tone(0.5));
        assert_eq!(mix(&[tone(-0.3), tone(0.5)]), tone(0.5));
        let mean = mix(&[tone(0.2), tone(0.4)]);
        assert!(mean.iter().zip(tone(0.3)).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(mix(&[tone(0.2)]), tone(0.2));
    }

    #[test]
    fn a_voice_in_the_centre_of_six_channels_is_not_thinned_out() {
        let mut six = vec![vec![0.0; 1600]; 6];
        six[2] = tone(0.5);
        assert_eq!(mix(&six), tone(0.5));
    }

    proptest! {
        /// Whatever the phase between two channels, at least a fifth of the louder one's power is left.
        #[test]
        fn no_phase_loses_the_voice(phase in 0.0f32..6.3, gain in 0.1f32..1.0) {
            let turned: Vec<f32> = (0..1600).map(|i| gain * (i as f32 * 0.1 + phase).sin()).collect();
            let mixed = mix(&[tone(1.0), turned]);
            prop_assert!(power(&mixed) >= MIN_MEAN_POWER * power(&tone(1.0)) * 0.99);
        }
    }
}
