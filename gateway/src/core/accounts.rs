//! Dashboard users: sign-in, sessions, second factor, invitations, roles, and the projects of their organisation.

use proto::accounts::{
    AcceptInvitationRequest, AuditCheckpoint, AuditConsistency, AuditInclusion, AuditLogKeys,
    AuthorizeSessionRequest, ChangePasswordRequest, ConfirmTotpRequest, CreateProjectRequest,
    DeleteOrganisationRequest, Deletion, DisableTotpRequest, GetAuditCheckpointRequest,
    GetAuditConsistencyRequest, GetAuditInclusionRequest, GetAuditLogKeysRequest, GetDeletionRequest,
    InviteRequest, Invited, ListAuditRequest, ListAuditResponse, ListInvitationsResponse,
    ListProjectsResponse, ListSessionsResponse, ListUsersResponse, NamedRequest, PasswordRequest, Project,
    RecoveryCodes, RevokeSessionRequest, SecondFactorRequest, Session, SetRoleRequest, SignInRequest,
    SignInResponse, SignOutRequest, TotpSecret, UpdateProjectRequest, User, Who,
};
use tonic::{Code, Status};

use crate::core::{
    Core,
    authentication::is_key_still_allowed,
    caller::Caller,
    error::Error,
    permissions::{Permission, is_allowed},
};

/// Returns the session of a token, with its permissions in `project_id`; an empty id names no project.
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
        return is_key_still_allowed(core.services(), caller, permission).await;
    }
    let token = session_token.unwrap_or_default();
    let Ok(session) = authorize_session(core, token, caller.project_id.clone()).await else { return false };
    let role = session.user.as_ref().map(User::role);
    !session.half_open && session.project.is_some() && role.is_some_and(|role| is_allowed(role, permission))
}

/// Signs in with e-mail address and password; the response has the outcome.
///
/// # Errors
/// 503 when too many passwords are being verified.
pub async fn sign_in(core: &Core, request: SignInRequest) -> Result<SignInResponse, Error> {
    Ok(core.services().accounts().sign_in(request).await?.into_inner())
}

/// Finishes a sign-in with a code.
///
/// # Errors
/// 401 when no sign-in is in progress.
pub async fn confirm_second_factor(
    core: &Core,
    request: SecondFactorRequest,
) -> Result<SignInResponse, Error> {
    let response = core.services().accounts().second_factor(request).await;
    Ok(response.map_err(signed_out_if_unknown)?.into_inner())
}

/// Creates the account of an invitation, or resets it, and signs in.
///
/// # Errors
/// 404 for a used, expired or revoked link.
pub async fn accept_invitation(
    core: &Core,
    request: AcceptInvitationRequest,
) -> Result<SignInResponse, Error> {
    Ok(core.services().accounts().accept_invitation(request).await?.into_inner())
}

/// Ends the session of a token.
///
/// # Errors
/// When the projects service does not answer.
pub async fn sign_out(core: &Core, request: SignOutRequest) -> Result<(), Error> {
    core.services().accounts().sign_out(request).await?;
    Ok(())
}

/// Changes the password; every session ends, and a new one begins.
///
/// # Errors
/// 400 for a password that is not accepted.
pub async fn change_password(core: &Core, request: ChangePasswordRequest) -> Result<SignInResponse, Error> {
    Ok(core.services().accounts().change_password(request).await?.into_inner())
}

/// The user's sessions.
///
/// # Errors
/// When the projects service does not answer.
pub async fn list_sessions(core: &Core, request: Who) -> Result<ListSessionsResponse, Error> {
    Ok(core.services().accounts().list_sessions(request).await?.into_inner())
}

/// Ends one of the user's sessions.
///
/// # Errors
/// 404 when it is unknown.
pub async fn revoke_session(core: &Core, request: RevokeSessionRequest) -> Result<(), Error> {
    core.services().accounts().revoke_session(request).await?;
    Ok(())
}

/// Begins to set up a second factor.
///
/// # Errors
/// 400 for a wrong password, 409 when there is one.
pub async fn begin_totp(core: &Core, request: PasswordRequest) -> Result<TotpSecret, Error> {
    Ok(core.services().accounts().begin_totp(request).await?.into_inner())
}

/// Enables the second factor with a first code.
///
/// # Errors
/// 400 for a wrong code, 409 when nothing was begun.
pub async fn confirm_totp(core: &Core, request: ConfirmTotpRequest) -> Result<RecoveryCodes, Error> {
    Ok(core.services().accounts().confirm_totp(request).await?.into_inner())
}

/// Disables the second factor.
///
/// # Errors
/// 400 for a wrong password or code, 409 when there is none.
pub async fn disable_totp(core: &Core, request: DisableTotpRequest) -> Result<(), Error> {
    core.services().accounts().disable_totp(request).await?;
    Ok(())
}

/// Replaces the recovery codes.
///
/// # Errors
/// 400 for a wrong password, 409 without a second factor.
pub async fn renew_recovery_codes(core: &Core, request: PasswordRequest) -> Result<RecoveryCodes, Error> {
    Ok(core.services().accounts().renew_recovery_codes(request).await?.into_inner())
}

