//! A project's rules for documents.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Error, Outcome};

/// The portrait compared with the face of the session's last video; judged by [`LiveFaceRule`].
pub const LIVE_FACE: &str = "portrait_live_face";

/// Every check of a document; rules may name these.
pub const DOCUMENT_CHECKS: [&str; 32] = [
    "mrz_structure",
    "mrz_check_digits",
    "mrz_states",
    "date_logic",
    "issue_date_logic",
    "not_expired",
    "not_specimen",
    "mrz_print_number",
    "mrz_print_birth",
    "mrz_print_expiry",
    "mrz_print_names",
    "mrz_barcode",
    "barcode_structure",
    "external_provider",
    "external_data_tampering",
    "chip_signature",
    "chip_data",
    "chip_issuer",
    "chip_mrz",
    LIVE_FACE,
    "portrait_ghost",
    "portrait_splice",
    "screen_recapture",
    "print_copy",
    "mrz_geometry",
    "mrz_font",
    "printed_font",
    "file_signals",
    "picture_size",
    "picture_sharp",
    "picture_glare",
    "picture_whole",
];

/// Checks that no rules can disable: they are required for a pass, and fail the document when failed. Expiry may be
/// left to human review, see [`Expired`].
const FLOOR: [&str; 4] = ["mrz_check_digits", "barcode_structure", "external_provider", "not_expired"];

/// Largest number of failed advisory checks that rules may set.
const MOST_DOUBTS: u32 = 20;

/// Rules from the checks of a document to a decision. Every part of the JSON is optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentRules {
    /// The mode of single checks; by default a check gates or is advisory as it declares.
    pub checks: BTreeMap<String, CheckMode>,
    /// Accepted issuing states, three-letter codes of ICAO Doc 9303; empty: all.
    pub countries: BTreeSet<String>,
    /// Accepted types; empty: all.
    pub types: BTreeSet<DocumentType>,
    pub expired: Expired,
    /// Number of failed advisory checks from which a document needs human review, 1..=20.
    pub doubts: u32,
    pub live_face: LiveFaceRule,
}

impl Default for DocumentRules {
    fn default() -> Self {
        Self {
            checks: BTreeMap::new(),
            countries: BTreeSet::new(),
            types: BTreeSet::new(),
            expired: Expired::default(),
            doubts: 2,
            live_face: LiveFaceRule::default(),
        }
    }
}

/// The mode of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckMode {
    /// Must pass: a failed check fails the document, a missing one needs human review.
    Required,
    /// A failed check fails the document; a missing one is ignored.
    Gating,
    /// Reported; several failed ones need human review.
    Advisory,
    /// Ignored.
    Off,
}

impl CheckMode {
    pub(crate) const fn decides(self) -> bool {
        matches!(self, Self::Required | Self::Gating)
    }
}

/// The type of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentType {
    Passport,
    IdentityCard,
    Visa,
    DrivingLicence,
    TravelDocument,
}

impl DocumentType {
    pub const ALL: [Self; 5] =
        [Self::Passport, Self::IdentityCard, Self::Visa, Self::DrivingLicence, Self::TravelDocument];

    /// Returns the name in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::IdentityCard => "identity_card",
            Self::Visa => "visa",
            Self::DrivingLicence => "driving_licence",
            Self::TravelDocument => "travel_document",
        }
    }
}

/// The result of an expired document. It never passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expired {
    #[default]
    Fail,
    Refer,
}

/// Thresholds for the similarity of portrait and live face: the probability of the same person; 0.5 is the model's
/// threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveFaceRule {
    /// Lowest probability that passes.
    pub pass: f64,
    /// Lowest probability that needs human review, not above `pass`; below it is a clear mismatch, and fails. The
    /// default is low: printed portraits are small and old, and odds of nineteen to one are clear.
    pub refer: f64,
}

impl Default for LiveFaceRule {
    fn default() -> Self {
        Self { pass: 0.5, refer: 0.05 }
    }
}

impl LiveFaceRule {
    /// Returns the outcome of a probability under the rule.
    pub fn outcome(self, probability: f64) -> Outcome {
        if probability >= self.pass {
            Outcome::Passed
        } else if probability >= self.refer {
            Outcome::Referred
        } else {
            Outcome::Failed
        }
    }
}

impl DocumentRules {
    /// Returns the mode of a check that is `advisory` by default or not.
    pub(crate) fn mode(&self, name: &str, advisory: bool) -> CheckMode {
        let own = if advisory { CheckMode::Advisory } else { CheckMode::Gating };
        let mode = self.checks.get(name).copied().unwrap_or(own);
        if FLOOR.contains(&name) && !mode.decides() { CheckMode::Gating } else { mode }
    }

    /// Validates what the schema cannot express.
    ///
    /// # Errors
    /// The first error.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        for (name, mode) in &self.checks {
            if !DOCUMENT_CHECKS.contains(&name.as_str()) {
                return Err(Error::UnknownCheck(name.clone()));
            }
            if FLOOR.contains(&name.as_str()) && !mode.decides() {
                return Err(Error::Floor(name.clone()));
            }
        }
        let is_state = |code: &String| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        if !self.countries.iter().all(is_state) {
            return Err(Error::Country);
        }
        let (doubts, most) = (f64::from(self.doubts), f64::from(MOST_DOUBTS));
        let LiveFaceRule { pass, refer } = self.live_face;
        for (path, value, low, high) in [
            ("documents.doubts", doubts, 1.0, most),
            ("documents.live_face.pass", pass, 0.0, 1.0),
            ("documents.live_face.refer", refer, 0.0, 1.0),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::Range { path: path.into(), low, high });
            }
        }
        if refer > pass { Err(Error::Order("documents.live_face".into())) } else { Ok(()) }
    }
}
