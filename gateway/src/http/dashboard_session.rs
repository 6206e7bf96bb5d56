//! Session cookies: the middleware of every route that resolves them to a caller.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use proto::accounts::{Role, Session, User, Who};

use crate::{
    core::{
        accounts,
        caller::Caller,
        error::Error,
        permissions::{self, Permission},
    },
    http::{
        auth::{mark_authenticated, set_authenticated},
        cookies,
        rate_limit::Meter,
        route::Access,
        state::Gateway,
    },
};

pub const PROJECT: HeaderName = HeaderName::from_static("x-project-id");
pub const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A signed-in dashboard user. A handler that takes one rejects API keys.
#[derive(Clone)]
pub struct DashboardUser(Arc<Session>);

impl DashboardUser {
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

impl<S: Sync> FromRequestParts<S> for DashboardUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or(Error::SignedOut)
    }
}

/// What a route requires.
#[derive(Clone)]
pub struct Guard {
    pub gateway: Gateway,
    pub access: Access,
}

impl FromRef<Guard> for Gateway {
    fn from_ref(guard: &Guard) -> Self {
        guard.gateway.clone()
    }
}

/// Middleware of a route for keys: rejects a caller without its permission. Inside the recording middleware, so that
/// rejected calls of a key are recorded.
pub async fn check_permission(
    State(guard): State<Guard>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let allowed = match guard.access {
        Access::Record(kind) => caller.require_record(kind).map(drop),
        access => access.key_permission().map_or(Ok(()), |permission| caller.require(permission)),
    };
    match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Middleware of a route: lets requests with an API key pass; a session becomes the caller it belongs to, or the request
/// is rejected.
pub async fn check_access(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    match admit(&guard, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn admit(guard: &Guard, request: &mut Request) -> Result<(), Error> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let gateway = &guard.gateway;
    let (permission, in_project) = match guard.access {
        Access::DashboardPage => return check_own_page(gateway, request),
        Access::Public | Access::ApiKey(_) | Access::Record(_) => return Ok(()),
        Access::SignedIn => (None, false),
        Access::Organisation(permission) => (Some(permission), false),
        Access::Project(permission) => (Some(permission), true),
    };
    // Without a session the handler's own extractor rejects the request.
    let Some(token) = cookies::session_token(request.headers()) else { return Ok(()) };
    check_own_page(gateway, request)?;
    let project_id = if in_project { requested_project(request)? } else { String::new() };
    let session = accounts::authorize_session(gateway.core(), token, project_id).await?;
    if session.half_open {
        return Err(Error::SecondFactorRequired);
    }
    if !request.method().is_safe() {
        check_csrf_token(&session, request.headers())?;
    }
    set_dashboard_user(gateway, request, session, permission, in_project).await
}

/// Makes the session's user the caller, with the permissions of their role, in the requested project.
async fn set_dashboard_user(
    gateway: &Gateway,
    request: &mut Request,
    mut session: Session,
    permission: Option<Permission>,
    in_project: bool,
) -> Result<(), Error> {
    let grant = session.project.take();
    let dashboard_user = DashboardUser(Arc::new(session));
    let role = dashboard_user.role();
    if permission.is_some_and(|permission| !permissions::is_allowed(role, permission)) {
        return Err(Error::RoleNotAllowed);
    }
    let user = dashboard_user.user();
    rpc::current().act_as(&format!("user:{}", user.id));
    mark_authenticated(request.extensions());
    if in_project {
        let grant = grant.ok_or(Error::ProjectNotFound)?;
        let caller = Caller::from_dashboard_user(user.clone(), grant, role);
        set_authenticated(request.extensions_mut(), caller);
    }
    gateway.rate_limits().charge(&user.id, None, request.extensions().get::<Meter>()).await?;
    request.extensions_mut().insert(dashboard_user);
    Ok(())
}

/// Rejects requests of other origins' pages. Browsers send the origin of a request, and no page can change it; other
/// clients have no cookie that a page could use.
fn check_own_page(gateway: &Gateway, request: &Request) -> Result<(), Error> {
    let headers = request.headers();
    for site in headers.get_all(FETCH_SITE) {
        let is_navigation = request.method().is_safe() && site == "none";
        if site != "same-origin" && !is_navigation {
            return Err(Error::CrossOrigin);
        }
    }
    let ours = |origin: &str| is_own_origin(gateway, origin, headers);
    let all_ours = headers.get_all(header::ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(ours));
    if all_ours { Ok(()) } else { Err(Error::CrossOrigin) }
}

/// Whether `origin` is this server's own.
pub fn is_own_origin(gateway: &Gateway, origin: &str, headers: &HeaderMap) -> bool {
    gateway.config().public_url.as_deref() == Some(origin) || is_host(origin, headers)
}

/// Whether `origin` names the host the request was sent to. Not the scheme: TLS may end before this server.
fn is_host(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((host, named), (Some(host), Some(named)) if host.eq_ignore_ascii_case(named))
}

/// Checks the token that only a page which read `GET /api-auth/me` has.
fn check_csrf_token(session: &Session, headers: &HeaderMap) -> Result<(), Error> {
    let given = headers.get(CSRF).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let expected = session.csrf_token.as_bytes();
    if expected.is_empty() || verify_slices_are_equal(given, expected).is_err() {
        return Err(Error::InvalidCsrfToken);
    }
    Ok(())
}

/// Returns the project of a request: its header, or `project_id` in the query for requests that a page can make only
/// by URL (an event stream, a download).
fn requested_project(request: &Request) -> Result<String, Error> {
    if let Some(header) = request.headers().get(PROJECT) {
        return header.to_str().map(str::to_owned).map_err(|_| Error::ProjectNotFound);
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
