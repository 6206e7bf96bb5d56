//! The dashboard's built assets, embedded in this binary, with a restrictive content security policy: no scripts of
//! other hosts, no inline scripts, only its own styles, no frames, no forms to other hosts.

use aws_lc_rs::rand;
use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rust_embed::RustEmbed;

use crate::http::embedded_files::{Caching, embedded_file};

#[derive(RustEmbed)]
#[folder = "../dashboard/dist"]
#[allow_missing = true]
struct Assets;

/// The content security policy, except for styles.
const CSP: &str = "default-src 'none'; script-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
                   connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
                   frame-ancestors 'none'; base-uri 'none'; form-action 'self'; style-src 'self'";
/// The placeholder of the nonce in the built page.
const NONCE: &str = "__STYLE_NONCE__";
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), geolocation=(), payment=(), usb=(), display-capture=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Biometry</title>\
    <h1>The dashboard is not in this build</h1><p>Run <code>make dashboard</code>, then build again.</p></html>";

/// Returns the routes. They serve only files, so they are not part of the API's description.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || Redirect::temporary("/dashboard")))
        .route("/dashboard", get(async |headers: HeaderMap| page(&headers, "index.html")))
        .route("/dashboard/", get(async || Redirect::permanent("/dashboard")))
        .route(
            "/dashboard/{*path}",
            get(async |Path(path): Path<String>, headers: HeaderMap| page(&headers, &path)),
        )
}

/// Returns a file; for any other path, the page, which has its own client-side routes.
fn page(headers: &HeaderMap, path: &str) -> Response {
    let looks_like_a_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    // The name of such a file contains a hash of its content.
    let caching = if path.starts_with("assets/") { Caching::Forever } else { Caching::Revalidate };
    let found = if path == "index.html" { None } else { embedded_file::<Assets>(headers, path, caching) };
    let mut response = match found {
        Some(response) => response,
        None if looks_like_a_file && path != "index.html" => StatusCode::NOT_FOUND.into_response(),
        None => index(),
    };
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CSP));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns the page, with a nonce for the style elements of its components. It is not cached, because the nonce differs
/// in each response and must match the policy's.
fn index() -> Response {
    let text = Assets::get("index.html")
        .map_or_else(|| NOT_BUILT.to_owned(), |page| String::from_utf8_lossy(&page.data).into_owned());
    // Without randomness the components have no styles; the page stays readable.
    let nonce = nonce().unwrap_or_default();
    let policy = format!("{CSP} 'nonce-{nonce}'");
    let mut response = Html(text.replace(NONCE, &nonce)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let (false, Ok(policy)) = (nonce.is_empty(), HeaderValue::from_str(&policy)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Returns 128 random bits.
fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok()?;
    Some(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_response_carries_the_policy_and_a_missing_file_is_no_page() {
        for path in ["index.html", "transactions", "transactions/1", "assets/none.js"] {
            let response = page(&HeaderMap::new(), path);
            let missing = path.ends_with(".js");
            assert_eq!(response.status().as_u16(), if missing { 404 } else { 200 }, "{path}");
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"));
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }

    #[tokio::test]
    async fn a_page_has_the_nonce_of_its_policy_and_no_other_page_has_it() {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let response = page(&HeaderMap::new(), "transactions");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            let nonce = policy.split("'nonce-").nth(1).unwrap().trim_end_matches('\'').to_owned();
            let text = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert!(!text.contains(NONCE));
            if Assets::get("index.html").is_some() {
                assert!(text.contains(&nonce), "the page has its nonce");
            }
            seen.push(nonce);
        }
        assert_ne!(seen[0], seen[1]);
    }
}
