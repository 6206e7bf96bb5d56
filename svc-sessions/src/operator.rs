//! A client of the CAMARA SIM Swap API (`/check`, `/retrieve-date`) with an OAuth 2 client-credentials token.
//!
//! Two-legged: the token identifies no subscriber, so each call has the number. Tokens are cached until they expire,
//! one for each version of a project's settings, and fetched again when the operator rejects one. A failed connection
//! is retried once, nothing else is. Operator addresses are chosen by tenants: see `egress`.

use std::time::{Duration, Instant};

use egress::{Client, Timeouts};
use reqwest::{
    Method, RequestBuilder, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::sim_swap::{PhoneNumber, Seen, Settings, TokenAuth, Trouble};

const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(2), total: Duration::from_secs(4) };
/// Total time budget; less than the caller's own timeout.
const BUDGET: Duration = Duration::from_secs(8);
/// Largest response read; documented ones have about a hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Token lifetime when the operator does not state one.
const DEFAULT_TOKEN_SECONDS: u64 = 60;
const TOKENS: u64 = 10_000;

/// Every project's operator; clones share connections and tokens.
#[derive(Clone)]
pub struct Operators {
    client: Client,
    /// By the version of the settings.
    tokens: moka::future::Cache<String, Token>,
}

#[derive(Clone)]
struct Token {
    value: SecretString,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct CheckAnswer {
    swapped: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DateAnswer {
    latest_sim_change: Option<String>,
    monitored_period: Option<u32>,
}

#[derive(Default, Deserialize)]
struct ErrorAnswer {
    #[serde(default)]
    code: String,
}

impl Operators {
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(config: &egress::Config) -> Result<Self, egress::Error> {
        let tokens = moka::future::Cache::builder().max_capacity(TOKENS).build();
        Ok(Self { client: Client::new(config, TIMEOUTS)?, tokens })
    }

    /// Parses an address that a tenant sets.
    ///
    /// # Errors
    /// When it is not allowed.
    pub fn parse_url(&self, text: &str) -> Result<Url, egress::Error> {
        self.client.parse(text)
    }

    /// Asks whether, and when, the SIM of `number` was changed. `version` distinguishes these settings from earlier ones.
    ///
    /// # Errors
    /// Why the check failed; a failure to get the date alone is not an error.
    pub async fn check_sim_swap(
        &self,
        version: &str,
        settings: &Settings,
        number: &PhoneNumber,
    ) -> Result<Seen, Trouble> {
        let asking = async {
            let check = json!({"phoneNumber": number.as_str(), "maxAge": settings.max_age_hours});
            let date = json!({"phoneNumber": number.as_str()});
            // One token for both calls, fetched once.
            self.token(version, settings).await?;
            let (check, date) = tokio::join!(
                self.call::<CheckAnswer>(version, settings, "check", &check),
                self.call::<DateAnswer>(version, settings, "retrieve-date", &date),
            );
            let date_asked = date.is_ok();
            let date = date.unwrap_or(DateAnswer { latest_sim_change: None, monitored_period: None });
            Ok(Seen {
                swapped: check?.swapped,
                latest_sim_change: date.latest_sim_change.as_deref().and_then(utc),
                monitored_period: date.monitored_period,
                date_asked,
            })
        };
        tokio::time::timeout(BUDGET, asking).await.map_err(|_| Trouble::TIMEOUT)?
    }

    /// Calls one operation, with a new token when the cached one is rejected.
    async fn call<T: DeserializeOwned>(
        &self,
        version: &str,
        settings: &Settings,
        operation: &str,
        body: &Value,
    ) -> Result<T, Trouble> {
        let token = self.token(version, settings).await?;
        let (status, answer) = self.post(settings, operation, body, &token).await?;
        if status != StatusCode::UNAUTHORIZED {
            return read(status, &answer);
        }
        self.forget(version, &token).await;
        let token = self.token(version, settings).await?;
        let (status, answer) = self.post(settings, operation, body, &token).await?;
        read(status, &answer)
    }

    async fn post(
        &self,
        settings: &Settings,
        operation: &str,
        body: &Value,
        token: &Token,
    ) -> Result<(StatusCode, bytes::Bytes), Trouble> {
        let base = settings.base_url.trim_end_matches('/');
        let url = self.client.parse(&format!("{base}/{operation}")).map_err(|error| trouble(&error))?;
        let correlator = rpc::current().request_id;
        self.send(|| {
            let request = self.client.request(Method::POST, &url)?;
            let request = request.bearer_auth(token.value.expose_secret()).json(body);
            Ok(if correlator.is_empty() { request } else { request.header("x-correlator", &correlator) })
        })
        .await
    }

    async fn token(&self, version: &str, settings: &Settings) -> Result<Token, Trouble> {
        if let Some(token) = self.tokens.get(version).await {
            if Instant::now() < token.until {
                return Ok(token);
            }
            self.forget(version, &token).await;
        }
        // Calls that wait for the same token share one fetch.
        let fetched = self.tokens.try_get_with_by_ref(version, self.fetch_token(settings));
        fetched.await.map_err(|trouble| *trouble)
    }

    /// Removes the cached token, unless another call has replaced it.
    async fn forget(&self, version: &str, token: &Token) {
        let same = |known: &Token| known.value.expose_secret() == token.value.expose_secret();
        if self.tokens.get(version).await.as_ref().is_some_and(same) {
            self.tokens.invalidate(version).await;
        }
    }

    async fn fetch_token(&self, settings: &Settings) -> Result<Token, Trouble> {
        let url = self.client.parse(&settings.token_url).map_err(|error| trouble(&error))?;
        let (id, secret) = (settings.client_id.as_str(), settings.client_secret.expose_secret());
        let form = token_form(settings);
        let (status, answer) = self
            .send(|| {
                let request = self.client.request(Method::POST, &url)?;
                let request =
                    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.clone());
                Ok(match settings.token_auth {
                    // Both are encoded before they are joined (RFC 6749, 2.3.1).
                    TokenAuth::Basic => request.basic_auth(encoded(id), Some(encoded(secret))),
                    TokenAuth::Post => request,
                })
            })
            .await?;
        match status {
            StatusCode::OK => token_of(&answer).ok_or(Trouble::UNREADABLE),
            _ if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                Err(Trouble::TOKEN_REFUSED)
            }
            _ => Err(Trouble::from_status(status.as_u16(), "")),
        }
    }

