//! The users of an organisation.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::accounts::{self as wire, NamedRequest, SetRoleRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::accounts,
    core::{error::Error, permissions::role_name},
    dialects::dashboard::parse_role,
    http::{dashboard_session::DashboardUser, envelope::Message, json, state::Gateway},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Users {
    users: Vec<User>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    id: String,
    email: String,
    name: String,
    #[schema(example = "developer")]
    role: &'static str,
    totp_enabled: bool,
    created_at: String,
    /// Null when not recently.
    last_seen_at: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct NewRole {
    /// At most the caller's own role.
    #[schema(example = "fraud_analyst")]
    role: String,
}

/// Lists the users of the organisation.
#[utoipa::path(get, path = "/api-auth/users", tag = "accounts",
    responses((status = 200, body = Users), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn list_users(State(gateway): State<Gateway>, user: DashboardUser) -> Result<Json<Users>, Error> {
    let found = accounts::list_users(gateway.core(), user.who().unwrap_or_default()).await?;
    Ok(Json(Users { users: found.users.into_iter().map(User::from).collect() }))
}

/// Changes a user's role and ends their sessions. The last owner cannot be changed.
#[utoipa::path(patch, path = "/api-auth/users/{id}", tag = "accounts", request_body = NewRole,
    params(("id" = String, Path, description = "the user's id")),
    responses((status = 200, body = User), (status = 400, description = "no JSON object with a role"),
              (status = 401, description = "not signed in"),
              (status = 403, description = "the role, or theirs, is above the caller's own"), (status = 404, description = "unknown"),
              (status = 409, description = "this is the last owner")))]
pub async fn set_user_role(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<User>, Error> {
    let Path(user_id) = id?;
    let NewRole { role } = json::parse_object(body)?;
    let request = SetRoleRequest { who: user.who(), user_id, role: parse_role(&role)?.into() };
    Ok(Json(accounts::set_user_role(gateway.core(), request).await?.into()))
}

/// Removes a user and their data. The last owner cannot be removed.
#[utoipa::path(delete, path = "/api-auth/users/{id}", tag = "accounts",
    params(("id" = String, Path, description = "the user's id")),
    responses((status = 200, body = Message), (status = 401, description = "not signed in"),
              (status = 403, description = "their role is above the caller's own"), (status = 404, description = "unknown"),
              (status = 409, description = "this is the last owner")))]
pub async fn remove_user(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Message>, Error> {
    let Path(id) = id?;
    accounts::remove_user(gateway.core(), NamedRequest { who: user.who(), id }).await?;
    Ok(Json(Message::new("user removed")))
}

impl From<wire::User> for User {
    fn from(user: wire::User) -> Self {
        Self {
            role: role_name(user.role()),
            id: user.id,
            email: user.email,
            name: user.name,
            totp_enabled: user.totp_enabled,
            created_at: rfc3339(user.created_at_ms),
            last_seen_at: Some(user.last_seen_at_ms).filter(|at| *at > 0).map(rfc3339),
        }
    }
}
