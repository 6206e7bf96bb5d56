//! Stored data of a user, by number and kind; never contains templates or pictures.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use boot::timestamp::rfc3339;
use proto::{Word, ml::TemplateInfo};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::{
        caller::Caller, data_holders::DataCount, error::Error, subjects::get_stored_data,
        user_name::parse_any_user_name,
    },
    http::{envelope::Envelope, state::Gateway},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectData {
    user_fullname: String,
    /// The current consents; the history is at `/api-consent/consent/{user}`.
    consent: Consents,
    templates: Vec<Template>,
    /// Number of the user's records; the list is at `/api-transactions/transactions?user=`.
    transactions: u64,
    sessions: u64,
    /// All stored data by service and kind, as an erasure deletes them.
    kept: Vec<DataCount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Consents {
    authorization: bool,
    storage: bool,
}

/// The description of a template, without its content.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    #[schema(example = "face")]
    kind: String,
    #[schema(example = "sface 2021dec")]
    model: String,
    /// Time of the latest change.
    #[schema(example = "2026-01-31T12:00:00Z")]
    created_at: String,
    /// Number of enrollments in the template.
    samples: u32,
    /// False when there are not enough enrollments for a template yet.
    usable: bool,
    /// Whether the current models can compare with it.
    current: bool,
}

/// Returns the stored data of a user.
#[utoipa::path(get, path = "/api-projects/subjects/{user}", tag = "projects",
    params(("user" = String, Path, description = "the user's identifier, as in X-User-Fullname")),
    responses((status = 200, body = Envelope<SubjectData>), (status = 404, description = "no data stored for this user")))]
pub async fn get_subject(
    State(gateway): State<Gateway>,
    caller: Caller,
    user: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<SubjectData>>, Error> {
    let user_fullname = parse_any_user_name(&user?)?;
    let stored = get_stored_data(gateway.core(), &caller, user_fullname.clone()).await?;
    let kept = stored.counts;
    let count = |service: &str, kind: &str| {
        kept.iter().filter(|line| line.service == service && line.kind == kind).map(|line| line.count).sum()
    };
    let data = SubjectData {
        user_fullname,
        consent: Consents { authorization: stored.consents.authorization, storage: stored.consents.storage },
        templates: stored.templates.into_iter().map(Template::from).collect(),
        transactions: count("transactions", "transaction"),
        sessions: count("sessions", "session"),
        kept,
    };
    Ok(Json(Envelope::new("subject found", data)))
}

impl From<TemplateInfo> for Template {
    fn from(template: TemplateInfo) -> Self {
        Self {
            kind: template.modality().to_word().unwrap_or("unspecified").to_owned(),
            model: template.model,
            created_at: rfc3339(template.created_at_ms),
            samples: template.samples,
            usable: template.usable,
            current: template.current,
        }
    }
}
