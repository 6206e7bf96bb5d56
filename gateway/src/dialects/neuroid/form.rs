//! The forms of its calls.

use crate::{
    core::{error::Error, media::Media, verification::Subject},
    http::{
        multipart::{Fields, Form, FormBody},
        state::Gateway,
    },
};

pub const NUMBER: &str = "mobile_number";
/// Digits of a number.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Receives a form; every required field that was not sent is named at once. A file may have one of several names.
///
/// # Errors
/// 422 for missing fields, 413 for too large a file.
pub async fn receive(
    gateway: &Gateway,
    project_id: &str,
    form: FormBody,
    fields: &Fields,
    required: &[&'static [&'static str]],
) -> Result<Form, Error> {
    let form = Form::receive(gateway, project_id, form, fields).await?;
    let is_sent = |names: &[&str]| {
        names.iter().any(|name| form.text(name).is_some() || form.file_named(name).is_some())
    };
    let missing: Vec<&str> = required.iter().filter(|names| !is_sent(names)).map(|names| names[0]).collect();
    if missing.is_empty() { Ok(form) } else { Err(Error::MissingFields(missing)) }
}

/// A file that was sent under the first of `names` that there is.
///
/// # Errors
/// 422 when there is none.
pub fn file<'a>(form: &'a Form, names: &[&'static str]) -> Result<&'a Media, Error> {
    let found = names.iter().find_map(|name| form.file_named(name));
    found.ok_or_else(|| Error::MissingFields(names.first().copied().into_iter().collect()))
}

/// The mobile number: 8 to 15 digits, a leading plus dropped.
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

/// Whom a call about this number is about.
pub fn subject(number: &str) -> Subject {
    Subject { user_fullname: Some(format!("tel:{number}")), ..Subject::default() }
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
