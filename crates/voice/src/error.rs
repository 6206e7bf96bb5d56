//! Errors, and reasons why audio could not be judged.

/// Either the audio cannot be judged, which is a result, or something failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    CannotJudge(#[from] Reason),
    #[error(transparent)]
    Models(#[from] models::Error),
    #[error("{stage} failed in the inference runtime")]
    Inference {
        stage: &'static str,
        #[source]
        source: ort::Error,
    },
    #[error("{0} is not what this version expects")]
    BadModel(&'static str),
    #[error("a voice template must hold {expected} finite numbers that are not all zero")]
    BadTemplate { expected: usize },
}

/// Why audio cannot be judged. [`Reason::code`] is stable; `Display` is a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    #[error("no speech was found in the sound")]
    NoSpeech,
    #[error("only {speech_s:.1} s of speech, {needed_s:.1} s are needed")]
    TooShort { speech_s: f32, needed_s: f32 },
    #[error("{:.0} % of the speech is clipped", share * 100.0)]
    Clipped { share: f32 },
    #[error("the sound holds values that are not numbers")]
    NotANumber,
    #[error("the phrase has no words that can be checked")]
    NoWords,
    #[error("the phrase has a word outside its vocabulary")]
    OutsideVocabulary,
    #[error("the phrase is longer than can be checked")]
    PhraseTooLong,
    #[error(
        "the language of the phrase is not supported: English phrases, or digits in en, es, de, fr, pt, hi, ar or zh"
    )]
    UnsupportedLanguage,
}

impl Reason {
    /// Returns a stable snake_case code for responses and rules.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSpeech => "no_speech",
            Self::TooShort { .. } => "too_little_speech",
            Self::Clipped { .. } => "sound_clipped",
            Self::NotANumber => "sound_invalid",
            Self::NoWords => "phrase_without_words",
            Self::OutsideVocabulary => "phrase_outside_vocabulary",
            Self::PhraseTooLong => "phrase_too_long",
            Self::UnsupportedLanguage => "phrase_language_unsupported",
        }
    }
}

/// Adds the stage to a runtime error.
pub(crate) fn inference(stage: &'static str) -> impl Fn(ort::Error) -> Error {
    move |source| Error::Inference { stage, source }
}
