//! The input of the rules for one transaction.

use serde_json::Value;

use super::device;
use crate::{
    links::FaceFound,
    record::{Record, Verdict},
};

/// Coordinates in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub lat: f64,
    pub lng: f64,
}

/// Reasons of an enrollment refused as another person's, or after too many of those.
const ANOTHER_PERSON: [&str; 2] = ["another_person", "template_locked"];

/// Reasons that a call showed another person than its user, or no live one.
const NOT_THE_USER: [&str; 5] = [
    "face_match_failed",
    "voice_match_failed",
    "liveness_failed",
    "media_authenticity_failed",
    "media_replayed",
];
const RECOGNISED: [&str; 2] = ["face_match_passed", "voice_match_passed"];

/// Whether a call showed its user, according to the models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    #[default]
    Unknown,
    /// It passed, and the user was recognised.
    Confirmed,
    /// It showed another person, or a recording.
    Refuted,
}

/// A transaction as input of the rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    pub id: String,
    pub at_ms: i64,
    pub is_video: bool,
    /// An enrollment refused because it resembles another person than the user.
    pub is_another_person: bool,
    pub identity: Identity,
    pub face: FaceFound,
    pub place: Option<Place>,
    pub country: Option<Country>,
    /// The identity of its device.
    pub device: Option<String>,
    /// The device's own id.
    pub device_id: Option<String>,
    /// Evidence of an emulated device, as `field=value`.
    pub emulator: Option<String>,
}

/// A country in one of the two notations of clients. Only equal notations are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Country {
    /// ISO 3166 alpha-2, upper case.
    Code(String),
    /// Lower case.
    Name(String),
}

impl Country {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.len() {
            0 => None,
            2 => Some(Self::Code(text.to_uppercase())),
            _ => Some(Self::Name(text.to_lowercase())),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Code(text) | Self::Name(text) => text,
        }
    }

    /// Whether both are known to be different countries.
    pub fn differs(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self != other
    }
}

impl Observation {
    pub fn from_record(record: &Record) -> Self {
        let parsed = |json: &Option<String>| -> Value {
            json.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
        };
        let geo = parsed(&record.personal.geo_json);
        let info = parsed(&record.personal.device_info_json);
        let services = parsed(&record.personal.services_json);
        let face = FaceFound::in_services(&services, record.personal.user_fullname.as_deref());
        Self {
            id: record.id.as_str().into(),
            identity: identity(record, &face),
            face,
            at_ms: record.created_at_ms,
            is_video: record.kind == "process_video",
            is_another_person: record.reasons.iter().any(|reason| ANOTHER_PERSON.contains(&reason.as_str())),
            place: place(&geo),
            country: geo["country"].as_str().and_then(Country::parse),
            device: device::identity(&info),
            device_id: device::id(&info),
            emulator: device::emulator(&info),
        }
    }
}

fn identity(record: &Record, face: &FaceFound) -> Identity {
    let has = |reasons: &[&str]| record.reasons.iter().any(|reason| reasons.contains(&reason.as_str()));
    if face.other.is_some() || has(&NOT_THE_USER) || has(&ANOTHER_PERSON) {
        Identity::Refuted
    } else if record.verdict == Some(Verdict::Pass) && has(&RECOGNISED) {
        Identity::Confirmed
    } else {
        Identity::Unknown
    }
}

/// Clients without a position often send 0, 0, which is in the sea.
fn place(geo: &Value) -> Option<Place> {
    let (lat, lng) = (geo["lat"].as_f64()?, geo["lng"].as_f64()?);
    let known = (lat, lng) != (0.0, 0.0) && lat.abs() <= 90.0 && lng.abs() <= 180.0;
    known.then_some(Place { lat, lng })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nowhere_is_no_place() {
        for geo in [
            json!({}),
            json!({"lat": 0, "lng": 0}),
            json!({"lat": "48", "lng": 16}),
            json!({"lat": 91, "lng": 0}),
        ] {
            assert_eq!(place(&geo), None, "{geo}");
        }
        assert_eq!(place(&json!({"lat": 48.2, "lng": 16.4})), Some(Place { lat: 48.2, lng: 16.4 }));
    }

    #[test]
    fn countries_compare_only_in_one_notation() {
        let country = |text| Country::parse(text).unwrap();
        assert!(country("at").differs(&country("DE")));
        assert!(!country("at").differs(&country(" AT ")));
        assert!(!country("AT").differs(&country("Austria")));
        assert!(country("Austria").differs(&country("Germany")));
        assert_eq!(Country::parse(" "), None);
    }
}
