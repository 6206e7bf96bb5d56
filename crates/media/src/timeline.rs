//! Maps frames of any rate, constant or not, to a clock of 25 per second.

use crate::{Error, FPS, Limits};

/// A frame that is earlier than the one before it by more than this is not late: the file's clock was set back.
const REWIND_S: f64 = 1.0;

/// By how much a time may be rounded: Matroska and AVI count milliseconds.
const JITTER_S: f64 = 0.002;

/// Decides for each decoded frame which ticks it fills. A frame is shown from its own tick until the next frame's: a
/// frame is held back until the time of the next one is known.
#[derive(Debug)]
pub(crate) struct Timeline {
    limits: Limits,
    /// Seconds one frame is shown, for frames without a time and for the last one.
    frame_s: f64,
    /// When the first frame is shown, on the file's own clock.
    origin: Option<f64>,
    /// The same on the clock of the latest frames, where the file's clock was set back on the way.
    start: Option<f64>,
    last: f64,
    /// The tick of the frame held back.
    held: usize,
    /// The latest time of a frame that was passed over.
    passed: f64,
    decoded: usize,
}

/// The effect of a new frame on the one held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The tick the held frame starts at.
    pub first: usize,
    /// How many ticks it fills; 0 when the new frame takes its place, or is late.
    pub ticks: usize,
    /// Whether the new frame is now the one held back; not when its time has passed.
    pub is_kept: bool,
}

impl Timeline {
    pub(crate) fn new(limits: &Limits, frame_s: f64) -> Self {
        Self {
            limits: *limits,
            frame_s,
            origin: None,
            start: None,
            last: 0.0,
            held: 0,
            passed: f64::NEG_INFINITY,
            decoded: 0,
        }
    }

    /// When the first frame is shown, on the file's own clock.
    pub(crate) fn origin(&self) -> Option<f64> {
        self.origin
    }

    /// Whether a frame shown from `time` on, for `frame_s`, will be dropped because the next one begins in the same
    /// tick. Then it need not be decoded, unless others depend on it.
    pub(crate) fn is_superfluous(&self, time: f64, frame_s: f64) -> bool {
        let Some(start) = self.start else { return false };
        let is_regular = (frame_s - self.frame_s).abs() <= 0.05 * self.frame_s;
        is_regular
            && time > self.last
            && time < self.last + REWIND_S
            && tick(time - start) == tick(time - start + frame_s + JITTER_S)
    }

    /// A frame was passed over; it counts as one of the file's.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(crate) fn pass_over(&mut self, time: f64) -> Result<(), Error> {
        self.passed = self.passed.max(time);
        self.count(time - self.start.unwrap_or(time))
    }

    /// Counts one more frame, `elapsed` seconds after the first.
    fn count(&mut self, elapsed: f64) -> Result<(), Error> {
        self.decoded += 1;
        if elapsed > self.limits.duration_s + 0.5 {
            return Err(Error::TooLong(self.limits.duration_s as u32));
        }
        if self.decoded as f64 > f64::from(self.limits.fps) * (elapsed.max(0.0) + 1.0) {
            return Err(Error::TooManyFrames(self.limits.fps));
        }
        Ok(())
    }

    /// Frames of the file so far.
    pub(crate) fn decoded(&self) -> usize {
        self.decoded
    }

    /// A frame was decoded that the file shows at `time` seconds, if it says so.
    pub(crate) fn push(&mut self, time: Option<f64>) -> Result<Step, Error> {
        let is_first = self.start.is_none();
        let time = time.unwrap_or(if is_first { 0.0 } else { self.last + self.frame_s });
        self.origin.get_or_insert(time);
        if time < self.last - REWIND_S && !is_first {
            // The clock was set back: the frame follows the one before it.
            self.start = self.start.map(|start| time - (self.last - start) - self.frame_s);
            self.passed = f64::NEG_INFINITY;
        }
        let elapsed = time - *self.start.get_or_insert(time);
        self.count(elapsed)?;
        let tick = tick(elapsed);
        let first = self.held;
        if elapsed < 0.0 || tick < first {
            return Ok(Step { first, ticks: 0, is_kept: false });
        }
        (self.last, self.held) = (time, tick);
        Ok(Step { first, ticks: tick - first, is_kept: true })
    }

    /// The file has ended; the frame held back fills the rest.
    pub(crate) fn finish(&self) -> Step {
        let end = self.start.map_or(0.0, |start| self.last.max(self.passed) - start + self.frame_s);
        let end = (end * f64::from(FPS)).round() as usize;
        Step { first: self.held, ticks: end.saturating_sub(self.held).max(1), is_kept: false }
    }
}

