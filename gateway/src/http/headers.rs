//! The product's own headers: names, and the validation of those a request carries.

mod device;
mod encoded;
mod geo_location;

use axum::http::{HeaderMap, HeaderName};

use crate::core::{error::Error, record::CallContext, user_name::parse_user_name};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const AUTO_ENROLL: HeaderName = HeaderName::from_static("x-auto-enroll");
pub const CONSENT_PROMISE: HeaderName = HeaderName::from_static("consent-promise");
pub const REMOVED_SERVICES: HeaderName = HeaderName::from_static("x-removed-services");

/// A request with more header bytes is rejected (431). The listener itself reads more, so that the client can still
/// read the response.
pub const MAX_HEADER_BYTES: usize = 256 * 1024;
const MAX_WORD_BYTES: usize = 128;
const MAX_TAGS: usize = 32;
const MAX_TAG_CHARS: usize = 64;

/// The headers clients may send; CORS allows browsers to send them too.
pub const ACCEPTED: [HeaderName; 14] = [
    HeaderName::from_static("x-user-fullname"),
    HeaderName::from_static("x-user-fullname*"),
    HeaderName::from_static("x-user-fullname-encoding"),
    HeaderName::from_static("x-session-id"),
    HeaderName::from_static("x-request-user-provided-id"),
    HeaderName::from_static("x-action-trigger"),
    HeaderName::from_static("x-device-info"),
    HeaderName::from_static("x-geo-location"),
    HeaderName::from_static("x-request-tags"),
    HeaderName::from_static("x-client-app"),
    HeaderName::from_static("x-client-app-version"),
    HeaderName::from_static("x-use-prefilled-video"),
    HeaderName::from_static("x-inhouse-docauth"),
    HeaderName::from_static("x-inhouse-mrz"),
];

/// The product's headers of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallHeaders {
    pub context: CallContext,
    /// `X-Inhouse-MRZ`: report on a document's machine readable zone.
    pub validate_mrz: bool,
    /// `X-Inhouse-Docauth: false`: let the configured external provider check the document.
    pub external_docauth: bool,
    /// `X-Use-Prefilled-Video`: use the session's last video instead of one sent along.
    pub use_prefilled_video: bool,
}

impl CallHeaders {
    /// Parses and validates all headers; absent and empty are equivalent.
    ///
    /// # Errors
    /// 400 with a message that names the header, never its content.
    pub fn parse(headers: &HeaderMap) -> Result<Self, Error> {
        let context = CallContext {
            user_fullname: user_fullname(headers)?,
            session_id: session_id(headers)?,
            action_trigger: word(headers, "X-Action-Trigger")?,
            device_info_json: single(headers, "X-Device-Info")?
                .map(device::validate_device_info)
                .transpose()?,
            geo_json: single(headers, "X-Geo-Location")?.map(geo_location::parse_geo_location).transpose()?,
            tags: tags(headers)?,
            client_app: word(headers, "X-Client-App")?,
            client_app_version: word(headers, "X-Client-App-Version")?,
        };
        Ok(Self {
            context,
            validate_mrz: single(headers, "X-Inhouse-MRZ")?
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
            external_docauth: single(headers, "X-Inhouse-Docauth")?
                .is_some_and(|value| value.eq_ignore_ascii_case("false")),
            use_prefilled_video: single(headers, "X-Use-Prefilled-Video")?
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
        })
    }
}

/// Bytes of all names and values.
pub fn total_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Returns the only value of a header, trimmed; `None` when absent or empty. A repeated header is rejected: two
/// readers could take different values.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::Invalid(format!("{name} header is repeated").into()));
    }
    let text = utf8(value.as_bytes(), name)?.trim();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn utf8<'a>(bytes: &'a [u8], name: &'static str) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::Invalid(format!("{name} header is not valid UTF-8").into()))
}

