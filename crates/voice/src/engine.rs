//! The models, loaded once and shared by all requests.

use ort::{
    session::Session,
    value::{DynValue, Tensor},
};

use models::Pool;

use crate::{
    Activity, Error, Phrase, PhraseEvidence, Reason, SAMPLE_RATE, Voiceprint, bandwidth,
    error::inference,
    fbank::{Fbank, MELS},
    quality::without_offset,
    speaker::MAX_SPEECH_S,
    speech::{MAX_SAMPLES, Speech},
    vad::{CONTEXT, STEP, blocks},
};

/// All voice models. Share one in an `Arc`; every method takes `&self` and may be called from several threads, each
/// with its own sessions.
pub struct Engine {
    activity: Pool,
    speaker: Pool,
    fbank: Fbank,
    speech: Speech,
}

const VAD: &str = "voice activity";
/// Size of Silero's recurrent state.
const VAD_STATE: usize = 128;
/// Audio around the speech for the recogniser, which needs the beginning and end of words.
const MARGIN: usize = SAMPLE_RATE / 4;

impl Engine {
    /// Loads the models of the pack.
    ///
    /// # Errors
    /// When a file is missing or cannot be loaded.
    pub fn load(runtime: &models::Runtime) -> Result<Self, Error> {
        Ok(Self {
            activity: Pool::load(runtime, "silero_vad_seq")?,
            speaker: Pool::load(runtime, "campplus")?,
            fbank: Fbank::new(),
            speech: Speech::load(runtime)?,
        })
    }

    /// Detects speech. Audio without speech is an empty [`Activity`], not an error.
    ///
    /// # Errors
    /// [`Reason::NotANumber`], or inference failed.
    pub fn activity(&self, audio: &[f32]) -> Result<Activity, Error> {
        if !audio.iter().all(|v| v.is_finite()) {
            return Err(Reason::NotANumber.into());
        }
        let centred = without_offset(audio);
        let probabilities = self.activity.with(|session| {
            let (mut all, mut state) = (Vec::with_capacity(audio.len() / STEP + 1), VadState::silence()?);
            for (count, rows) in blocks(&centred) {
                all.extend(state.advance(session, count, rows)?);
            }
            Ok::<_, Error>(all)
        })?;
        Ok(Activity::from_probabilities(&probabilities, audio.len()))
    }

    /// Returns the voiceprint of the speech in `audio` (of its first 20 s).
    ///
    /// # Errors
    /// [`Error::CannotJudge`] without enough clean speech, or inference failed.
    pub fn voiceprint(&self, audio: &[f32], activity: &Activity) -> Result<Voiceprint, Error> {
        activity.judgeable(audio)?;
        let speech = activity.speech(audio, MAX_SPEECH_S * SAMPLE_RATE);
        let features = self.fbank.features(&speech);
        let failed = inference("speaker embedding");
        let input = Tensor::from_array(([1, features.len() / MELS, MELS], features)).map_err(&failed)?;
        let embedding = self.speaker.with(|session| {
            let outputs = session.run(ort::inputs!["feats" => input]).map_err(&failed)?;
            let embedding = outputs.get("embedding").ok_or(Error::BadModel("the speaker network"))?;
            Ok::<_, Error>(embedding.try_extract_tensor::<f32>().map_err(&failed)?.1.to_vec())
        })?;
        Voiceprint::new(embedding, bandwidth(&speech), activity.speech_seconds())
    }

    /// Transcribes the speech, as the recogniser spells it (30 s from the start of speech).
    ///
    /// # Errors
    /// [`Error::CannotJudge`] without enough clean speech, or inference failed.
    pub fn transcribe(&self, audio: &[f32], activity: &Activity) -> Result<String, Error> {
        activity.judgeable(audio)?;
        self.speech.transcribe(&without_offset(spoken(audio, activity)))
    }

    /// Whether `expected` was spoken, against every other sequence of `vocabulary` words ([`crate::DIGITS`] for digit
    /// phrases), or against free transcription with an empty vocabulary. Includes the transcript.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] without enough clean speech, without words, or with words outside the vocabulary; or
    /// inference failed.
    pub fn score_phrase(
        &self,
        audio: &[f32],
        activity: &Activity,
        expected: &Phrase,
        vocabulary: &[&str],
    ) -> Result<PhraseEvidence, Error> {
        activity.judgeable(audio)?;
        self.speech.score(&without_offset(spoken(audio, activity)), expected, vocabulary)
    }
}

/// Silero's state between blocks.
struct VadState {
    h: DynValue,
    c: DynValue,
}

impl VadState {
    fn silence() -> Result<Self, Error> {
        let zeros = || Tensor::from_array(([1, 1, VAD_STATE], vec![0f32; VAD_STATE])).map_err(inference(VAD));
        Ok(Self { h: zeros()?.into_dyn(), c: zeros()?.into_dyn() })
    }

    /// Returns the speech probabilities of `count` steps.
    fn advance(&mut self, session: &mut Session, count: usize, rows: Vec<f32>) -> Result<Vec<f32>, Error> {
        let input = Tensor::from_array(([count, CONTEXT + STEP], rows)).map_err(inference(VAD))?;
        let inputs = ort::inputs!["input" => input, "h" => &self.h, "c" => &self.c];
        let mut outputs = session.run(inputs).map_err(inference(VAD))?;
        let mut take = |name| outputs.remove(name).ok_or(Error::BadModel(VAD));
        let (probabilities, h, c) = (take("speech_probs")?, take("hn")?, take("cn")?);
        (self.h, self.c) = (h, c);
        Ok(probabilities.try_extract_tensor::<f32>().map_err(inference(VAD))?.1.to_vec())
    }
}

/// Returns the audio from the first to the last word with a margin, at most 30 s.
fn spoken<'a>(audio: &'a [f32], activity: &Activity) -> &'a [f32] {
    let span = activity.span();
    let start = span.start.saturating_sub(MARGIN).min(audio.len());
    let end = (span.end + MARGIN).min(audio.len()).min(start + MAX_SAMPLES);
    &audio[start..end]
}
