//! Signing in and out, and one's own account.

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
use proto::accounts::{ChangePasswordRequest, RevokeSessionRequest, SignInRequest, SignOutRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Done, Place, SignedIn,
    access::{self, Permission},
    device, entered, role_name,
    session::Person,
    token, without_session,
};
use crate::{Gateway, consent::rfc3339, error::Error, json};

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

/// Who is signed in, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    user: MyUser,
    organisation: Named,
    projects: Vec<Named>,
    #[schema(example = json!(["transactions.read", "keys.write"]))]
    permissions: Vec<&'static str>,
    /// Send it as `X-CSRF-Token` with anything that changes something.
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
    /// The one that asks.
    current: bool,
    address: String,
    user_agent: String,
    created_at: String,
    last_seen_at: String,
    expires_at: String,
}

/// Signs in with address and password. Sets the session cookie; where there is a second factor, of a session that can
/// do nothing else yet.
#[utoipa::path(post, path = "/api-auth/sign-in", tag = "accounts", security(()), request_body = Credentials,
    responses((status = 200, body = SignedIn), (status = 400, description = "no JSON object with both"),
              (status = 401, description = "address or password is wrong"),
              (status = 503, description = "too many passwords are being checked"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 429, description = "too many attempts went wrong; Retry-After says when to try again")))]
pub async fn sign_in(
    State(gateway): State<Gateway>,
    Place(client): Place,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let Credentials { email, password } = json::object(body)?;
    let replaces = token(&headers).unwrap_or_default();
    let request = SignInRequest { email, password, client: Some(client), replaces, device: device(&headers) };
    entered(&gateway.accounts().sign_in(request).await?.into_inner())
}

/// Ends the session.
#[utoipa::path(post, path = "/api-auth/sign-out", tag = "accounts", security(()),
    responses((status = 200, body = Done), (status = 403, description = "sent by a page of another origin")))]
pub async fn sign_out(State(gateway): State<Gateway>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(token) = token(&headers) {
        gateway.accounts().sign_out(SignOutRequest { token }).await?;
    }
    Ok(without_session(Json(Done::new("signed out"))))
}

/// Who is signed in, what they may do, and the token their requests carry.
#[utoipa::path(get, path = "/api-auth/me", tag = "accounts", security(("dashboard" = [])),
    responses((status = 200, body = Me), (status = 401, description = "not signed in")))]
pub async fn me(State(gateway): State<Gateway>, person: Person) -> Result<Json<Me>, Error> {
    let projects =
        gateway.accounts().list_projects(person.who().unwrap_or_default()).await?.into_inner().projects;
    let (user, session) = (person.user(), person.session());
    Ok(Json(Me {
        organisation: Named { id: session.organisation_id.clone(), name: session.organisation_name.clone() },
        projects: projects.into_iter().map(|project| Named { id: project.id, name: project.name }).collect(),
        permissions: access::permissions(person.role()).into_iter().map(Permission::name).collect(),
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

/// Another password. Every session ends; the answer sets the cookie of a new one.
#[utoipa::path(post, path = "/api-auth/password", tag = "accounts", security(("dashboard" = [])), request_body = NewPassword,
    responses((status = 200, body = SignedIn), (status = 400, description = "`fields` says what is wrong with which password"),
              (status = 401, description = "not signed in"), (status = 429, description = "too many attempts went wrong")))]
pub async fn password(
    State(gateway): State<Gateway>,
    person: Person,
    Place(client): Place,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let NewPassword { current_password, new_password } = json::object(body)?;
    let request =
        ChangePasswordRequest { who: person.who(), current_password, new_password, client: Some(client) };
    entered(&gateway.accounts().change_password(request).await?.into_inner())
}

/// One's own sessions, the one used last first.
#[utoipa::path(get, path = "/api-auth/sessions", tag = "accounts", security(("dashboard" = [])),
    responses((status = 200, body = Sessions), (status = 401, description = "not signed in")))]
pub async fn sessions(State(gateway): State<Gateway>, person: Person) -> Result<Json<Sessions>, Error> {
    let open =
        gateway.accounts().list_sessions(person.who().unwrap_or_default()).await?.into_inner().sessions;
    let session = |session: proto::accounts::OpenSession| OpenSession {
        current: session.id == person.session().id,
        id: session.id,
        address: session.address,
        user_agent: session.user_agent,
        created_at: rfc3339(session.created_at_ms),
        last_seen_at: rfc3339(session.seen_at_ms),
        expires_at: rfc3339(session.expires_at_ms),
    };
    Ok(Json(Sessions { sessions: open.into_iter().map(session).collect() }))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api-auth/sessions/{id}", tag = "accounts", security(("dashboard" = [])),
    params(("id" = String, Path, description = "the session's id")),
    responses((status = 200, body = Done), (status = 401, description = "not signed in"),
              (status = 404, description = "unknown")))]
pub async fn end_session(
    State(gateway): State<Gateway>,
    person: Person,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Done>, Error> {
    let Path(session_id) = id?;
    gateway.accounts().revoke_session(RevokeSessionRequest { who: person.who(), session_id }).await?;
    Ok(Json(Done::new("session ended")))
}
