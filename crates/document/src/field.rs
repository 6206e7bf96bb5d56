//! Fields read from a document.

use serde::Serialize;

use crate::geometry::Quad;

/// A line of text as recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// The location of the line, in pixels of the picture it was read from.
    pub quad: Quad,
    pub text: String,
    /// Mean probability of its characters, 0-1.
    pub confidence: f32,
}

/// The source of a field on the document.
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
    /// An external provider.
    Provider,
}

/// A value and its source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    pub value: String,
    pub source: Source,
    /// 0-1: 1 when a check digit or a second zone confirms it.
    pub confidence: f32,
}
