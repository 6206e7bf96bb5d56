//! Invitations: one-time links to create an account.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, header},
    response::Response,
};
use boot::timestamp::rfc3339;
use proto::accounts::{AcceptInvitationRequest, InviteRequest, NamedRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::accounts,
    core::{error::Error, permissions::role_name},
    dialects::dashboard::{ClientInfo, SignedIn, parse_role, sign_in_response},
    http::{
        cookies::session_token, dashboard_session::DashboardUser, envelope::Message, json, state::Gateway,
    },
};

#[derive(Deserialize, ToSchema)]
pub struct NewInvitation {
    #[schema(example = "grace@example.org")]
    email: String,
    /// `owner`, `admin`, `developer`, `fraud_analyst` or `viewer`; at most the caller's own role.
    #[schema(example = "developer")]
    role: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Invited {
    id: String,
    email: String,
    role: &'static str,
    expires_at: String,
    /// The link at which the invited user chooses a password. Returned only once.
    #[schema(example = "https://id.example.org/dashboard/accept#8s...")]
    accept_url: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    id: String,
    email: String,
    role: &'static str,
    created_at: String,
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Invitations {
    invitations: Vec<Invitation>,
}

#[derive(Deserialize, ToSchema)]
pub struct Acceptance {
    /// The part of the link after `#`.
    token: String,
    /// 1 to 200 characters; ignored when an existing user resets the password.
    #[serde(default)]
    #[schema(example = "Grace Hopper")]
    name: String,
    /// 12 to 256 characters.
    #[schema(format = Password)]
    password: String,
}

/// Creates a link for a new user. This server sends no mail: deliver the link yourself.
#[utoipa::path(post, path = "/api-auth/invitations", tag = "accounts", request_body = NewInvitation,
    responses((status = 200, body = Invited), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role is above the caller's own")))]
pub async fn create_invitation(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Invited>, Error> {
    let NewInvitation { email, role } = json::parse_object(body)?;
    let request = InviteRequest { who: user.who(), email, role: parse_role(&role)?.into() };
    let made = accounts::invite_user(gateway.core(), request).await?;
    Ok(Json(Invited {
        role: role_name(made.role()),
        expires_at: rfc3339(made.expires_at_ms),
        accept_url: format!("{}/dashboard/accept#{}", base(&gateway, &headers), made.token),
        id: made.id,
        email: made.email,
    }))
}

/// Returns the public URL of this server: the configured one, otherwise that of the request.
fn base(gateway: &Gateway, headers: &HeaderMap) -> String {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    gateway.config().public_url.clone().or_else(|| origin.map(str::to_owned)).unwrap_or_default()
}

/// Lists open invitations.
#[utoipa::path(get, path = "/api-auth/invitations", tag = "accounts",
    responses((status = 200, body = Invitations), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn list_invitations(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<Invitations>, Error> {
    let open = accounts::list_invitations(gateway.core(), user.who().unwrap_or_default()).await?;
    let invitation = |invitation: proto::accounts::Invitation| Invitation {
        role: role_name(invitation.role()),
        created_at: rfc3339(invitation.created_at_ms),
        expires_at: rfc3339(invitation.expires_at_ms),
        id: invitation.id,
        email: invitation.email,
    };
    Ok(Json(Invitations { invitations: open.invitations.into_iter().map(invitation).collect() }))
}

/// Revokes an invitation.
#[utoipa::path(delete, path = "/api-auth/invitations/{id}", tag = "accounts",
    params(("id" = String, Path, description = "the invitation's id")),
    responses((status = 200, body = Message), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not"), (status = 404, description = "unknown, or used up")))]
pub async fn revoke_invitation(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Message>, Error> {
    let Path(id) = id?;
    accounts::revoke_invitation(gateway.core(), NamedRequest { who: user.who(), id }).await?;
    Ok(Json(Message::new("invitation revoked")))
}

/// Accepts an invitation: creates the account, or resets its password and second factor, and signs in.
#[utoipa::path(post, path = "/api-auth/invitations/accept", tag = "accounts", request_body = Acceptance,
    responses((status = 200, body = SignedIn), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 404, description = "the link is used, expired or revoked"),
              (status = 409, description = "there is an account with this address already"),
              (status = 429, description = "too many failed attempts")))]
pub async fn accept_invitation(
    State(gateway): State<Gateway>,
    ClientInfo(client): ClientInfo,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let asked: Acceptance = json::parse_object(body)?;
    let request = AcceptInvitationRequest {
        token: asked.token,
        name: asked.name,
        password: asked.password,
        client: Some(client),
        replaces: session_token(&headers).unwrap_or_default(),
    };
    sign_in_response(&accounts::accept_invitation(gateway.core(), request).await?)
}
