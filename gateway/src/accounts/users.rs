//! The people of an organisation.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use proto::accounts::{self, NamedRequest, SetRoleRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, role_name, role_named, session::Person};
use crate::{Gateway, consent::rfc3339, error::Error, json};

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
    /// Null: not lately.
    last_seen_at: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct NewRole {
    /// Not above one's own.
    #[schema(example = "fraud_analyst")]
    role: String,
}

/// Everybody of the organisation.
#[utoipa::path(get, path = "/api-auth/users", tag = "accounts", security(("dashboard" = [])),
    responses((status = 200, body = Users), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn list(State(gateway): State<Gateway>, person: Person) -> Result<Json<Users>, Error> {
    let found = gateway.accounts().list_users(person.who().unwrap_or_default()).await?.into_inner();
    Ok(Json(Users { users: found.users.into_iter().map(User::from).collect() }))
}

/// Gives somebody another role. Their sessions end. The last owner stays one.
#[utoipa::path(patch, path = "/api-auth/users/{id}", tag = "accounts", security(("dashboard" = [])), request_body = NewRole,
    params(("id" = String, Path, description = "the user's id")),
    responses((status = 200, body = User), (status = 401, description = "not signed in"),
              (status = 403, description = "the role, or theirs, is above one's own"), (status = 404, description = "unknown"),
              (status = 409, description = "this is the last owner")))]
pub async fn set_role(
    State(gateway): State<Gateway>,
    person: Person,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<User>, Error> {
    let Path(user_id) = id?;
    let NewRole { role } = json::object(body)?;
    let request = SetRoleRequest { who: person.who(), user_id, role: role_named(&role)?.into() };
    Ok(Json(gateway.accounts().set_role(request).await?.into_inner().into()))
}

/// Removes somebody with all that is theirs. The last owner stays.
#[utoipa::path(delete, path = "/api-auth/users/{id}", tag = "accounts", security(("dashboard" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses((status = 200, body = Done), (status = 401, description = "not signed in"),
              (status = 403, description = "their role is above one's own"), (status = 404, description = "unknown"),
              (status = 409, description = "this is the last owner")))]
pub async fn remove(
    State(gateway): State<Gateway>,
    person: Person,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Done>, Error> {
    let Path(id) = id?;
    gateway.accounts().remove_user(NamedRequest { who: person.who(), id }).await?;
    Ok(Json(Done::new("user removed")))
}

impl From<accounts::User> for User {
    fn from(user: accounts::User) -> Self {
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
