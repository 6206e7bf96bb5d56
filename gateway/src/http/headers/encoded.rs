//! Names beyond ASCII from clients whose headers are limited to ASCII.
//!
//! `X-User-Fullname*: UTF-8''J%C3%B6rg` (RFC 8187), or `X-User-Fullname: J%C3%B6rg` with `X-User-Fullname-Encoding: percent`.

use percent_encoding::percent_decode_str;

use crate::core::error::Error;

/// Decodes a value of RFC 8187: a character set, an ignored language, and percent-encoded text.
///
/// # Errors
/// 400 for any other value; the only character set is UTF-8.
pub fn parse_extended(text: &str) -> Result<String, Error> {
    let mut pieces = text.splitn(3, '\'');
    let (charset, _language, encoded) = (pieces.next(), pieces.next(), pieces.next());
    match (charset, encoded) {
        (Some(charset), Some(encoded)) if charset.eq_ignore_ascii_case("UTF-8") => decode(encoded),
        _ => {
            Err(Error::invalid("X-User-Fullname* header must be UTF-8'' and percent-encoded text (RFC 8187)"))
        }
    }
}

/// Whether a value is an encoded word of mail (RFC 2047): no name looks like that, and HTTP has another encoding.
pub fn is_encoded_word(text: &str) -> bool {
    let inner = text.strip_prefix("=?").and_then(|text| text.strip_suffix("?="));
    inner.is_some_and(|inner| inner.split('?').count() >= 3)
}

/// Decodes percent-encoded UTF-8.
///
/// # Errors
/// 400 when a `%` is not followed by two hexadecimal digits, or the bytes are no UTF-8.
pub fn decode(text: &str) -> Result<String, Error> {
    let malformed = || Error::invalid("the user fullname is not percent-encoded UTF-8");
    let well_formed = text.split('%').skip(1).all(|rest| {
        rest.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !well_formed {
        return Err(malformed());
    }
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_what_it_was_encoded_of() {
        for (text, name) in [
            ("UTF-8''J%C3%B6rg%20M%C3%BCller", "Jörg Müller"),
            ("utf-8'de'J%c3%b6rg", "Jörg"),
            ("UTF-8''%E5%B1%B1%E7%94%B0", "山田"),
            ("UTF-8''O'Brien", "O'Brien"),
        ] {
            assert_eq!(parse_extended(text).unwrap(), name, "{text}");
        }
    }

    #[test]
    fn malformed_encodings_are_rejected() {
        for bad in [
            "",
            "Ada",
            "UTF-8'Ada",
            "ISO-8859-1''J%F6rg",
            "UTF-8''J%F6rg",
            "UTF-8''%",
            "UTF-8''%4",
            "UTF-8''%G0",
        ] {
            assert!(parse_extended(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_name_survives(name in ".{0,40}") {
            let encoded = utf8_percent_encode(&name, NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(decode(&encoded).unwrap(), name.clone());
            prop_assert_eq!(parse_extended(&format!("UTF-8'en'{encoded}")).unwrap(), name);
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = parse_extended(&text);
        }
    }
}
