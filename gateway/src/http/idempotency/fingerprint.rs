//! The fingerprint of a request: path, query, the headers that change what the call does, and the body.
//!
//! The body is hashed while the handler reads it, so an upload is never buffered. A repeated form has another boundary;
//! so a form is split at its boundary and the parts are hashed one by one, which leaves the boundary out.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, header, request::Parts},
};
use futures::StreamExt;
use hyper::body::Frame;
use memchr::memmem::Finder;
use sha2::{Digest, Sha256};

/// Headers that change what a call does. Others describe the device or the occasion, and may differ in a second try.
const SIGNIFICANT: [&str; 6] = [
    "x-user-fullname",
    "x-session-id",
    "x-request-user-provided-id",
    "x-use-prefilled-video",
    "x-inhouse-docauth",
    "x-inhouse-mrz",
];

/// A hash in progress.
pub struct Fingerprint {
    whole: Sha256,
    /// None: the body is no form.
    boundary: Option<Finder<'static>>,
    /// The piece of the form being read.
    piece: Sha256,
    /// The end of what was read, which may be the start of a boundary.
    tail: Vec<u8>,
}

impl Fingerprint {
    /// Begins with everything but the body.
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
        let boundary =
            boundary(&parts.headers).map(|boundary| Finder::new(&format!("--{boundary}")).into_owned());
        Self { whole, boundary, piece: Sha256::new(), tail: Vec::new() }
    }

    fn update(&mut self, bytes: &[u8]) {
        let Some(boundary) = &self.boundary else {
            self.whole.update(bytes);
            return;
        };
        self.tail.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(at) = boundary.find(&self.tail[done..]) {
            self.piece.update(&self.tail[done..done + at]);
            self.whole.update(self.piece.finalize_reset());
            done += at + boundary.needle().len();
        }
        let certain = self.tail.len().saturating_sub(boundary.needle().len() - 1).max(done);
        self.piece.update(&self.tail[done..certain]);
        self.tail.drain(..certain);
    }

    fn finish(mut self) -> [u8; 32] {
        if self.boundary.is_some() {
            self.piece.update(&self.tail);
            self.whole.update(self.piece.finalize());
        }
        self.whole.finalize().into()
    }
}

/// The boundary of a form, as its Content-Type names it.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut pairs = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, boundary) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim().trim_matches('"');
    (!boundary.is_empty()).then(|| boundary.to_owned())
}

/// A request body that is hashed as it is read.
#[derive(Clone)]
pub struct HashedBody(Arc<Mutex<Reading>>);

struct Reading {
    body: Body,
    /// None: read to its end, or failed on the way.
    hashing: Option<Fingerprint>,
    finished: Option<[u8; 32]>,
    bytes: usize,
}

impl HashedBody {
    pub fn new(hashing: Fingerprint, body: Body) -> Self {
        Self(Arc::new(Mutex::new(Reading { body, hashing: Some(hashing), finished: None, bytes: 0 })))
    }

    /// The fingerprint, once the body has been read to its end, which this does for what is left of it. None when the
    /// body broke off or has more than `max_bytes` bytes.
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

    fn form(boundary: &str, fields: &[Vec<u8>]) -> (Parts, Vec<u8>) {
        let mut body = Vec::new();
        for field in fields {
            body.extend_from_slice(
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n").as_bytes(),
            );
            body.extend_from_slice(field);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (parts(&format!("multipart/form-data; boundary={boundary}"), &[]), body)
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
        fn a_form_is_the_same_with_any_boundary_in_any_pieces(
            fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4),
            one in "[a-zA-Z0-9'_-]{1,40}-x", other in "[a-zA-Z0-9'_-]{1,40}-y",
            chunk in 1_usize..50,
        ) {
            // A boundary is chosen so that it is not in the form.
            let inside = |boundary: &str| fields.iter().any(|f| memchr::memmem::find(f, boundary.as_bytes()).is_some());
            prop_assume!(!inside(&one) && !inside(&other));
            let ((a, first), (b, second)) = (form(&one, &fields), form(&other, &fields));
            let fingerprint = hash(&a, &first, chunk);
            prop_assert_eq!(fingerprint, hash(&a, &first, first.len()));
            prop_assert_eq!(fingerprint, hash(&b, &second, 7));
            let mut changed = fields.clone();
            changed.push(b"one more".to_vec());
            let (c, third) = form(&one, &changed);
            prop_assert_ne!(fingerprint, hash(&c, &third, chunk));
        }

        #[test]
        fn a_changed_byte_is_another_request(body in prop::collection::vec(any::<u8>(), 1..80), at in any::<prop::sample::Index>()) {
            let parts = parts("application/json", &[]);
            let mut changed = body.clone();
            changed[at.index(body.len())] ^= 1;
            prop_assert_ne!(hash(&parts, &body, 10), hash(&parts, &changed, 10));
        }
    }
}
