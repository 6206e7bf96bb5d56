//! `/api-projects/review-settings`: the review settings of a project.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::transactions::ReviewSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, reviews},
    http::{envelope::Envelope, json, state::Gateway},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewSettings {
    /// Whether two different people must reach the same decision.
    four_eyes: bool,
    /// Minutes within which a review should be decided, 1 to 129600.
    #[schema(example = 1440, minimum = 1, maximum = 129_600)]
    target_minutes: u32,
    /// Minutes that a claim lasts, 1 to 480.
    #[schema(example = 30, minimum = 1, maximum = 480)]
    lease_minutes: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewSettingsData {
    four_eyes: bool,
    #[schema(example = 1440)]
    target_minutes: u32,
    #[schema(example = 30)]
    lease_minutes: u32,
    /// Null while the defaults (one person, 1440 and 30 minutes) are in force.
    updated_at: Option<String>,
}

/// Returns the review settings of the project.
#[utoipa::path(get, path = "/api-projects/review-settings", tag = "reviews",
    responses((status = 200, body = Envelope<ReviewSettingsData>)))]
pub async fn get_review_settings(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<ReviewSettingsData>>, Error> {
    let found = reviews::get_review_settings(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("review settings found", found.into())))
}

/// Sets the review settings of the project. They apply to open reviews at once.
#[utoipa::path(put, path = "/api-projects/review-settings", tag = "reviews", request_body = NewReviewSettings,
    responses((status = 200, body = Envelope<ReviewSettingsData>), (status = 400, description = "a value out of range")))]
pub async fn put_review_settings(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<ReviewSettingsData>>, Error> {
    let NewReviewSettings { four_eyes, target_minutes, lease_minutes } = json::parse_object(body)?;
    let settings = ReviewSettings { four_eyes, target_minutes, lease_minutes, updated_at_ms: None };
    let stored = reviews::put_review_settings(gateway.core(), &caller, settings).await?;
    Ok(Json(Envelope::new("review settings updated", stored.into())))
}

impl From<ReviewSettings> for ReviewSettingsData {
    fn from(settings: ReviewSettings) -> Self {
        Self {
            four_eyes: settings.four_eyes,
            target_minutes: settings.target_minutes,
            lease_minutes: settings.lease_minutes,
            updated_at: settings.updated_at_ms.map(rfc3339),
        }
    }
}
