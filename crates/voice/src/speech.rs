//! What was said: free transcription and the evidence for an expected phrase.

/// How a phrase was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Against every sequence of the vocabulary's words.
    Vocabulary,
    /// Against free transcription.
    Free,
}

/// What speaks for and against the expected phrase.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PhraseEvidence {
    /// Free transcription, as the recogniser spells it.
    pub transcript: String,
    /// The most likely allowed words, in normal form (free phrases: the transcript's words).
    pub best: String,
    /// log P(expected) - log P(best allowed), natural logarithm; about 0 when the expected words are the best.
    pub llr: f32,
    /// Word-level likeness of `best` and the expected words, 0..=1.
    pub similarity: f32,
    /// The decision.
    pub said: bool,
    pub method: Method,
}
