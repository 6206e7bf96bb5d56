//! Files embedded in this binary, each with `.br` and `.gz` variants.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The cache policy of a file.
#[derive(Clone, Copy)]
pub enum Caching {
    /// The name changes with the content.
    Forever,
    /// The browser revalidates each time, and gets 304 when unchanged.
    Revalidate,
}

/// Responds with the smallest variant that the browser accepts.
pub fn embedded_file<A: RustEmbed>(headers: &HeaderMap, path: &str, caching: Caching) -> Option<Response> {
    let plain = A::get(path)?;
    let kind = plain.metadata.mimetype().to_owned();
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, suffix)| {
        accepts(accepted, encoding).then(|| A::get(&format!("{path}.{suffix}")))?.map(|file| (encoding, file))
    });
    let (encoding, served) = packed.map_or((None, plain), |(encoding, file)| (Some(encoding), file));
    Some(respond(headers, &kind, encoding, caching, served))
}

fn respond(
    headers: &HeaderMap,
    kind: &str,
    encoding: Option<&'static str>,
    caching: Caching,
    file: EmbeddedFile,
) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let cache = match caching {
        Caching::Forever => "public, max-age=31536000, immutable",
        Caching::Revalidate => "no-cache",
    };
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    let body = if known { Body::empty() } else { Body::from(file.data.into_owned()) };
    let status = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, tag),
        (header::VARY, "accept-encoding".to_owned()),
    ];
    let mut response = (status, headers, body).into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether `encoding` is in the list and not rejected there.
fn accepts(list: &str, encoding: &str) -> bool {
    list.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && !parts.any(|part| part == "q=0" || part.starts_with("q=0.0"))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_used_where_it_is_accepted() {
        assert!(accepts("gzip, deflate, br;q=0.9", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("", "gzip"));
    }
}
