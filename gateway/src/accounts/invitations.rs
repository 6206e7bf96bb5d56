//! Invitations: links that let somebody in once, handed over by whoever made them.

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
use proto::accounts::{AcceptInvitationRequest, InviteRequest, NamedRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, Place, SignedIn, entered, role_name, role_named, session::Person, token};
use crate::{Gateway, consent::rfc3339, error::Error, json};

#[derive(Deserialize, ToSchema)]
pub struct NewInvitation {
    #[schema(example = "grace@example.org")]
    email: String,
    /// `owner`, `admin`, `developer`, `fraud_analyst` or `viewer`; not above one's own.
    #[schema(example = "developer")]
    role: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Invited {
    id: String,
    email: String,
    role: &'static str,
    expires_at: String,
    /// Where the invited chooses a password. Shown this once.
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
    /// What stands behind the `#` of the link.
    token: String,
    /// 1 to 200 characters; not asked of somebody who has an account and only chooses another password.
    #[serde(default)]
    #[schema(example = "Grace Hopper")]
    name: String,
    /// 12 to 256 characters.
    #[schema(format = Password)]
    password: String,
}

/// Makes a link for a new user. This server sends no mail: hand the link over.
#[utoipa::path(post, path = "/api-auth/invitations", tag = "accounts", security(("dashboard" = [])), request_body = NewInvitation,
    responses((status = 200, body = Invited), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role is above one's own")))]
pub async fn invite(
    State(gateway): State<Gateway>,
    person: Person,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Invited>, Error> {
    let NewInvitation { email, role } = json::object(body)?;
    let request = InviteRequest { who: person.who(), email, role: role_named(&role)?.into() };
    let made = gateway.accounts().invite(request).await?.into_inner();
    Ok(Json(Invited {
        role: role_name(made.role()),
        expires_at: rfc3339(made.expires_at_ms),
        accept_url: format!("{}/dashboard/accept#{}", base(&gateway, &headers), made.token),
        id: made.id,
        email: made.email,
    }))
}

/// Where browsers reach this server: as configured, else as this one did.
fn base(gateway: &Gateway, headers: &HeaderMap) -> String {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    gateway.config().public_url.clone().or_else(|| origin.map(str::to_owned)).unwrap_or_default()
}

/// Links nobody followed yet.
#[utoipa::path(get, path = "/api-auth/invitations", tag = "accounts", security(("dashboard" = [])),
    responses((status = 200, body = Invitations), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn list(State(gateway): State<Gateway>, person: Person) -> Result<Json<Invitations>, Error> {
    let open = gateway.accounts().list_invitations(person.who().unwrap_or_default()).await?.into_inner();
    let invitation = |invitation: proto::accounts::Invitation| Invitation {
        role: role_name(invitation.role()),
        created_at: rfc3339(invitation.created_at_ms),
        expires_at: rfc3339(invitation.expires_at_ms),
        id: invitation.id,
        email: invitation.email,
    };
    Ok(Json(Invitations { invitations: open.invitations.into_iter().map(invitation).collect() }))
}

/// Takes a link back.
#[utoipa::path(delete, path = "/api-auth/invitations/{id}", tag = "accounts", security(("dashboard" = [])),
    params(("id" = String, Path, description = "the invitation's id")),
    responses((status = 200, body = Done), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not"), (status = 404, description = "unknown, or used up")))]
pub async fn revoke(
    State(gateway): State<Gateway>,
    person: Person,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Done>, Error> {
    let Path(id) = id?;
    gateway.accounts().revoke_invitation(NamedRequest { who: person.who(), id }).await?;
    Ok(Json(Done::new("invitation revoked")))
}

/// Follows a link: makes the account, or gives it another password and no second factor, and signs in.
#[utoipa::path(post, path = "/api-auth/invitations/accept", tag = "accounts", security(()), request_body = Acceptance,
    responses((status = 200, body = SignedIn), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 404, description = "the link is used up, too old or was taken back"),
              (status = 409, description = "there is an account with this address already"),
              (status = 429, description = "too many attempts went wrong")))]
pub async fn accept(
    State(gateway): State<Gateway>,
    Place(client): Place,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let asked: Acceptance = json::object(body)?;
    let request = AcceptInvitationRequest {
        token: asked.token,
        name: asked.name,
        password: asked.password,
        client: Some(client),
        replaces: token(&headers).unwrap_or_default(),
    };
    entered(&gateway.accounts().accept_invitation(request).await?.into_inner())
}
