//! `/api-projects/retention`: the retention periods of a project.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::projects;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, project_settings},
    http::{envelope::Envelope, json, state::Gateway},
};

/// Periods in days, 0 to 3650; with 0, data are deleted by the next sweep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// Period of stored media; at most that of transactions.
    #[schema(example = 30, maximum = 3650)]
    samples_days: u32,
    #[schema(example = 365, maximum = 3650)]
    transactions_days: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionData {
    #[schema(example = 30)]
    samples_days: u32,
    #[schema(example = 365)]
    transactions_days: u32,
    /// Null while the defaults (30 and 365 days) are in force.
    updated_at: Option<String>,
}

/// Returns the project's retention periods.
#[utoipa::path(get, path = "/api-projects/retention", tag = "projects", responses((status = 200, body = Envelope<RetentionData>)))]
pub async fn get_retention(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<RetentionData>>, Error> {
    let found = project_settings::get_retention(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("retention found", found.into())))
}

/// Sets the project's retention periods. The next sweep, at most an hour later, deletes older records.
#[utoipa::path(put, path = "/api-projects/retention", tag = "projects", request_body = Periods,
    responses((status = 200, body = Envelope<RetentionData>), (status = 400, description = "a period out of range")))]
pub async fn put_retention(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<RetentionData>>, Error> {
    let Periods { samples_days, transactions_days } = json::parse_object(body)?;
    let core = gateway.core();
    let stored = project_settings::put_retention(core, &caller, samples_days, transactions_days).await?;
    Ok(Json(Envelope::new("retention updated", stored.into())))
}

impl From<projects::Retention> for RetentionData {
    fn from(retention: projects::Retention) -> Self {
        Self {
            samples_days: retention.samples_days,
            transactions_days: retention.transactions_days,
            updated_at: retention.updated_at_ms.map(rfc3339),
        }
    }
}
