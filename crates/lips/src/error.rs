//! Errors, and reasons why lips could not be judged.

/// Either the clip cannot be judged, which is a result, or something failed.
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
}

/// Why a clip cannot be judged. [`Reason::code`] is stable; `Display` is a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the face is not followed without a break for long enough")]
    TrackingBroke,
    #[error("the mesh points hold values that are not a face")]
    NotAFace,
    #[error("the lips hardly move")]
    LipsStill,
    #[error("no speech was found in the sound")]
    NoSpeech,
    #[error("the face is too small to tell whether it speaks; come closer")]
    FaceSmall,
    #[error("the face is turned too far aside to tell whether it speaks; look at the camera")]
    FaceTurned,
    #[error("the video has too few frames a second to tell whether the face speaks")]
    FewFrames,
    #[error("the sound is too noisy to tell whether the face makes it; record in a quieter place")]
    NoisySound,
    #[error("too little is said to tell whether the face says it; speak for longer")]
    LittleSpeech,
    #[error("the sound holds values that are not numbers")]
    NotANumber,
    #[error("the phrase has no words that can be checked")]
    NoWords,
    #[error("the phrase has a word without a known pronunciation")]
    UnknownWord,
    #[error("the clip is too short for the phrase")]
    TooShort,
}

impl Reason {
    /// Returns a stable snake_case code for responses and rules.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TrackingBroke => "face_tracking_broke",
            Self::NotAFace => "face_points_invalid",
            Self::LipsStill => "lips_still",
            Self::NoSpeech => "no_speech",
            Self::FaceSmall => "face_too_small",
            Self::FaceTurned => "face_turned",
            Self::FewFrames => "too_few_frames",
            Self::NoisySound => "sound_noisy",
            Self::LittleSpeech => "too_little_speech",
            Self::NotANumber => "sound_invalid",
            Self::NoWords => "phrase_without_words",
            Self::UnknownWord => "phrase_word_unknown",
            Self::TooShort => "clip_too_short",
        }
    }
}

/// Adds the stage to a runtime error.
pub(crate) fn inference(stage: &'static str) -> impl Fn(ort::Error) -> Error {
    move |source| Error::Inference { stage, source }
}
