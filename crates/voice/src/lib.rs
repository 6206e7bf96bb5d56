//! Speaker verification and spoken-phrase verification.
//!
//! Input is always 16 kHz mono `f32` in [-1, 1]; decoding and resampling belong to `media`. [`Engine`] detects speech
//! (Silero), embeds the speaker (CAM++ over Kaldi filter banks) and checks a phrase: Moonshine, and Whisper when that
//! is undecided or the language is not English, compare the expected words with the same phrase with one word
//! changed, and with free transcription. Everything that needs no model is a pure function: audio quality, phrase
//! normalisation, calibration of speaker scores.
//!
//! Invariants: no result is ever NaN; audio that cannot be judged (no speech, too little of it, clipped, not a
//! number) is [`Error::CannotJudge`] with the [`Reason`], never a low score; neither identities nor words are logged.

mod calibration;
mod decoder;
mod dictionary;
mod engine;
mod error;
mod fbank;
mod grammar;
mod language;
mod log_mel;
mod moonshine;
mod phrase;
mod quality;
mod recogniser;
mod rivals;
mod search;
mod speaker;
mod speech;
mod spelling;
mod tokenizer;
mod vad;
mod whisper;

pub use calibration::{Comparison, Pairing, compare_voices};
pub use engine::Engine;
pub use error::{Error, Reason};
pub use language::Language;
pub use phrase::Phrase;
pub use quality::{Bandwidth, Quality, bandwidth, clipped_share, level_dbfs, snr_db, without_offset};
pub use speaker::{EMBEDDING_LEN, Voiceprint};
pub use speech::{Method, PhraseEvidence};
pub use vad::{Activity, Segment};

/// Samples per second of all audio in this crate.
pub const SAMPLE_RATE: usize = 16_000;
/// Least speech for a result, in seconds.
pub const MIN_SPEECH_S: f32 = 1.0;
/// The ten digits as spoken words: the vocabulary of digit phrases.
pub const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
