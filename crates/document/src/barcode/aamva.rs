//! The PDF417 of North American driving licences and identity cards (AAMVA DL/ID Card Design Standard, annex D;
//! versions 00 to 10): a header points to subfiles of elements, each with a three-letter code and a value.

mod header;
mod issuer;
mod stripe;
mod values;

use std::collections::BTreeMap;

use time::Date;

use crate::{
    Check, Field, Kind, Source,
    partial_date::PartialDate,
    report::{FieldName, Fields},
    zone_checks::{check_expiry_day, no_expiry},
};
use header::Header;
use stripe::Stripe;
use values::{DateOrder, Expiry, clean_name, parse_date, parse_expiry, split_full_name, stated, stated_name};

/// Ends of an element: a line feed, and a carriage return at the end of a subfile. The header may name others, and
/// issuers use the separators of ASCII without naming them.
const SEPARATORS: [u8; 6] = [b'\n', b'\r', 0x1c, 0x1d, 0x1e, 0x1f];
/// Longest text that is parsed; the largest PDF417 holds less than 2,000 characters.
const MAX_BYTES: usize = 4096;
/// Subfile types of a licence, an enhanced licence and an identity card. Those of jurisdictions begin with Z.
const LICENCE: [[u8; 2]; 2] = [*b"DL", *b"EN"];
const IDENTITY_CARD: [u8; 2] = *b"ID";
/// Confidence of a name that the issuer marks as truncated.
const TRUNCATED: f32 = 0.8;

/// A licence's data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Licence {
    /// Six digits.
    issuer: String,
    /// The version of the standard, or the form, as text.
    form: String,
    is_identity_card: bool,
    country: &'static str,
    jurisdiction: String,
    number: String,
    surname: String,
    given_names: String,
    /// Names that the issuer marks as truncated.
    truncated: Vec<FieldName>,
    sex: Option<&'static str>,
    birth: Option<PartialDate>,
    issue: Option<PartialDate>,
    expiry: Expiry,
}

type Elements = BTreeMap<String, String>;

impl Licence {
    /// Parses the text of a barcode; `None` when it is not a licence.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = bytes_of(text);
        let bytes = bytes.get(..MAX_BYTES).unwrap_or(&bytes);
        match Header::parse(bytes) {
            Some(header) => Self::from_subfiles(bytes, &header),
            None => Stripe::parse(&decode(bytes)).map(Self::from_stripe),
        }
    }

    fn from_subfiles(bytes: &[u8], header: &Header) -> Option<Self> {
        let is_own = |kind: [u8; 2]| LICENCE.contains(&kind) || kind == IDENTITY_CARD;
        let own: Vec<_> = header.subfiles.iter().filter(|s| is_own(s.kind)).collect();
        let mut elements = Elements::new();
        for subfile in &own {
            for (code, value) in read_elements(bytes.get(subfile.elements.clone())?) {
                elements.entry(code).or_insert(value);
            }
        }
        let value = |code: &str| elements.get(code).and_then(|v| stated(v));
        let raw = |code: &str| elements.get(code).map(String::as_str);
        let known = issuer::find_issuer(&header.issuer);
        let address = value("DAJ").map(str::to_uppercase);
        let country = value("DCG").and_then(country_code).or_else(|| known.map(|i| i.country));
        let country =
            country.unwrap_or_else(|| issuer::country_of_jurisdiction(address.as_deref().unwrap_or("")));
        let order = DateOrder::of(country, header.version);
        let date = |code| parse_date(value(code)?, order);
        let (surname, given_names) = names(&|code| elements.get(code).and_then(|v| stated_name(v)));
        let own_state = known.map(|i| i.jurisdiction).filter(|j| !j.is_empty()).map(str::to_owned);
        Some(Self {
            number: clean_name(value("DAQ").or_else(|| value("DBJ"))?),
            form: format!("version {:02}", header.version),
            is_identity_card: own.iter().all(|s| s.kind == IDENTITY_CARD),
            jurisdiction: own_state.or(address).unwrap_or_default(),
            truncated: truncated(&value),
            sex: value("DBC").map(sex),
            birth: date("DBB"),
            issue: date("DBD"),
            expiry: parse_expiry(raw("DBA"), order),
            issuer: header.issuer.clone(),
            country,
            surname,
            given_names,
        })
    }

    fn from_stripe(stripe: Stripe) -> Self {
        let known = issuer::find_issuer(&stripe.issuer).map(|i| i.country);
        Self {
            country: known.unwrap_or_else(|| issuer::country_of_jurisdiction(&stripe.jurisdiction)),
            form: "magnetic stripe form".into(),
            is_identity_card: false,
            truncated: Vec::new(),
            sex: stripe.sex.map(|c| sex(c.encode_utf8(&mut [0; 4]))),
            birth: stripe.birth,
            issue: None,
            expiry: stripe.expiry,
            issuer: stripe.issuer,
            jurisdiction: stripe.jurisdiction,
            number: stripe.number,
            surname: stripe.surname,
            given_names: stripe.given_names,
        }
    }

    pub fn kind(&self) -> Kind {
        if self.is_identity_card { Kind::IdentityCard } else { Kind::DrivingLicence }
    }

    pub fn fields(&self) -> Fields {
        let day = |date: Option<PartialDate>| date.map(|d| d.to_string()).unwrap_or_default();
        let expiry = match self.expiry {
            Expiry::On(date) => date.to_string(),
            _ => String::new(),
        };
        let all = [
            (FieldName::CountryCode, self.country.to_owned()),
            (FieldName::IssuingState, self.jurisdiction.clone()),
            (FieldName::LastName, self.surname.clone()),
            (FieldName::FirstName, self.given_names.clone()),
            (FieldName::Sex, self.sex.unwrap_or_default().to_owned()),
            (FieldName::BirthDate, day(self.birth)),
            (FieldName::IssueDate, day(self.issue)),
            (FieldName::ExpiryDate, expiry),
            (FieldName::DocumentNumber, self.number.clone()),
        ];
        // Reed-Solomon codes leave no uncertain characters.
        let confidence = |name| if self.truncated.contains(&name) { TRUNCATED } else { 1.0 };
        let field = |name, value| Field { value, source: Source::Barcode, confidence: confidence(name) };
        let read = all.into_iter().filter(|(_, value)| !value.is_empty());
        read.map(|(name, value)| (name, field(name, value))).collect()
    }

    pub fn checks(&self, today: Date) -> Vec<Check> {
        vec![self.structure(), self.date_logic(today), self.validity(today)]
    }

    fn structure(&self) -> Check {
        let required = [
            ("name", self.surname.is_empty() && self.given_names.is_empty()),
            ("date of birth", self.birth.is_none()),
        ];
        let missing: Vec<&str> = required.iter().filter(|(_, is)| *is).map(|(what, _)| *what).collect();
        let mut evidence = format!("issuer {}, {}", self.issuer, self.form);
        if issuer::find_issuer(&self.issuer).is_none() {
            evidence.push_str(", which is not in the table of issuers");
        }
        if !self.truncated.is_empty() {
            let names: Vec<_> = self.truncated.iter().map(|name| name.as_str()).collect();
            evidence = format!("{evidence}; cut by the issuer: {}", names.join(", "));
        }
        if !missing.is_empty() {
            evidence = format!("{evidence}; missing: {}", missing.join(", "));
        }
        Check::gating("barcode_structure", missing.is_empty(), evidence)
    }

    fn date_logic(&self, today: Date) -> Check {
        let expiry = if let Expiry::On(date) = self.expiry { Some(date) } else { None };
        let issue = self.issue.map(PartialDate::latest);
        let problem = match (self.birth, issue, expiry) {
            (None, ..) => Some("the date of birth is no day"),
            (Some(birth), ..) if birth.earliest() > today => Some("born after today"),
            (Some(birth), Some(issue), _) if issue <= birth.earliest() => {
                Some("issued before the holder's birth")
            }
            (_, Some(issue), Some(expiry)) if expiry <= issue => Some("expires before it was issued"),
            (_, Some(issue), _) if issue > today => Some("issued after today"),
            _ => None,
        };
        let evidence = problem.unwrap_or("birth before issue, issue before expiry");
        Check::gating("date_logic", problem.is_none(), evidence)
    }

    fn validity(&self, today: Date) -> Check {
        match self.expiry {
            Expiry::On(date) => check_expiry_day(date, today),
            Expiry::Never => no_expiry("the barcode states that it does not expire"),
            Expiry::Invalid => Check::gating("not_expired", false, "the barcode's date of expiry is no day"),
            Expiry::Missing => Check::not_checked("not_expired", false, "the barcode has no date of expiry"),
        }
    }
}

