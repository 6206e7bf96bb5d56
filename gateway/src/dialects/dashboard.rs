//! The dashboard: its pages, and its API `/api-auth`.

mod assets;
mod audit_log;
mod audit_proofs;
mod invitations;
mod operations;
mod organisation;
mod projects;
mod second_factor;
mod sign_in;
mod users;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::Response,
};
use proto::{
    Word,
    accounts::{Client, Role, SignInResponse, sign_in_response::Outcome},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    core::{error::Error, permissions::Permission},
    http::{
        cookies::{with_device, with_session},
        route::{Access, Route, route},
        state::Gateway,
    },
};

pub use assets::routes as asset_routes;

/// `/api-auth`.
pub fn account_routes() -> Vec<Route> {
    use Access::{DashboardPage, Organisation, SignedIn};
    let (read, write) = (Organisation(Permission::UsersRead), Organisation(Permission::UsersWrite));
    vec![
        route(DashboardPage, routes!(sign_in::sign_in)),
        route(DashboardPage, routes!(second_factor::finish_sign_in)),
        route(DashboardPage, routes!(invitations::accept_invitation)),
        route(DashboardPage, routes!(sign_in::sign_out)),
        route(SignedIn, routes!(sign_in::get_me)),
        route(SignedIn, routes!(sign_in::change_password)),
        route(SignedIn, routes!(sign_in::list_sessions)),
        route(SignedIn, routes!(sign_in::revoke_session)),
        route(SignedIn, routes!(second_factor::begin_totp)),
        route(SignedIn, routes!(second_factor::confirm_totp)),
        route(SignedIn, routes!(second_factor::disable_totp)),
        route(SignedIn, routes!(second_factor::renew_recovery_codes)),
        route(read, routes!(invitations::list_invitations)),
        route(write, routes!(invitations::create_invitation)),
        route(write, routes!(invitations::revoke_invitation)),
        route(read, routes!(users::list_users)),
        route(write, routes!(users::set_user_role, users::remove_user)),
        route(Organisation(Permission::AuditRead), routes!(audit_log::list_audit_events)),
        route(Organisation(Permission::AuditRead), routes!(audit_proofs::get_audit_checkpoint)),
        route(Organisation(Permission::AuditRead), routes!(audit_proofs::get_audit_inclusion)),
        route(Organisation(Permission::AuditRead), routes!(audit_proofs::get_audit_consistency)),
        route(Organisation(Permission::AuditRead), routes!(audit_proofs::get_audit_log_keys)),
        route(Organisation(Permission::OrganisationDelete), routes!(organisation::delete_organisation)),
        // The id cannot be guessed, so it authenticates the caller.
        route(DashboardPage, routes!(organisation::get_organisation_deletion)),
    ]
}

/// The projects of the user's organisation.
pub fn project_routes() -> Vec<Route> {
    use Access::Organisation;
    let (read, write) = (Organisation(Permission::ProjectsRead), Organisation(Permission::ProjectsWrite));
    vec![
        route(read, routes!(projects::list_projects)),
        route(write, routes!(projects::create_project)),
        route(read, routes!(projects::get_project)),
        route(write, routes!(projects::update_project)),
    ]
}

/// The state of the installation.
pub fn operations_routes() -> Vec<Route> {
    vec![route(Access::Organisation(Permission::OperationsRead), routes!(operations::get_operations))]
}

/// The result of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// `signed_in`, or `second_factor`: continue with `POST /api-auth/second-factor`.
    #[schema(example = "signed_in")]
    status: &'static str,
}

/// The response to a password, a code or a link.
fn sign_in_response(result: &SignInResponse) -> Result<Response, Error> {
    match result.outcome() {
        Outcome::SignedIn => {
            let response = with_session(&result.token, axum::Json(SignedIn { status: "signed_in" }));
            Ok(with_device(&result.device, response))
        }
        Outcome::SecondFactor => {
            Ok(with_session(&result.token, axum::Json(SignedIn { status: "second_factor" })))
        }
        Outcome::Wrong => Err(Error::WrongCredentials),
        Outcome::Wait => Err(Error::Throttled(result.retry_after_seconds)),
        Outcome::Unspecified => Err(Error::internal(&"a sign-in without an outcome")),
    }
}

/// The address and user agent of a browser, for the list of sessions and the login throttle.
pub struct ClientInfo(Client);

impl FromRequestParts<Gateway> for ClientInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Self::Rejection> {
        let address = gateway.geo().client_address(&parts.extensions, &parts.headers);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(Client {
            address: address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: user_agent.unwrap_or_default().to_owned(),
        }))
    }
}

/// Parses a role.
fn parse_role(name: &str) -> Result<Role, Error> {
    Role::from_word(name)
        .ok_or_else(|| Error::field("role", "role is owner, admin, developer, fraud_analyst or viewer"))
}
