//! JSON bodies, whatever content type they declare.

use std::collections::HashMap;

use axum::{body::Bytes, extract::rejection::BytesRejection};
use proto::Word;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::core::error::Error;

/// Parses a JSON object. The parser's own message would repeat parts of the body, so the error only says where.
///
/// # Errors
/// 400 with the path of the field that is wrong.
pub fn parse_object<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Error> {
    let body = body?;
    let body = without_byte_order_mark(&body);
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid("request body must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path: String = error.path().to_string().chars().filter(|c| !c.is_control()).take(100).collect();
        // The parser knows a missing field only by the object it is missing from.
        let why =
            missing_field(&error.inner().to_string()).unwrap_or_else(|| "not what this call takes".into());
        let place = if path == "." { String::new() } else { format!(" at {path}") };
        Error::Invalid(format!("request body{place}: {why}").into())
    })?;
    json.end().map_err(|_| Error::invalid("request body must be one JSON object"))?;
    Ok(read)
}

/// Parses a JSON object of which every field may be absent. One without any field asks for nothing, by an oversight, and
/// so does one of nulls alone, unless they clear a field: those of `cleared_by_null`.
///
/// # Errors
/// As [`parse_object`]; 400 for what asks for nothing.
pub fn parse_change<T: DeserializeOwned>(
    body: Result<Bytes, BytesRejection>,
    cleared_by_null: &[&str],
) -> Result<T, Error> {
    let body = body?;
    let change = parse_object(Ok(body.clone()))?;
    let fields: Result<HashMap<String, Option<IgnoredAny>>, _> =
        serde_json::from_slice(without_byte_order_mark(&body));
    let asks = |(name, value): (&String, &Option<IgnoredAny>)| {
        value.is_some() || cleared_by_null.contains(&name.as_str())
    };
    if fields.is_ok_and(|fields| !fields.iter().any(asks)) {
        return Err(Error::invalid("request body: name at least one field to change"));
    }
    Ok(change)
}

/// Parses the word of a closed set.
///
/// # Errors
/// 400 that lists the words.
pub fn parse_word<E: Word>(field: &'static str, text: &str) -> Result<E, Error> {
    E::from_word(text).ok_or_else(|| Error::Invalid(format!("{field} must be {}", E::list_words()).into()))
}

/// A byte order mark is no part of JSON; RFC 8259 lets a parser skip it.
pub fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// "missing field `name`" is the parser's own text; anything else may contain input.
fn missing_field(message: &str) -> Option<String> {
    let field = message.strip_prefix("missing field `")?.split('`').next()?;
    Some(format!("{field} is required"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Asked {
        name: String,
        #[serde(default)]
        list: Vec<bool>,
    }

    fn read(body: &str) -> Result<Asked, String> {
        parse_object(Ok(Bytes::from(body.to_owned()))).map_err(|e| e.to_string())
    }

    #[test]
    fn an_error_says_where_and_repeats_nothing() {
        let asked = read(r#" {"name":"a","list":[true],"more":1} "#).unwrap();
        assert_eq!((asked.name.as_str(), asked.list), ("a", vec![true]));
        assert_eq!(read("{}").unwrap_err(), "request body: name is required");
        assert_eq!(
            read(r#"{"name":"a","list":["secret"]}"#).unwrap_err(),
            "request body at list[0]: not what this call takes"
        );
        assert_eq!(read("\u{feff} {\"name\":\"a\"}").unwrap().name, "a", "a byte order mark is skipped");
        for bad in ["", "[]", "null", "\"x\""] {
            assert_eq!(read(bad).unwrap_err(), "request body must be a JSON object");
        }
        assert_eq!(read("{\"name\":\"a\"}{}").unwrap_err(), "request body must be one JSON object");
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Change {
        name: Option<String>,
        until: Option<String>,
    }

    #[test]
    fn a_change_that_asks_for_nothing_is_refused() {
        let read = |body: &str, cleared: &[&str]| {
            parse_change::<Change>(Ok(Bytes::from(body.to_owned())), cleared).map_err(|e| e.to_string())
        };
        let nothing = "request body: name at least one field to change";
        for body in ["{}", r#"{"name":null}"#, r#"{"name":null,"until":null}"#, "\u{feff}{\"name\":null}"] {
            assert_eq!(read(body, &[]).unwrap_err(), nothing, "{body}");
        }
        assert_eq!(read(r#"{"name":null}"#, &["until"]).unwrap_err(), nothing);
        assert!(read(r#"{"until":null}"#, &["until"]).unwrap().until.is_none(), "null clears it");
        assert_eq!(read(r#"{"name":"a","until":null}"#, &[]).unwrap().name.as_deref(), Some("a"));
    }

    proptest! {
        #[test]
        fn any_body_is_answered(body in ".{0,80}") {
            let _ = read(&format!("{{{body}"));
        }
    }
}
