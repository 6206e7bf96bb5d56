//! Synthetic identity documents: drawn, photographed and forged by program, with full ground truth.
//!
//! A [`Studio`] holds the faces (OCR-B and others, from Debian) and the portraits (photographs that set-up fetches).
//! [`Studio::make`] draws one document after a [`Plan`] and a seed, photographs it and gives the file's bytes with the
//! [`Truth`]: fields, corners, attack. The same seed and plan give the same bytes.
//!
//! Layouts, holders and numbers are invented; the states' names are real so that state codes can be judged. Nothing here
//! looks like any state's own document, and nothing of the reading code is used: truth must not depend on what it tests.
//!
//! Callers: tests of `document` and `svc-docauth`, and the accuracy report.

mod camera;
mod canvas;
pub mod chip;
mod error;
mod fonts;
mod holder;
mod licence;
pub mod mrz;
mod page;
mod portraits;
mod recapture;
mod studio;
mod style;
mod truth;

pub use error::Error;
pub use holder::zone_text;
pub use studio::{Custom, Plan, Specimen, Studio, TODAY};
pub use truth::{Attack, Fields, Kind, Level, Truth};
