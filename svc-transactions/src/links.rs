//! Links between transactions: the device, the address, the country, the document, and the owner of the enrolled
//! face. Each is stored as a keyed hash, which finds transactions and is compared with block lists; its label is
//! sealed separately. A face is identified by the subject who enrolled it: no vector leaves the models.

use std::net::IpAddr;

use blob::KeyRing;
use serde_json::Value;

use crate::{error::Error, fraud::device, record::Record, seal};

/// Least probability that a face is another subject's: that of a decision.
const MIN_CLAIM_PROBABILITY: f64 = 0.9;

/// A kind of link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Device,
    Address,
    Country,
    Document,
    Face,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Device, Self::Address, Self::Country, Self::Document, Self::Face];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Address => "address",
            Self::Country => "country",
            Self::Document => "document",
            Self::Face => "face",
        }
    }

    /// # Errors
    /// When the database has an unknown word.
    pub fn from_stored(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(Error::DamagedLink)
    }
}

/// A value that a transaction can share with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub kind: Kind,
    /// The hash under the active key first, then those under retired keys.
    pub hashes: Vec<Vec<u8>>,
    /// The label; `None` for a face, whose owner is looked up.
    pub label: Option<String>,
}

/// The number of a document, which identifies it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentNumber {
    pub country: String,
    pub number: String,
}

impl DocumentNumber {
    /// Returns capital letters and digits only, as printed and as machines read it. `None` when too little is left to
    /// identify a document.
    pub fn normalised(&self) -> Option<Self> {
        let plain = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
        };
        let number = plain(&self.number);
        (5..=32).contains(&number.len()).then(|| Self { country: plain(&self.country), number })
    }

    /// Returns the country and the last three characters.
    fn label(&self) -> String {
        let last = self.number.get(self.number.len().saturating_sub(3)..).unwrap_or_default();
        format!("{} …{last}", self.country).trim().to_owned()
    }
}

/// Builds a link with the keyed hash of `value` in `project`.
fn link(ring: &KeyRing, project: &str, kind: Kind, value: &str, label: String) -> Result<Link, Error> {
    let hashes = seal::link_hashes(ring, project, kind.as_str(), value)?;
    Ok(Link { kind, hashes, label: Some(label) })
}

/// # Errors
/// Never in practice; a failure of the cipher library.
pub fn of_device(ring: &KeyRing, project: &str, id: &str) -> Result<Link, Error> {
    link(ring, project, Kind::Device, id, id.to_owned())
}

/// Returns `None` for text that is not an address.
///
/// # Errors
/// As [`of_device`].
pub fn of_address(ring: &KeyRing, project: &str, text: &str) -> Result<Option<Link>, Error> {
    let Ok(address) = text.trim().parse::<IpAddr>() else { return Ok(None) };
    let address = address.to_canonical().to_string();
    link(ring, project, Kind::Address, &address, address.clone()).map(Some)
}

/// Returns `None` for a number too short to identify a document.
///
/// # Errors
/// As [`of_device`].
pub fn of_document(ring: &KeyRing, project: &str, number: &DocumentNumber) -> Result<Option<Link>, Error> {
    let Some(number) = number.normalised() else { return Ok(None) };
    let value = format!("{}\0{}", number.country, number.number);
    link(ring, project, Kind::Document, &value, number.label()).map(Some)
}

/// Returns the link of the face that `user` enrolled.
///
/// # Errors
/// As [`of_device`].
pub fn of_face(ring: &KeyRing, project: &str, user: &str) -> Result<Link, Error> {
    Ok(Link { kind: Kind::Face, hashes: seal::subject_hashes(ring, project, user)?, label: None })
}

