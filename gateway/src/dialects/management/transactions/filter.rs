//! The filters of transaction lists: the same as a query string and as a JSON object.

use boot::timestamp::parse_rfc3339;
use proto::transactions::{Flag, ListTransactionsRequest, ReviewStatus, Verdict};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{error::Error, user_name::parse_any_user_name},
    http::json::{parse_word, without_byte_order_mark},
};

/// Largest page.
const MAX_LIMIT: u32 = 200;

/// A query string, in its original order.
pub type Pairs = Vec<(String, String)>;

/// The filters; a transaction is listed when it passes all of them.
#[derive(IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the filters in the API's documentation")]
pub struct Filters {
    /// Created at or after this time: RFC 3339, or milliseconds since 1970.
    #[schema(example = "2026-01-31T00:00:00Z")]
    #[param(example = "2026-01-31T00:00:00Z")]
    from: Option<String>,
    /// Created before this time, in the same notation.
    until: Option<String>,
    /// The full name of the user, matched exactly.
    user: Option<String>,
    session_id: Option<String>,
    /// pass, fail or refer
    verdict: Option<String>,
    /// The kind of call, such as process_video.
    kind: Option<String>,
    tag: Option<String>,
    /// fraudulent, possibly_fraudulent or ok
    flag: Option<String>,
    api_key_id: Option<String>,
    /// A fraud rule with a finding, such as impossible_travel.
    fraud: Option<String>,
    /// Whether any fraud rule has a finding.
    has_fraud: Option<bool>,
    /// The review status: open, second_review, new_capture, approved or rejected.
    review: Option<String>,
    /// Page size, 1 to 200; 50 when absent.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The next_cursor of the previous page.
    cursor: Option<String>,
}

/// Parses a query string. Unknown and repeated names are rejected: an ignored filter would list what it was meant to
/// exclude.
///
/// # Errors
/// 400 that names the parameter.
pub fn from_pairs(pairs: Pairs) -> Result<ListTransactionsRequest, Error> {
    let mut request = ListTransactionsRequest::default();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in pairs {
        if seen.contains(&name) {
            return Err(Error::Invalid(format!("{} is given more than once", printable(&name)).into()));
        }
        set(&mut request, &name, value)?;
        seen.push(name);
    }
    Ok(request)
}

/// Parses the fields of a JSON object; a null field counts as absent.
///
/// # Errors
/// 400 that names the field.
pub fn from_json(body: &[u8]) -> Result<ListTransactionsRequest, Error> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(without_byte_order_mark(body)) else {
        return Err(Error::invalid("request body must be a JSON object of filters"));
    };
    let text = |(name, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some(Ok((name, text))),
        Value::Number(number) => Some(Ok((name, number.to_string()))),
        Value::Bool(yes) => Some(Ok((name, yes.to_string()))),
        Value::Array(_) | Value::Object(_) => {
            Some(Err(Error::Invalid(format!("{} must be a single value", printable(&name)).into())))
        }
    };
    from_pairs(fields.into_iter().filter_map(text).collect::<Result<_, _>>()?)
}

fn set(request: &mut ListTransactionsRequest, name: &str, value: String) -> Result<(), Error> {
    match name {
        "from" => request.from_ms = Some(time(name, &value)?),
        "until" => request.until_ms = Some(time(name, &value)?),
        "limit" => request.page_size = limit(&value)?,
        "has_fraud" => request.has_fraud = Some(yes_or_no(name, &value)?),
        "cursor" => request.cursor = filled(name, value)?,
        "user" => request.user_fullname = Some(parse_any_user_name(&filled(name, value)?)?),
        "session_id" => request.session_id = Some(filled(name, value)?),
        "verdict" => request.verdict = parse_word::<Verdict>("verdict", &filled(name, value)?)?.into(),
        "kind" => request.kind = Some(filled(name, value)?),
        "tag" => request.tag = Some(filled(name, value)?),
        "flag" => request.flag = parse_word::<Flag>("flag", &filled(name, value)?)?.into(),
        "api_key_id" => request.api_key_id = Some(filled(name, value)?),
        "review" => request.review = Some(parse_word::<ReviewStatus>("review", &value)?.into()),
        "fraud" => request.fraud = Some(filled(name, value)?),
        _ => return Err(Error::Invalid(format!("there is no filter {}", printable(name)).into())),
    }
    Ok(())
}

