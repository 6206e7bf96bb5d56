//! Erasure: everything stored of a user is deleted, in every service, and a signed receipt lists what it was.

pub mod found;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use proto::{
    projects::{Destroyed, Erasure, GetErasureRequest, SignErasureRequest},
    subjects::Subject,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    core::data_holders::{DataCount, DataHolder, data_counts},
    core::error::Error,
    http::{auth::AdminCaller, envelope::Envelope, headers, state::Gateway},
    timestamp::rfc3339,
};

/// The receipt of an erasure. It holds no name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    receipt_id: String,
    project_id: String,
    /// `sha256:<salt>:<hash>` in hex: SHA-256 over the salt's bytes, the project id, a zero byte and the user. Who knows
    /// the user can tell that they are meant.
    #[schema(
        example = "sha256:9f86d081884c7d659a2feaa0c55ad015:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    )]
    subject: String,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    erased_at: String,
    destroyed: Vec<DataCount>,
    /// Whether every service confirmed afterwards that nothing is left. There is no receipt otherwise.
    verified: bool,
    /// Compact JWS (EdDSA) over the fields above; the keys are at `/api-projects/keys`.
    #[schema(example = "eyJ0eXAiOiJlcmFzdXJlLXJlY2VpcHQrand0In0...")]
    signature: String,
}

/// The user is not erased in full. A repeated call continues with what is left.
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
    /// What is still stored.
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
    AdminCaller(caller): AdminCaller,
    user: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Receipt>>, EraseError> {
    let user = headers::parse_user_fullname(&user.map_err(Error::from)?)?;
    let subject = Subject { project_id: caller.project_id.clone(), user_fullname: user };
    let holders = gateway.core().holders();
    let mut failed: Vec<Failed> = Vec::new();
    let mut destroyed = Vec::new();
    for holder in DataHolder::ALL {
        match holders.erase(holder, subject.clone()).await {
            Ok(gone) => destroyed.extend(data_counts(holder, gone)),
            Err(status) => failed.push(failure(holder, status)),
        }
    }
    let mut left = Vec::new();
    for holder in DataHolder::ALL {
        match holders.find(holder, subject.clone()).await {
            Ok(found) => left.extend(data_counts(holder, found)),
            Err(_) if failed.iter().any(|f| f.service == holder.name()) => {}
            Err(status) => failed.push(failure(holder, status)),
        }
    }
    if !(failed.is_empty() && left.is_empty()) {
        return Err(EraseError::Unfinished(Unfinished::new(destroyed, failed, left)));
    }
    let request = SignErasureRequest {
        project_id: caller.project_id,
        api_key_id: caller.id.clone(),
        subject: salted(&subject, *Uuid::new_v4().as_bytes()),
        destroyed: destroyed.into_iter().map(Destroyed::from).collect(),
    };
    let erasure =
        gateway.core().services().projects().sign_erasure(request).await.map_err(Error::from)?.into_inner();
    tracing::info!(erasure.id = erasure.id, by = caller.id, "a subject was erased");
    Ok(Json(Envelope { data: erasure.into(), message: "subject erased" }))
}

/// The receipt of an erasure.
#[utoipa::path(get, path = "/api-projects/erasures/{id}", tag = "projects",
    params(("id" = String, Path, description = "the receipt_id")),
    responses((status = 200, body = Envelope<Receipt>), (status = 404, description = "unknown")))]
pub async fn get_erasure(
    State(gateway): State<Gateway>,
    AdminCaller(caller): AdminCaller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Receipt>>, Error> {
    let Path(id) = id?;
    let request = GetErasureRequest { project_id: caller.project_id, id };
    let found = gateway.core().services().projects().get_erasure(request).await?.into_inner();
    Ok(Json(Envelope { data: found.into(), message: "erasure found" }))
}

/// What a receipt calls its subject.
fn salted(subject: &Subject, salt: [u8; 16]) -> String {
    let hash = Sha256::new()
        .chain_update(salt)
        .chain_update(&subject.project_id)
        .chain_update([0])
        .chain_update(&subject.user_fullname)
        .finalize();
    format!("sha256:{}:{hash:x}", Uuid::from_bytes(salt).simple())
}

fn failure(holder: DataHolder, status: tonic::Status) -> Failed {
    let error = match status.code() {
        tonic::Code::Unimplemented => "this service cannot erase subjects in the version that runs".into(),
        _ => Error::from(status).to_string(),
    };
    Failed { service: holder.name(), error }
}

impl Unfinished {
    fn new(destroyed: Vec<DataCount>, failed: Vec<Failed>, left: Vec<DataCount>) -> Self {
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

/// Why there is no receipt.
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

impl From<DataCount> for Destroyed {
    fn from(line: DataCount) -> Self {
        Self { service: line.service, kind: line.kind, count: line.count }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_told_by_who_knows_it_and_by_nobody_else() {
        let ada = Subject { project_id: "p".into(), user_fullname: "ada".into() };
        let named = salted(&ada, [7; 16]);
        let [kind, salt, hash] = named.split(':').collect::<Vec<_>>()[..] else { panic!("{named}") };
        assert_eq!((kind, salt, hash.len()), ("sha256", "07".repeat(16).as_str(), 64));
        assert_eq!(named, salted(&ada, [7; 16]));
        assert_ne!(named, salted(&ada, [8; 16]));
        assert_ne!(named, salted(&Subject { project_id: "q".into(), ..ada }, [7; 16]));
    }
}
