//! `/liveness/{token}`: the page of a validation's link. The link is bound to the browser in which the person
//! continues, not to the one that opens it first, because mail scanners open links too.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    app_registrations::missing,
    biometric_validations::{STATUSES, TYPES},
    errors::ERRORS_OF_VALIDATIONS as ERRORS,
    flows::word,
    images::{LargeBody, picture},
    validate::report_judged,
};
use crate::{
    core::{
        consent,
        credits::reserve_credits,
        dialect::Dialect,
        error::{Error, Refusal},
        journeys,
        links::{OpenedLink, TakenLink, check_link_code, open_link, send_link_code},
        page_theme::get_page_theme,
        register_face::{ValidationRefused, judge_validation},
    },
    http::{
        auth::admit,
        hosted_page::{capture_page, is_for_a_person, refusal_page},
        json,
        recording::{Call, LateCall},
        state::Gateway,
    },
};

pub const LIVENESS_PAGE: &str = "/liveness";
const KIND: &str = "verifik.biometric_validation_page";
const COOKIE: &str = "biometry-link";

/// The consent given on the page.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PageBegun {
    /// Whether the person consents to the processing of their face.
    #[serde(default)]
    consent: bool,
}

/// Absent: mails a code; present: compares it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PageCode {
    #[serde(default)]
    #[schema(example = "123456", nullable = false)]
    code: Option<String>,
}

/// The recorded picture.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PageFace {
    /// A data URI: jpg, png or webp, at most 10 MB.
    #[serde(default)]
    #[schema(nullable = false)]
    image: Option<String>,
    #[serde(default)]
    consent: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PageAnswer {
    success: bool,
    data: PageStatus,
    /// The URL to which the page redirects.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    redirect: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PageStatus {
    #[schema(example = "completed")]
    status: &'static str,
}

impl PageAnswer {
    fn of(validation: &wire::Validation, redirect: Option<String>) -> Self {
        let data = PageStatus { status: word(&STATUSES, &validation.status()) };
        Self { success: true, data, redirect }
    }
}

/// Shows the page. It can be used once, until the validation expires. Browsers receive errors as pages.
#[utoipa::path(get, path = "/liveness/{token}", tag = "verifik",
    params(("token" = String, Path, description = "of the link")),
    responses((status = 200, description = "the page", body = String, content_type = "text/html"),
        (status = 403, description = "the link belongs to another browser"), (status = 404, description = "link_not_found"),
        (status = 410, description = "link_is_used, link_has_expired")))]
pub async fn show_liveness_page(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    match show(&gateway, &headers, token).await {
        Ok(page) => page,
        Err(error) if is_for_a_person(&headers) => refusal_page(in_words(error), ERRORS),
        Err(error) => error.into_response(),
    }
}

async fn show(
    gateway: &Gateway,
    headers: &HeaderMap,
    token: Result<Path<String>, PathRejection>,
) -> Result<Response, Error> {
    let Path(token) = token?;
    let opened = open(gateway, headers, &token, Binding::Unneeded).await?;
    let theme = get_page_theme(gateway.core(), &opened.caller).await?;
    let holder = opened.link.holder.unwrap_or_default();
    let page = format!("{LIVENESS_PAGE}/{token}");
    let data = json!({
        "kind": "liveness",
        "begin": format!("{page}/begin"),
        "code": opened.link.needs_code.then(|| format!("{page}/code")),
        "submit": page,
        "language": if theme.language.is_empty() { &holder.language } else { &theme.language },
        "redirect_url": theme.redirect_url,
    });
    Ok(capture_page(&theme, &data))
}

/// Records the person's consent, and binds the link to this browser.
#[utoipa::path(post, path = "/liveness/{token}/begin", tag = "verifik", request_body = PageBegun,
    params(("token" = String, Path, description = "of the link")),
    responses((status = 200, body = PageAnswer), (status = 403, description = "link_of_another_browser, consent_required"),
        (status = 404, description = "link_not_found"), (status = 410, description = "link_is_used, link_has_expired")))]