    /// Sends the request, and once more when no connection could be made.
    async fn send(
        &self,
        request: impl Fn() -> Result<RequestBuilder, egress::Error> + Send,
    ) -> Result<(StatusCode, bytes::Bytes), Trouble> {
        let once = || async {
            let request = request()?.header(ACCEPT, "application/json");
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, egress::Error>((status, egress::read_body(response, MAX_ANSWER).await?))
        };
        match once().await {
            Err(egress::Error::Http(error)) if error.is_connect() && !Client::is_refused(&error) => {
                once().await
            }
            done => done,
        }
        .map_err(|error| trouble(&error))
    }
}

fn token_form(settings: &Settings) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.extend_pairs(settings.scope.iter().map(|scope| ("scope", scope)));
    if settings.token_auth == TokenAuth::Post {
        form.append_pair("client_id", &settings.client_id);
        form.append_pair("client_secret", settings.client_secret.expose_secret());
    }
    form.finish()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn token_of(answer: &[u8]) -> Option<Token> {
    let answer: TokenAnswer = serde_json::from_slice(answer).ok()?;
    let usable = !answer.access_token.is_empty() && answer.access_token.bytes().all(|b| b.is_ascii_graphic());
    if !usable || !answer.token_type.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let seconds = answer.expires_in.unwrap_or(DEFAULT_TOKEN_SECONDS).min(24 * 3600);
    // A token that expires in transit would only cost a second round trip.
    let used = Duration::from_secs(seconds - (seconds / 10).min(30));
    Some(Token { value: answer.access_token.into(), until: Instant::now() + used })
}

fn read<T: DeserializeOwned>(status: StatusCode, answer: &[u8]) -> Result<T, Trouble> {
    if status == StatusCode::OK {
        return serde_json::from_slice(answer).map_err(|_| Trouble::UNREADABLE);
    }
    if status.is_success() {
        return Err(Trouble::UNREADABLE);
    }
    let error: ErrorAnswer = serde_json::from_slice(answer).unwrap_or_default();
    Err(Trouble::from_status(status.as_u16(), &error.code))
}

/// Neither the address nor the request is logged: both are the customer's.
fn trouble(error: &egress::Error) -> Trouble {
    match error {
        egress::Error::Http(error) if Client::is_refused(error) => Trouble::REFUSED_ADDRESS,
        egress::Error::Http(error) if error.is_timeout() => Trouble::TIMEOUT,
        egress::Error::Http(error) if error.is_connect() => Trouble::UNREACHABLE,
        egress::Error::Http(_) | egress::Error::TooLarge(_) => Trouble::UNREADABLE,
        egress::Error::Url | egress::Error::UrlParts | egress::Error::Address => Trouble::REFUSED_ADDRESS,
    }
}

/// Converts a time with any offset to UTC; `None` when it is not a time.
fn utc(text: &str) -> Option<String> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_converted_to_utc() {
        assert_eq!(utc("2023-07-03T14:27:08.312+02:00").as_deref(), Some("2023-07-03T12:27:08.312Z"));
        assert_eq!(utc("2024-09-18T07:37:53.471829447Z").as_deref(), Some("2024-09-18T07:37:53.471829447Z"));
        for bad in ["", "yesterday", "2023-07-03", "2023-07-03T14:27:08", "9999-12-31T23:59:59-23:59"] {
            assert_eq!(utc(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_is_a_bearer_token_a_header_can_hold() {
        let read = |json: &str| token_of(json.as_bytes()).is_some();
        assert!(read(r#"{"access_token":"abc.def","token_type":"bearer","expires_in":3600}"#));
        assert!(read(r#"{"access_token":"abc","token_type":"Bearer"}"#));
        for bad in [
            "",
            "{}",
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"a\r\nb","token_type":"Bearer"}"#,
            r#"{"access_token":"abc","token_type":"mac"}"#,
        ] {
            assert!(!read(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_is_trouble(status in 100_u16..600, answer in prop::collection::vec(any::<u8>(), 0..80)) {
            let status = StatusCode::from_u16(status).unwrap();
            let _ = read::<CheckAnswer>(status, &answer).map(|_| ());
            let _ = token_of(&answer);
        }
    }
}
