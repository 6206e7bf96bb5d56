//! A stored response, encrypted. Responses contain personal data and new secrets and may be stored for a day, so they
//! are sealed under a key derived from the caller's token, which is not stored: only the caller can open them.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::IdempotencyKey;

/// A response and the fingerprint of its request.
pub struct StoredResponse {
    pub fingerprint: [u8; 32],
    head: Head,
    body: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Head {
    fingerprint: [u8; 32],
    status: u16,
    headers: Vec<(String, String)>,
}

impl StoredResponse {
    pub fn new(fingerprint: [u8; 32], response: &Response, body: Bytes) -> Self {
        let headers = response.headers().iter().filter(|(name, _)| **name != header::CONTENT_LENGTH);
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let head = Head {
            fingerprint,
            status: response.status().as_u16(),
            headers: headers.filter_map(text).collect(),
        };
        Self { fingerprint, head, body }
    }

    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.head.status).unwrap_or_default();
        for (name, value) in self.head.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The id of the response to one key of one caller, and the secret it is sealed with.
pub struct Seal {
    id: [u8; 32],
    secret: hmac::Tag,
}

impl Seal {
    pub fn new(token: &str, caller: &str, key: &IdempotencyKey) -> Self {
        let mut id = Sha256::new();
        id.update((caller.len() as u64).to_be_bytes());
        id.update(caller);
        id.update(key.as_str());
        let id: [u8; 32] = id.finalize().into();
        let secret = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
        Self { id, secret: hmac::sign(&secret, &[b"a kept answer: ".as_slice(), &id].concat()) }
    }

    /// Reveals neither caller nor key.
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// Seals: nonce, ciphertext, tag. `None` when the system has no randomness.
    pub fn close(&self, stored: &StoredResponse) -> Option<Bytes> {
        let head = serde_json::to_vec(&stored.head).ok()?;
        let mut sealed = Vec::with_capacity(4 + head.len() + stored.body.len() + 32);
        sealed.extend_from_slice(&u32::try_from(head.len()).ok()?.to_be_bytes());
        sealed.extend_from_slice(&head);
        sealed.extend_from_slice(&stored.body);
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(self.id), &mut sealed).ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat().into())
    }

    /// Opens; `None` when it was sealed for another caller, or changed.
    pub fn open(&self, sealed: &[u8]) -> Option<StoredResponse> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let opened =
            self.cipher()?.open_in_place(Nonce::from(nonce), Aad::from(self.id), &mut sealed).ok()?;
        let (len, rest) = opened.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        Some(StoredResponse { fingerprint: head.fingerprint, body: Bytes::copy_from_slice(body), head })
    }

    fn cipher(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, self.secret.as_ref()).ok()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use proptest::prelude::*;

    use super::*;

    fn seal(token: &str, caller: &str, key: &'static str) -> Seal {
        let headers = HeaderMap::from_iter([(crate::http::idempotency::KEY, HeaderValue::from_static(key))]);
        Seal::new(token, caller, &IdempotencyKey::from_headers(&headers).unwrap())
    }

    fn stored(body: &[u8]) -> StoredResponse {
        let response =
            Response::builder().status(201).header("x-auto-enroll", "true").body(Body::empty()).unwrap();
        StoredResponse::new([7; 32], &response, Bytes::copy_from_slice(body))
    }

    #[test]
    fn only_the_caller_can_open_the_response() {
        let mine = seal("token", "key-1", "k");
        let sealed = mine.close(&stored(b"ada@example.org")).unwrap();
        assert!(memchr::memmem::find(&sealed, b"ada").is_none());
        let opened = mine.open(&sealed).unwrap().into_response();
        assert_eq!(
            (opened.status().as_u16(), &opened.headers()["x-auto-enroll"]),
            (201, &"true".parse().unwrap())
        );
        for other in [seal("other", "key-1", "k"), seal("token", "key-2", "k"), seal("token", "key-1", "l")] {
            assert!(other.open(&sealed).is_none());
        }
        assert_ne!(seal("t", "a", "bc").id(), seal("t", "ab", "c").id());
    }

    proptest! {
        #[test]
        fn a_changed_response_is_rejected(body in prop::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>()) {
            let mine = seal("token", "key-1", "k");
            let mut sealed = mine.close(&stored(&body)).unwrap().to_vec();
            prop_assert_eq!(&mine.open(&sealed).unwrap().body[..], &body[..]);
            let at = at.index(sealed.len());
            sealed[at] ^= 1;
            prop_assert!(mine.open(&sealed).is_none());
            prop_assert!(mine.open(&sealed[..at]).is_none());
        }
    }
}
