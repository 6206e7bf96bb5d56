//! The result of reading a picture of a document.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Check, Field, Mrz, Outline, forensics::Signals};

/// The type of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Passport,
    IdentityCard,
    Visa,
    DrivingLicence,
    /// Another travel document.
    TravelDocument,
    #[default]
    Unknown,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::IdentityCard => "identity_card",
            Self::Visa => "visa",
            Self::DrivingLicence => "driving_licence",
            Self::TravelDocument => "travel_document",
            Self::Unknown => "",
        }
    }
}

/// A field that documents can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldName {
    /// Three letters of ICAO Doc 9303, like nationality and issuing state, unless the document has only another code.
    CountryCode,
    NationalityCode,
    NationalityName,
    /// `M`, `F` or `X`.
    Sex,
    FirstName,
    FatherName,
    LastName,
    /// Dates are YYYY-MM-DD.
    BirthDate,
    IssueDate,
    ExpiryDate,
    DocumentNumber,
    PersonalNumber,
    IssuingState,
}

impl FieldName {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CountryCode => "country_code",
            Self::NationalityCode => "nationality_code",
            Self::NationalityName => "nationality_name",
            Self::Sex => "sex",
            Self::FirstName => "first_name",
            Self::FatherName => "father_name",
            Self::LastName => "last_name",
            Self::BirthDate => "birth_date",
            Self::IssueDate => "issue_date",
            Self::ExpiryDate => "expiry_date",
            Self::DocumentNumber => "document_number",
            Self::PersonalNumber => "personal_number",
            Self::IssuingState => "issuing_state",
        }
    }
}

/// The fields that were read.
pub type Fields = BTreeMap<FieldName, Field>;

/// The result of one picture.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub kind: Kind,
    pub fields: Fields,
    pub mrz: Option<Mrz>,
    pub checks: Vec<Check>,
    /// The measures behind the checks of the picture itself.
    pub signals: Signals,
    /// JPEG.
    pub portrait: Option<Vec<u8>>,
    /// A second, smaller picture of the holder; JPEG.
    pub ghost: Option<Vec<u8>>,
    /// The holder's picture from an authentic chip; JPEG.
    pub chip_portrait: Option<Vec<u8>>,
    /// JPEG.
    pub signature: Option<Vec<u8>>,
    /// Why the picture cannot be judged, as advice to the person; `None` when it can.
    pub cannot_judge: Option<String>,
    /// The document's corners in pixels of the displayed picture, clockwise from the document's top left.
    pub outline: Option<Outline>,
    /// The number of clockwise quarter turns of the picture.
    pub turned: u8,
    /// Number of lines of text that were read.
    pub lines: usize,
}

impl Report {
    /// Returns the value of a field; empty when it was not read.
    pub fn value(&self, name: FieldName) -> &str {
        self.fields.get(&name).map_or("", |f| f.value.as_str())
    }
}
