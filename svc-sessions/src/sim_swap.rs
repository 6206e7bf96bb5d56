//! SIM swap checks: the operator's configuration, the query and its result.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Default and bounds of the queried hours, by the [CAMARA SIM Swap API].
///
/// [CAMARA SIM Swap API]: https://github.com/camaraproject/SimSwap
pub const DEFAULT_MAX_AGE: u32 = 240;
const MAX_MAX_AGE: u32 = 2400;
const MAX_URL: usize = 1024;
const MAX_TEXT: usize = 512;
const MAX_SECRET: usize = 1024;

/// A phone number in E.164 form. It has no `Debug` and no `Display`, so that it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Parses `+`, then 5 to 15 digits, the first not zero, as in CAMARA's definition of a phone number.
    ///
    /// # Errors
    /// [`Error::Invalid`] for any other text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let shaped = (5..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        if !shaped {
            return Err(Error::Invalid("phone_number must be in E.164 form, like +61400000000"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a client authenticates at the token endpoint (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenAuth {
    /// In the Authorization header.
    #[default]
    Basic,
    /// In the form.
    Post,
}

/// A project's operator; sealed as a whole at rest.
#[derive(Clone, Serialize, Deserialize)]
pub struct Settings {
    pub base_url: String,
    pub token_url: String,
    pub client_id: String,
    #[serde(serialize_with = "expose")]
    pub client_secret: SecretString,
    pub scope: Option<String>,
    pub token_auth: TokenAuth,
    pub max_age_hours: u32,
}

/// Serialised only to be sealed.
fn expose<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret;
    serializer.serialize_str(secret.expose_secret())
}

impl Settings {
    /// Validates everything except the addresses, which the client that calls them checks.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the name of the field.
    pub fn validate(&self) -> Result<(), Error> {
        use secrecy::ExposeSecret;
        let shown = |text: &str, max: usize| {
            (1..=max).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b))
        };
        let secret = self.client_secret.expose_secret();
        let checks = [
            (self.base_url.len() <= MAX_URL, "base_url is longer than 1024 bytes"),
            (self.token_url.len() <= MAX_URL, "token_url is longer than 1024 bytes"),
            (!self.base_url.contains('?'), "base_url must not have a query"),
            (shown(&self.client_id, MAX_TEXT), "client_id must be 1 to 512 printable ASCII characters"),
            (shown(secret, MAX_SECRET), "client_secret must be 1 to 1024 printable ASCII characters"),
            (
                self.scope.as_ref().is_none_or(|scope| shown(scope, MAX_TEXT)),
                "scope must be 1 to 512 printable ASCII characters",
            ),
            ((1..=MAX_MAX_AGE).contains(&self.max_age_hours), "max_age_hours must be from 1 to 2400"),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, sentence)) => Err(Error::Invalid(sentence)),
            None => Ok(()),
        }
    }
}

/// An operator's response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub swapped: bool,
    /// RFC 3339, UTC.
    pub latest_sim_change: Option<String>,
    /// Days.
    pub monitored_period: Option<u32>,
    /// Whether the operator answered the date (or that it has none).
    pub date_asked: bool,
}

/// Why an operator did not answer, as a stable word and a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub word: &'static str,
    pub description: &'static str,
}

macro_rules! troubles {
    ($($name:ident: $word:literal, $description:literal;)+) => {
        impl Trouble { $(pub const $name: Self = Self { word: $word, description: $description };)+ }
    };
}

troubles! {
    TIMEOUT: "operator_timeout", "the operator did not respond in time";
    UNREACHABLE: "operator_unreachable", "the operator could not be reached; check base_url and token_url";
    REFUSED_ADDRESS: "operator_address_refused", "this server does not call the operator's address";
    UNREADABLE: "operator_answer_unreadable", "the operator's response does not follow the SIM Swap API";
    REDIRECTED: "operator_redirected", "the operator redirected the call, which is not followed; check base_url and token_url";
    UNAVAILABLE: "operator_unavailable", "the operator's service is not available";
    TOKEN_REFUSED: "token_refused", "the operator refused the client; check client_id, client_secret, scope and token_auth";
    REFUSED: "operator_refused", "the operator rejected the call with an unknown error";
}