/// The tick at which a frame is shown. Half a tick counts down, else every second frame of 50 a second would be a tick early
/// and the last one extra.
fn tick(elapsed: f64) -> usize {
    (elapsed * f64::from(FPS) - 1e-6).round().max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The decoded frame shown at each tick.
    fn shown(times: &[Option<f64>], frame_s: f64) -> Result<Vec<usize>, Error> {
        let mut line = Timeline::new(&Limits::default(), frame_s);
        let (mut ticks, mut held) = (Vec::new(), 0);
        for (i, time) in times.iter().enumerate() {
            let step = line.push(*time)?;
            assert!(step.ticks == 0 || step.first == ticks.len());
            ticks.extend(std::iter::repeat_n(held, step.ticks));
            held = if step.is_kept { i } else { held };
        }
        ticks.extend(std::iter::repeat_n(held, line.finish().ticks));
        Ok(ticks)
    }

    fn at(times: &[f64]) -> Vec<Option<f64>> {
        times.iter().copied().map(Some).collect()
    }

    #[test]
    fn twenty_five_a_second_pass_one_to_one_from_any_start() {
        let times: Vec<_> = (0..6).map(|i| 7.0 + f64::from(i) * 0.04).collect();
        assert_eq!(shown(&at(&times), 0.04).unwrap(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn fifty_a_second_lose_every_other_and_twelve_and_a_half_double() {
        let fast: Vec<_> = (0..8).map(|i| f64::from(i) * 0.02).collect();
        assert_eq!(shown(&at(&fast), 0.02).unwrap().len(), 4);
        assert_eq!(shown(&at(&[0.0, 0.08, 0.16]), 0.08).unwrap(), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_pause_repeats_the_frame_and_a_late_frame_is_dropped() {
        assert_eq!(shown(&at(&[0.0, 0.2, 0.1, 0.24]), 0.04).unwrap(), [0, 0, 0, 0, 0, 1, 3]);
    }

    #[test]
    fn a_clock_that_starts_late_or_is_set_back_loses_no_frame() {
        assert_eq!(shown(&at(&[3600.0, 3600.04, 3600.08]), 0.04).unwrap(), [0, 1, 2]);
        assert_eq!(shown(&at(&[-7.0, -6.96, -6.92]), 0.04).unwrap(), [0, 1, 2]);
        assert_eq!(shown(&at(&[3600.0, 3600.04, 0.0, 0.04]), 0.04).unwrap(), [0, 1, 2, 3]);
    }

    #[test]
    fn frames_without_times_follow_each_other() {
        assert_eq!(shown(&[None, None, None], 0.04).unwrap(), [0, 1, 2]);
    }

    #[test]
    fn ten_minutes_and_a_thousand_a_second_are_refused() {
        assert_eq!(shown(&at(&[0.0, 600.0]), 0.04), Err(Error::TooLong(60)));
        let crowd: Vec<_> = (0..300).map(|i| f64::from(i) * 0.001).collect();
        assert_eq!(shown(&at(&crowd), 0.001), Err(Error::TooManyFrames(120)));
    }

    proptest! {
        /// What is shown at each tick does not depend on whether superfluous frames are decoded, at any rate and however
        /// times are rounded.
        #[test]
        fn frames_passed_over_are_never_missed(fps in 10.0f64..130.0, rounded in any::<bool>(), start in -5.0f64..4000.0) {
            let limits = Limits { fps: 200, ..Limits::default() };
            let frame_s = 1.0 / fps;
            let time = |i: u32| {
                let time = start + f64::from(i) * frame_s;
                if rounded { (time * 1000.0).round() / 1000.0 } else { time }
            };
            let (mut all, mut some) = (Timeline::new(&limits, frame_s), Timeline::new(&limits, frame_s));
            let (mut shown, mut shown_of_some, mut held, mut held_of_some) = (Vec::new(), Vec::new(), 0, 0);
            // The last frame is always one that others are made of.
            for i in 0..200 {
                let step = all.push(Some(time(i))).unwrap();
                shown.extend(std::iter::repeat_n(held, step.ticks));
                held = if step.is_kept { i } else { held };
                if i < 199 && some.is_superfluous(time(i), frame_s) {
                    some.pass_over(time(i)).unwrap();
                    continue;
                }
                let step = some.push(Some(time(i))).unwrap();
                shown_of_some.extend(std::iter::repeat_n(held_of_some, step.ticks));
                held_of_some = if step.is_kept { i } else { held_of_some };
            }
            prop_assert_eq!(shown, shown_of_some);
            prop_assert_eq!((all.finish(), all.decoded()), (some.finish(), some.decoded()));
        }

        #[test]
        fn ticks_are_filled_in_order_without_gaps_within_the_limit(
            gaps in prop::collection::vec(-0.05f64..0.3, 1..80)
        ) {
            let times: Vec<_> = gaps.iter().scan(0.0, |t, gap| { *t += gap; Some(Some(*t)) }).collect();
            let ticks = shown(&times, 0.04).unwrap();
            prop_assert!(ticks.windows(2).all(|w| w[0] <= w[1]));
            prop_assert!(ticks.len() <= 61 * 25);
        }
    }
}
