//! Erasure: deletes everything stored about a user in every service, and issues a signed receipt of what was deleted.

pub mod found;
pub mod search;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use boot::timestamp::rfc3339;
use proto::projects::{Destroyed, Erasure};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    core::{
        caller::Caller,
        data_holders::DataCount,
        error::Error,
        subjects::{self, ErasureOutcome, FailedService},
        user_name::parse_any_user_name,
    },
    http::{envelope::Envelope, state::Gateway},
};

/// The receipt of an erasure. It contains no name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    receipt_id: String,
    project_id: String,
    /// `sha256:<salt>:<hash>` in hex: SHA-256 over the salt's bytes, the project id, a zero byte and the user. It lets
    /// a holder of the user's name verify that the receipt is about that user.
    #[schema(
        example = "sha256:9f86d081884c7d659a2feaa0c55ad015:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    )]
    subject: String,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    erased_at: String,
    destroyed: Vec<DataCount>,
    /// Whether every service confirmed afterwards that nothing is left. Always true, because there is no receipt
    /// otherwise.
    verified: bool,
    /// Compact JWS (EdDSA) over the fields above; the keys are at `/api-projects/keys`.
    #[schema(example = "eyJ0eXAiOiJlcmFzdXJlLXJlY2VpcHQrand0In0...")]
    signature: String,
}

/// The erasure is incomplete. Repeating the call erases the rest.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unfinished {
    #[schema(
        example = "the subject is not erased in full: ml did not finish; what is listed as destroyed is gone, repeat the call"
    )]
    error: String,
    message: String,
    destroyed: Vec<DataCount>,
    /// Services that failed, and why.
    failed: Vec<Failed>,
    /// Data that are still stored.
    left: Vec<DataCount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Failed {
    #[schema(example = "ml")]
    service: &'static str,
    #[schema(example = "the service is not available, try again shortly")]
    error: String,
}

/// Erases everything stored of a user: consents, sessions and their videos, templates and the key they are encrypted with,
/// samples, and personal data in transactions and webhooks. Transactions stay, without the user. Repeating it is safe; a
/// user without stored data gets a receipt that lists nothing.
#[utoipa::path(delete, path = "/api-projects/subjects/{user}", tag = "projects",
    params(("user" = String, Path, description = "the user's identifier, as in X-User-Fullname")),
    responses((status = 200, body = Envelope<Receipt>), (status = 503, description = "not erased in full; repeat the call", body = Unfinished)))]
pub async fn erase_subject(
    State(gateway): State<Gateway>,
    caller: Caller,
    user: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Receipt>>, EraseError> {
    let user = parse_any_user_name(&user.map_err(Error::from)?)?;
    let salt = *Uuid::new_v4().as_bytes();
    match subjects::erase_subject(gateway.core(), &caller, user, salt).await? {
        ErasureOutcome::Erased(erasure) => Ok(Json(Envelope::new("subject erased", erasure.into()))),
        ErasureOutcome::Unfinished { destroyed, failed, left } => {
            Err(EraseError::Unfinished(Unfinished::new(destroyed, failed, left)))
        }
    }
}

/// Returns the receipt of an erasure.
#[utoipa::path(get, path = "/api-projects/erasures/{id}", tag = "projects",
    params(("id" = String, Path, description = "the receipt_id")),
    responses((status = 200, body = Envelope<Receipt>), (status = 404, description = "unknown")))]
pub async fn get_erasure(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Receipt>>, Error> {
    let Path(id) = id?;
    let found = subjects::get_erasure(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("erasure found", found.into())))
}

impl Unfinished {
    fn new(destroyed: Vec<DataCount>, failed: Vec<FailedService>, left: Vec<DataCount>) -> Self {
        let failed = failed.into_iter().map(|f| Failed { service: f.service, error: f.error });
        let failed: Vec<_> = failed.collect();
        let mut names: Vec<&str> = failed.iter().map(|f| f.service).collect();
        names.extend(left.iter().map(|line| line.service.as_str()));
        names.dedup();
        let error = format!(
            "the subject is not erased in full: {} did not finish; what is listed as destroyed is gone, repeat the call",
            names.join(", ")
        );
        tracing::error!(services = names.join(", "), "a subject is not erased in full");
        Self { message: error.clone(), error, destroyed, failed, left }
    }
}

/// Explains why there is no receipt.
pub enum EraseError {
    Plain(Error),
    Unfinished(Unfinished),
}

impl From<Error> for EraseError {
    fn from(error: Error) -> Self {
        Self::Plain(error)
    }
}

impl IntoResponse for EraseError {
    fn into_response(self) -> Response {
        match self {
            Self::Plain(error) => error.into_response(),
            Self::Unfinished(report) => {
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], Json(json!(report)))
                    .into_response()
            }
        }
    }
}

impl From<Erasure> for Receipt {
    fn from(erasure: Erasure) -> Self {
        let line = |d: Destroyed| DataCount { service: d.service, kind: d.kind, count: d.count };
        Self {
            receipt_id: erasure.id,
            project_id: erasure.project_id,
            subject: erasure.subject,
            erased_at: rfc3339(erasure.erased_at_ms),
            destroyed: erasure.destroyed.into_iter().map(line).collect(),
            verified: true,
            signature: erasure.signature,
        }
    }
}
