//! The forms of its calls.

use crate::{
    core::{
        error::Error,
        media::Media,
        verification::{Subject, UserRequirement, Verification},
    },
    http::{
        multipart::{Fields, Form, FormBody},
        recording::Call,
        state::Gateway,
    },
};

pub const NUMBER: &str = "mobile_number";
/// The accepted names of the field with the fingerprint.
pub const FINGERPRINT: &[&str] = &["file", "fingerprint"];
/// The number of digits of a mobile number.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Receives a form; all missing fields are reported at once. A file may have one of several names.
///
/// # Errors
/// 422 for missing fields, 413 for too large a file.
pub async fn receive(
    gateway: &Gateway,
    call: &Call,
    form: FormBody,
    fields: &Fields,
    required: &[&'static [&'static str]],
) -> Result<Form, Error> {
    let form = Form::receive(gateway, &call.caller.project_id, form, fields).await?;
    let is_sent = |names: &[&str]| {
        names.iter().any(|name| form.text(name).is_some() || form.file_named(name).is_some())
    };
    let missing: Vec<&str> = required.iter().filter(|names| !is_sent(names)).map(|names| names[0]).collect();
    if missing.is_empty() { Ok(form) } else { Err(Error::MissingFields(missing)) }
}

/// Returns the file under the first of `names` that was sent.
///
/// # Errors
/// 422 when there is none.
pub fn file<'a>(form: &'a Form, names: &[&'static str]) -> Result<&'a Media, Error> {
    let found = names.iter().find_map(|name| form.file_named(name));
    found.ok_or_else(|| Error::MissingFields(names.first().copied().into_iter().collect()))
}

/// Parses a mobile number: 8 to 15 digits; a leading plus is removed.
///
/// # Errors
/// 422 for any other text.
pub fn mobile_number(form: &Form) -> Result<String, Error> {
    let text = form.text(NUMBER).ok_or_else(|| Error::MissingFields(vec![NUMBER]))?;
    parse_number(text)
}

fn parse_number(text: &str) -> Result<String, Error> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if DIGITS.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        Ok(digits.to_owned())
    } else {
        Err(Error::field(NUMBER, "mobile_number must be 8 to 15 digits, with an optional leading +"))
    }
}

/// Receives a form with a mobile number and a fingerprint.
///
/// # Errors
/// 422 for missing fields or a wrong number, 413 for too large a file.
pub async fn receive_print(gateway: &Gateway, call: &Call, form: FormBody) -> Result<(String, Form), Error> {
    const FIELDS: Fields = Fields { files: FINGERPRINT, texts: &[NUMBER] };
    let form = receive(gateway, call, form, &FIELDS, &[&[NUMBER], FINGERPRINT]).await?;
    Ok((mobile_number(&form)?, form))
}

/// Begins the verification of the holder of a number, or of an unknown person.
///
/// # Errors
/// As [`Verification::begin`].
pub async fn begin_verification<'a>(
    gateway: &'a Gateway,
    call: &'a mut Call,
    number: Option<&str>,
) -> Result<Verification<'a>, Error> {
    let required = if number.is_some() { UserRequirement::Required } else { UserRequirement::Optional };
    let user_fullname = number.map(|number| format!("tel:{number}"));
    let subject = Subject { user_fullname, ..Subject::default() };
    Verification::begin(gateway.core(), &call.caller, &mut call.record, subject, required).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_has_one_spelling(digits in "[0-9]{8,15}") {
            prop_assert_eq!(parse_number(&digits).unwrap(), digits.clone());
            prop_assert_eq!(parse_number(&format!("+{digits}")).unwrap(), digits);
        }

        #[test]
        fn other_text_is_no_number(text in "\\PC{0,20}") {
            if let Ok(number) = parse_number(&text) {
                prop_assert!(number.bytes().all(|byte| byte.is_ascii_digit()) && (8..=15).contains(&number.len()));
            }
        }
    }
}
