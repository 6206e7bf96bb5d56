//! Fields of the machine readable zone.

use crate::{
    Field, Mrz, Source,
    mrz::ZoneDates,
    report::{FieldName, Fields, Kind},
};

/// Confidence of a field whose check digit is right, of one without a check digit, and of one whose check digit is
/// wrong.
const CHECKED: f32 = 1.0;
const UNCHECKED: f32 = 0.8;
const WRONG: f32 = 0.2;

/// Returns the type of document that a zone belongs to.
pub(crate) fn kind(mrz: &Mrz) -> Kind {
    match mrz.document_code.chars().next() {
        Some('P') => Kind::Passport,
        Some('V') => Kind::Visa,
        Some('I' | 'A' | 'C') => Kind::IdentityCard,
        Some('D') => Kind::DrivingLicence,
        _ => Kind::TravelDocument,
    }
}

/// Returns the fields of `mrz`; empty ones are left out.
pub(crate) fn fields(mrz: &Mrz, dates: &ZoneDates) -> Fields {
    let sure = |digit: &str| match mrz.check_digits.iter().find(|(name, _)| *name == digit) {
        Some((_, true)) => CHECKED,
        Some((_, false)) => WRONG,
        None => UNCHECKED,
    };
    let nationality = mrz.nationality.trim_matches('<');
    let name_of = |code: &str| country_name(code).unwrap_or_default().to_uppercase();
    let all = [
        (FieldName::CountryCode, code(&mrz.issuing_state), UNCHECKED),
        (FieldName::IssuingState, code(&mrz.issuing_state), UNCHECKED),
        (FieldName::NationalityCode, code(nationality), UNCHECKED),
        (FieldName::NationalityName, name_of(nationality), UNCHECKED),
        (FieldName::Sex, mrz.sex.clone(), UNCHECKED),
        (FieldName::LastName, mrz.surname.clone(), UNCHECKED * mrz.confidence),
        (FieldName::FirstName, mrz.given_names.clone(), UNCHECKED * mrz.confidence),
        (FieldName::BirthDate, dates.birth.map(|d| d.to_string()).unwrap_or_default(), sure("date of birth")),
        (
            FieldName::ExpiryDate,
            dates.expiry.day().map(|d| d.to_string()).unwrap_or_default(),
            sure("date of expiry"),
        ),
        (FieldName::DocumentNumber, mrz.document_number.clone(), sure("document number")),
        (FieldName::PersonalNumber, mrz.personal_number.clone(), sure("personal number")),
    ];
    let field = |value, confidence| Field { value, source: Source::Mrz, confidence };
    let read = all.into_iter().filter(|(_, value, _)| !value.is_empty());
    read.map(|(name, value, confidence)| (name, field(value, confidence))).collect()
}

/// Returns a state's code in three letters, as Germany prints only one.
pub(crate) fn code(printed: &str) -> String {
    if printed == "D" { "DEU".to_owned() } else { printed.to_owned() }
}

/// Returns the English name for an ICAO or ISO 3166-1 code.
pub(crate) fn country_name(code: &str) -> Option<&'static str> {
    mrz::country_name(code).map(|name| name.split(" (").next().unwrap_or(name))
}
