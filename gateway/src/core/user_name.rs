//! Identifiers of users: one normal form, on every route.
//!
//! They are normalised to NFC, so that two spellings of one name are one user. Invisible characters (category Cf:
//! joiners, direction marks, tags) are rejected, because two users could look the same.

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::core::error::Error;

const MAX_BYTES: usize = 256;
/// Prefix of the identifiers of people who try the product at the dashboard. Reserved.
const TRY_IT: &str = "try-it:";

/// Parses a user's identifier: trimmed, in NFC, 1 to 256 bytes, no control or invisible characters.
///
/// # Errors
/// 400 for any other, and for one that is reserved.
pub fn parse_user_name(text: &str) -> Result<String, Error> {
    let name = parse_any_user_name(text)?;
    if is_reserved(&name) {
        return Err(Error::invalid("identifiers that begin with try-it: are reserved for the dashboard"));
    }
    Ok(name)
}

/// Parses the identifier of a user to look up or erase, who may also have tried the product at the dashboard.
///
/// # Errors
/// 400 for an invalid identifier.
pub fn parse_any_user_name(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let name: String = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    if name.is_empty() || name.len() > MAX_BYTES || name.chars().any(char::is_control) {
        return Err(Error::invalid("the user fullname must be 1 to 256 bytes without control characters"));
    }
    let is_invisible = |c: char| {
        let category = c.general_category();
        matches!(
            category,
            GeneralCategory::Format | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
        )
    };
    if name.chars().any(is_invisible) {
        return Err(Error::invalid(
            "the user fullname must not have invisible characters or marks of direction",
        ));
    }
    Ok(name)
}

/// Returns the identifier of a person who tries the product under a chosen name.
///
/// # Errors
/// 400 for a name that is none, or too long.
pub fn parse_try_it_name(text: &str) -> Result<String, Error> {
    parse_any_user_name(&format!("{TRY_IT}{}", parse_user_name(text)?))
}

pub fn is_reserved(name: &str) -> bool {
    name.get(..TRY_IT.len()).is_some_and(|start| start.eq_ignore_ascii_case(TRY_IT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_spellings_are_one_user() {
        assert_eq!(parse_user_name("Zoe\u{308}").unwrap(), "Zoë");
        assert_eq!(parse_user_name(" Zoë ").unwrap(), parse_user_name("Zoe\u{308}").unwrap());
        assert_ne!(parse_user_name("ada").unwrap(), parse_user_name("Ada").unwrap(), "case is kept");
    }

    #[test]
    fn an_invisible_character_is_rejected() {
        let invisible =
            ["\u{200b}", "\u{200d}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{ad}", "\u{e0041}", "\u{2028}"];
        for character in invisible {
            let refused = parse_user_name(&format!("a{character}da")).unwrap_err().to_string();
            assert!(refused.contains("invisible"), "{character:?}: {refused}");
        }
        for bad in ["", "  ", "a\nb", "a\u{7f}", &"x".repeat(257)] {
            assert!(parse_user_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn no_customers_user_has_a_name_of_the_dashboard() {
        for reserved in ["try-it:ada", "Try-It:", " TRY-IT:ada"] {
            assert!(parse_user_name(reserved).is_err(), "{reserved}");
            assert!(parse_any_user_name(reserved).is_ok());
        }
        assert_eq!(parse_try_it_name(" ada ").unwrap(), "try-it:ada");
        assert!(parse_try_it_name("try-it:ada").is_err() && parse_try_it_name(&"x".repeat(250)).is_err());
        assert!(parse_user_name("try-its").is_ok() && parse_user_name("é").is_ok());
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_spelling(text in "\\PC{0,60}") {
            if let Ok(name) = parse_any_user_name(&text) {
                prop_assert_eq!(parse_any_user_name(&name).unwrap(), name);
            }
        }
    }
}
