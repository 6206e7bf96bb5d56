//! Sign-in, sign-out and the user's own account.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::HeaderMap,
    response::Response,
};
use boot::timestamp::rfc3339;
use proto::accounts::{ChangePasswordRequest, RevokeSessionRequest, SignInRequest, SignOutRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::accounts,
    core::{
        error::Error,
        permissions,
        permissions::{Permission, Scope, grantable_scopes, role_name},
    },
    dialects::dashboard::{ClientInfo, SignedIn, sign_in_response},
    http::{
        cookies::{device_token, session_token, without_session},
        dashboard_session::DashboardUser,
        envelope::Message,
        json,
        state::Gateway,
    },
};

#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    #[schema(example = "ada@example.org")]
    email: String,
    #[schema(format = Password)]
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    #[schema(format = Password)]
    current_password: String,
    /// 12 to 256 characters.
    #[schema(format = Password)]
    new_password: String,
}

/// The signed-in user and their permissions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    user: MyUser,
    organisation: Named,
    projects: Vec<Named>,
    #[schema(example = json!(["transactions.read", "keys.write"]))]
    permissions: Vec<&'static str>,
    /// The scopes that this role may grant to an API key.
    #[schema(example = json!(["capture", "consent.write"]))]
    grantable_scopes: Vec<&'static str>,
    /// Must be sent as `X-CSRF-Token` with every request that changes something.
    csrf_token: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MyUser {
    id: String,
    email: String,
    name: String,
    /// `owner`, `admin`, `developer`, `fraud_analyst` or `viewer`.
    role: &'static str,
    totp_enabled: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    sessions: Vec<OpenSession>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OpenSession {
    id: String,
    /// Whether it is the session of this request.
    current: bool,
    address: String,
    user_agent: String,
    created_at: String,
    last_seen_at: String,
    expires_at: String,
}

/// Signs in with e-mail address and password, and sets the session cookie. With a second factor, the session is limited
/// until the factor is confirmed.
#[utoipa::path(post, path = "/api-auth/sign-in", tag = "accounts", request_body = Credentials,
    responses((status = 200, body = SignedIn), (status = 400, description = "no JSON object with both"),
              (status = 401, description = "address or password is wrong"),
              (status = 503, description = "too many sign-ins at once"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn sign_in(
    State(gateway): State<Gateway>,
    ClientInfo(client): ClientInfo,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let Credentials { email, password } = json::parse_object(body)?;
    let replaces = session_token(&headers).unwrap_or_default();
    let request =
        SignInRequest { email, password, client: Some(client), replaces, device: device_token(&headers) };
    sign_in_response(&accounts::sign_in(gateway.core(), request).await?)
}

/// Ends the session.
#[utoipa::path(post, path = "/api-auth/sign-out", tag = "accounts",
    responses((status = 200, body = Message), (status = 403, description = "sent by a page of another origin")))]
pub async fn sign_out(State(gateway): State<Gateway>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(token) = session_token(&headers) {
        accounts::sign_out(gateway.core(), SignOutRequest { token }).await?;
    }
    Ok(without_session(Json(Message::new("signed out"))))
}

/// Returns the signed-in user, their permissions, and the CSRF token of their requests.
#[utoipa::path(get, path = "/api-auth/me", tag = "accounts",
    responses((status = 200, body = Me), (status = 401, description = "not signed in")))]
pub async fn get_me(State(gateway): State<Gateway>, user: DashboardUser) -> Result<Json<Me>, Error> {
    let projects = accounts::list_projects(gateway.core(), user.who().unwrap_or_default()).await?.projects;
    let (user, session) = (user.user(), user.session());
    Ok(Json(Me {
        organisation: Named { id: session.organisation_id.clone(), name: session.organisation_name.clone() },
        projects: projects.into_iter().map(|project| Named { id: project.id, name: project.name }).collect(),
        permissions: permissions::permissions(user.role()).into_iter().map(Permission::name).collect(),
        grantable_scopes: grantable_scopes(user.role()).into_iter().map(Scope::name).collect(),
        csrf_token: session.csrf_token.clone(),
        user: MyUser {
            role: role_name(user.role()),
            id: user.id,
            email: user.email,
            name: user.name,
            totp_enabled: user.totp_enabled,
        },
    }))
}

/// Changes the password. All sessions end; the response sets the cookie of a new one.
#[utoipa::path(post, path = "/api-auth/password", tag = "accounts", request_body = NewPassword,
    responses((status = 200, body = SignedIn), (status = 400, description = "`fields` says what is wrong with which password"),
              (status = 401, description = "not signed in"), (status = 429, description = "too many failed attempts")))]
pub async fn change_password(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    ClientInfo(client): ClientInfo,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let NewPassword { current_password, new_password } = json::parse_object(body)?;
    let request =
        ChangePasswordRequest { who: user.who(), current_password, new_password, client: Some(client) };
    sign_in_response(&accounts::change_password(gateway.core(), request).await?)
}

/// Lists the user's sessions, most recently used first.
#[utoipa::path(get, path = "/api-auth/sessions", tag = "accounts",
    responses((status = 200, body = Sessions), (status = 401, description = "not signed in")))]
pub async fn list_sessions(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<Sessions>, Error> {
    let open = accounts::list_sessions(gateway.core(), user.who().unwrap_or_default()).await?.sessions;
    let session = |session: proto::accounts::OpenSession| OpenSession {
        current: session.id == user.session().id,
        id: session.id,
        address: session.address,
        user_agent: session.user_agent,
        created_at: rfc3339(session.created_at_ms),
        last_seen_at: rfc3339(session.seen_at_ms),
        expires_at: rfc3339(session.expires_at_ms),
    };
    Ok(Json(Sessions { sessions: open.into_iter().map(session).collect() }))
}

/// Ends one of the user's sessions.
#[utoipa::path(delete, path = "/api-auth/sessions/{id}", tag = "accounts",
    params(("id" = String, Path, description = "the session's id")),
    responses((status = 200, body = Message), (status = 401, description = "not signed in"),
              (status = 404, description = "unknown")))]
pub async fn revoke_session(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Message>, Error> {
    let Path(session_id) = id?;
    accounts::revoke_session(gateway.core(), RevokeSessionRequest { who: user.who(), session_id }).await?;
    Ok(Json(Message::new("session ended")))
}
