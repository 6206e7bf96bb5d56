//! The fingerprint of a request: path, query, the headers that affect the call, and the body.
//!
//! The body is hashed while the handler reads it, so an upload is never buffered. Forms are compared by their fields
//! and bytes ([`super::form_parts`]).

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::request::Parts,
};
use futures::StreamExt;
use hyper::body::Frame;
use sha2::{Digest, Sha256};

use super::form_parts::FormParts;

/// Headers that affect the call. Others describe the device or the occasion, and may differ in a retry.
const SIGNIFICANT: [&str; 8] = [
    "x-user-fullname",
    "x-user-fullname*",
    "x-user-fullname-encoding",
    "x-session-id",
    "x-request-user-provided-id",
    "x-use-prefilled-video",
    "x-inhouse-docauth",
    "x-inhouse-mrz",
];

/// A hash in progress.
pub struct Fingerprint {
    whole: Sha256,
    /// `None`: the body is not a form.
    form: Option<FormParts>,
}

impl Fingerprint {
    /// Hashes everything except the body.
    pub fn new(parts: &Parts) -> Self {
        let mut whole = Sha256::new();
        let mut field = |bytes: &[u8]| {
            whole.update((bytes.len() as u64).to_be_bytes());
            whole.update(bytes);
        };
        field(parts.method.as_str().as_bytes());
        field(parts.uri.path_and_query().map_or("", |path| path.as_str()).as_bytes());
        for name in SIGNIFICANT {
            field(parts.headers.get(name).map_or(&[][..], |value| value.as_bytes().trim_ascii()));
        }
        Self { whole, form: FormParts::new(&parts.headers) }
    }

    fn update(&mut self, bytes: &[u8]) {
        match &mut self.form {
            Some(form) => form.update(bytes),
            None => self.whole.update(bytes),
        }
    }

    fn finish(mut self) -> [u8; 32] {
        if let Some(form) = self.form {
            self.whole.update(form.finish());
        }
        self.whole.finalize().into()
    }
}

/// A request body that is hashed while it is read.
#[derive(Clone)]
pub struct HashedBody(Arc<Mutex<Reading>>);

struct Reading {
    body: Body,
    /// `None`: read to its end, or failed.
    hashing: Option<Fingerprint>,
    finished: Option<[u8; 32]>,
    bytes: usize,
}

impl HashedBody {
    pub fn new(hashing: Fingerprint, body: Body) -> Self {
        Self(Arc::new(Mutex::new(Reading { body, hashing: Some(hashing), finished: None, bytes: 0 })))
    }

    /// Returns the fingerprint after reading the rest of the body. `None` when the body was cut off or has more than
    /// `max_bytes` bytes.
    pub async fn read_to_end(&self, max_bytes: usize) -> Option<[u8; 32]> {
        let mut rest = Body::new(self.clone()).into_data_stream();
        while let Some(chunk) = rest.next().await {
            chunk.ok()?;
            if self.lock().bytes > max_bytes {
                return None;
            }
        }
        self.lock().finished
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for HashedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut reading = self.lock();
        if reading.hashing.is_none() {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut reading.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(&[][..], |bytes| bytes.as_ref());
                reading.bytes += bytes.len();
                if let Some(hashing) = &mut reading.hashing {
                    hashing.update(bytes);
                }
            }
            Poll::Ready(Some(Err(_))) => reading.hashing = None,
            Poll::Ready(None) => reading.finished = reading.hashing.take().map(Fingerprint::finish),
            Poll::Pending => {}
        }
        polled
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.lock().body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use proptest::prelude::*;

    use super::*;

    fn parts(content_type: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post("/a?b=c").header("content-type", content_type);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn hash(parts: &Parts, body: &[u8], chunk: usize) -> [u8; 32] {
        let mut hashing = Fingerprint::new(parts);
        body.chunks(chunk.max(1)).for_each(|bytes| hashing.update(bytes));
        hashing.finish()
    }

    #[test]
    fn another_user_session_or_path_is_another_request() {
        let of = |headers: &[(&str, &str)]| hash(&parts("application/json", headers), b"{}", 9);
        let ada = of(&[("x-user-fullname", "ada")]);
        assert_eq!(ada, of(&[("x-user-fullname", "ada"), ("x-device-info", "{}")]));
        assert_ne!(ada, of(&[("x-user-fullname", "bob")]));
        assert_ne!(ada, of(&[("x-session-id", "ada")]));
        assert_ne!(ada, of(&[]));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_has_no_fingerprint() {
        let broken =
            futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
        let hashed =
            HashedBody::new(Fingerprint::new(&parts("application/json", &[])), Body::from_stream(broken));
        assert_eq!(hashed.read_to_end(100).await, None);
        assert_eq!(hashed.read_to_end(100).await, None);
        let long = HashedBody::new(Fingerprint::new(&parts("text/plain", &[])), Body::from(vec![0; 11]));
        assert_eq!(long.read_to_end(10).await, None);
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_another_request(body in prop::collection::vec(any::<u8>(), 1..80), at in any::<prop::sample::Index>()) {
            let parts = parts("application/json", &[]);
            let mut changed = body.clone();
            changed[at.index(body.len())] ^= 1;
            prop_assert_ne!(hash(&parts, &body, 10), hash(&parts, &changed, 10));
        }
    }
}
