//! The answers of its calls: both an acceptance and a rejection have status 200.

use serde::Serialize;
use utoipa::ToSchema;

use crate::core::{
    compare_pictures::FacesCompared,
    prints::PrintVerified,
    verify_holder::{CardChecked, CardFault, SecurityFeature},
};

pub const SUCCESS: &str = "SUCCESS";
const REJECTED: &str = "REJECTED";
/// BOZORTH3's threshold as a distance: one half.
const HALF_AT: f64 = 40.0;
const LIMITS: &str = "read from a photograph: it shows what is printed, not that the card is genuine";

/// A rejection.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Rejection {
    /// The step of `/v2/verify` that failed: `fingerprint`, `face_match` or `id_card_check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "fingerprint")]
    step: Option<&'static str>,
    #[schema(example = "REJECTED")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mobile_number: Option<String>,
    /// Absent when nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0.7342)]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "No match found (score too low)")]
    message: Option<String>,
    /// The result of the card check.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'static str>,
}

impl Rejection {
    fn new(message: impl Into<String>, score: Option<f64>) -> Self {
        Self { status: REJECTED, message: Some(message.into()), score, ..Self::default() }
    }

    pub fn of_print(verified: &PrintVerified) -> Self {
        match verified {
            PrintVerified::NotEnrolled => Self::new("No fingerprint enrolled for this mobile number", None),
            PrintVerified::Refused { description, .. } => Self::low_quality(description),
            PrintVerified::Judged { score, .. } => {
                Self::new("No match found (score too low)", Some(print_distance(*score)))
            }
        }
    }

    pub fn low_quality(reason: &str) -> Self {
        Self::new(format!("Fingerprint quality too low: {reason}"), None)
    }

    pub fn other_finger() -> Self {
        Self::new("Mobile number is enrolled with another fingerprint", None)
    }

    pub fn of_faces(compared: &FacesCompared) -> Self {
        let (in_first, error) = match compared {
            FacesCompared::Judged { cosine, .. } => {
                return Self::new("Faces do not match", Some(face_distance(*cosine)));
            }
            FacesCompared::NoFace { in_first, error } => (*in_first, error.as_str()),
        };
        let place = if in_first { "selfie" } else { "ID card" };
        let message = match error {
            "more_than_one_face" => format!("More than one face detected in {place}"),
            "face_too_small" => format!("Face in {place} is too small"),
            _ => format!("No face detected in {place}"),
        };
        Self::new(message, None)
    }

    pub fn of_card(fault: CardFault) -> Self {
        let reason = match fault {
            CardFault::NoFeature => {
                "Security feature not detected. Please ensure good lighting and no glare."
            }
            CardFault::Expired => "The ID card has expired.",
            CardFault::WrongCheckDigits => "The check digits of the machine readable zone are wrong.",
            CardFault::Rejected => "The ID card was rejected by the document rules.",
        };
        Self { status: REJECTED, reason: Some(reason), ..Self::default() }
    }

    pub fn at(self, step: &'static str) -> Self {
        Self { step: Some(step), ..self }
    }

    pub fn about(self, mobile_number: String) -> Self {
        Self { mobile_number: Some(mobile_number), ..self }
    }
}

/// An acceptance or a rejection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Answer<T> {
    Accepted(T),
    Rejected(Rejection),
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PrintAccepted {
    #[schema(example = "SUCCESS")]
    status: &'static str,
    #[schema(example = "923001234567")]
    mobile_number: String,
    /// A distance: 40 / (40 + BOZORTH3's score); accepted up to 0.5.
    #[schema(example = 0.2148)]
    score: f64,
    #[schema(example = "Identity verified")]
    message: &'static str,
}

impl PrintAccepted {
    pub fn new(mobile_number: String, score: u32) -> Self {
        Self { status: SUCCESS, mobile_number, score: print_distance(score), message: "Identity verified" }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FacesAccepted {
    #[schema(example = "SUCCESS")]
    status: &'static str,
    /// The distance of the two faces, 0 to 2.
    #[schema(example = 0.7832)]
    score: f64,
    #[schema(example = "Faces match")]
    message: &'static str,
}

impl FacesAccepted {
    pub fn new(cosine: f64) -> Self {
        Self { status: SUCCESS, score: face_distance(cosine), message: "Faces match" }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CardAccepted {
    #[schema(example = "SUCCESS")]
    status: &'static str,
    /// 0 to 1; accepted from 0.5 on.
    #[schema(example = 0.93)]
    verification_score: f64,
    /// The security feature on the card: `mrz`, `barcode` or `ghost-portrait`.
    #[schema(example = "mrz")]
    feature_detected: &'static str,
    #[schema(example = "Valid ID")]
    message: &'static str,
    /// Features that a photograph cannot show.
    limits: &'static str,
}

impl CardAccepted {
    pub fn new(card: &CardChecked) -> Self {
        Self {
            status: SUCCESS,
            verification_score: round4(card.score),
            feature_detected: match card.feature {
                Some(SecurityFeature::Mrz) => "mrz",
                Some(SecurityFeature::Barcode) => "barcode",
                Some(SecurityFeature::GhostPortrait) => "ghost-portrait",
                None => "",
            },
            message: "Valid ID",
            limits: LIMITS,
        }
    }
}

/// Converts BOZORTH3's score to a distance.
fn print_distance(score: u32) -> f64 {
    round4(HALF_AT / (HALF_AT + f64::from(score)))
}

/// Returns the distance of two unit vectors with this cosine.
fn face_distance(cosine: f64) -> f64 {
    round4((2.0 - 2.0 * cosine.clamp(-1.0, 1.0)).sqrt())
}

fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_thresholds_are_those_of_the_comparisons() {
        assert!((print_distance(40) - 0.5).abs() < f64::EPSILON);
        assert!(print_distance(39) > 0.5 && print_distance(41) < 0.5);
        assert!((face_distance(0.363) - 1.1287).abs() < 1e-9);
        assert_eq!((face_distance(1.0), face_distance(-1.0)), (0.0, 2.0));
    }

    proptest! {
        #[test]
        fn more_similar_inputs_have_smaller_distances(a in 0u32..2000, b in 0u32..2000) {
            // Distances are rounded, so two scores can have the same distance.
            prop_assert!(print_distance(a.min(b)) >= print_distance(a.max(b)));
        }
    }
}
