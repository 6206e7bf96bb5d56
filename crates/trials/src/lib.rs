//! Statistics of biometric trials: error rates with intervals, and calibration of scores.
//!
//! A [`Trial`] is one probe with its expected and its actual result. [`summary::summarise`] computes the rates of
//! ISO/IEC 19795-1 (EER, FNMR at an FMR) and 30107-3 (APCER of each attack, BPCER), each with a bootstrap interval
//! over subjects, not trials: trials of one person are correlated, and counting them as independent would overstate
//! the precision. [`calibration::fit`] turns scores into log-likelihood ratios.
//!
//! Invariants: everything is pure and repeatable (the draws are seeded); trials that could not be judged are counted
//! and never dropped; no rate is reported that the number of trials cannot support.
//!
//! Caller: the commands `evaluate` and `calibrate`.

pub mod calibration;
pub mod curve;
pub mod det;
pub mod differential;
pub mod draws;
pub mod identification;
pub mod summary;
mod trial;
pub mod words;

pub use trial::{Expected, Trial};
