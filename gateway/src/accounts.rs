//! The people of the dashboard: `/api-auth`, and what their session may do on every other route.
//!
//! A browser has a session cookie instead of an API key. [`session`] turns it into the key-like identity the handlers
//! know, bound to the project of `X-Project-ID`, if the role may use the route ([`access`]) and the request is the
//! dashboard's own (same origin, and for anything that changes something a token bound to the session).

pub mod access;
pub mod audit;
pub mod deletion;
pub mod invitations;
pub mod projects;
pub mod second_factor;
pub mod session;
pub mod sign_in;
pub mod users;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use proto::accounts::{Client, Role, SignInResponse, sign_in_response::Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Gateway, error::Error};

/// The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`: no other host can set it.
pub const COOKIE: &str = "__Host-biometry-session";
/// A longer one is no token of ours.
const MAX_TOKEN: usize = 64;
/// Tells the server that somebody signed in with this browser before; it opens nothing.
const DEVICE_COOKIE: &str = "__Host-biometry-device";
const MAX_DEVICE: usize = 200;
const DEVICE_DAYS: i64 = 180;

/// What came of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// `signed_in`, or `second_factor`: go on with `POST /api-auth/second-factor`.
    #[schema(example = "signed_in")]
    status: &'static str,
}

/// Something was done, and there is nothing more to say.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    #[schema(example = "done")]
    message: &'static str,
}

impl Done {
    const fn new(message: &'static str) -> Self {
        Self { message }
    }
}

/// The session token of a request.
pub fn token(headers: &http::HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(COOKIE)
        .map(|cookie| cookie.value().to_owned())
        .filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN)
}

fn set_cookie(token: &str) -> Cookie<'static> {
    Cookie::build((COOKIE, token.to_owned()))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .build()
}

/// An answer that gives the browser this session.
fn with_session(token: &str, answer: impl IntoResponse) -> Response {
    let cookie = set_cookie(token).to_string();
    (AppendHeaders([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())]), answer)
        .into_response()
}

/// What a browser somebody signed in with before says of itself.
fn device(headers: &http::HeaderMap) -> String {
    let jar = CookieJar::from_headers(headers);
    let device = jar.get(DEVICE_COOKIE).map(|cookie| cookie.value().to_owned());
    device.filter(|device| device.len() <= MAX_DEVICE).unwrap_or_default()
}

/// The same answer, after which the browser is known to the account it signed in to.
fn remembering(device: &str, mut response: Response) -> Response {
    if device.is_empty() {
        return response;
    }
    let cookie = Cookie::build((DEVICE_COOKIE, device.to_owned()))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(time::Duration::days(DEVICE_DAYS))
        .build();
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// An answer after which the browser has no session.
fn without_session(answer: impl IntoResponse) -> Response {
    let mut cookie = set_cookie("");
    cookie.make_removal();
    let mut response = answer.into_response();
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The one answer to a password, a code or a link.
fn entered(made: &SignInResponse) -> Result<Response, Error> {
    match made.outcome() {
        Outcome::SignedIn => {
            let answer = with_session(&made.token, axum::Json(SignedIn { status: "signed_in" }));
            Ok(remembering(&made.device, answer))
        }
        Outcome::SecondFactor => {
            Ok(with_session(&made.token, axum::Json(SignedIn { status: "second_factor" })))
        }
        Outcome::Wrong => Err(Error::WrongCredentials),
        Outcome::Wait => Err(Error::Wait(made.retry_after_seconds)),
        Outcome::Unspecified => Err(Error::internal(&"a sign-in without an outcome")),
    }
}

/// Where a browser is, for the list of sessions and to count what goes wrong.
pub struct Place(Client);

impl FromRequestParts<Gateway> for Place {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Self::Rejection> {
        let address = gateway.geo().address(&parts.extensions, &parts.headers);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(Client {
            address: address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: user_agent.unwrap_or_default().to_owned(),
        }))
    }
}

/// A role as JSON has it.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Developer => "developer",
        Role::FraudAnalyst => "fraud_analyst",
        Role::Viewer | Role::Unspecified => "viewer",
    }
}

/// A role of a request.
fn role_named(name: &str) -> Result<Role, Error> {
    let role = access::ROLES.into_iter().find(|role| role_name(*role) == name);
    role.ok_or_else(|| Error::field("role", "role is owner, admin, developer, fraud_analyst or viewer"))
}