pub async fn begin_liveness_page(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let Path(token) = token?;
    if !json::parse_object::<PageBegun>(body)?.consent {
        return Err(Error::ConsentRequired);
    }
    let opened = open(&gateway, &headers, &token, Binding::Now).await?;
    let holder = opened.link.holder.unwrap_or_default();
    let validation = journeys::begin_validation(gateway.core(), &opened.caller, &holder.record_id).await?;
    let mut response = Json(PageAnswer::of(&validation, None)).into_response();
    if let Some(secret) = opened.browser_secret {
        let path = format!("{LIVENESS_PAGE}/{token}");
        let cookie = Cookie::build((COOKIE, secret)).path(path).http_only(true).same_site(SameSite::Lax);
        let is_https = gateway.config().public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        let cookie = cookie.secure(is_https).build().to_string();
        let value = HeaderValue::try_from(cookie).map_err(|error| Error::internal(&error))?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Mails a code of six digits, or compares one.
#[utoipa::path(post, path = "/liveness/{token}/code", tag = "verifik", request_body = PageCode,
    params(("token" = String, Path, description = "of the link")),
    responses((status = 200, body = PageAnswer), (status = 403, description = "otp_does_not_match, link_of_another_browser"),
        (status = 404, description = "link_not_found"), (status = 409, description = "attempts_exceeded"),
        (status = 410, description = "link_is_used, link_has_expired"), (status = 412, description = "emailValidation_has_expired")))]
pub async fn send_liveness_page_code(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PageAnswer>, Error> {
    let Path(token) = token?;
    let asked: PageCode = json::parse_object(body)?;
    let opened = open(&gateway, &headers, &token, Binding::Before).await?;
    match asked.code {
        None => send_link_code(gateway.core(), &opened.link).await?,
        Some(code) => check_link_code(gateway.core(), &opened.link, code).await?,
    }
    let holder = opened.link.holder.unwrap_or_default();
    let validation = journeys::get_validation(gateway.core(), &opened.caller, &holder.record_id).await?;
    Ok(Json(PageAnswer::of(&validation, None)))
}

/// Judges the face and ends the validation. A picture that cannot be judged does not use the link up.
#[utoipa::path(post, path = "/liveness/{token}", tag = "verifik", request_body = PageFace,
    params(("token" = String, Path, description = "of the link")),
    responses((status = 200, body = PageAnswer), (status = 400, description = "INVALID_BIOMETRIC_DATA"),
        (status = 402, description = "insufficient_credits: the project has paid ahead too little"),
        (status = 403, description = "link_of_another_browser, otp_does_not_match, consent_required"),
        (status = 404, description = "link_not_found"), (status = 410, description = "link_is_used, link_has_expired"),
        (status = 412, description = "only_images_in_base64"), (status = 413, description = "image_too_large")))]
pub async fn submit_liveness_page(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
    body: LargeBody,
) -> Result<Response, Error> {
    let Path(token) = token?;
    let opened = open(&gateway, &headers, &token, Binding::Before).await?;
    let (sent, _place) = body.receive::<PageFace>(&gateway, &opened.link.project_id).await?;
    let mut late = LateCall::of(&gateway, &headers, opened.caller, (KIND, ERRORS)).await?;
    let result = match reserve_credits(gateway.core(), &late.call.caller, &late.call.record).await {
        Err(error) => Err(error),
        Ok(reservation) => {
            let result = judge(&gateway, &mut late.call, &opened.link, sent).await;
            let is_our_fault = matches!(
                result,
                Err(Error::Internal | Error::Busy | Error::Unavailable | Error::ConnectionLost)
            );
            reservation.settle(late.call.record.have_models_run() && !is_our_fault).await;
            result
        }
    };
    Ok(late.finish(&gateway, result.map(Json)).await)
}

