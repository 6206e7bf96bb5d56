//! Fields read from a document.

use serde::Serialize;

use crate::geometry::Quad;

/// A line of text as recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// Where it is, in pixels of the picture it was read from.
    pub quad: Quad,
    pub text: String,
    /// Mean probability of its characters, 0-1.
    pub confidence: f32,
}

/// Where on the document a field was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The machine readable zone.
    Mrz,
    Barcode,
    /// The VIZ (visual inspection zone).
    Print,
    /// DG1 of the document's chip.
    Chip,
    /// An external provider read it.
    Provider,
}

/// One value and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    pub value: String,
    pub source: Source,
    /// 0-1: 1 where a check digit or a second zone confirms it.
    pub confidence: f32,
}
