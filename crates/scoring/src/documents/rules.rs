//! A project's rules for documents.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Error, Outcome};

/// The portrait against the face of the session's last video; it is judged by [`LiveFaceRule`].
pub const LIVE_FACE: &str = "portrait_live_face";

/// Every check a document may be asked; rules may name these.
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

/// Checks no rules can silence: without them passing nothing passes, and failed they fail. That a document has expired may
/// be left to a person, see [`Expired`].
const FLOOR: [&str; 4] = ["mrz_check_digits", "barcode_structure", "external_provider", "not_expired"];

/// Most failed advisory checks rules may ask for.
const MOST_DOUBTS: u32 = 20;

/// How the checks of a document become a decision. Every part may be left out of the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentRules {
    /// What single checks may do; one that is not named does what it says of itself: it gates or is advisory.
    pub checks: BTreeMap<String, CheckMode>,
    /// Issuing states that are accepted, in three letters of ICAO Doc 9303; empty: all.
    pub countries: BTreeSet<String>,
    /// Types that are accepted; empty: all.
    pub types: BTreeSet<DocumentType>,
    pub expired: Expired,
    /// From this many failed advisory checks on a person shall look at the document, 1..=20.
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

/// What a check may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckMode {
    /// Must pass: failed it fails the document, not made it is for a person.
    Required,
    /// Failed it fails the document; not made it says nothing.
    Gating,
    /// Is reported; several failed ones are for a person.
    Advisory,
    /// Is not looked at.
    Off,
}

impl CheckMode {
    pub(crate) const fn decides(self) -> bool {
        matches!(self, Self::Required | Self::Gating)
    }
}

/// What kind of document it is.
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

    /// As answers name it.
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

/// What it means that a document has expired. It never passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expired {
    #[default]
    Fail,
    Refer,
}

/// How alike portrait and live face have to be: the probability of one person, 0.5 being where the model says yes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveFaceRule {
    /// Lowest probability that passes.
    pub pass: f64,
    /// Lowest probability that a person shall look at, not above `pass`; below it is a clear mismatch, and fails. The
    /// default is low: printed portraits are small and old, and odds of nineteen to one are clear.
    pub refer: f64,
}

impl Default for LiveFaceRule {
    fn default() -> Self {
        Self { pass: 0.5, refer: 0.05 }
    }
}

impl LiveFaceRule {
    /// How a probability stands against the rule.
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
    /// What a check that calls itself `advisory` or not may do.
    pub(crate) fn mode(&self, name: &str, advisory: bool) -> CheckMode {
        let own = if advisory { CheckMode::Advisory } else { CheckMode::Gating };
        let mode = self.checks.get(name).copied().unwrap_or(own);
        if FLOOR.contains(&name) && !mode.decides() { CheckMode::Gating } else { mode }
    }

    /// Checks what the form alone does not say.
    ///
    /// # Errors
    /// The first thing that is wrong.
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
