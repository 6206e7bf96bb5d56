//! Reference pages for developers, generated from the server's own tables: `/docs/errors` and `/docs/reasons`.

use std::fmt::Write as _;

use axum::{
    Router,
    extract::{Query, rejection::QueryRejection},
    response::Html,
    routing::get,
};
use scoring::catalogue::{self, GROUPS, Language, Reason};
use serde::Deserialize;

use crate::{
    core::error_code::{ERROR_CODES, ErrorCode},
    http::{error_body::ERRORS_PAGE, state::Gateway},
};

pub fn page_routes() -> Router<Gateway> {
    Router::new().route(ERRORS_PAGE, get(errors_page)).route("/docs/reasons", get(reasons_page))
}

/// A style that is readable on a phone, in light and dark mode.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
                     code{font-size:.9em}section{border-top:1px solid #8888;padding:.5rem 0}h2{font-size:1.1rem;margin:.5rem 0}\
                     h3{font-size:1rem;margin:.5rem 0}p{margin:.25rem 0}";

fn page(language: Language, title: &str, body: &str) -> Html<String> {
    let language = language.as_str();
    Html(format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    ))
}

/// Returns a page with the meaning of each error `code`.
async fn errors_page() -> Html<String> {
    let mut body = String::from(
        "<p>Branch on <code>code</code>; <code>param</code> names the input, <code>request_id</code> is what to report.</p>",
    );
    for ErrorCode { code, meaning, hint } in ERROR_CODES {
        let (meaning, hint) = (escaped(meaning), escaped(hint));
        let _ = write!(
            body,
            "<section id=\"{code}\"><h2><code>{code}</code></h2><p>{meaning}</p><p>To do: {hint}.</p></section>"
        );
    }
    page(Language::En, "Errors", &body)
}

#[derive(Deserialize)]
struct Spoken {
    #[serde(default)]
    lang: String,
}

/// Returns a page with the meaning of each decision reason.
async fn reasons_page(query: Result<Query<Spoken>, QueryRejection>) -> Html<String> {
    let asked = query.map(|Query(Spoken { lang })| lang).unwrap_or_default();
    let language = Language::from_tag(&asked).unwrap_or_default();
    let mut body = String::new();
    for group in GROUPS {
        let _ = write!(body, "<h2>{group}</h2>");
        for Reason { code, severity, title, explanation, remedy, .. } in
            catalogue::reasons(language).iter().filter(|reason| reason.group == group)
        {
            let (title, explanation) = (escaped(title), escaped(explanation));
            let remedy =
                remedy.as_deref().map(|remedy| format!("<p>{}.</p>", escaped(remedy))).unwrap_or_default();
            let severity = severity.as_str();
            let _ = write!(
                body,
                "<section id=\"{code}\"><h3>{title}</h3><p><code>{code}</code> ({severity})</p><p>{explanation}</p>{remedy}</section>"
            );
        }
    }
    page(language, "Reasons", &body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_code_has_its_place_on_the_page() {
        let Html(errors) = errors_page().await;
        for ErrorCode { code, .. } in ERROR_CODES {
            assert!(errors.contains(&format!("id=\"{code}\"")), "{code}");
        }
        assert!(errors.contains("Authorization: Bearer &lt;API key&gt;"));
        let Html(reasons) = reasons_page(Ok(Query(Spoken { lang: "de".into() }))).await;
        assert!(reasons.contains("lang=\"de\"") && reasons.contains("Dokument ist abgelaufen"));
    }
}
