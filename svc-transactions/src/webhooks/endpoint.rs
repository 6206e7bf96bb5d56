//! An endpoint as plain values, their limits, and its stored form.

use blob::{KeyRing, Purpose};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{
    address::Addresses,
    attempt::{self, Attempt},
    secret::Secrets,
};
use crate::{error::Error, outbox::EVENTS};

pub const TARGET: Purpose = Purpose("target of a webhook");
pub const SECRETS: Purpose = Purpose("secrets of a webhook");

const MAX_URL: usize = 2048;
const MAX_HEADERS: usize = 20;
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 1024;

/// Headers of the connection or of the message itself, which the sender sets.
const OURS: [&str; 15] = [
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "host",
    "expect",
    "accept-encoding",
    "user-agent",
    "date",
    "via",
    "forwarded",
    "age",
];
const OUR_PREFIXES: [&str; 4] = ["webhook-", "content-", "proxy-", "x-forwarded-"];

/// The destination of deliveries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub url: String,
    pub headers: Vec<(String, String)>,
}

/// The rules for valid webhook URLs.
#[derive(Clone, Debug)]
pub struct Rules {
    pub addresses: Addresses,
    pub allow_http: bool,
}

impl Rules {
    /// Validates a URL.
    pub fn url(&self, text: String) -> Result<String, Error> {
        let invalid = |sentence: &str| Err(Error::Invalid(sentence.into()));
        if text.len() > MAX_URL {
            return invalid("url is longer than 2048 bytes");
        }
        // The parser would silently drop some of these.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return invalid("url must hold no spaces or control characters");
        }
        let Ok(url) = Url::parse(&text) else { return invalid("url is not an absolute url") };
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return invalid("url must start with https://"),
            _ => return invalid("url must be of http or https"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("url must hold no credentials; put them into a header");
        }
        if !self.addresses.allow_host(&url) {
            return invalid("url must be of a public address");
        }
        Ok(text)
    }
}

/// Validates up to 20 custom headers.
pub fn headers(given: impl Iterator<Item = (String, String)>) -> Result<Vec<(String, String)>, Error> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, value) in given {
        let name = name.to_ascii_lowercase();
        let shape = "headers must have names of letters, digits and -, at most 64 long";
        if name.len() > MAX_NAME || HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(Error::Invalid(shape.into()));
        }
        if OURS.contains(&&*name) || OUR_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(Error::Invalid(format!("headers must not hold {name}")));
        }
        let printable = value.bytes().all(|b| (b' '..=b'~').contains(&b));
        if value.len() > MAX_VALUE || !printable || HeaderValue::from_str(&value).is_err() {
            return Err(Error::Invalid(
                "headers must have values of printable ASCII, at most 1024 long".into(),
            ));
        }
        if kept.iter().any(|(other, _)| *other == name) {
            return Err(Error::Invalid("headers must not hold a name twice".into()));
        }
        if kept.len() == MAX_HEADERS {
            return Err(Error::Invalid("headers may hold at most 20 entries".into()));
        }
        kept.push((name, value));
    }
    Ok(kept)
}