fn filled(name: &str, value: String) -> Result<String, Error> {
    if value.is_empty() {
        return Err(Error::Invalid(format!("{name} must not be empty").into()));
    }
    Ok(value)
}

/// RFC 3339, or milliseconds since 1970, as milliseconds.
pub fn time(name: &str, value: &str) -> Result<i64, Error> {
    if let Ok(ms) = value.parse() {
        return Ok(ms);
    }
    // A plus sign that a client left unescaped in a query string arrives as a space.
    let ms = parse_rfc3339(&value.replace(' ', "+"));
    ms.ok_or_else(|| {
        Error::Invalid(format!("{name} must be an RFC 3339 time or milliseconds since 1970").into())
    })
}

fn limit(value: &str) -> Result<u32, Error> {
    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or(Error::invalid("limit must be a whole number from 1 to 200"))
}

fn yes_or_no(name: &str, value: &str) -> Result<bool, Error> {
    value.parse().map_err(|_| Error::Invalid(format!("{name} must be true or false").into()))
}

/// A client's name for a filter, shortened and in printable ASCII.
fn printable(name: &str) -> String {
    name.chars().take(40).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(query: &[(&str, &str)]) -> Result<ListTransactionsRequest, String> {
        let pairs = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        from_pairs(pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn times_are_calendar_times_or_milliseconds() {
        for (text, ms) in [
            ("0", 0),
            ("1769817600123", 1_769_817_600_123),
            ("2026-01-31T00:00:00.123Z", 1_769_817_600_123),
            ("2026-01-31T01:00:00.123+01:00", 1_769_817_600_123),
            ("2026-01-31T01:00:00.123 01:00", 1_769_817_600_123),
        ] {
            assert_eq!(asked(&[("from", text)]).unwrap().from_ms, Some(ms), "{text}");
        }
    }

    #[test]
    fn invalid_filters_are_named() {
        for (query, sentence) in [
            (&[("until", "yesterday")][..], "until must be an RFC 3339 time or milliseconds since 1970"),
            (&[("limit", "0")], "limit must be a whole number from 1 to 200"),
            (&[("limit", "201")], "limit must be a whole number from 1 to 200"),
            (&[("user", "")], "user must not be empty"),
            (&[("review", "maybe")], "review must be open, second_review, new_capture, approved or rejected"),
            (&[("has_fraud", "maybe")], "has_fraud must be true or false"),
            (&[("verdikt", "pass")], "there is no filter verdikt"),
            (&[("kind", "a"), ("kind", "b")], "kind is given more than once"),
        ] {
            assert_eq!(asked(query).unwrap_err(), sentence);
        }
        let list = from_json(br#"{"tag":["a"]}"#).unwrap_err().to_string();
        assert_eq!(list, "tag must be a single value");
        for body in ["", "[]", "7", "{"] {
            assert!(from_json(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn an_object_asks_for_what_the_query_string_does() {
        let query =
            asked(&[("user", "ada"), ("limit", "20"), ("from", "17"), ("has_fraud", "true")]).unwrap();
        let body = br#"{"user":"ada","limit":20,"from":17,"has_fraud":true,"tag":null}"#;
        assert_eq!(from_json(body).unwrap(), query);
    }

    proptest! {
        #[test]
        fn any_query_is_answered(query in prop::collection::vec((".{0,12}", ".{0,12}"), 0..5)) {
            if let Ok(request) = from_pairs(query) {
                prop_assert!(request.page_size <= MAX_LIMIT);
            }
        }
    }
}
