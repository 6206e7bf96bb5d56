//! Deleting an organisation.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::StatusCode,
    response::Response,
};
use boot::timestamp::rfc3339;
use proto::accounts::{self as wire, DeleteOrganisationRequest, GetDeletionRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::accounts,
    core::{data_holders::DataCount, error::Error},
    http::{
        cookies::without_session, dashboard_session::DashboardUser, envelope::Envelope, json, state::Gateway,
    },
};

/// Confirmation: organisation name, password and, if enabled, a TOTP code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteOrganisationForm {
    /// The organisation's name, typed as confirmation.
    #[schema(example = "Acme")]
    name: String,
    #[schema(format = Password)]
    password: String,
    /// A code of the second factor, or a recovery code; required when there is a second factor.
    #[serde(default)]
    #[schema(example = "123456")]
    code: String,
}

/// The progress of a deletion, and its receipt once it is done. It contains no name.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletionData {
    /// Store this id: the receipt can only be read by it.
    id: String,
    organisation_id: String,
    /// `deleting` or `deleted`.
    #[schema(example = "deleting")]
    status: &'static str,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    begun_at: String,
    deleted_at: Option<String>,
    /// The number of deleted records.
    projects: u32,
    destroyed: Vec<DataCount>,
    /// Compact JWS (EdDSA) over the fields above (`id` as `receipt_id`), which also states that every service confirmed
    /// the deletion; the keys are at `/api-projects/keys`. Null while the deletion is in progress.
    signature: Option<String>,
}

/// Deletes the organisation with its users, projects, keys and all stored data. From this call on every session, link and
/// key of it is rejected; the data of its projects is deleted in the following minutes, also if a server stops meanwhile.
/// Only an owner may do this, and it cannot be undone.
#[utoipa::path(delete, path = "/api-auth/organisation", tag = "accounts", request_body = DeleteOrganisationForm,
    responses((status = 202, body = Envelope<DeletionData>), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role may not"),
              (status = 409, description = "a deletion is already in progress"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn delete_organisation(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let DeleteOrganisationForm { name, password, code } = json::parse_object(body)?;
    let request = DeleteOrganisationRequest { who: user.who(), name, password, code };
    let begun = accounts::delete_organisation(gateway.core(), request).await?;
    let answer = Envelope::new("organisation is being deleted", DeletionData::from(begun));
    Ok(without_session((StatusCode::ACCEPTED, Json(answer))))
}

/// Returns the progress of an organisation's deletion, and its receipt once it is done. The id is sufficient to read
/// it, because nobody can sign in any more.
#[utoipa::path(get, path = "/api-auth/deletions/{id}", tag = "accounts",
    params(("id" = String, Path, description = "the id the deletion was answered with")),
    responses((status = 200, body = Envelope<DeletionData>), (status = 400, description = "the path is not valid UTF-8"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 404, description = "unknown")))]
pub async fn get_organisation_deletion(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<DeletionData>>, Error> {
    let Path(id) = id?;
    let found = accounts::get_deletion(gateway.core(), GetDeletionRequest { id }).await?;
    Ok(Json(Envelope { data: found.into(), message: "deletion found" }))
}

impl From<wire::Deletion> for DeletionData {
    fn from(deletion: wire::Deletion) -> Self {
        let line = |d: wire::Destroyed| DataCount { service: d.service, kind: d.kind, count: d.count };
        Self {
            id: deletion.id,
            organisation_id: deletion.organisation_id,
            status: if deletion.deleted_at_ms.is_some() { "deleted" } else { "deleting" },
            begun_at: rfc3339(deletion.begun_at_ms),
            deleted_at: deletion.deleted_at_ms.map(rfc3339),
            projects: deletion.projects,
            destroyed: deletion.destroyed.into_iter().map(line).collect(),
            signature: Some(deletion.signature).filter(|signature| !signature.is_empty()),
        }
    }
}