/// Validates the subscribed events; none, or `*`, means every event, including future ones.
pub fn events(given: Vec<String>) -> Result<Vec<String>, Error> {
    if given.iter().any(|name| name == "*") {
        return Ok(Vec::new());
    }
    let mut kept: Vec<String> = Vec::new();
    for name in given {
        if !EVENTS.contains(&&*name) {
            return Err(Error::Invalid(format!("events must be of * and {}", EVENTS.join(", "))));
        }
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    Ok(kept)
}

/// The id of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointId(String);

impl EndpointId {
    pub fn new() -> Self {
        Self(format!("wh_{}", Uuid::now_v7()))
    }

    /// # Errors
    /// [`Error::NoWebhook`] for text that is not an id.
    pub fn parse(text: &str) -> Result<Self, Error> {
        prefixed("wh_", text).map(Self).ok_or(Error::NoWebhook)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// # Errors
    /// [`Error::NoDelivery`] for text that is not an id.
    pub fn parse(text: &str) -> Result<Self, Error> {
        prefixed("msg_", text).map(Self).ok_or(Error::NoDelivery)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn prefixed(prefix: &str, text: &str) -> Option<String> {
    let id = Uuid::try_parse(text.strip_prefix(prefix)?).ok()?;
    Some(format!("{prefix}{id}"))
}

/// Seals the stored fields of an endpoint, bound to its id.
#[derive(Clone, Debug)]
pub struct EndpointCipher {
    ring: KeyRing,
}

impl EndpointCipher {
    pub fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    pub fn seal_target(&self, id: &str, target: &Target) -> Result<Vec<u8>, Error> {
        Ok(self.ring.seal(TARGET, id.as_bytes(), &serde_json::to_vec(target)?)?)
    }

    pub fn target(&self, id: &str, sealed: &[u8]) -> Result<Target, Error> {
        Ok(serde_json::from_slice(&self.ring.open_sealed(TARGET, id.as_bytes(), sealed)?)?)
    }

    pub fn seal_secrets(&self, id: &str, secrets: &Secrets) -> Result<Vec<u8>, Error> {
        Ok(self.ring.seal(SECRETS, id.as_bytes(), &serde_json::to_vec(secrets)?)?)
    }

    /// Returns the attempts of the delivery `id`, oldest first.
    pub fn log(&self, id: &str, sealed: Option<&[u8]>) -> Result<Vec<Attempt>, Error> {
        attempt::read_log(&self.ring, id, sealed)
    }

    pub fn secrets(&self, id: &str, sealed: &[u8]) -> Result<Secrets, Error> {
        Ok(serde_json::from_slice(&self.ring.open_sealed(SECRETS, id.as_bytes(), sealed)?)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::webhooks::Config;

    fn rules(allow_http: bool) -> Rules {
        Rules { addresses: Addresses::new(&Config::default()), allow_http }
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    fn header(name: &str, value: &str) -> Result<Vec<(String, String)>, Error> {
        headers(std::iter::once((name.to_owned(), value.to_owned())))
    }

    #[test]
    fn a_url_is_https_public_and_without_credentials() {
        let cases = [
            ("http://hooks.example.org/", "url must start with https://"),
            ("ftp://hooks.example.org/", "url must be of http or https"),
            ("file:///etc/passwd", "url must be of http or https"),
            ("hooks.example.org", "url is not an absolute url"),
            ("https://", "url is not an absolute url"),
            ("https://ada:secret@hooks.example.org/", "url must hold no credentials; put them into a header"),
            ("https://ada@hooks.example.org/", "url must hold no credentials; put them into a header"),
            ("https://hooks.example.org/a b", "url must hold no spaces or control characters"),
            ("https://hooks.example.org/\r\nx", "url must hold no spaces or control characters"),
            ("https://10.0.0.1/", "url must be of a public address"),
            ("https://0x7f000001/", "url must be of a public address"),
        ];
        for (url, sentence) in cases {
            assert_eq!(refusal(rules(false).url(url.into())), sentence, "{url}");
        }
        let long = format!("https://hooks.example.org/{}", "a".repeat(2048));
        assert_eq!(refusal(rules(false).url(long)), "url is longer than 2048 bytes");
        let good = "https://Hooks.example.org:8443/a?b=c".to_owned();
        assert_eq!(rules(false).url(good.clone()).unwrap(), good);
        assert!(rules(true).url("http://hooks.example.org/".into()).is_ok());
    }

    #[test]
    fn headers_of_the_message_are_ours() {
        for name in [
            "Host",
            "content-type",
            "Content-Length",
            "WEBHOOK-ID",
            "webhook-extra",
            "Transfer-Encoding",
            "connection",
            "proxy-authorization",
            "X-Forwarded-For",
            "te",
        ] {
            assert!(refusal(header(name, "x")).starts_with("headers must not hold"), "{name}");
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:", "x"),
            ("ä", "x"),
            ("x-a", "a\r\nb: c"),
            ("x-a", "ä"),
            ("x-a", "\0"),
        ] {
            assert!(header(name, value).is_err(), "{name} {value}");
        }
        assert_eq!(
            header("Authorization", "Bearer abc").unwrap(),
            [("authorization".into(), "Bearer abc".into())]
        );
        let twice = [("X-A".to_owned(), "1".to_owned()), ("x-a".to_owned(), "2".to_owned())];
        assert_eq!(refusal(headers(twice.into_iter())), "headers must not hold a name twice");
        let many = (0..21).map(|i| (format!("x-{i}"), String::new()));
        assert_eq!(refusal(headers(many)), "headers may hold at most 20 entries");
    }

    #[test]
    fn no_events_and_the_star_are_every_event() {
        assert_eq!(events(vec![]).unwrap(), [""; 0]);
        assert_eq!(events(vec!["video.processed".into(), "*".into()]).unwrap(), [""; 0]);
        let twice = vec!["video.processed".to_owned(), "video.processed".to_owned()];
        assert_eq!(events(twice).unwrap(), ["video.processed"]);
        assert!(
            refusal(events(vec!["video.done".into()]))
                .starts_with("events must be of * and session.completed")
        );
        assert!(events(vec!["webhook.test".into()]).is_err());
    }

    proptest! {
        #[test]
        fn accepted_headers_can_be_sent(name in ".{0,20}", value in ".{0,20}") {
            if let Ok(kept) = headers(std::iter::once((name, value))) {
                prop_assert!(HeaderName::try_from(&kept[0].0).is_ok() && HeaderValue::try_from(&kept[0].1).is_ok());
            }
        }

        #[test]
        fn no_text_is_an_id_by_chance(text in ".{0,60}") {
            if let Ok(id) = EndpointId::parse(&text) {
                prop_assert_eq!(EndpointId::parse(id.as_str()).unwrap(), id);
            }
        }
    }
}
