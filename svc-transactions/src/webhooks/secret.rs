//! Signing secrets, and the signatures of [Standard Webhooks]: HMAC-SHA-256 over id, time and body.
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

use aws_lc_rs::{hmac, rand};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::Error;

/// Bytes of a secret; the standard requires 24 to 64.
const LENGTH: usize = 32;
/// How long the previous secret still signs.
const OVERLAP_MS: i64 = 24 * 60 * 60 * 1000;

/// The signing secrets of an endpoint. Sealed at rest.
#[derive(Clone, PartialEq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Base64.
    current: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Previous>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Previous {
    secret: String,
    until_ms: i64,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// Generates a secret.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; LENGTH];
        rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
        let current = BASE64_STANDARD.encode(bytes);
        bytes.zeroize();
        Ok(Self { current, previous: None })
    }

    /// Generates a secret, beside which the current one signs for another day.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn rotated(&self, now_ms: i64) -> Result<Self, Error> {
        let previous = Previous { secret: self.current.clone(), until_ms: now_ms + OVERLAP_MS };
        let mut new = Self::generate()?;
        new.previous = Some(previous);
        Ok(new)
    }

    /// Returns the form shown to the customer, once.
    pub fn shown(&self) -> String {
        format!("whsec_{}", self.current)
    }

    /// Returns the value of `webhook-signature` for an attempt at `now_ms`.
    ///
    /// # Errors
    /// Never in practice; when a stored secret is not base64.
    pub fn sign(&self, id: &str, now_ms: i64, body: &[u8]) -> Result<String, Error> {
        let previous = self.previous.as_ref().filter(|previous| now_ms < previous.until_ms);
        let secrets = std::iter::once(&self.current).chain(previous.map(|previous| &previous.secret));
        let signatures = secrets.map(|secret| sign(secret, id, now_ms / 1000, body));
        Ok(signatures.collect::<Result<Vec<_>, _>>()?.join(" "))
    }
}

pub(super) fn sign(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Result<String, Error> {
    let key = BASE64_STANDARD.decode(secret).map_err(|_| Error::Sealed(blob::Error::Refused))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    Ok(format!("v1,{}", BASE64_STANDARD.encode(context.sign())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_760_000_000_123;

    /// The published verifier, which uses the real clock: so does the timestamp here.
    fn accepts(shown: &str, id: &str, at_ms: i64, signature: &str, body: &[u8]) -> bool {
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", (at_ms / 1000).to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        standardwebhooks::Webhook::new(shown).unwrap().verify(body, &headers).is_ok()
    }

    #[test]
    fn the_signature_of_the_standards_own_example() {
        let signature = sign(
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_published_verifier_accepts_what_was_signed_and_nothing_else() {
        let secrets = Secrets::generate().unwrap();
        let now = boot::now_ms();
        let signature = secrets.sign("msg_1", now, b"{}").unwrap();
        assert!(accepts(&secrets.shown(), "msg_1", now, &signature, b"{}"));
        assert!(!accepts(&secrets.shown(), "msg_2", now, &signature, b"{}"));
        assert!(!accepts(&secrets.shown(), "msg_1", now, &signature, b"{ }"));
        assert!(!accepts(&Secrets::generate().unwrap().shown(), "msg_1", now, &signature, b"{}"));
    }

    #[test]
    fn for_a_day_after_a_rotation_both_secrets_sign() {
        let old = Secrets::generate().unwrap();
        let new = old.rotated(NOW).unwrap();
        assert_ne!(old.shown(), new.shown());
        let now = boot::now_ms();
        let rotated = old.rotated(now).unwrap();
        let both = rotated.sign("msg_1", now, b"{}").unwrap();
        assert_eq!(both.split(' ').count(), 2);
        assert!(accepts(&old.shown(), "msg_1", now, &both, b"{}"));
        assert!(accepts(&rotated.shown(), "msg_1", now, &both, b"{}"));

        let last = NOW + 24 * 3600 * 1000 - 1;
        assert_eq!(new.sign("msg_1", last, b"{}").unwrap().split(' ').count(), 2);
        assert_eq!(new.sign("msg_1", last + 1, b"{}").unwrap().split(' ').count(), 1);
    }

    #[test]
    fn a_secret_is_in_no_debug_output() {
        let secrets = Secrets::generate().unwrap();
        assert!(!format!("{secrets:?}").contains(&secrets.current));
    }
}
