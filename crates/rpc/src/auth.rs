//! The shared token of a deployment's services.

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tonic::Status;

/// Adds the token to an outgoing call.
pub(crate) fn attach(headers: &mut HeaderMap, token: &SecretString) -> Result<(), Status> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| Status::internal("the service token is not a header value"))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// Rejects a call without the token; the comparison takes constant time.
pub(crate) fn check_token(headers: &HeaderMap, token: &SecretString) -> Result<(), Status> {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let expected = format!("Bearer {}", token.expose_secret());
    if bool::from(given.ct_eq(expected.as_bytes())) {
        Ok(())
    } else {
        Err(Status::unauthenticated("service token missing or wrong"))
    }
}
