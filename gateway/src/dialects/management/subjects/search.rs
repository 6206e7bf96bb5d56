//! Search for subjects by the prefix of their identifier.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use boot::timestamp::rfc3339;
use proto::transactions::FoundSubject;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{caller::Caller, error::Error, subjects::search_subjects},
    http::{envelope::Envelope, state::Gateway},
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubjectSearch {
    /// Prefix of the identifier or of a part of it: at least three characters, case-insensitive.
    #[param(example = "elena", min_length = 3, max_length = 256)]
    prefix: String,
}

/// A subject that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectMatch {
    #[schema(example = "elena.petrova@example.org")]
    user_fullname: String,
    /// Time of the newest transaction.
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    last_seen_at: String,
}

/// Returns up to 20 subjects whose identifier, or a part of it, has the prefix, latest first. The search is audited.
#[utoipa::path(get, path = "/api-projects/subjects", tag = "projects", params(SubjectSearch),
    responses((status = 200, body = Envelope<Vec<SubjectMatch>>), (status = 400, description = "fewer than three characters")))]
pub async fn list_matching_subjects(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<SubjectSearch>, QueryRejection>,
) -> Result<Json<Envelope<Vec<SubjectMatch>>>, Error> {
    let Query(SubjectSearch { prefix }) = query.map_err(|_| Error::invalid("prefix is required"))?;
    let found = search_subjects(gateway.core(), &caller, &prefix).await?;
    Ok(Json(Envelope::new("subjects found", found.into_iter().map(SubjectMatch::from).collect())))
}

impl From<FoundSubject> for SubjectMatch {
    fn from(found: FoundSubject) -> Self {
        Self { user_fullname: found.user_fullname, last_seen_at: rfc3339(found.last_at_ms) }
    }
}
