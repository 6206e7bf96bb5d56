//! Active speaker detection and visual speech recognition: do the lips produce this sound, and do they show the
//! expected words.
//!
//! Input comes from `face` and `media`: mesh points of one tracked face and 16 kHz mono sound, on the same clock at
//! 25 frames per second. [`LipMotion`] turns the points into lip movement independent of head pose and, as far as
//! possible, of identity. [`Engine::sync`] then compares lips and sound ([`Sync`]), [`Engine::read`] compares lips
//! and phrase ([`Reading`]); of several visible faces [`Engine::sync_among`] returns whether this one speaks. The
//! networks are this project's own (see `training/`); the steps around them are pure functions, pinned by tensors
//! made from the training code.
//!
//! ```text
//! let engine = lips::Engine::load(&runtime)?;                            // once; Send + Sync, share behind an Arc
//! let motion = lips::LipMotion::new(track.meshes.iter().map(|m| (m.index, &*m.points)), &track.jumps)?;
//! engine.sync(&motion, &sound)?: Sync { probability, speaking, lag_ms, .. }
//! engine.read_phrase(&motion, Some(&sound), &["one", "two"], &lips::DIGITS)?: Reading { score, words, ratio, agrees }
//! ```
//!
//! Invariants: clips that cannot be judged (tracking broke, lips hardly move, no speech, a word without
//! pronunciation) are [`Error::CannotJudge`] with the [`Reason`], never a low score; no result is NaN; words are not
//! logged. Known limits: a voice clone of the right words in time with the lips passes, and lip reading is weak
//! evidence; the figures are in `training/weights/MODEL_CARD.md`.

mod calibration;
mod cohort;
mod digits;
mod engine;
mod error;
mod lexicon;
mod motion;
mod network;
mod pose;
mod sound;
mod sync;

pub use engine::{Engine, Reading, Sync};
pub use error::{Error, Reason};
pub use motion::LipMotion;

/// Video frames per second, the unit of time in this crate.
pub const FPS: usize = 25;
/// Samples per second of all sound.
pub const SAMPLE_RATE: usize = 16_000;
/// Points of the face mesh.
pub const MESH_POINTS: usize = 478;
/// Lip features per frame: x, y, z of 40 points.
pub const LIP_FEATURES: usize = 120;
/// The ten digits as spoken words: the vocabulary of digit phrases.
pub const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
