//! The networks, loaded once and shared by all requests.

use models::Pool;
use ort::value::Tensor;

use crate::{
    Error, FPS, LIP_FEATURES, LipMotion, Reason,
    calibration::Calibration,
    cohort::Cohort,
    error::inference,
    lexicon::Lexicon,
    network::{Network, Word},
    sound::{self, BANDS, HOPS_PER_FRAME, LogMels},
    sync,
};

/// Whether the lips make the sound.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Sync {
    /// 0..=1, that this face makes this sound, both being as likely beforehand.
    pub probability: f32,
    /// The probability reaches the shipped threshold.
    pub speaking: bool,
    /// Lag with the best agreement within .6 s: sound after lips is positive. Up to .12 s is not held against the speaker.
    pub lag_ms: i32,
    /// Cosine of lips and sound against other people's, in deviations.
    pub s_norm: f32,
    /// How far the cosine stands above those out of sync.
    pub lead: f32,
    /// Correlation of mouth opening and loudness, -1..=1.
    pub aperture_correlation: f32,
}

/// What the lips say about an expected phrase. Weak evidence: see the crate's page.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reading {
    /// 0..=1, that the expected phrase rather than a random one of its vocabulary was said, from the lips alone.
    pub score: f32,
    /// The score reaches the shipped threshold.
    pub agrees: bool,
    /// The best sequence of as many words of the vocabulary as were expected.
    pub words: Vec<String>,
    /// Log-likelihood ratio a word of the expected phrase to that sequence; 0 when they are the same, else negative.
    pub ratio: f32,
}

/// All lip models. Share one behind an `Arc`; every method takes `&self` and may be called from several threads, each of
/// which then has sessions of its own.
pub struct Engine {
    visual: Pool,
    audio: Pool,
    phones: Pool,
    cohort: Cohort,
    calibration: Calibration,
    lexicon: Lexicon,
    mels: LogMels,
}

impl Engine {
    /// Loads the models of the pack.
    ///
    /// # Errors
    /// When a file is missing, does not load, or is not what this version expects.
    pub fn load(runtime: &models::Runtime) -> Result<Self, Error> {
        let pack = runtime.pack();
        let calibration = Calibration::parse(&pack.bytes("lips_calibration")?)?;
        Ok(Self {
            visual: Pool::load(runtime, "avsync_visual")?,
            audio: Pool::load(runtime, "avsync_audio")?,
            phones: Pool::load(runtime, "lip_phones")?,
            cohort: Cohort::parse(&pack.bytes("avsync_cohort")?)?,
            lexicon: Lexicon::new(pack.bytes("cmudict")?, &calibration.phones)?,
            calibration,
            mels: LogMels::new(),
        })
    }

    /// Whether `motion` makes `sound`, the whole clip's 16 kHz mono samples on the video's clock.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] when the lips hardly move or nobody speaks, or inference failed.
    pub fn sync(&self, motion: &LipMotion, sound: &[f32]) -> Result<Sync, Error> {
        motion.check_moving()?;
        let sound = sound::from_frame(sound, motion.start())?;
        let energy = sound::log_energy(sound, motion.frames());
        sound::check_speech(&energy)?;
        let lips = self.lip_vectors(motion)?;
        let heard = self.sound_vectors(sound, motion.frames())?;
        Ok(self.compare(&lips, &heard, motion.aperture(), &energy))
    }

    /// Scores vectors of lips and sound; pure.
    fn compare(
        &self,
        lips: &[[f32; sync::DIM]],
        heard: &[[f32; sync::DIM]],
        aperture: &[f32],
        energy: &[f32],
    ) -> Sync {
        let fit = &self.calibration.active_speaker;
        let (_, lag) = sync::best_within(lips, heard, fit.absorbed_lag_frames);
        let s_norm = self.cohort.normalised_score(lips, heard, fit.absorbed_lag_frames);
        let lead = sync::lead(lips, heard, fit.absorbed_lag_frames, fit.lag_range_frames);
        let aperture_correlation = sync::aperture_correlation(aperture, energy, lag);
        let probability = fit.probability(s_norm, lead, aperture_correlation);
        let (_, widest) = sync::best_within(lips, heard, fit.lag_range_frames);
        let lag_ms = widest as i32 * 1000 / FPS as i32;
        Sync {
            probability,
            speaking: probability >= fit.threshold,
            lag_ms,
            s_norm,
            lead,
            aperture_correlation,
        }
    }

    /// Whether `motion` shows the `expected` words, against every other sequence of as many words of `vocabulary`.
    /// Expected words outside the vocabulary (free phrases have none) join it.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] when the face was not followed throughout, the lips hardly move, a word has no known
    /// pronunciation or there are more phones than frames; or inference failed.
    pub fn read(&self, motion: &LipMotion, expected: &[&str], vocabulary: &[&str]) -> Result<Reading, Error> {
        let mut choices = vocabulary.to_vec();
        for word in expected {
            if !choices.contains(word) {
                choices.push(word);
            }
        }
        if expected.is_empty() {
            return Err(Reason::NoWords.into());
        }
        motion.check_whole()?;
        motion.check_moving()?;
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
        Ok(Reading { score, agrees: score >= self.calibration.reading.threshold, words, ratio })
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

    /// Log-likelihood of each phone in each frame, frame after frame.
    fn emissions(&self, motion: &LipMotion) -> Result<Vec<f32>, Error> {
        let shape = [1, motion.frames(), LIP_FEATURES];
        let expected = motion.frames() * self.calibration.phones.len();
        run(&self.phones, "lips", shape, motion.features().to_vec(), expected)
    }
}

fn vectors(values: &[f32]) -> Vec<[f32; sync::DIM]> {
    values.chunks_exact(sync::DIM).map(|v| std::array::from_fn(|i| v[i])).collect()
}

/// One input to the first output of a model, which must hold `expected` finite numbers.
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
