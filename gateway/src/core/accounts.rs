//! Dashboard users and their sessions.

use proto::accounts::{AuthorizeSessionRequest, Session, User};
use tonic::Code;

use crate::core::{
    Core,
    authentication::is_key_active,
    caller::Caller,
    error::Error,
    permissions::{Permission, is_allowed},
};

/// The session a token belongs to, with what it may do in `project_id`; an empty id names no project.
///
/// # Errors
/// 401 for a token without a session.
pub async fn authorize_session(core: &Core, token: String, project_id: String) -> Result<Session, Error> {
    let request = AuthorizeSessionRequest { token, project_id };
    let session =
        core.services().accounts().authorize(request).await.map_err(|status| match status.code() {
            Code::NotFound => Error::SignedOut,
            _ => Error::from(status),
        })?;
    Ok(session.into_inner())
}

/// Whether a caller of a long response is still allowed to read it: the key is active, or the session exists and its
/// user's role still has the permission in the project.
pub async fn is_still_allowed(
    core: &Core,
    caller: &Caller,
    session_token: Option<String>,
    permission: Permission,
) -> bool {
    if !caller.is_dashboard_user() {
        return is_key_active(core.services(), caller).await;
    }
    let token = session_token.unwrap_or_default();
    let Ok(session) = authorize_session(core, token, caller.project_id.clone()).await else { return false };
    let role = session.user.as_ref().map(User::role);
    !session.half_open && session.project.is_some() && role.is_some_and(|role| is_allowed(role, permission))
}