/// Creates an invitation.
///
/// # Errors
/// 400 for an address that is not valid, 403 for a role above the caller's own.
pub async fn invite_user(core: &Core, request: InviteRequest) -> Result<Invited, Error> {
    Ok(core.services().accounts().invite(request).await?.into_inner())
}

/// Open invitations.
///
/// # Errors
/// When the projects service does not answer.
pub async fn list_invitations(core: &Core, request: Who) -> Result<ListInvitationsResponse, Error> {
    Ok(core.services().accounts().list_invitations(request).await?.into_inner())
}

/// Revokes an invitation.
///
/// # Errors
/// 404 when it is unknown or used.
pub async fn revoke_invitation(core: &Core, request: NamedRequest) -> Result<(), Error> {
    core.services().accounts().revoke_invitation(request).await?;
    Ok(())
}

/// The users of the organisation.
///
/// # Errors
/// When the projects service does not answer.
pub async fn list_users(core: &Core, request: Who) -> Result<ListUsersResponse, Error> {
    Ok(core.services().accounts().list_users(request).await?.into_inner())
}

/// Changes a user's role.
///
/// # Errors
/// 403 for a role above the caller's own, 404, 409 for the last owner.
pub async fn set_user_role(core: &Core, request: SetRoleRequest) -> Result<User, Error> {
    Ok(core.services().accounts().set_role(request).await?.into_inner())
}

/// Removes a user.
///
/// # Errors
/// 403 for a role above the caller's own, 404, 409 for the last owner.
pub async fn remove_user(core: &Core, request: NamedRequest) -> Result<(), Error> {
    core.services().accounts().remove_user(request).await?;
    Ok(())
}

/// Creates a project.
///
/// # Errors
/// 400 for a value that is not valid.
pub async fn create_project(core: &Core, request: CreateProjectRequest) -> Result<Project, Error> {
    Ok(core.services().accounts().create_project(request).await?.into_inner())
}

/// One project of the organisation.
///
/// # Errors
/// 404 when it is unknown.
pub async fn get_project(core: &Core, request: NamedRequest) -> Result<Project, Error> {
    Ok(core.services().accounts().get_project(request).await?.into_inner())
}

/// The projects of the organisation.
///
/// # Errors
/// When the projects service does not answer.
pub async fn list_projects(core: &Core, request: Who) -> Result<ListProjectsResponse, Error> {
    Ok(core.services().accounts().list_projects(request).await?.into_inner())
}

/// Changes a project.
///
/// # Errors
/// 400 for a value that is not valid, 404 when it is unknown.
pub async fn update_project(core: &Core, request: UpdateProjectRequest) -> Result<Project, Error> {
    Ok(core.services().accounts().update_project(request).await?.into_inner())
}

/// The progress of an organisation's deletion.
///
/// # Errors
/// 404 when it is unknown.
pub async fn get_deletion(core: &Core, request: GetDeletionRequest) -> Result<Deletion, Error> {
    Ok(core.services().accounts().get_deletion(request).await?.into_inner())
}

/// A page of the audit log.
///
/// # Errors
/// 400 for a filter that is not valid, 404 for an unknown project.
pub async fn list_audit_events(core: &Core, request: ListAuditRequest) -> Result<ListAuditResponse, Error> {
    Ok(core.services().accounts().list_audit(request).await?.into_inner())
}

/// Returns the signed checkpoint of the audit log.
///
/// # Errors
/// 403 for a role that may not read it.
pub async fn audit_checkpoint(
    core: &Core,
    request: GetAuditCheckpointRequest,
) -> Result<AuditCheckpoint, Error> {
    Ok(core.services().accounts().get_audit_checkpoint(request).await?.into_inner())
}

/// Proves that an entry of the organisation is in the audit log.
///
/// # Errors
/// 404 when it has no such entry.
pub async fn audit_inclusion(
    core: &Core,
    request: GetAuditInclusionRequest,
) -> Result<AuditInclusion, Error> {
    Ok(core.services().accounts().get_audit_inclusion(request).await?.into_inner())
}

/// Proves that the audit log of an earlier checkpoint was only appended to.
///
/// # Errors
/// 400 for sizes it does not have.
pub async fn audit_consistency(
    core: &Core,
    request: GetAuditConsistencyRequest,
) -> Result<AuditConsistency, Error> {
    Ok(core.services().accounts().get_audit_consistency(request).await?.into_inner())
}

/// The keys that sign for the audit log.
///
/// # Errors
/// 403 for a role that may not read it.
pub async fn audit_log_keys(core: &Core, request: GetAuditLogKeysRequest) -> Result<AuditLogKeys, Error> {
    Ok(core.services().accounts().get_audit_log_keys(request).await?.into_inner())
}

/// Deletes the organisation. Its sessions and keys are rejected from now on; the purge deletes its data.
///
/// # Errors
/// 400 for a wrong confirmation, 403 for a role that may not, 409 when a deletion is in progress.
pub async fn delete_organisation(core: &Core, request: DeleteOrganisationRequest) -> Result<Deletion, Error> {
    let begun = core.services().accounts().delete_organisation(request).await?.into_inner();
    core.organisation_purger().wake();
    Ok(begun)
}

fn signed_out_if_unknown(status: Status) -> Error {
    match status.code() {
        Code::NotFound => Error::SignedOut,
        _ => Error::from(status),
    }
}
