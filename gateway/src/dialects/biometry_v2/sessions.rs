//! `POST /api-gateway/v2/sessions` and `/sessions/{id}/end`.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{envelope::Answer, errors::of_session};
use crate::{
    core::{error::Error, report::SimSwapReport, sessions},
    http::{
        json,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

#[derive(Debug, Default, Deserialize)]
pub struct StartQueryV2 {
    #[serde(default)]
    warmup: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionStartedV2 {
    #[schema(example = "sess_01938c5e-7f1e-7000-8000-000000000001")]
    session_id: String,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct EndSessionV2 {
    /// Requests a SIM swap check of this number, in E.164 form.
    #[serde(default)]
    #[schema(example = "+61400000000")]
    phone_number: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionEndedV2 {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sim_swap: Option<SimSwapReport>,
}

/// Starts a session. With `warmup=true` the models are loaded in the background.
#[utoipa::path(post, path = "/api-gateway/v2/sessions", tag = "biometry v2",
    params(("warmup" = Option<bool>, Query, description = "load the models meanwhile")),
    responses((status = 200, body = Answer<SessionStartedV2>)))]
pub async fn start_session_v2(
    State(gateway): State<Gateway>,
    query: Result<Query<StartQueryV2>, QueryRejection>,
    mut call: Call,
) -> RecordedResponse<Json<Answer<SessionStartedV2>>> {
    let result = start(&gateway, &mut call, query).await;
    call.finish(result)
}

async fn start(
    gateway: &Gateway,
    call: &mut Call,
    query: Result<Query<StartQueryV2>, QueryRejection>,
) -> Result<Json<Answer<SessionStartedV2>>, Error> {
    let Query(query) = query?;
    if query.warmup.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        sessions::warm_up_models(gateway.core());
    }
    let session_id = sessions::start_session(gateway.core(), &call.caller, &mut call.record).await?;
    Ok(Json(Answer::new(call, "session started", SessionStartedV2 { session_id })))
}

/// Ends a session and deletes its last video.
#[utoipa::path(post, path = "/api-gateway/v2/sessions/{id}/end", tag = "biometry v2",
    params(("id" = String, Path, description = "the session's id")), request_body(content = Option<EndSessionV2>),
    responses((status = 200, body = Answer<SessionEndedV2>), (status = 404, description = "session_not_found"),
        (status = 409, description = "session_ended")))]
pub async fn end_session_v2(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<Answer<SessionEndedV2>>> {
    let result = end(&gateway, &mut call, id, body).await;
    call.finish(result)
}

async fn end(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Answer<SessionEndedV2>>, Error> {
    let Path(session_id) = id?;
    call.record.set_session(Some(session_id.clone()));
    let body = body?;
    let asked: EndSessionV2 =
        if body.trim_ascii().is_empty() { EndSessionV2::default() } else { json::parse_object(Ok(body))? };
    if asked.phone_number.as_deref().is_some_and(|number| !is_e164(number)) {
        return Err(Error::field("phone_number", "must be in E.164 form, like +61400000000"));
    }
    let (core, record) = (gateway.core(), &mut call.record);
    let ended = sessions::end_session(core, &call.caller, record, &session_id, None, asked.phone_number);
    let sim_swap = ended.await.map_err(of_session)?;
    Ok(Json(Answer::new(call, "session ended", SessionEndedV2 { sim_swap })))
}

/// `+`, then 5 to 15 digits.
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (5..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}