/// Returns the original bytes of a barcode's text. Decoders read bytes as Latin-1 unless the barcode names another
/// encoding, and offsets count bytes.
fn bytes_of(text: &str) -> Vec<u8> {
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    latin.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Decodes a value: many issuers write UTF-8 into barcodes that claim Latin-1.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

/// Returns the elements of a subfile, except those of a jurisdiction.
fn read_elements(subfile: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    subfile.split(|b| SEPARATORS.contains(b)).filter_map(|line| {
        let (code, value) = line.split_at_checked(3)?;
        let is_code = code[0] == b'D' && code.iter().all(u8::is_ascii_uppercase);
        is_code.then(|| (decode(code), decode(value)))
    })
}

/// Returns surname and given names. Up to version 01 one element has all names, or DAB and DAC have them; versions 02
/// and 03 have given names in DCT.
fn names<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> (String, String) {
    let (whole_surname, whole_given) = value("DAA").map(split_full_name).unwrap_or_default();
    let surname = value("DCS").or_else(|| value("DAB")).map(clean_name).unwrap_or(whole_surname);
    let first = value("DAC").or_else(|| value("DCT"));
    let given = [first, value("DAD")].into_iter().flatten().map(clean_name).collect::<Vec<_>>().join(" ");
    (surname, if given.is_empty() { whole_given } else { given })
}

fn truncated<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Vec<FieldName> {
    let flags = [("DDE", FieldName::LastName), ("DDF", FieldName::FirstName), ("DDG", FieldName::FirstName)];
    let mut names: Vec<FieldName> =
        flags.into_iter().filter(|(flag, _)| value(flag) == Some("T")).map(|(_, name)| name).collect();
    names.dedup();
    names
}

fn sex(code: &str) -> &'static str {
    match code {
        "1" | "M" | "m" => "M",
        "2" | "F" | "f" => "F",
        _ => "X",
    }
}

fn country_code(stated: &str) -> Option<&'static str> {
    let letters: String = stated.chars().filter(|c| c.is_alphabetic()).collect();
    match letters.to_uppercase().as_str() {
        "USA" | "US" | "UNITEDSTATES" | "UNITEDSTATESOFAMERICA" => Some("USA"),
        "CAN" | "CA" | "CDN" | "CANADA" => Some("CAN"),
        "MEX" | "MX" | "MEXICO" => Some("MEX"),
        _ => None,
    }
}

#[cfg(test)]
mod layouts;

#[cfg(test)]
mod tests;
