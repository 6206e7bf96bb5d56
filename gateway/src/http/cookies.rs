//! The dashboard's cookies: the session, and the browser a user signed in with before.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`: no other host can set it.
pub const SESSION_COOKIE: &str = "__Host-biometry-session";
/// Longest session token that is looked at.
const MAX_TOKEN_BYTES: usize = 64;
/// Marks a browser a user signed in with before; it authenticates nobody.
const DEVICE_COOKIE: &str = "__Host-biometry-device";
const MAX_DEVICE_BYTES: usize = 200;
const DEVICE_COOKIE_DAYS: i64 = 180;

/// The session token of a request.
pub fn session_token(headers: &HeaderMap) -> Option<String> {
    cookie_value(headers, SESSION_COOKIE).filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN_BYTES)
}

/// The device token of a request; empty when there is none.
pub fn device_token(headers: &HeaderMap) -> String {
    cookie_value(headers, DEVICE_COOKIE).filter(|device| device.len() <= MAX_DEVICE_BYTES).unwrap_or_default()
}

fn cookie_value(headers: &HeaderMap, name: &str) -> Option<String> {
    CookieJar::from_headers(headers).get(name).map(|cookie| cookie.value().to_owned())
}

fn host_cookie(name: &'static str, value: &str) -> Cookie<'static> {
    let cookie = Cookie::build((name, value.to_owned())).path("/").secure(true).http_only(true);
    cookie.same_site(SameSite::Strict).build()
}

/// A response that gives the browser this session.
pub fn with_session(token: &str, response: impl IntoResponse) -> Response {
    let cookie = host_cookie(SESSION_COOKIE, token).to_string();
    let headers =
        AppendHeaders([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())]);
    (headers, response).into_response()
}

/// A response that ends the browser's session.
pub fn without_session(response: impl IntoResponse) -> Response {
    let mut cookie = host_cookie(SESSION_COOKIE, "");
    cookie.make_removal();
    append_cookie(&cookie, response.into_response())
}

/// The same response, with the browser's device token; an empty token sets none.
pub fn with_device(device: &str, response: Response) -> Response {
    if device.is_empty() {
        return response;
    }
    let max_age = time::Duration::days(DEVICE_COOKIE_DAYS);
    let mut cookie = host_cookie(DEVICE_COOKIE, device);
    cookie.set_max_age(max_age);
    append_cookie(&cookie, response)
}

fn append_cookie(cookie: &Cookie<'_>, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