/// Returns all links of a transaction, each kind at most once.
///
/// # Errors
/// As [`of_device`].
pub fn of_record(ring: &KeyRing, record: &Record) -> Result<Vec<Link>, Error> {
    let project = &record.project_id;
    let parsed = |json: &Option<String>| -> Value {
        json.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    };
    let mut links = Vec::new();
    if let Some(id) = device::id(&parsed(&record.personal.device_info_json)) {
        links.push(of_device(ring, project, &id)?);
    }
    let geo = parsed(&record.personal.geo_json);
    // A customer's backend states the address of its client.
    if let Some(address) = record.client_address.as_deref().or_else(|| geo["ip"].as_str()) {
        links.extend(of_address(ring, project, address)?);
    }
    if let Some(country) = geo["country"].as_str().map(str::trim).filter(|text| !text.is_empty()) {
        let label: String = country.chars().take(60).collect();
        links.push(link(ring, project, Kind::Country, &country.to_lowercase(), label)?);
    }
    if let Some(number) = &record.document_number {
        links.extend(of_document(ring, project, number)?);
    }
    let services = parsed(&record.personal.services_json);
    if let Some(owner) = FaceFound::in_services(&services, record.personal.user_fullname.as_deref()).owner() {
        links.push(of_face(ring, project, owner)?);
    }
    Ok(links)
}

/// The result of a call's search among enrolled faces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaceFound {
    /// Whether the user of the call had a face template.
    pub user_is_enrolled: bool,
    /// The user, if the face is theirs.
    pub own: Option<String>,
    /// Another user with this face, and the probability.
    pub other: Option<(String, f64)>,
}

impl FaceFound {
    /// Parses the report of the service "Face Recognition".
    pub fn in_services(services: &Value, user: Option<&str>) -> Self {
        let face = &services["Face Recognition"];
        let matched = face["matched"].as_bool() == Some(true);
        let searches = face["instances"].as_array().into_iter().flatten().map(|instance| &instance["search"]);
        let named = searches.filter_map(|search| {
            let name = search["searchName"].as_str().filter(|name| !name.is_empty())?;
            Some((name.to_owned(), search["probability"].as_f64()?))
        });
        let others = named.filter(|(name, probability)| {
            Some(name.as_str()) != user && *probability >= MIN_CLAIM_PROBABILITY
        });
        Self {
            user_is_enrolled: face["enrolled"].as_bool() == Some(true),
            own: user.filter(|_| matched).map(str::to_owned),
            other: others.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| !matched),
        }
    }

    /// Returns the owner of the face.
    pub fn owner(&self) -> Option<&str> {
        self.own.as_deref().or_else(|| self.other.as_ref().map(|(name, _)| name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn services(enrolled: bool, matched: bool, name: &str, probability: f64) -> Value {
        json!({"Face Recognition": {"enrolled": enrolled, "matched": matched,
               "instances": [{"search": {"searchName": name, "probability": probability}}]}})
    }

    #[test]
    fn a_face_is_the_users_own_or_that_of_whom_the_search_is_sure() {
        let found = |services| FaceFound::in_services(&services, Some("ada"));
        assert_eq!(found(services(true, true, "ada", 0.99)).owner(), Some("ada"));
        assert_eq!(found(services(true, false, "bob", 0.97)).owner(), Some("bob"));
        assert_eq!(found(services(false, false, "bob", 0.97)).other, Some(("bob".into(), 0.97)));
        assert_eq!(found(services(false, false, "bob", 0.89)).owner(), None);
        assert_eq!(found(services(true, false, "", 0.99)).owner(), None);
        assert_eq!(
            found(services(true, false, "ada", 0.99)).owner(),
            None,
            "a match is what the models say it is"
        );
        assert_eq!(found(json!({})), FaceFound::default());
    }

    #[test]
    fn a_claim_is_as_sure_as_the_decision_asks_for() {
        assert!((MIN_CLAIM_PROBABILITY - scoring::MIN_CLAIM_PROBABILITY).abs() < f64::EPSILON);
    }

    #[test]
    fn a_document_is_the_same_however_its_number_is_written() {
        let number = |country: &str, number: &str| {
            DocumentNumber { country: country.into(), number: number.into() }.normalised()
        };
        assert_eq!(number("swe", "ab-123 456"), number("SWE", "AB123456"));
        assert_eq!(number("SWE", "12 34"), None);
        assert_eq!(number("SWE", "AB123456").unwrap().label(), "SWE …456");
    }

    proptest! {
        #[test]
        fn no_number_is_shown_whole(country in "[A-Z]{0,3}", text in "\\PC{0,40}") {
            if let Some(number) = (DocumentNumber { country, number: text }).normalised() {
                prop_assert!(!number.label().contains(&number.number));
            }
        }
    }
}