/// The error codes of the SIM Swap API and of CAMARA's common errors, with their meaning here.
const CODES: [(&str, Trouble); 15] = [
    (
        "INVALID_ARGUMENT",
        trouble("invalid_argument", "the operator does not accept the call; check max_age_hours"),
    ),
    ("OUT_OF_RANGE", trouble("out_of_range", "the operator does not look back as far as max_age_hours")),
    ("UNAUTHENTICATED", trouble("unauthenticated", "the operator does not accept its own token")),
    (
        "PERMISSION_DENIED",
        trouble("permission_denied", "the client may not use the SIM Swap API; check scope"),
    ),
    (
        "INVALID_TOKEN_CONTEXT",
        trouble("invalid_token_context", "the operator's token is bound to another number"),
    ),
    ("NOT_FOUND", trouble("not_found", "the operator has no such service; check base_url")),
    ("IDENTIFIER_NOT_FOUND", trouble("identifier_not_found", "the number is not one of the operator's")),
    (
        "SIM_SWAP.UNKNOWN_PHONE_NUMBER",
        trouble("identifier_not_found", "the number is not one of the operator's"),
    ),
    ("SERVICE_NOT_APPLICABLE", trouble("service_not_applicable", "the operator does not check this number")),
    (
        "UNSUPPORTED_IDENTIFIER",
        trouble("unsupported_identifier", "the operator does not check by phone number"),
    ),
    (
        "MISSING_IDENTIFIER",
        trouble("missing_identifier", "the operator takes the number from its token only"),
    ),
    (
        "UNNECESSARY_IDENTIFIER",
        trouble("unnecessary_identifier", "the operator takes the number from its token only"),
    ),
    (
        "IDENTIFIER_MISMATCH",
        trouble("identifier_mismatch", "the operator's token is bound to another number"),
    ),
    ("QUOTA_EXCEEDED", trouble("quota_exceeded", "the quota at the operator is used up")),
    ("TOO_MANY_REQUESTS", trouble("too_many_requests", "the operator asks for fewer calls")),
];

const fn trouble(word: &'static str, description: &'static str) -> Trouble {
    Trouble { word, description }
}

impl Trouble {
    /// Converts a response with `status` and, in its body, `code`. Undocumented codes are not passed on.
    pub fn from_status(status: u16, code: &str) -> Self {
        if status >= 500 {
            return Self::UNAVAILABLE;
        }
        if (300..400).contains(&status) {
            return Self::REDIRECTED;
        }
        let known = CODES.iter().find(|(known, _)| *known == code).map(|(_, trouble)| *trouble);
        known.unwrap_or(match status {
            401 => trouble("unauthenticated", "the operator does not accept its own token"),
            403 => trouble("permission_denied", "the client may not use the SIM Swap API; check scope"),
            404 => trouble("not_found", "the operator has no such service; check base_url"),
            429 => trouble("too_many_requests", "the operator asks for fewer calls"),
            _ => Self::REFUSED,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_international_or_none() {
        for bad in [
            "",
            "+",
            "+1234",
            "+0123456",
            "61400000000",
            "+61 400 000 000",
            "+6140000000000000",
            "+614000000x",
            "+６１４",
        ] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
        assert!(PhoneNumber::parse("+12345").is_ok() && PhoneNumber::parse("+123456789012345").is_ok());
    }

    #[test]
    fn every_described_code_has_a_word_of_its_own_and_a_status_alone_is_enough() {
        for (code, trouble) in CODES {
            assert_eq!(Trouble::from_status(400, code), trouble);
            assert!(trouble.word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
        let table = [
            (302, "operator_redirected"),
            (401, "unauthenticated"),
            (403, "permission_denied"),
            (404, "not_found"),
            (418, "operator_refused"),
            (429, "too_many_requests"),
            (503, "operator_unavailable"),
        ];
        for (status, word) in table {
            assert_eq!(Trouble::from_status(status, "made up <script>").word, word);
        }
    }

    proptest! {
        #[test]
        fn international_numbers_are_accepted(number in "\\+[1-9][0-9]{4,14}") {
            prop_assert!(PhoneNumber::parse(&number).is_ok());
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,20}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert_eq!(number.as_str(), text);
            }
        }
    }
}
