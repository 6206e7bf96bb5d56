//! Hosted pages for the persons a customer sends here: the capture component with a customer's theme.
//!
//! They contain no personal data, and run only this server's own files: the configuration of a page is in a block of
//! JSON that its script reads.

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use proto::journeys::PageTheme;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    core::error::Error,
    http::error::{ErrorReport, ErrorShape},
};

const SCRIPT: &str = include_str!("hosted_page/page.js");
const TEXTS: &str = include_str!("hosted_page/texts.js");
const STYLE: &str = include_str!("hosted_page/page.css");
const DEFAULT_ACCENT: &str = "#1f5fd0";

/// Routes of the pages' script and style, which are not in the API description.
pub fn asset_routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |kind: &'static str, text: &'static str| {
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
        get(async move || (headers, text))
    };
    Router::new()
        .route("/pages/page.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/pages/texts.js", file("text/javascript; charset=utf-8", TEXTS))
        .route("/pages/page.css", file("text/css; charset=utf-8", STYLE))
}

/// Whether the request comes from a browser navigation.
pub fn is_for_a_person(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// Returns the page with the configuration of its script.
pub fn capture_page(theme: &PageTheme, data: &Value) -> Response {
    // An end tag within the text would end the block.
    let data = data.to_string().replace('<', "\\u003c");
    let scripts = format!(
        "<script type=\"module\" src=\"/sdk/biometry-scanner.js\"></script>\
         <script type=\"module\" src=\"/pages/page.js\"></script>\
         <script type=\"application/json\" id=\"page\">{data}</script>"
    );
    let body = "<main id=\"main\"><noscript>This page needs JavaScript.</noscript></main>";
    document(theme, StatusCode::OK, &scripts, body)
}

/// Returns an error as a page, with the text of an API.
pub fn refusal_page(error: Error, shape: ErrorShape) -> Response {
    let report = ErrorReport::from(&error);
    let body = (shape.body)(&report);
    let sentence = ["error", "message"].iter().find_map(|name| body[*name].as_str()).unwrap_or_default();
    let main = format!("<main><h1>{}</h1></main>", escaped(sentence));
    let mut page = document(&PageTheme::default(), (shape.status)(&report), "", &main);
    // Keeps Retry-After, if any.
    let response = error.into_response();
    for (name, value) in response.headers() {
        page.headers_mut().insert(name.clone(), value.clone());
    }
    page
}

fn document(theme: &PageTheme, status: StatusCode, scripts: &str, body: &str) -> Response {
    let accent = if theme.accent.is_empty() { DEFAULT_ACCENT } else { &theme.accent };
    let style = format!(":root{{--accent:{accent};--on-accent:{}}}", on_accent(accent));
    let language = if theme.language.is_empty() { "en" } else { &theme.language };
    let name = escaped(&theme.name);
    let title = if name.is_empty() { "Verification" } else { &name };
    let logo = match theme.logo.as_ref() {
        [] => String::new(),
        logo => format!("<img alt=\"\" src=\"data:{};base64,{}\">", theme.logo_type, STANDARD.encode(logo)),
    };
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <link rel=\"icon\" href=\"data:,\"><style>{style}</style><link rel=\"stylesheet\" href=\"/pages/page.css\">\
         {scripts}</head><body><header>{logo}<span>{name}</span></header>{body}</body></html>"
    );
    let mut page = (status, Html(html)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy(theme, &style)) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

/// Returns the policy: only this server's files, and the inline style with the theme's colours.
fn policy(theme: &PageTheme, style: &str) -> String {
    let ancestors = match theme.frame_ancestors.as_slice() {
        [] => "'none'".to_owned(),
        origins => origins.join(" "),
    };
    let style = STANDARD.encode(Sha256::digest(style));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{style}'; img-src 'self' data: blob:; \
         media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
}

/// Returns black or white, whichever has the higher contrast to this colour (WCAG 2).
fn on_accent(accent: &str) -> &'static str {
    let linear = |at: usize| {
        let byte = accent.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
        let value = f64::from(byte) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5);
    let (with_white, with_black) = (1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05);
    if with_white >= with_black { "#ffffff" } else { "#000000" }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_buttons_can_be_read() {
        assert_eq!(
            ["#000000", "#1f5fd0", "#ffee00", "#ffffff"].map(on_accent),
            ["#ffffff", "#ffffff", "#000000", "#000000"]
        );
    }

    #[test]
    fn the_policy_names_the_pages_that_may_frame_it() {
        let mut theme = PageTheme::default();
        assert!(policy(&theme, "").ends_with("frame-ancestors 'none'"));
        theme.frame_ancestors = vec!["https://a.example".into(), "https://b.example:8443".into()];
        assert!(policy(&theme, "").ends_with("frame-ancestors https://a.example https://b.example:8443"));
    }
}
