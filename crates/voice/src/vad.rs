//! Voice activity detection.

use std::ops::Range;

use crate::{MIN_SPEECH_S, Reason, SAMPLE_RATE, clipped_share};

/// Silero advances in steps of 512 samples (32 ms) and sees the 64 samples before each.
pub(crate) const STEP: usize = 512;
pub(crate) const CONTEXT: usize = 64;
/// Steps per call of the network (16 s), so that memory does not grow with the length of the audio.
const BLOCK: usize = 500;
/// A segment opens at this probability and closes below the second (hysteresis, as in Silero's reference code).
const OPEN: f32 = 0.5;
const CLOSE: f32 = 0.35;
/// Pauses up to this many steps (0.1 s) are part of speech; shorter bursts than 3 steps are not speech.
const MERGE_STEPS: usize = 3;
const MIN_STEPS: usize = 3;
/// With a larger share of speech at full scale, neither speaker nor words are reliable.
const MAX_CLIPPED: f32 = 0.1;
/// The same for the whole audio, when hardly any speech is found in it.
const CLIPPED_WITHOUT_SPEECH: f32 = 0.02;

/// One stretch of speech, in samples; `start < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Segment {
    pub start: usize,
    pub end: usize,
}

impl Segment {
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    #[must_use]
    pub fn seconds(self) -> f32 {
        (self.end - self.start) as f32 / SAMPLE_RATE as f32
    }
}

/// The speech of one recording: disjoint segments in order.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Activity {
    pub segments: Vec<Segment>,
}

impl Activity {
    /// Builds segments from the speech probability of every 32 ms step; `samples` is the length of the audio.
    #[must_use]
    pub fn from_probabilities(probabilities: &[f32], samples: usize) -> Self {
        let mut runs = speaking_runs(probabilities);
        runs.dedup_by(|next, last| {
            let close = next.start <= last.end + MERGE_STEPS;
            if close {
                last.end = next.end;
            }
            close
        });
        runs.retain(|r| r.len() >= MIN_STEPS);
        let segment = |r: Range<usize>| Segment { start: r.start * STEP, end: (r.end * STEP).min(samples) };
        Self { segments: runs.into_iter().map(segment).filter(|s| s.start < s.end).collect() }
    }

    /// Returns the seconds of speech, without pauses between segments.
    #[must_use]
    pub fn speech_seconds(&self) -> f32 {
        self.segments.iter().map(|s| s.seconds()).sum()
    }

    /// Returns the range from the first to the last spoken sample, including pauses; empty without speech.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        match (self.segments.first(), self.segments.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }

    /// Returns the spoken samples joined, at most `limit` of them.
    #[must_use]
    pub fn speech(&self, audio: &[f32], limit: usize) -> Vec<f32> {
        let spoken = self.segments.iter().filter_map(|s| audio.get(s.range()));
        spoken.flatten().copied().take(limit).collect()
    }

    /// Checks whether the audio can be judged.
    ///
    /// # Errors
    /// The [`Reason`] when it has no speech, less than [`MIN_SPEECH_S`], or clipped speech.
    pub fn judgeable(&self, audio: &[f32]) -> Result<(), Reason> {
        let speech_s = self.speech_seconds();
        let share = clipped_share(&self.speech(audio, usize::MAX));
        if share > MAX_CLIPPED {
            return Err(Reason::Clipped { share });
        }
        if speech_s >= MIN_SPEECH_S {
            return Ok(());
        }
        // Clipped speech is hard to detect: then clipping is the reason.
        let share = clipped_share(audio);
        if share > CLIPPED_WITHOUT_SPEECH {
            return Err(Reason::Clipped { share });
        }
        let too_short = Reason::TooShort { speech_s, needed_s: MIN_SPEECH_S };
        Err(if self.segments.is_empty() { Reason::NoSpeech } else { too_short })
    }
}

