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
use proto::accounts::{self, DeleteOrganisationRequest, GetDeletionRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{session::Person, without_session};
use crate::{Gateway, consent::rfc3339, error::Error, json, subjects::Line};

/// That whoever asks means it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Farewell {
    /// The organisation's, typed in.
    #[schema(example = "Acme")]
    name: String,
    #[schema(format = Password)]
    password: String,
    /// Of the second factor, or a recovery code; where there is a second factor.
    #[serde(default)]
    #[schema(example = "123456")]
    code: String,
}

/// How far it is, and in the end the receipt. It holds no name.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletionData {
    /// Keep it: it is all the receipt can be read by.
    id: String,
    organisation_id: String,
    /// `deleting` or `deleted`.
    #[schema(example = "deleting")]
    status: &'static str,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    begun_at: String,
    deleted_at: Option<String>,
    /// How many there were.
    projects: u32,
    destroyed: Vec<Line>,
    /// Compact JWS (EdDSA) over the fields above (`id` as `receipt_id`) and that every service was asked afterwards; the
    /// keys are at `/api-projects/keys`. Null while it is under way.
    signature: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeletionAnswer {
    data: DeletionData,
    #[schema(example = "organisation is being deleted")]
    message: &'static str,
}

/// Deletes the organisation with its people, projects, keys and all that is kept of its users. From this call on every
/// session, link and key of it is refused; what its projects keep is destroyed in the following minutes, also if a server
/// stops meanwhile. Only an owner may, and there is no way back.
#[utoipa::path(delete, path = "/api-auth/organisation", tag = "accounts", security(("dashboard" = [])), request_body = Farewell,
    responses((status = 202, body = DeletionAnswer), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role may not"),
              (status = 409, description = "somebody else has just begun to"),
              (status = 429, description = "too many attempts went wrong; Retry-After says when to try again")))]
pub async fn delete(
    State(gateway): State<Gateway>,
    person: Person,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let Farewell { name, password, code } = json::object(body)?;
    let request = DeleteOrganisationRequest { who: person.who(), name, password, code };
    let begun = gateway.accounts().delete_organisation(request).await?.into_inner();
    gateway.emptier().wake();
    let answer = DeletionAnswer { data: begun.into(), message: "organisation is being deleted" };
    Ok(without_session((StatusCode::ACCEPTED, Json(answer))))
}

/// How far the deletion of an organisation is; once it is done, its receipt. Whoever has the id may ask: nobody can sign
/// in any more.
#[utoipa::path(get, path = "/api-auth/deletions/{id}", tag = "accounts", security(()),
    params(("id" = String, Path, description = "the id the deletion was answered with")),
    responses((status = 200, body = DeletionAnswer), (status = 400, description = "the path is no text"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 404, description = "unknown")))]
pub async fn get(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<DeletionAnswer>, Error> {
    let Path(id) = id?;
    let found = gateway.accounts().get_deletion(GetDeletionRequest { id }).await?.into_inner();
    Ok(Json(DeletionAnswer { data: found.into(), message: "deletion found" }))
}

impl From<accounts::Deletion> for DeletionData {
    fn from(deletion: accounts::Deletion) -> Self {
        let line = |d: accounts::Destroyed| Line { service: d.service, kind: d.kind, count: d.count };
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