fn word(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Error> {
    let text = single(headers, name)?;
    if text.is_some_and(|text| text.len() > MAX_WORD_BYTES) {
        return Err(Error::Invalid(format!("{name} header is longer than {MAX_WORD_BYTES} bytes").into()));
    }
    if text.is_some_and(|text| text.chars().any(char::is_control)) {
        return Err(Error::Invalid(format!("{name} header holds control characters").into()));
    }
    Ok(text.map(str::to_owned))
}

/// Returns the user, in one of the three encodings.
fn user_fullname(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let plain = single(headers, "X-User-Fullname")?;
    let extended = single(headers, "X-User-Fullname*")?;
    let encoding = single(headers, "X-User-Fullname-Encoding")?;
    let name = match (plain, extended, encoding) {
        (None, None, _) => return Ok(None),
        (Some(_), Some(_), _) => {
            return Err(Error::invalid("X-User-Fullname and X-User-Fullname* headers: send one of them"));
        }
        (None, Some(extended), _) => encoded::parse_extended(extended)?,
        (Some(plain), None, None) if encoded::is_encoded_word(plain) => {
            return Err(Error::invalid(
                "X-User-Fullname header is an encoded word of mail (RFC 2047); send X-User-Fullname* (RFC 8187)",
            ));
        }
        (Some(plain), None, None) => plain.to_owned(),
        (Some(plain), None, Some(encoding)) if encoding.eq_ignore_ascii_case("percent") => {
            encoded::decode(plain)?
        }
        _ => return Err(Error::invalid("X-User-Fullname-Encoding header must be percent or left out")),
    };
    parse_user_name(&name).map(Some)
}

fn session_id(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let (name, alias) = (word(headers, "X-Session-ID")?, word(headers, "X-Request-User-Provided-ID")?);
    match (name, alias) {
        (Some(a), Some(b)) if a != b => {
            Err(Error::invalid("X-Session-ID and X-Request-User-Provided-ID headers name different sessions"))
        }
        (a, b) => Ok(a.or(b)),
    }
}

fn tags(headers: &HeaderMap) -> Result<Vec<String>, Error> {
    const NAME: &str = "X-Request-Tags";
    let mut tags: Vec<String> = Vec::new();
    for value in headers.get_all(NAME) {
        let parts = utf8(value.as_bytes(), NAME)?.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        for tag in parts {
            if tag.chars().count() > MAX_TAG_CHARS || tag.chars().any(char::is_control) {
                return Err(Error::invalid(
                    "a tag of X-Request-Tags is longer than 64 characters or not printable",
                ));
            }
            if tags.iter().any(|known| known == tag) {
                continue;
            }
            if tags.len() == MAX_TAGS {
                return Err(Error::invalid("X-Request-Tags header has more than 32 tags"));
            }
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn one(name: &'static str, value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_bytes(value).unwrap())])
    }

    fn refused(headers: &HeaderMap) -> String {
        CallHeaders::parse(headers).unwrap_err().to_string()
    }

    #[test]
    fn absent_fields_stay_unknown() {
        assert_eq!(CallHeaders::parse(&HeaderMap::new()).unwrap(), CallHeaders::default());
        assert_eq!(CallHeaders::parse(&one("X-User-Fullname", b"  ")).unwrap().context.user_fullname, None);
    }

    #[test]
    fn the_session_has_two_names_but_is_one() {
        assert_eq!(
            CallHeaders::parse(&one("X-Request-User-Provided-ID", b"s1"))
                .unwrap()
                .context
                .session_id
                .as_deref(),
            Some("s1")
        );
        let mut both = one("X-Session-ID", b"s1");
        both.insert("X-Request-User-Provided-ID", "s2".parse().unwrap());
        assert_eq!(
            refused(&both),
            "X-Session-ID and X-Request-User-Provided-ID headers name different sessions"
        );
    }

    #[test]
    fn a_repeated_user_is_refused() {
        let mut two = one("X-User-Fullname", b"ada");
        two.append("X-User-Fullname", "bob".parse().unwrap());
        assert_eq!(refused(&two), "X-User-Fullname header is repeated");
    }

    #[test]
    fn a_name_beyond_ascii_may_be_sent_in_ascii() {
        let user = |headers: &[(&'static str, &str)]| {
            let all = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            CallHeaders::parse(&HeaderMap::from_iter(all)).map(|read| read.context.user_fullname)
        };
        let joerg = Some("Jörg".to_owned());
        assert_eq!(user(&[("X-User-Fullname*", "UTF-8''J%C3%B6rg")]).unwrap(), joerg);
        let percent = ("X-User-Fullname-Encoding", "percent");
        assert_eq!(user(&[("X-User-Fullname", "J%C3%B6rg"), percent]).unwrap(), joerg);
        assert_eq!(user(&[("X-User-Fullname", "J%C3%B6rg")]).unwrap().as_deref(), Some("J%C3%B6rg"));
        for (bad, message) in [
            (
                vec![("X-User-Fullname", "Joerg"), ("X-User-Fullname*", "UTF-8''J%C3%B6rg")],
                "X-User-Fullname and X-User-Fullname* headers: send one of them",
            ),
            (
                vec![("X-User-Fullname", "=?UTF-8?B?SsO2cmc=?=")],
                "X-User-Fullname header is an encoded word of mail (RFC 2047); send X-User-Fullname* (RFC 8187)",
            ),
            (
                vec![("X-User-Fullname*", "J%C3%B6rg")],
                "X-User-Fullname* header must be UTF-8'' and percent-encoded text (RFC 8187)",
            ),
            (
                vec![("X-User-Fullname", "a%00b"), percent],
                "the user fullname must be 1 to 256 bytes without control characters",
            ),
            (
                vec![("X-User-Fullname", "a"), ("X-User-Fullname-Encoding", "base64")],
                "X-User-Fullname-Encoding header must be percent or left out",
            ),
        ] {
            assert_eq!(user(&bad).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn headers_that_are_not_utf8_are_rejected_by_name() {
        for name in [
            "X-User-Fullname",
            "X-Session-ID",
            "X-Device-Info",
            "X-Geo-Location",
            "X-Request-Tags",
            "X-Client-App",
        ] {
            assert_eq!(refused(&one(name, b"J\xf6rg")), format!("{name} header is not valid UTF-8"));
        }
    }

    #[test]
    fn any_trigger_of_a_bounded_length_is_kept() {
        for trigger in ["authentication", "registration", "confirmation", "re-login", "支払い"] {
            let read = CallHeaders::parse(&one("X-Action-Trigger", trigger.as_bytes())).unwrap();
            assert_eq!(read.context.action_trigger.as_deref(), Some(trigger));
        }
        let long = refused(&one("X-Action-Trigger", "x".repeat(129).as_bytes()));
        assert_eq!(long, "X-Action-Trigger header is longer than 128 bytes");
        for bad in ["a\tb", "a\u{85}b", "\u{9b}31m"] {
            let refused = refused(&one("X-Action-Trigger", bad.as_bytes()));
            assert_eq!(refused, "X-Action-Trigger header holds control characters");
        }
    }

    /// The library's header type rejects line ends, so no other header can be injected.
    #[test]
    fn a_header_cannot_hold_the_end_of_a_line() {
        for bad in [&b"a\r\nX-User-Fullname: eve"[..], b"a\nb", b"a\rb", b"a\0b", b"a\x7fb"] {
            assert!(HeaderValue::from_bytes(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_of_a_header_do_harm(value in prop::collection::vec(any::<u8>(), 0..300)) {
            for name in ACCEPTED {
                let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
                let read = CallHeaders::parse(&HeaderMap::from_iter([(name, value)]));
                if let Ok(read) = read {
                    prop_assert!(read.context.tags.len() <= MAX_TAGS);
                    prop_assert!(read.context.user_fullname.is_none_or(|user| !user.is_empty() && user.len() <= 256));
                }
            }
        }

        #[test]
        fn tags_come_back_once_each_in_order(tags in prop::collection::vec("[a-z]{1,6}", 0..20)) {
            let read = CallHeaders::parse(&one("X-Request-Tags", tags.join(" ,, ").as_bytes())).unwrap().context.tags;
            let mut expected: Vec<String> = Vec::new();
            tags.into_iter().for_each(|tag| if !expected.contains(&tag) { expected.push(tag) });
            prop_assert_eq!(read, expected);
        }
    }
}
