//! Reads and cross-checks identity documents: pure functions from a picture to fields and checks.
//!
//! A picture becomes a [`Page`] (bounded decoding, upright pixels); text is found and recognised on it
//! ([`TextLine`]); MRZ, barcodes and VIZ give [`Field`]s, each with its source; every [`Check`] of the document
//! passed, failed or was not made, with its evidence.
//!
//! Invariants: no result says "authentic"; a character is only repaired when a check digit decides, and the repair is
//! reported; an advisory check never decides alone.
//!
//! Caller: `svc-docauth`.

mod barcode;
mod check;
mod chip;
mod comparison;
mod engine;
mod error;
mod field;
pub mod forensics;
mod geometry;
mod mrz;
mod network;
mod orientation;
mod outline;
mod page;
mod partial_date;
mod portrait;
mod printed;
mod quality;
mod reasons;
mod report;
mod second_look;
mod signature;
mod text;
mod zone;
mod zone_checks;
mod zone_fields;

pub use check::{Check, Outcome};
pub use chip::{chip_fields, compare_chip};
pub use engine::{Engine, PageText};
pub use error::Error;
pub use face::{Detection, Rect};
pub use field::{Field, Source, TextLine};
pub use geometry::{Homography, Quad};
pub use mrz::{Mrz, MrzFormat};
pub use outline::{Outline, OutlineSource};
pub use page::Page;
pub use partial_date::PartialDate;
pub use portrait::Portraits;
pub use report::{FieldName, Fields, Kind, Report};
