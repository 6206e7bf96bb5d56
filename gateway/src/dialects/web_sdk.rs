//! `/sdk/biometry-scanner.js`: the capture component (`sdk/web`), embedded in this binary. Pages of any origin may load
//! it; it contains no secret and only calls the address that its page configures.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;

use crate::http::embedded_files::{Caching, embedded_file};

#[derive(RustEmbed)]
#[folder = "../sdk/web/dist"]
#[allow_missing = true]
struct Files;

const HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A module script is fetched with CORS even when it is public.
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
];

/// Returns the routes. They serve only files, so they are not part of the API's description.
pub fn asset_routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/sdk/{name}", get(async |Path(name): Path<String>, headers: HeaderMap| file(&headers, &name)))
}

fn file(headers: &HeaderMap, name: &str) -> Response {
    // The compressed variants are selected by `Accept-Encoding`, not by name.
    let served = name.ends_with(".js").then(|| embedded_file::<Files>(headers, name, Caching::Revalidate));
    let mut response = served.flatten().unwrap_or_else(|| StatusCode::NOT_FOUND.into_response());
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_component_itself_is_served_and_to_every_origin() {
        let missing = file(&HeaderMap::new(), "package.json");
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
        assert_eq!(missing.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(file(&HeaderMap::new(), "biometry-scanner.js.gz").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_component_is_javascript_in_the_form_the_browser_reads() {
        assert!(Files::get("biometry-scanner.js").is_some(), "run `setup/web_sdk.sh`");
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        let response = file(&headers, "biometry-scanner.js");
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().contains("javascript"));
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        let tag = response.headers()[header::ETAG].clone();
        let again = HeaderMap::from_iter([
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
            (header::IF_NONE_MATCH, tag),
        ]);
        assert_eq!(file(&again, "biometry-scanner.js").status(), StatusCode::NOT_MODIFIED);
    }
}
