//! `GET /verif/`: the page on which a person records a selfie video and photographs a document.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use proto::journeys::{LinkHolder, LinkPurpose, OpenLinkRequest};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::errors::{ERRORS, USER};
use crate::{
    core::{
        caller::Caller,
        dialect::Dialect,
        error::Error,
        links::{LinkAsked, create_link, open_link},
        page_theme::get_page_theme,
        permissions::Permission,
        user_name::parse_user_name,
    },
    http::{
        auth::{admit, authenticate},
        hosted_page::{capture_page, is_for_a_person, refusal_page},
        state::Gateway,
    },
};

/// Lifetime of a page.
const LIFETIME_MS: i64 = 30 * 60 * 1000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageAsked {
    /// The API key. The page removes it from the address bar.
    #[serde(default)]
    api_key: Option<String>,
    /// The user; `user_id` is an alias.
    #[serde(default)]
    user_identifier: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    user_email: Option<String>,
    #[serde(default)]
    user_phone: Option<String>,
    /// Instead of a key and a user: the token of a page that was opened before, so that a browser can reload it.
    #[serde(default)]
    token: Option<String>,
}

/// Shows the page on which the user records a selfie video and photographs a document. It can be used once, within 30
/// minutes, and only for this user. Browsers receive errors as pages.
#[utoipa::path(get, path = "/verif/", tag = "identity verification", params(PageAsked),
    responses((status = 200, description = "the page", body = String, content_type = "text/html"),
        (status = 400, description = "`API key is required`, `User identifier is required`"),
        (status = 401, description = "`Invalid API key`, `This page was used or has expired`"),
        (status = 404, description = "the project has not switched this API on"),
        (status = 429, description = "the key's rate limit is exceeded"),
        (status = 503, description = "the server is busy")))]
pub async fn show_verification_page(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    query: Result<Query<PageAsked>, QueryRejection>,
) -> Response {
    match page(&gateway, &headers, query).await {
        Ok(page) => page,
        Err(error) if is_for_a_person(&headers) => refusal_page(error, ERRORS),
        Err(error) => error.into_response(),
    }
}

async fn page(
    gateway: &Gateway,
    headers: &HeaderMap,
    query: Result<Query<PageAsked>, QueryRejection>,
) -> Result<Response, Error> {
    let Query(asked) = query?;
    let (caller, token) = match &asked.token {
        Some(token) => {
            let opened = open_link(gateway.core(), page_link(token)).await?;
            (admit(gateway, headers, (opened.caller, Dialect::Idv), None).await?, token.clone())
        }
        None => begin(gateway, headers, asked).await?,
    };
    let theme = get_page_theme(gateway.core(), &caller).await?;
    let data = json!({
        "kind": "verification",
        "token": token,
        "submit": "/verif/submit",
        "address": format!("/verif/?token={token}"),
        "language": theme.language,
        "redirect_url": theme.redirect_url,
    });
    Ok(capture_page(&theme, &data))
}

/// Authenticates the caller and creates the token of a new page for the named user.
async fn begin(gateway: &Gateway, headers: &HeaderMap, asked: PageAsked) -> Result<(Caller, String), Error> {
    let key = asked.api_key.ok_or(Error::MissingToken)?;
    let caller = authenticate(gateway, headers, (&key, Dialect::Idv), None).await?;
    caller.require(Permission::Capture)?;
    let user = asked.user_identifier.or(asked.user_id).ok_or_else(|| Error::MissingFields(vec![USER]))?;
    let holder = LinkHolder {
        identifier: parse_user_name(&user)?,
        email: asked.user_email.unwrap_or_default(),
        phone: asked.user_phone.unwrap_or_default(),
        ..LinkHolder::default()
    };
    let link = LinkAsked {
        purpose: LinkPurpose::VerificationPage,
        holder,
        expires_at_ms: boot::now_ms() + LIFETIME_MS,
        mail_prefix: None,
        needs_code: false,
    };
    let token = create_link(gateway.core(), &caller, link).await?;
    Ok((caller, token))
}

/// Returns the request that opens a page's link; any browser with the token may open it.
pub fn page_link(token: &str) -> OpenLinkRequest {
    OpenLinkRequest {
        token: token.to_owned(),
        purpose: LinkPurpose::VerificationPage.into(),
        browser_secret: String::new(),
        binds: false,
    }
}
