//! The positions of fields in machine readable zones: the five forms of ICAO Doc 9303 (parts 4 to 7), France's identity
//! card until 2021, which has its own form, and the single line of driving licences (ISO/IEC 18013-1, annex on the
//! zone).

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
    /// Identity cards of France until 2021, two lines of 36 that differ from those of Doc 9303.
    #[serde(rename = "FRA-ID")]
    FranceCard,
    /// Driving licences, one line of 30.
    #[serde(rename = "DL1")]
    Licence,
}

/// The characters that a field may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Letters,
    Digits,
    Any,
}

/// A field on one line, and the position of its check digit on that line.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub name: &'static str,
    pub line: usize,
    pub at: Range<usize>,
    pub class: Class,
    pub check: Option<usize>,
}

impl MrzFormat {
    pub const ALL: [Self; 7] =
        [Self::Td1, Self::Td3, Self::Td2, Self::MrvA, Self::MrvB, Self::FranceCard, Self::Licence];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Td1 => "TD1",
            Self::Td2 => "TD2",
            Self::Td3 => "TD3",
            Self::MrvA => "MRV-A",
            Self::MrvB => "MRV-B",
            Self::FranceCard => "FRA-ID",
            Self::Licence => "DL1",
        }
    }

    /// Returns the number of lines and of characters on each.
    pub const fn size(self) -> (usize, usize) {
        match self {
            Self::Td1 => (3, 30),
            Self::Td2 | Self::MrvB | Self::FranceCard => (2, 36),
            Self::Td3 | Self::MrvA => (2, 44),
            Self::Licence => (1, 30),
        }
    }

    /// Returns whether a document of this form can begin its zone with `code` and be issued by `state`.
    pub(crate) fn accepts(self, code: &str, state: &str) -> bool {
        let first = code.chars().next().unwrap_or('<');
        match self {
            Self::MrvA | Self::MrvB => first == 'V',
            Self::Td3 => first == 'P',
            Self::Td1 | Self::Td2 => matches!(first, 'I' | 'A' | 'C'),
            Self::FranceCard => code == "ID" && state == "FRA",
            Self::Licence => first == 'D',
        }
    }

    /// Returns whether documents of this form can be permanent. Passports and visas cannot.
    pub(crate) fn may_be_permanent(self) -> bool {
        matches!(self, Self::Td1 | Self::Td2)
    }

    /// Returns whether this form has a date of expiry.
    pub(crate) fn has_expiry(self) -> bool {
        !matches!(self, Self::FranceCard | Self::Licence)
    }

    pub(crate) fn spans(self) -> Vec<Span> {
        use Class::{Any, Digits, Letters};
        let span = |name, line, at, class, check| Span { name, line, at, class, check };
        let (_, length) = self.size();
        let head =
            [span("document code", 0, 0..2, Letters, None), span("issuing state", 0, 2..5, Letters, None)];
        let fields = match self {
            Self::Td1 => vec![
                span("document number", 0, 5..14, Any, Some(14)),
                span("date of birth", 1, 0..6, Digits, Some(6)),
                span("sex", 1, 7..8, Letters, None),
                span("date of expiry", 1, 8..14, Digits, Some(14)),
                span("nationality", 1, 15..18, Letters, None),
                span("names", 2, 0..30, Letters, None),
            ],
            Self::FranceCard => vec![
                span("names", 0, 5..30, Letters, None),
                span("document number", 1, 0..12, Any, Some(12)),
                span("given names", 1, 13..27, Letters, None),
                span("date of birth", 1, 27..33, Digits, Some(33)),
                span("sex", 1, 34..35, Letters, None),
            ],
            // The issuer chooses the content between state and check digit. The second character may be a digit.
            Self::Licence => return vec![span("issuing state", 0, 2..5, Letters, None)],
            Self::Td2 | Self::Td3 | Self::MrvA | Self::MrvB => vec![
                span("names", 0, 5..length, Letters, None),
                span("document number", 1, 0..9, Any, Some(9)),
                span("nationality", 1, 10..13, Letters, None),
                span("date of birth", 1, 13..19, Digits, Some(19)),
                span("sex", 1, 20..21, Letters, None),
                span("date of expiry", 1, 21..27, Digits, Some(27)),
            ],
        };
        let personal = (self == Self::Td3).then(|| span("personal number", 1, 28..42, Any, Some(42)));
        head.into_iter().chain(fields).chain(personal).collect()
    }

    /// Returns the optional data, which have no check digit of their own.
    pub(crate) fn optional(self) -> Vec<(usize, Range<usize>)> {
        match self {
            Self::Td1 => vec![(0, 15..30), (1, 18..29)],
            Self::Td2 => vec![(1, 28..35)],
            Self::MrvA => vec![(1, 28..44)],
            Self::MrvB => vec![(1, 28..36)],
            Self::Td3 | Self::FranceCard | Self::Licence => Vec::new(),
        }
    }

    /// Returns the positions that the composite check digit covers, with the digit itself last; empty for a form
    /// without one.
    pub(crate) fn composite(self) -> Vec<(usize, Range<usize>)> {
        match self {
            Self::Td1 => vec![(0, 5..30), (1, 0..7), (1, 8..15), (1, 18..30)],
            Self::Td2 => vec![(1, 0..10), (1, 13..20), (1, 21..36)],
            Self::Td3 => vec![(1, 0..10), (1, 13..20), (1, 21..44)],
            Self::FranceCard => vec![(0, 0..36), (1, 0..36)],
            Self::Licence => vec![(0, 0..30)],
            Self::MrvA | Self::MrvB => Vec::new(),
        }
    }
}
