//! One attempt: a signed POST and its result.

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use blob::{KeyRing, Purpose};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::{Client, Response, redirect};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Config,
    address::{Addresses, NotAllowed},
    endpoint::Target,
    retry,
    secret::Secrets,
};
use crate::{error::Error, outbox::IDENTITY_VERIFIED};

pub const LOG: Purpose = Purpose("log of a webhook delivery");
/// Attempts per log.
const LOGGED: usize = 20;
/// Bytes of a response that are read, and characters of it that are stored.
const READ: usize = 4096;
const KEPT: usize = 512;

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("Biometry-Webhooks/", env!("CARGO_PKG_VERSION")));

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    pub at_ms: i64,
    pub duration_ms: u32,
    /// The status of the response, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Why there was none: timeout, connection_failed, address_not_allowed or no_answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of the response, as one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_excerpt: Option<String>,
    /// Earliest time of the next call of the endpoint: the response had `Retry-After`.
    #[serde(skip)]
    pub not_before_ms: Option<i64>,
}

impl Attempt {
    /// Creates an attempt without a result.
    pub fn at(at_ms: i64) -> Self {
        Self {
            at_ms,
            duration_ms: 0,
            status_code: None,
            error: None,
            response_excerpt: None,
            not_before_ms: None,
        }
    }

    pub fn succeeded(&self) -> bool {
        self.status_code.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the endpoint responded 410 Gone.
    pub fn gone(&self) -> bool {
        self.status_code == Some(410)
    }
}

/// An endpoint prepared for sending.
#[derive(Debug)]
pub struct Destination {
    url: Url,
    headers: HeaderMap,
    secrets: Secrets,
}

impl Destination {
    /// # Errors
    /// Never in practice; when stored values are no longer valid.
    pub fn new(target: &Target, secrets: Secrets) -> Result<Self, Error> {
        let damaged = |_| Error::Invalid("a stored webhook cannot be sent to".into());
        let mut headers = HeaderMap::new();
        for (name, value) in &target.headers {
            let value = HeaderValue::from_str(value).map_err(|_| damaged(()))?;
            headers.insert(HeaderName::try_from(name).map_err(|_| damaged(()))?, value);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { url: Url::parse(&target.url).map_err(|_| damaged(()))?, headers, secrets })
    }
}

/// The client of all attempts, with one pool of connections.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    addresses: Addresses,
}

impl Sender {
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(config: &Config, addresses: Addresses) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(Duration::from_millis(config.timeout_ms))
            .redirect(redirect::Policy::none())
            // A proxy would resolve the name itself, bypassing the address check.
            .no_proxy()
            .https_only(!config.allow_http)
            .dns_resolver(addresses.clone())
            .pool_max_idle_per_host(config.per_endpoint)
            .referer(false)
            .build()?;
        Ok(Self { client, addresses })
    }

    /// Sends `payload` under `id`, signed at `now_ms`. Failures are part of the result.
    ///
    /// # Errors
    /// Never in practice; when a stored secret cannot be used.
    pub async fn send(
        &self,
        to: &Destination,
        (id, event): (&str, &str),
        now_ms: i64,
        payload: Vec<u8>,
    ) -> Result<Attempt, Error> {
        let started = Instant::now();
        let mut attempt = Attempt::at(now_ms);
        // The client resolves names by the address rule, but connects to literal addresses in the URL directly.
        if self.addresses.allow_host(&to.url) {
            let signature = to.secrets.sign(id, now_ms, &payload)?;
            let request = self
                .client
                .post(to.url.clone())
                .headers(to.headers.clone())
                .headers(user_agent(event))
                .header("webhook-id", id)
                .header("webhook-timestamp", now_ms / 1000)
                .header("webhook-signature", signature)
                .body(payload);
            match request.send().await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let retry_after = response.headers().get(header::RETRY_AFTER);
                    let retry_after = retry_after.and_then(|value| value.to_str().ok());
                    attempt.status_code = Some(status);
                    attempt.not_before_ms = retry::retry_after(status, retry_after, now_ms);
                    attempt.response_excerpt = excerpt(response).await;
                }
                Err(error) => attempt.error = Some(word(&error).into()),
            }
        } else {
            attempt.error = Some("address_not_allowed".into());
        }
        attempt.duration_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ok(attempt)
    }
}

/// Receivers of the Identity Verification API recognise its events by their sender.
fn user_agent(event: &str) -> HeaderMap {
    const IDENTITY_VERIFICATION: HeaderValue = HeaderValue::from_static("IdentityVerification/1.0");
    let sender = if event == IDENTITY_VERIFIED { IDENTITY_VERIFICATION } else { USER_AGENT };
    HeaderMap::from_iter([(header::USER_AGENT, sender)])
}

/// The error's own text would contain the URL.
fn word(error: &reqwest::Error) -> &'static str {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    if causes.any(<dyn std::error::Error>::is::<NotAllowed>) {
        "address_not_allowed"
    } else if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connection_failed"
    } else {
        "no_answer"
    }
}

/// Returns the beginning of the response. Its status has decided already, so a truncated response is not an error.
async fn excerpt(mut response: Response) -> Option<String> {
    let mut read = Vec::new();
    while read.len() < READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read.extend_from_slice(&chunk[..chunk.len().min(READ - read.len())]);
    }
    let text = String::from_utf8_lossy(&read);
    let line: String = text.chars().take(KEPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// Adds an attempt to the log of the delivery `id` and seals it; an unreadable log starts anew.
///
/// # Errors
/// When the system has no randomness.
pub fn log(ring: &KeyRing, id: &str, sealed: Option<&[u8]>, attempt: Attempt) -> Result<Vec<u8>, Error> {
    let mut log = read_log(ring, id, sealed).unwrap_or_default();
    log.push(attempt);
    let kept = &log[log.len().saturating_sub(LOGGED)..];
    Ok(ring.seal(LOG, id.as_bytes(), &serde_json::to_vec(kept)?)?)
}

/// Returns the attempts of the delivery `id`, oldest first.
///
/// # Errors
/// When they cannot be decrypted or read.
pub fn read_log(ring: &KeyRing, id: &str, sealed: Option<&[u8]>) -> Result<Vec<Attempt>, Error> {
    let Some(sealed) = sealed else { return Ok(Vec::new()) };
    Ok(serde_json::from_slice(&ring.open_sealed(LOG, id.as_bytes(), sealed)?)?)
}
