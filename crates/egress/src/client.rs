//! An HTTP client that connects to allowed addresses only.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use ipnet::IpNet;
use reqwest::{
    Method, RequestBuilder, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use serde::{Deserialize, Serialize};

use crate::address::is_public;

/// Exceptions to "public internet over https only". The default allows none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Networks that may be called although they are not public, e.g. `10.20.0.0/16`.
    pub allow: Vec<IpNet>,
    /// Whether `http://` is allowed as well; its traffic is not encrypted.
    pub allow_http: bool,
}

/// Time limits of a call.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    /// From the start of the call to the end of the response.
    pub total: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the url is not an absolute https address")]
    Url,
    #[error("the url must not hold a user, a password or a fragment")]
    UrlParts,
    #[error("the url leads to an address this server does not call")]
    Address,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the http client failed")]
    Http(#[from] reqwest::Error),
}

/// Sends requests to public addresses; cloning shares its connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
}

impl Client {
    /// # Errors
    /// [`Error::Http`] when the TLS library cannot be set up.
    pub fn new(config: &Config, timeouts: Timeouts) -> Result<Self, Error> {
        let guard = Guard(Arc::new(config.clone()));
        let http = reqwest::Client::builder()
            .user_agent(concat!("Biometry/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(guard.clone()))
            .https_only(!config.allow_http)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .build()?;
        Ok(Self { http, guard })
    }

    /// Parses and validates an address, as far as possible without resolving its name; for addresses that a tenant
    /// sets.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::UrlParts`], [`Error::Address`].
    pub fn parse(&self, text: &str) -> Result<Url, Error> {
        let url = Url::parse(text).map_err(|_| Error::Url)?;
        self.guard.check(&url)?;
        Ok(url)
    }

    /// Builds a request to `url`. The resolved address is judged when it is sent; a rejection is an error for which
    /// [`is_refused`](Self::is_refused) returns true.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, Error> {
        self.guard.check(url)?;
        Ok(self.http.request(method, url.clone()))
    }

    /// Whether a request failed because its name resolved only to addresses that are not allowed.
    pub fn is_refused(error: &reqwest::Error) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.downcast_ref::<Error>().is_some_and(|error| matches!(error, Error::Address)) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Reads the body of a response.
///
/// # Errors
/// [`Error::TooLarge`] beyond `max` bytes, [`Error::Http`] when it is cut off.
pub async fn read_body(mut response: Response, max: usize) -> Result<Bytes, Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > max {
            return Err(Error::TooLarge(max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Decides which addresses may be called; also the client's resolver, so every connection is checked.
#[derive(Clone)]
struct Guard(Arc<Config>);

impl Guard {
    fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.allow.iter().any(|net| net.contains(&address))
    }

    fn check(&self, url: &Url) -> Result<(), Error> {
        if url.scheme() != "https" && !(self.0.allow_http && url.scheme() == "http") {
            return Err(Error::Url);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Error::UrlParts);
        }
        // The client does not resolve literal addresses, so the resolver would never see them. The parser has already
        // normalised forms such as 0x7f.1.
        let host = url.host_str().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) if !self.permits(address) => Err(Error::Address),
            Err(_) if host.is_empty() => Err(Error::Url),
            _ => Ok(()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<_> = found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(Error::Address.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}
