//! The networks, loaded once and shared by all requests.

use std::ops::{Range, RangeInclusive};

use models::Pool;
use ort::value::Tensor;

use crate::{
    DIGITS, Error, FPS, LIP_FEATURES, LipMotion, Reason,
    calibration::Calibration,
    cohort::Cohort,
    digits::{self, Posteriors},
    error::inference,
    lexicon::Lexicon,
    network::{Network, Word},
    sound::{self, BANDS, HOPS_PER_FRAME, LogMels},
    sync::{self, Heard, LagProfile, Scores},
};

/// Upper bound of the probability for sound that fits the lips only at a lag beyond the accepted ones: rejected, not
/// referred.
const OUT_OF_SYNC: f32 = 0.05;
/// Upper bound of the probability for sound that fits the lips no better at an accepted lag than beyond: just below a
/// yes.
const WITHOUT_LEAD: f32 = 0.49;

/// Whether the lips produce the sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Sync {
    /// Probability 0..=1 that this face produces this sound; accepting a wrong sound costs three times rejecting a
    /// genuine one.
    pub probability: f32,
    /// The probability reaches the shipped threshold.
    pub speaking: bool,
    /// Lag with the best agreement within 1.6 s; positive when the sound is late. Up to [`Engine::accepted_lag_ms`]
    /// in either direction is attributed to the device.
    pub lag_ms: i32,
    /// Lips and sound fit, but only at a lag beyond the accepted ones: a recording out of sync, or a delayed sound.
    pub out_of_sync: bool,
    /// Mean cosine of lips and sound at the best accepted lag, weighted by loudness, -1..=1.
    pub agreement: f32,
    /// The same relative to other people's, in deviations.
    pub s_norm: f32,
    /// Deviations of the other lags by which the agreement exceeds their mean.
    pub prominence: f32,
    /// Lead of the agreement over the best lag that is not accepted.
    pub lead: f32,
    /// Correlation of mouth opening and loudness, -1..=1.
    pub aperture_correlation: f32,
    /// The highest probability of another visible face; 0 if there is none.
    pub beside: f32,
}

/// The result of lip reading an expected phrase. Weak evidence: see the crate documentation.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reading {
    /// Probability 0..=1 that the expected phrase rather than a random one of its vocabulary was spoken, from the
    /// lips alone.
    pub score: f32,
    /// The score reaches the shipped threshold.
    pub agrees: bool,
    /// The best sequence of equally many words of the vocabulary.
    pub words: Vec<String>,
    /// Log-likelihood ratio per word of the expected phrase to that sequence; 0 when they are the same, else negative.
    pub ratio: f32,
    /// Whether the sound gave the times of the words. If not, the lips alone must give them.
    pub timed_by_sound: bool,
}

/// All lip models. Share one in an `Arc`; every method takes `&self` and may be called from several threads, each
/// with its own sessions.
pub struct Engine {
    visual: Pool,
    audio: Pool,
    phones: Pool,
    words: Pool,
    sound_phones: Pool,
    cohort: Cohort,
    calibration: Calibration,
    lexicon: Lexicon,
    mels: LogMels,
}

impl Engine {
    /// Loads the models of the pack.
    ///
    /// # Errors
    /// When a file is missing, cannot be loaded, or is not what this version expects.
    pub fn load(runtime: &models::Runtime) -> Result<Self, Error> {
        let pack = runtime.pack();
        let calibration = Calibration::parse(&pack.bytes("lips_calibration")?)?;
        Ok(Self {
            visual: Pool::load(runtime, "avsync_visual")?,
            audio: Pool::load(runtime, "avsync_audio")?,
            phones: Pool::load(runtime, "lip_phones")?,
            words: Pool::load(runtime, "lip_words")?,
            sound_phones: Pool::load(runtime, "sound_phones")?,
            cohort: Cohort::parse(&pack.bytes("avsync_cohort")?)?,
            lexicon: Lexicon::new(pack.bytes("cmudict")?, &calibration.phones)?,
            calibration,
            mels: LogMels::new(),
        })
    }

    /// Returns the largest lag of the sound, in milliseconds in either direction, that a device may add.
    #[must_use]
    pub fn accepted_lag_ms(&self) -> i32 {
        milliseconds(self.calibration.active_speaker.accepted_lag_frames)
    }

    /// Whether `motion` produces `sound`, the whole clip's 16 kHz mono samples on the video's clock.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] when the lips hardly move, nobody speaks, or the recording is too poor; or inference
    /// failed.
    pub fn sync(&self, motion: &LipMotion, sound: &[f32]) -> Result<Sync, Error> {
        motion.check_moving()?;
        let sound = sound::from_frame(sound, motion.start())?;
        let energy = sound::log_energy(sound, motion.frames());
        sound::check_speech(&energy)?;
        let lips = self.lip_vectors(motion)?;
        let vectors = self.sound_vectors(sound, motion.frames())?;
        let heard = Heard { vectors: &vectors, weights: &sound::weights(&energy) };
        let found = self.compare(&lips, heard, motion.aperture(), &energy);
        if self.is_undecided(&found) {
            motion.check_view()?;
            sound::check_clear(&energy)?;
        }
        Ok(found)
    }

