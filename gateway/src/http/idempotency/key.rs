//! The header: a string of structured fields (RFC 9651), or the same without quotes, as many clients send it.

use axum::http::HeaderMap;

use crate::core::error::Error;

const MAX_CHARS: usize = 255;

/// 1 to 255 printable ASCII characters.
#[derive(Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// # Errors
    /// 400 when there is not exactly one, or it is malformed.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let mut values = headers.get_all(super::KEY).iter();
        let value = values.next().filter(|_| values.next().is_none());
        let text = value.and_then(|value| value.to_str().ok()).map(str::trim);
        text.and_then(Self::parse).ok_or(Error::invalid(
            "Idempotency-Key header must be one string of 1 to 255 printable ASCII characters",
        ))
    }

    fn parse(text: &str) -> Option<Self> {
        let key = match text.strip_prefix('"') {
            Some(rest) => unquoted(rest)?,
            None => text
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"\"\\,;".contains(&b))
                .then(|| text.to_owned())?,
        };
        (1..=MAX_CHARS).contains(&key.len()).then_some(Self(key))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the text after an opening quote, up to the closing one, which must be the end.
fn unquoted(text: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return characters.as_str().is_empty().then_some(key),
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            c if c == ' ' || c.is_ascii_graphic() => key.push(c),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Option<String> {
        IdempotencyKey::parse(text).map(|key| key.0)
    }

    #[test]
    fn quotes_are_the_standard_and_may_be_left_out() {
        for text in ["\"8e03978e-40d5\"", "8e03978e-40d5"] {
            assert_eq!(parsed(text).as_deref(), Some("8e03978e-40d5"));
        }
        assert_eq!(parsed(r#""a \"b\" \\""#).as_deref(), Some(r#"a "b" \"#));
        let long = "a".repeat(256);
        for bad in ["", "\"\"", "\"", "\"a", "a\"", "\"a\"b", "a b", "a,b", "a;b=1", r#""\n""#, &long] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn two_keys_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(crate::http::idempotency::KEY, "a".parse().unwrap());
        assert_eq!(IdempotencyKey::from_headers(&headers).unwrap().as_str(), "a");
        headers.append(crate::http::idempotency::KEY, "a".parse().unwrap());
        assert!(IdempotencyKey::from_headers(&headers).is_err());
    }

    proptest! {
        #[test]
        fn quoted_keys_are_parsed_back(key in "[ -~]{1,255}") {
            let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(parsed(&quoted), Some(key));
        }

        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            let key = parsed(&text);
            prop_assert!(key.is_none_or(|key| (1..=MAX_CHARS).contains(&key.len())));
        }
    }
}
