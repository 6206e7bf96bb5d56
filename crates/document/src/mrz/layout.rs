//! Where the fields of the five machine readable zones of ICAO Doc 9303 (parts 4 to 7) lie.

use std::ops::Range;

use serde::Serialize;

/// The form of a machine readable zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MrzFormat {
    /// Cards, three lines of 30.
    #[serde(rename = "TD1")]
    Td1,
    /// Larger cards, two lines of 36.
    #[serde(rename = "TD2")]
    Td2,
    /// Passports, two lines of 44.
    #[serde(rename = "TD3")]
    Td3,
    /// Visas, two lines of 44.
    #[serde(rename = "MRV-A")]
    MrvA,
    /// Visas, two lines of 36.
    #[serde(rename = "MRV-B")]
    MrvB,
}

/// What characters a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Letters,
    Digits,
    Any,
}

/// A field on one line, and the place of its check digit on that line.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub name: &'static str,
    pub line: usize,
    pub at: Range<usize>,
    pub class: Class,
    pub check: Option<usize>,
}

impl MrzFormat {
    pub const ALL: [Self; 5] = [Self::Td1, Self::Td3, Self::Td2, Self::MrvA, Self::MrvB];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Td1 => "TD1",
            Self::Td2 => "TD2",
            Self::Td3 => "TD3",
            Self::MrvA => "MRV-A",
            Self::MrvB => "MRV-B",
        }
    }

    /// Number of lines and characters of each.
    pub const fn size(self) -> (usize, usize) {
        match self {
            Self::Td1 => (3, 30),
            Self::Td2 | Self::MrvB => (2, 36),
            Self::Td3 | Self::MrvA => (2, 44),
        }
    }

    pub(crate) fn is_visa(self) -> bool {
        matches!(self, Self::MrvA | Self::MrvB)
    }

    pub(crate) fn spans(self) -> Vec<Span> {
        use Class::{Any, Digits, Letters};
        let span = |name, line, at, class, check| Span { name, line, at, class, check };
        let (_, length) = self.size();
        if self == Self::Td1 {
            return vec![
                span("document code", 0, 0..2, Letters, None),
                span("issuing state", 0, 2..5, Letters, None),
                span("document number", 0, 5..14, Any, Some(14)),
                span("date of birth", 1, 0..6, Digits, Some(6)),
                span("sex", 1, 7..8, Letters, None),
                span("date of expiry", 1, 8..14, Digits, Some(14)),
                span("nationality", 1, 15..18, Letters, None),
                span("names", 2, 0..30, Letters, None),
            ];
        }
        let mut spans = vec![
            span("document code", 0, 0..2, Letters, None),
            span("issuing state", 0, 2..5, Letters, None),
            span("names", 0, 5..length, Letters, None),
            span("document number", 1, 0..9, Any, Some(9)),
            span("nationality", 1, 10..13, Letters, None),
            span("date of birth", 1, 13..19, Digits, Some(19)),
            span("sex", 1, 20..21, Letters, None),
            span("date of expiry", 1, 21..27, Digits, Some(27)),
        ];
        if self == Self::Td3 {
            spans.push(span("personal number", 1, 28..42, Any, Some(42)));
        }
        spans
    }

    /// What the composite check digit covers, itself last; nothing of a form without one.
    pub(crate) fn composite(self) -> Vec<(usize, Range<usize>)> {
        match self {
            Self::Td1 => vec![(0, 5..30), (1, 0..7), (1, 8..15), (1, 18..30)],
            Self::Td2 => vec![(1, 0..10), (1, 13..20), (1, 21..36)],
            Self::Td3 => vec![(1, 0..10), (1, 13..20), (1, 21..44)],
            Self::MrvA | Self::MrvB => Vec::new(),
        }
    }
}