    /// Whether the scores are in the range where poor genuine recordings and good impostor ones overlap.
    fn is_undecided(&self, found: &Sync) -> bool {
        let from = self.calibration.active_speaker.undecided_from;
        !found.speaking && !found.out_of_sync && found.probability >= from
    }

    /// Like [`Engine::sync`], for a face beside others, which may produce the sound instead. At most one of them
    /// speaks, so the probability is this face's share; others that cannot be judged count as silent.
    ///
    /// # Errors
    /// As [`Engine::sync`].
    pub fn sync_among(&self, motion: &LipMotion, others: &[LipMotion], sound: &[f32]) -> Result<Sync, Error> {
        let mut own = self.sync(motion, sound)?;
        let mut odds = 0.0;
        for other in others {
            match self.sync(other, sound) {
                Ok(found) => {
                    odds += sync::odds(found.probability);
                    own.beside = own.beside.max(found.probability);
                }
                Err(Error::CannotJudge(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mine = sync::odds(own.probability);
        own.probability = mine / (1.0 + mine + odds);
        own.speaking = own.probability >= self.calibration.active_speaker.threshold;
        Ok(own)
    }

    /// Scores vectors of lips and sound; pure.
    fn compare(&self, lips: &[[f32; sync::DIM]], heard: Heard<'_>, aperture: &[f32], energy: &[f32]) -> Sync {
        let fit = &self.calibration.active_speaker;
        let profile = LagProfile::new(lips, heard);
        let scores_within = |accepted: &RangeInclusive<isize>| {
            let peak = profile.best_lag(accepted.clone());
            Scores {
                agreement: profile.at(peak),
                s_norm: self.cohort.normalised_score(lips, heard, accepted),
                prominence: profile.prominence(peak),
                lead: profile.lead(peak, accepted),
                aperture_correlation: sync::aperture_correlation(aperture, energy, peak),
            }
        };
        let accepted = -fit.accepted_lag_frames..=fit.accepted_lag_frames;
        let scores = scores_within(&accepted);
        let best = profile.best_lag_of_all();
        let around = best - fit.accepted_lag_frames..=best + fit.accepted_lag_frames;
        let out_of_sync =
            !accepted.contains(&best) && fit.probability(&scores_within(&around)) >= fit.threshold;
        let most = match (out_of_sync, scores.lead > 0.0) {
            (true, _) => OUT_OF_SYNC,
            (false, true) => 1.0,
            (false, false) => WITHOUT_LEAD,
        };
        let probability = fit.probability(&scores).min(most);
        let speaking = probability >= fit.threshold;
        let Scores { agreement, s_norm, prominence, lead, aperture_correlation } = scores;
        Sync {
            probability,
            speaking,
            lag_ms: milliseconds(best),
            out_of_sync,
            agreement,
            s_norm,
            prominence,
            lead,
            aperture_correlation,
            beside: 0.0,
        }
    }

    /// Whether `motion` shows the `expected` words, against every other sequence of equally many words of
    /// `vocabulary`. Expected words outside the vocabulary (free phrases have none) are added to it.
    ///
    /// Digits are located by the clip's `sound` (16 kHz mono, on the video's clock), if it has speech; all other
    /// words by the lips.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] when the face was not tracked throughout, the lips hardly move, a word has no known
    /// pronunciation or there are more phones than frames; or inference failed.
    pub fn read_phrase(
        &self,
        motion: &LipMotion,
        sound: Option<&[f32]>,
        expected: &[&str],
        vocabulary: &[&str],
    ) -> Result<Reading, Error> {
        if expected.is_empty() {
            return Err(Reason::NoWords.into());
        }
        motion.check_whole()?;
        motion.check_moving()?;
        let digits = digits::places(expected).filter(|_| digits::places(vocabulary).is_some());
        let speech = sound.and_then(|s| sound::from_frame(s, motion.start()).ok());
        let speech = speech.filter(|s| sound::check_speech(&sound::log_energy(s, motion.frames())).is_ok());
        match (digits, speech) {
            (Some(digits), Some(sound)) if !vocabulary.is_empty() => self.read_digits(motion, sound, &digits),
            _ => self.read_phones(motion, expected, vocabulary),
        }
    }

    fn read_digits(&self, motion: &LipMotion, sound: &[f32], expected: &[usize]) -> Result<Reading, Error> {
        let spans = self.heard_at(sound, motion.frames(), expected)?;
        let words: Vec<f32> =
            spans.iter().flat_map(|span| digits::stretched(motion.features(), span)).collect();
        let shape = [spans.len(), digits::ROWS, LIP_FEATURES];
        let posteriors = run(&self.words, "words", shape, words, spans.len() * DIGITS.len())?;
        let posteriors = Posteriors::new(&posteriors);
        let fit = &self.calibration.digits;
        let score = fit.probability(posteriors.evidence(expected));
        Ok(Reading {
            score,
            agrees: score >= fit.threshold,
            words: posteriors.words(),
            ratio: posteriors.ratio(expected),
            timed_by_sound: true,
        })
    }

    /// Returns the frames in which each of these digits is heard, assuming they were spoken.
    fn heard_at(&self, sound: &[f32], frames: usize, digits: &[usize]) -> Result<Vec<Range<usize>>, Error> {
        let shape = [1, frames * HOPS_PER_FRAME, BANDS];
        let phones = self.calibration.phones.len();
        let heard = run(&self.sound_phones, "mels", shape, self.mels.of(sound, frames), frames * phones)?;
        let rows: Vec<&[f32]> = heard.chunks_exact(phones).collect();
        let pronounced = self.lexicon.words(&DIGITS)?;
        let slots: Vec<Vec<&Word>> = digits.iter().map(|k| vec![&pronounced[*k]]).collect();
        Ok(Network::new(&slots).best_path(&rows).ok_or(Reason::TooShort)?.spans)
    }

    /// Reads the lips alone: forced alignment of the expected phrase against the best sequence of equally many words.
    fn read_phones(
        &self,
        motion: &LipMotion,
        expected: &[&str],
        vocabulary: &[&str],
    ) -> Result<Reading, Error> {
        let mut choices = vocabulary.to_vec();
        for word in expected {
            if !choices.contains(word) {
                choices.push(word);
            }
        }
        let pronounced = self.lexicon.words(&choices)?;
        let numbers = expected.iter().map(|w| choices.iter().position(|c| c == w).unwrap_or_default());
        let emissions = self.emissions(motion)?;
        let rows: Vec<&[f32]> = emissions.chunks_exact(self.calibration.phones.len()).collect();
        let best = |slots: Vec<Vec<&Word>>| Network::new(&slots).best_path(&rows).ok_or(Reason::TooShort);
        let said = best(numbers.map(|n| vec![&pronounced[n]]).collect())?;
        let read = best(vec![pronounced.iter().collect(); expected.len()])?;
        let ratio = (said.log_likelihood - read.log_likelihood) / expected.len() as f32;
        let score = self.calibration.reading.probability(ratio);
        let words = read.words.iter().map(|n| choices[*n].to_owned()).collect();
        let agrees = score >= self.calibration.reading.threshold;
        Ok(Reading { score, agrees, words, ratio, timed_by_sound: false })
    }

    fn lip_vectors(&self, motion: &LipMotion) -> Result<Vec<[f32; sync::DIM]>, Error> {
        let shape = [1, motion.frames(), LIP_FEATURES];
        run(&self.visual, "lips", shape, motion.features().to_vec(), motion.frames() * sync::DIM)
            .map(|v| vectors(&v))
    }

    fn sound_vectors(&self, sound: &[f32], frames: usize) -> Result<Vec<[f32; sync::DIM]>, Error> {
        let shape = [1, frames * HOPS_PER_FRAME, BANDS];
        run(&self.audio, "mels", shape, self.mels.of(sound, frames), frames * sync::DIM).map(|v| vectors(&v))
    }

    /// Returns the log-likelihood of each phone in each frame, frame by frame.
    fn emissions(&self, motion: &LipMotion) -> Result<Vec<f32>, Error> {
        let shape = [1, motion.frames(), LIP_FEATURES];
        let expected = motion.frames() * self.calibration.phones.len();
        run(&self.phones, "lips", shape, motion.features().to_vec(), expected)
    }
}

fn milliseconds(frames: isize) -> i32 {
    frames as i32 * 1000 / FPS as i32
}

fn vectors(values: &[f32]) -> Vec<[f32; sync::DIM]> {
    values.chunks_exact(sync::DIM).map(|v| std::array::from_fn(|i| v[i])).collect()
}

/// Runs a model on one input and returns its first output, which must hold `expected` finite numbers.
fn run(
    pool: &Pool,
    input: &str,
    shape: [usize; 3],
    values: Vec<f32>,
    expected: usize,
) -> Result<Vec<f32>, Error> {
    let failed = inference(pool.name());
    let tensor = Tensor::from_array((shape, values)).map_err(&failed)?;
    let output = pool.with(|session| {
        let outputs = session.run(ort::inputs![input => tensor]).map_err(&failed)?;
        Ok::<_, Error>(outputs[0].try_extract_tensor::<f32>().map_err(&failed)?.1.to_vec())
    })?;
    let sound = output.len() == expected && output.iter().all(|v| v.is_finite());
    if sound { Ok(output) } else { Err(Error::BadModel(pool.name())) }
}