async fn judge(
    gateway: &Gateway,
    call: &mut Call,
    link: &wire::Link,
    sent: PageFace,
) -> Result<PageAnswer, Error> {
    missing(&[("image", sent.image.is_some())])?;
    if !sent.consent {
        return Err(Error::ConsentRequired);
    }
    let picture = picture(sent.image.unwrap_or_default()).await?;
    let (core, holder) = (gateway.core(), link.holder.clone().unwrap_or_default());
    let taken = TakenLink::take(core, link).await?;
    consent::record_consent_of_page(core, &call.caller, &call.record, &holder.identifier).await?;
    let named = (holder.record_id.as_str(), &picture);
    let judged = judge_validation(core, &call.caller, &mut call.record, named).await?;
    report_judged(gateway, call, &holder.record_id, &judged).await;
    if let Err(ValidationRefused::Unusable) = judged {
        let word = "INVALID_BIOMETRIC_DATA";
        return Err(Error::worded(Refusal::Invalid, word, word));
    }
    taken.spend();
    let validation = journeys::get_validation(core, &call.caller, &holder.record_id).await?;
    let token = journeys::validation_token(core, &call.caller, &validation.id).await?;
    let redirect = redirect(&validation, &token);
    Ok(PageAnswer::of(&validation, redirect))
}

/// Returns the customer's URL, with the type of the validation and its token.
fn redirect(validation: &wire::Validation, token: &str) -> Option<String> {
    let asked = validation.asked.as_ref()?;
    if asked.redirect_url.is_empty() {
        return None;
    }
    let (url, fragment) = match asked.redirect_url.split_once('#') {
        Some((url, fragment)) => (url, format!("#{fragment}")),
        None => (asked.redirect_url.as_str(), String::new()),
    };
    let mark = if url.contains('?') { '&' } else { '?' };
    let kind = word(&TYPES, &asked.r#type());
    // Types and tokens contain no characters that need escaping.
    Some(format!("{url}{mark}type={kind}&token={token}{fragment}"))
}

/// How the link must be bound to the calling browser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    /// Not bound, or bound to this browser.
    Unneeded,
    /// Bound to this browser by this call, unless it is bound already.
    Now,
    /// Bound to this browser before.
    Before,
}

async fn open(
    gateway: &Gateway,
    headers: &HeaderMap,
    token: &str,
    binding: Binding,
) -> Result<OpenedLink, Error> {
    let jar = CookieJar::from_headers(headers);
    let request = wire::OpenLinkRequest {
        token: token.to_owned(),
        purpose: wire::LinkPurpose::LivenessPage.into(),
        browser_secret: jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default(),
        binds: binding == Binding::Now,
    };
    let opened = open_link(gateway.core(), request).await?;
    if binding == Binding::Before && !opened.link.is_bound {
        let word = "link_of_another_browser";
        return Err(Error::worded(Refusal::Forbidden, word, word));
    }
    let caller = admit(gateway, headers, (opened.caller, Dialect::Verifik), None).await?;
    Ok(OpenedLink { caller, ..opened })
}

/// Renders an error for a person who followed a link.
fn in_words(error: Error) -> Error {
    let Error::Worded { refusal, word, message } = error else { return error };
    let message = match word.as_ref() {
        "link_is_used" => "This link was used",
        "link_has_expired" => "This link has expired",
        "link_of_another_browser" => "This link was opened in another browser",
        "link_not_found" => "There is no such link",
        _ => return Error::Worded { refusal, word, message },
    };
    Error::worded(refusal, word, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_customers_page_receives_type_and_token() {
        let of = |url: &str| {
            let asked = wire::ValidationAsked {
                redirect_url: url.into(),
                r#type: wire::ValidationType::Login.into(),
                ..wire::ValidationAsked::default()
            };
            redirect(&wire::Validation { asked: Some(asked), ..wire::Validation::default() }, "t")
        };
        assert_eq!(of(""), None);
        assert_eq!(of("https://a.example/x").unwrap(), "https://a.example/x?type=login&token=t");
        assert_eq!(of("https://a.example/?b=1#c").unwrap(), "https://a.example/?b=1&type=login&token=t#c");
    }
}
