//! From a cookie to somebody who may call: the middleware of every route.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use proto::accounts::{AuthorizeSessionRequest, Role, Session, User, Who};
use tonic::Code;

use super::access::{self, Access, Permission};
use crate::{
    Gateway,
    auth::{self, ApiKey},
    error::Error,
    rate_limit::Meter,
};

pub const PROJECT: HeaderName = HeaderName::from_static("x-project-id");
pub const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Somebody who is signed in. A handler that takes one is closed to API keys.
#[derive(Clone)]
pub struct Person(Arc<Session>);

impl Person {
    pub fn who(&self) -> Option<Who> {
        Some(Who { user_id: self.user().id, session_id: self.0.id.clone() })
    }

    pub fn user(&self) -> User {
        self.0.user.clone().unwrap_or_default()
    }

    pub fn session(&self) -> &Session {
        &self.0
    }

    pub fn role(&self) -> Role {
        self.0.user.as_ref().map_or(Role::Unspecified, User::role)
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or(Error::SignedOut)
    }
}

/// Middleware: with an API key nothing changes; a session becomes whoever it belongs to, or the request ends here.
pub async fn dashboard(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    match admit(&gateway, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn admit(gateway: &Gateway, request: &mut Request) -> Result<(), Error> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else { return Ok(()) };
    let access = access::of(request.method(), route.as_str());
    let token = super::token(request.headers());
    let (permission, in_project) = match (access, &token) {
        (Some(Access::Open), _) if route.as_str().starts_with("/api-auth/") => {
            return own_page(gateway, request);
        }
        (None | Some(Access::Open | Access::Key), _) | (_, None) => return Ok(()),
        (Some(Access::SignedIn), _) => (None, false),
        (Some(Access::Organisation(permission)), _) => (Some(permission), false),
        (Some(Access::Project(permission)), _) => (Some(permission), true),
    };
    own_page(gateway, request)?;
    let project_id = if in_project { project(request)? } else { String::new() };
    let asked = AuthorizeSessionRequest { token: token.unwrap_or_default(), project_id };
    let session = gateway.accounts().authorize(asked).await.map_err(|status| match status.code() {
        Code::NotFound => Error::SignedOut,
        _ => Error::from(status),
    })?;
    let session = session.into_inner();
    if session.half_open {
        return Err(Error::SecondFactor);
    }
    if !request.method().is_safe() {
        bound(&session, request.headers())?;
    }
    enter(gateway, request, session, permission, in_project).await
}

/// Lets somebody in whose session is known: what their role may do, and in which project.
async fn enter(
    gateway: &Gateway,
    request: &mut Request,
    mut session: Session,
    permission: Option<Permission>,
    in_project: bool,
) -> Result<(), Error> {
    let grant = session.project.take();
    let person = Person(Arc::new(session));
    if permission.is_some_and(|permission| !access::may(person.role(), permission)) {
        return Err(Error::RoleMayNot);
    }
    let user = person.user();
    rpc::current().act_as(&format!("user:{}", user.id));
    if in_project {
        let grant = grant.ok_or(Error::NoSuchProject)?;
        let key = ApiKey::of_person(user.id.clone(), grant, access::may(person.role(), Permission::KeysMint));
        auth::know(request.extensions_mut(), key);
    }
    gateway.rate_limits().charge(&user.id, None, request.extensions().get::<Meter>()).await?;
    request.extensions_mut().insert(person);
    Ok(())
}

/// Whether the request comes from the dashboard itself. Browsers say where a request comes from, and no page can make
/// them say otherwise; what is no browser has no cookie that somebody else could use.
fn own_page(gateway: &Gateway, request: &Request) -> Result<(), Error> {
    let headers = request.headers();
    for site in headers.get_all(FETCH_SITE) {
        let typed_in = request.method().is_safe() && site == "none";
        if site != "same-origin" && !typed_in {
            return Err(Error::ForeignPage);
        }
    }
    let public = gateway.config().public_url.as_deref();
    let ours = |origin: &str| public == Some(origin) || is_host(origin, headers);
    let all_ours = headers.get_all(header::ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(ours));
    if all_ours { Ok(()) } else { Err(Error::ForeignPage) }
}

/// Whether `origin` names the host the request was sent to. Not the scheme: TLS may end before this server.
fn is_host(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((host, named), (Some(host), Some(named)) if host.eq_ignore_ascii_case(named))
}

/// The token only a page that read `GET /api-auth/me` has.
fn bound(session: &Session, headers: &HeaderMap) -> Result<(), Error> {
    let given = headers.get(CSRF).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let expected = session.csrf_token.as_bytes();
    if expected.is_empty() || verify_slices_are_equal(given, expected).is_err() {
        return Err(Error::NoCsrfToken);
    }
    Ok(())
}

/// The project a request is about: its header, or for what a page can only name by URL (an event stream, a download),
/// `project_id` in the query.
fn project(request: &Request) -> Result<String, Error> {
    if let Some(header) = request.headers().get(PROJECT) {
        return header.to_str().map(str::to_owned).map_err(|_| Error::NoSuchProject);
    }
    let query = request.uri().query().filter(|_| request.method() == Method::GET).unwrap_or_default();
    let named = query.split('&').find_map(|pair| pair.strip_prefix("project_id="));
    named.map(str::to_owned).ok_or(Error::invalid("X-Project-ID header is required"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(host: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::HOST, host.parse().unwrap())])
    }

    #[test]
    fn an_origin_is_ours_when_it_names_our_host() {
        assert!(is_host("http://127.0.0.1:8080", &host("127.0.0.1:8080")));
        assert!(is_host("https://id.example.org", &host("ID.example.org")));
        for foreign in [
            "null",
            "",
            "https://evil.example",
            "https://id.example.org.evil.example",
            "https://id.example.org:8443",
            "ftp://id.example.org",
        ] {
            assert!(!is_host(foreign, &host("id.example.org")), "{foreign}");
        }
        assert!(!is_host("https://id.example.org", &HeaderMap::new()));
    }
}
