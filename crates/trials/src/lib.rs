//! Statistics of biometric trials: error rates with intervals, and a calibration of the scores.
//!
//! A [`Trial`] is one probe, what should have become of it, and what did. [`summary::summarise`] answers the rates of ISO/IEC
//! 19795-1 (EER, FNMR at an FMR) and 30107-3 (APCER of each attack, BPCER), each with a bootstrap interval that draws
//! subjects, not trials: trials of one person are alike, and counting them as independent would promise too much.
//! [`calibration::fit`] turns scores into log-likelihood ratios.
//!
//! Invariants: everything is pure and repeatable (the draws are seeded); what could not be judged is counted and never
//! dropped; no rate is reported that the number of trials cannot support.
//!
//! Caller: the verbs `evaluate` and `calibrate` of the command line.

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
