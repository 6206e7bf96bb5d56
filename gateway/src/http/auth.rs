//! Extractors for callers: an API key in the Authorization header, or a dashboard user set by the session middleware.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, HeaderMap, HeaderValue, header, request::Parts},
};

use crate::{
    core::{caller::Caller, dialect::Dialect, error::Error},
    http::{
        dashboard_session::is_own_origin, listener::connections::Connection, rate_limit::Meter,
        state::Gateway,
    },
};

/// The caller of a request: authenticated, authorized and rate limited once, however many extractors are used.
#[derive(Clone)]
struct Authenticated(Arc<Caller>);

/// Makes `caller` the caller of the request.
pub fn set_authenticated(extensions: &mut Extensions, caller: Caller) {
    mark_authenticated(extensions);
    extensions.insert(Authenticated(Arc::new(caller)));
}

/// The request has a valid credential, so its connection is not closed to make room.
pub fn mark_authenticated(extensions: &Extensions) {
    if let Some(connection) = extensions.get::<Arc<Connection>>() {
        connection.mark_authenticated();
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Gateway: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        if let Some(Authenticated(caller)) = parts.extensions.get() {
            return Ok(Caller::clone(caller));
        }
        let gateway = Gateway::from_ref(state);
        let dialect = parts.extensions.get().copied().unwrap_or(Dialect::Biometry);
        let token = credential(&parts.headers, dialect)?;
        let meter = parts.extensions.get::<Meter>();
        let caller = authenticate(&gateway, &parts.headers, (token, dialect), meter).await?;
        set_authenticated(&mut parts.extensions, caller.clone());
        Ok(caller)
    }
}

/// Rejects a key or token sent by a page whose origin neither its project nor the installation allows. Requests
/// without an origin are not from browsers.
fn check_origin(gateway: &Gateway, caller: &Caller, headers: &HeaderMap) -> Result<(), Error> {
    let named = |origin: &HeaderValue| {
        caller.names_origin(origin.as_bytes())
            || origin.to_str().is_ok_and(|origin| {
                gateway.config().allows_origin(origin) || is_own_origin(gateway, origin, headers)
            })
    };
    match headers.get_all(header::ORIGIN).iter().all(named) {
        true => Ok(()),
        false => Err(Error::OriginNotAllowed),
    }
}

/// Authenticates a token for `dialect`, checks the origin of the request and the rate limit.
pub async fn authenticate(
    gateway: &Gateway,
    headers: &HeaderMap,
    (token, dialect): (&str, Dialect),
    meter: Option<&Meter>,
) -> Result<Caller, Error> {
    let caller = gateway.core().authenticate(token).await?;
    admit(gateway, headers, (caller, dialect), meter).await
}

/// Admits a caller to `dialect`, checks the origin of the request and the rate limit.
pub async fn admit(
    gateway: &Gateway,
    headers: &HeaderMap,
    (mut caller, dialect): (Caller, Dialect),
    meter: Option<&Meter>,
) -> Result<Caller, Error> {
    caller.enter(dialect)?;
    rpc::current().act_as(&format!("api_key:{}", caller.id));
    check_origin(gateway, &caller, headers)?;
    gateway.rate_limits().charge(&caller.id, caller.chosen_rate_limit(), meter).await?;
    Ok(caller)
}

/// Returns the token of a request as clients of `dialect` send it.
///
/// # Errors
/// 401 without one.
pub fn credential(headers: &HeaderMap, dialect: Dialect) -> Result<&str, Error> {
    match dialect {
        Dialect::Verifik => any_token(headers),
        _ => bearer_token(headers),
    }
}

/// `Bearer <token>`, `JWT <token>`, or the token alone.
fn any_token(headers: &HeaderMap) -> Result<&str, Error> {
    match bearer_token(headers) {
        Err(Error::KeyFormat) => {}
        other => return other,
    }
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let text = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    match text.split_once(' ') {
        _ if values.next().is_some() => Err(Error::KeyFormat),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("jwt") => Ok(token.trim()),
        Some(_) => Err(Error::KeyFormat),
        None => Ok(text),
    }
}

/// The token of the one Authorization header.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Error::MissingToken)?;
    let text = value.to_str().map_err(|_| Error::KeyFormat)?.trim();
    if text.is_empty() {
        return Err(Error::MissingToken);
    }
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => {
            Ok(token.trim())
        }
        _ => Err(Error::KeyFormat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        bearer_token(&headers).map(str::to_owned).map_err(|e| e.to_string())
    }

    #[test]
    fn the_token_follows_the_scheme() {
        assert_eq!(parse("Bearer abc"), Ok("abc".into()));
        assert_eq!(parse("bearer  abc"), Ok("abc".into()));
        for bad in ["abc", "Basic abc", "Bearerabc"] {
            assert_eq!(parse(bad), Err("invalid api key format".into()), "{bad}");
        }
        assert_eq!(bearer_token(&HeaderMap::new()).unwrap_err().to_string(), "missing authorization token");
        assert_eq!(parse(" "), Err("missing authorization token".into()));
    }

    #[test]
    fn verifik_has_three_ways_to_send_a_token() {
        let token = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            credential(&headers, Dialect::Verifik).map(str::to_owned).map_err(|e| e.to_string())
        };
        for value in ["Bearer abc", "JWT abc", "jwt  abc", "abc", " abc "] {
            assert_eq!(token(value), Ok("abc".into()), "{value}");
        }
        assert_eq!(token("Basic abc"), Err("invalid api key format".into()));
        let none = credential(&HeaderMap::new(), Dialect::Verifik).unwrap_err();
        assert_eq!(none.to_string(), "missing authorization token");
    }

    #[test]
    fn two_tokens_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, "Bearer a".parse().unwrap());
        headers.append(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert_eq!(bearer_token(&headers).unwrap_err().to_string(), "invalid api key format");
    }
}