/// Returns runs of steps between opening and closing probability.
fn speaking_runs(probabilities: &[f32]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut speaking = false;
    for (step, &p) in probabilities.iter().enumerate() {
        let open = !speaking && p >= OPEN;
        speaking = open || (speaking && p >= CLOSE);
        match runs.last_mut() {
            _ if open => runs.push(step..step + 1),
            Some(run) if speaking => run.end = step + 1,
            _ => {}
        }
    }
    runs
}

/// Splits the audio into Silero's overlapping steps and yields them in blocks: how many, and row after row of 576
/// samples. The last partial step is padded with silence.
pub(crate) fn blocks(audio: &[f32]) -> impl Iterator<Item = (usize, Vec<f32>)> + '_ {
    (0..audio.len()).step_by(BLOCK * STEP).map(|from| {
        let to = (from + BLOCK * STEP).min(audio.len());
        let count = (to - from).div_ceil(STEP);
        let mut rows = Vec::with_capacity(count * (CONTEXT + STEP));
        for start in (from..to).step_by(STEP) {
            let end = (start + STEP).min(to);
            let context = start.saturating_sub(CONTEXT)..start;
            rows.resize(rows.len() + CONTEXT - context.len(), 0.0);
            rows.extend_from_slice(&audio[context.start..end]);
            rows.resize(rows.len() + STEP - (end - start), 0.0);
        }
        (count, rows)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_pauses_are_bridged_and_clicks_are_not_speech() {
        let mut p = vec![0.0; 40];
        p[2] = 0.9;
        p[10..16].fill(0.8);
        p[18..24].fill(0.8);
        let activity = Activity::from_probabilities(&p, 40 * STEP);
        assert_eq!(activity.segments, [Segment { start: 10 * STEP, end: 24 * STEP }]);
    }

    #[test]
    fn too_little_speech_says_how_much_there_was() {
        let activity = Activity { segments: vec![Segment { start: 0, end: 8000 }] };
        let reason = activity.judgeable(&[0.1; 16000]).unwrap_err();
        assert_eq!(reason, Reason::TooShort { speech_s: 0.5, needed_s: MIN_SPEECH_S });
    }

    #[test]
    fn speech_at_full_scale_is_called_clipped() {
        let activity = Activity { segments: vec![Segment { start: 0, end: 32000 }] };
        assert!(matches!(activity.judgeable(&[1.0; 32000]), Err(Reason::Clipped { .. })));
    }

    #[test]
    fn overloaded_sound_in_which_no_speech_is_found_is_called_clipped() {
        let audio: Vec<f32> = (0..32_000).map(|i| (3.0 * (i as f32 * 0.05).sin()).clamp(-1.0, 1.0)).collect();
        assert!(matches!(Activity::default().judgeable(&audio), Err(Reason::Clipped { .. })));
        assert_eq!(Activity::default().judgeable(&[0.1; 32_000]), Err(Reason::NoSpeech));
    }

    proptest! {
        #[test]
        fn segments_are_ordered_apart_and_inside(p in prop::collection::vec(0f32..1.0, 0..200), cut in 0usize..STEP) {
            let samples = (p.len() * STEP).saturating_sub(cut);
            let activity = Activity::from_probabilities(&p, samples);
            let mut at = 0;
            for s in &activity.segments {
                prop_assert!(s.start >= at && s.start < s.end && s.end <= samples);
                at = s.end + 1;
            }
        }

        #[test]
        fn every_step_is_full_and_no_sample_is_lost(len in 0usize..(2 * BLOCK * STEP + 3000)) {
            let blocks: Vec<_> = blocks(&vec![0.5; len]).collect();
            prop_assert!(blocks.iter().all(|(count, rows)| *count <= BLOCK && rows.len() == count * (STEP + CONTEXT)));
            prop_assert_eq!(blocks.iter().map(|b| b.0).sum::<usize>(), len.div_ceil(STEP));
            let new = blocks.iter().flat_map(|(_, rows)| rows.chunks(STEP + CONTEXT)).flat_map(|row| &row[CONTEXT..]);
            prop_assert_eq!(new.filter(|v| **v == 0.5).count(), len);
        }
    }
}
