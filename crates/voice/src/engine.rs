//! The models, loaded once and shared by all requests.

use crate::{Activity, Error, Phrase, PhraseEvidence, Voiceprint};

/// All voice models. Share one behind an `Arc`; every method takes `&self` and may be called from several threads, each
/// of which then has sessions of its own.
pub struct Engine {}

impl Engine {
    /// Loads the models of the pack.
    ///
    /// # Errors
    /// When a file is missing or does not load.
    pub fn load(_runtime: &models::Runtime) -> Result<Self, Error> {
        Ok(Self {})
    }

    /// Where somebody speaks. Sound without speech is an empty [`Activity`], not an error.
    ///
    /// # Errors
    /// [`crate::Reason::NotANumber`], or inference failed.
    pub fn activity(&self, _audio: &[f32]) -> Result<Activity, Error> {
        Err(Error::BadModel("voice activity"))
    }

    /// The voice of the speech in `audio`.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] without enough clean speech, or inference failed.
    pub fn voiceprint(&self, _audio: &[f32], _activity: &Activity) -> Result<Voiceprint, Error> {
        Err(Error::BadModel("speaker"))
    }

    /// The words spoken, as the recogniser spells them (first 30 s of speech).
    ///
    /// # Errors
    /// [`Error::CannotJudge`] without enough clean speech, or inference failed.
    pub fn transcribe(&self, _audio: &[f32], _activity: &Activity) -> Result<String, Error> {
        Err(Error::BadModel("speech"))
    }

    /// Whether `expected` was said, against every other sequence of `vocabulary` words ([`crate::DIGITS`] for digit
    /// phrases), or against free transcription with an empty vocabulary. Holds the transcript too: no need for both.
    ///
    /// # Errors
    /// [`Error::CannotJudge`] without enough clean speech, without words, or with words outside the vocabulary; or
    /// inference failed.
    pub fn score_phrase(
        &self,
        _audio: &[f32],
        _activity: &Activity,
        _expected: &Phrase,
        _vocabulary: &[&str],
    ) -> Result<PhraseEvidence, Error> {
        Err(Error::BadModel("speech"))
    }
}
