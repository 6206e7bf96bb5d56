//! Compressed request bodies: gzip is decompressed while it is read, other encodings are rejected by name.
//!
//! Every limit of a body applies to its decompressed size, so a small body cannot become a large one.

use std::io;

use async_compression::tokio::bufread::GzipDecoder;
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::core::error::Error;

/// Middleware: decompresses gzip; 415 for any other encoding.
pub async fn decode_content_encoding(mut request: Request, next: Next) -> Response {
    match encoding(request.headers()) {
        Some(Encoding::Identity) => {}
        Some(Encoding::Gzip) => {
            request.headers_mut().remove(header::CONTENT_ENCODING);
            // The length of the compressed body.
            request.headers_mut().remove(header::CONTENT_LENGTH);
            if !request.body().is_end_stream() {
                request = request.map(gunzip);
            }
        }
        None => return Error::UnknownContentEncoding.into_response(),
    }
    next.run(request).await
}

enum Encoding {
    Identity,
    Gzip,
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Some(Encoding::Identity) };
    let name = value.to_str().ok()?.trim();
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    match values.next() {
        Some(_) => None,
        None if is("gzip") || is("x-gzip") => Some(Encoding::Gzip),
        None if is("identity") || is("") => Some(Encoding::Identity),
        None => None,
    }
}

fn gunzip(body: Body) -> Body {
    let compressed = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let mut decoder = GzipDecoder::new(compressed);
    decoder.multiple_members(true);
    Body::from_stream(ReaderStream::with_capacity(decoder, 16 * 1024))
}
