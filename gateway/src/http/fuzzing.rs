//! Entry points for `tests/fuzz`: each accepts arbitrary bytes and must return.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use jsonwebtoken::DecodingKey;

use crate::{
    core::authentication::read_key_id,
    http::{
        auth::bearer_token,
        headers::CallHeaders,
        idempotency::{form_parts::FormParts, key::IdempotencyKey},
    },
};

/// The boundary of the forms in the corpus.
const BOUNDARY: &str = "multipart/form-data; boundary=BOUNDARY";

/// Parses a form's names and field sizes, and its fingerprint for an `Idempotency-Key`, which must not depend on the
/// chunking.
pub fn form(bytes: &[u8]) -> Vec<(String, usize)> {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(BOUNDARY))]);
    let hash = |piece: usize| {
        let mut parts = FormParts::new(&headers)?;
        bytes.chunks(piece).for_each(|bytes| parts.update(bytes));
        Some(parts.finish())
    };
    assert_eq!(hash(bytes.len().max(1)), hash(7), "a form that depends on its pieces");
    futures::executor::block_on(read_fields(headers, bytes.to_vec()))
}

async fn read_fields(headers: HeaderMap, bytes: Vec<u8>) -> Vec<(String, usize)> {
    let mut request = Request::new(Body::from(bytes));
    *request.headers_mut() = headers;
    let mut fields = Vec::new();
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return fields };
    while let Ok(Some(mut field)) = form.next_field().await {
        let (name, mut size) = (field.name().unwrap_or_default().to_owned(), 0);
        while let Ok(Some(chunk)) = field.chunk().await {
            size += chunk.len();
        }
        fields.push((name, size));
    }
    fields
}

/// Returns the user of `name: value` lines as request headers, when all of them are accepted.
pub fn headers(bytes: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let _ = bearer_token(&headers);
    let _ = IdempotencyKey::from_headers(&headers);
    let user = CallHeaders::parse(&headers).ok()?.context.user_fullname;
    if let Some(user) = &user {
        assert!(!user.is_empty() && user.len() <= 256, "a user of {} bytes", user.len());
        assert!(!user.chars().any(char::is_control), "a user with control characters");
    }
    user
}

/// Returns the API key id of a token, verified with an Ed25519 public key (32 bytes).
pub fn token(bytes: &[u8], public_key: &[u8; 32]) -> Option<String> {
    let token = std::str::from_utf8(bytes).ok()?;
    let key = |_: &str| Some(DecodingKey::from_ed_der(public_key));
    read_key_id(token, key).ok()
}
