//! `/api-gateway/v2/deepfake/checks`.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use boot::timestamp::rfc3339;
use proto::{Word, sessions::DeepfakeCheck};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    envelope::Answer,
    request::{Received, begin},
};
use crate::{
    core::{
        caller::Caller,
        deepfake::{create_deepfake_check, get_deepfake_check},
        error::Error,
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The form of a check.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct DeepfakeForm {
    /// JSON: `user_id`, optional `session_id`.
    #[schema(example = "{\"user_id\":\"u1\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeepfakeCheckData {
    /// The id of the check and of the transaction of the call that created it.
    id: String,
    /// `pending`, `processing`, `completed` or `failed`.
    #[schema(example = "pending")]
    status: &'static str,
    /// When completed: `deepfake` (true, false, or null when undecided), `score` and `signals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    result: Option<Value>,
    /// When failed: the reason, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    created_at: String,
    updated_at: String,
}

/// Queues a check of a video. The video is deleted when the check ends.
#[utoipa::path(post, path = "/api-gateway/v2/deepfake/checks", tag = "biometry v2",
    request_body(content = DeepfakeForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Answer<DeepfakeCheckData>), (status = 403, description = "consent_required")))]
pub async fn create_check(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Response> {
    let result = create(&gateway, &mut call, form).await;
    call.finish(result.map(|answer| (StatusCode::CREATED, answer).into_response()))
}

async fn create(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<DeepfakeCheckData>>, Error> {
    let received = Received::receive(gateway, &call.caller.project_id, form, &["video"]).await?;
    let video = received.form.file("video")?;
    let caller = call.caller.clone();
    let verification = begin(gateway, call, &caller, &received).await?;
    let check = create_deepfake_check(verification, video).await?;
    Ok(Json(Answer::new(call, "check created", check.into())))
}

/// Returns a check. It can be read for 30 days.
#[utoipa::path(get, path = "/api-gateway/v2/deepfake/checks/{id}", tag = "biometry v2",
    params(("id" = String, Path, description = "the check")),
    responses((status = 200, body = Answer<DeepfakeCheckData>), (status = 404, description = "check_not_found")))]
pub async fn get_check(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer<DeepfakeCheckData>>, Error> {
    let Path(id) = id?;
    let check = get_deepfake_check(gateway.core(), &caller, &id).await?;
    Ok(Json(Answer::unrecorded("check found", check.into())))
}

impl From<DeepfakeCheck> for DeepfakeCheckData {
    fn from(check: DeepfakeCheck) -> Self {
        Self {
            status: check.state().to_word().unwrap_or("failed"),
            result: serde_json::from_str(&check.result_json).ok(),
            error: (!check.error.is_empty()).then_some(check.error),
            created_at: rfc3339(check.created_at_ms),
            updated_at: rfc3339(check.updated_at_ms),
            id: check.id,
        }
    }
}
