//! SIM swap: the check at the end of a session, and the project's mobile operator.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use proto::sessions::{self as wire, CheckSimSwapRequest, PutSimSwapSettingsRequest, SimSwapSettingsRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    Gateway,
    accounts::audit::{Deed, note},
    auth::AdminKey,
    consent::rfc3339,
    error::Error,
    json,
    record::Call,
};

/// What is known about a recent change of the number's SIM.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimSwap {
    /// `swapped`, `not_swapped`, `not_checked` (no operator is configured) or `error`.
    #[schema(example = "not_swapped")]
    status: String,
    /// Whether it was changed within `max_age_hours`; only when the operator answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    swapped: Option<bool>,
    /// RFC 3339, UTC; where the operator tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2023-07-03T12:27:08.312Z")]
    latest_sim_change: Option<String>,
    /// Days the operator looks back, where it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    monitored_period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 240)]
    max_age_hours: Option<u32>,
    /// A stable word, with status `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "identifier_not_found")]
    error: Option<String>,
    description: String,
}

impl From<wire::SimSwap> for SimSwap {
    fn from(seen: wire::SimSwap) -> Self {
        Self {
            status: seen.status,
            swapped: seen.swapped,
            latest_sim_change: seen.latest_sim_change,
            monitored_period: seen.monitored_period,
            max_age_hours: seen.max_age_hours,
            error: seen.error,
            description: seen.description,
        }
    }
}

/// Asks about `number`, and keeps the answer, but not the number, with the call. The session has ended by now, so nothing
/// that happens here fails the call.
pub async fn check(gateway: &Gateway, call: &Call, number: String) -> SimSwap {
    let request = CheckSimSwapRequest { project_id: call.project_id(), phone_number: number };
    let answer = match gateway.sessions().check_sim_swap(request).await {
        Ok(seen) => seen.into_inner(),
        Err(status) => {
            tracing::warn!(code = ?status.code(), "a SIM swap check could not be made");
            wire::SimSwap {
                status: "error".to_owned(),
                error: Some("check_unavailable".to_owned()),
                description: "the check could not be made; the session has ended".to_owned(),
                ..wire::SimSwap::default()
            }
        }
    };
    let answer = SimSwap::from(answer);
    call.note(|transaction| transaction.services_json = Some(json!({"SIM Swap": answer}).to_string()));
    answer
}

/// Whether `text` is a phone number in E.164 form, as CAMARA describes one: `+`, then 5 to 15 digits.
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (5..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A mobile operator that offers the CAMARA SIM Swap API, with an OAuth 2 client of the project's.
#[derive(Deserialize, ToSchema)]
pub struct NewOperator {
    /// Where `/check` and `/retrieve-date` follow.
    #[schema(example = "https://api.operator.example/sim-swap/v2")]
    base_url: String,
    #[schema(example = "https://api.operator.example/oauth2/token")]
    token_url: String,
    client_id: String,
    /// Kept encrypted and never shown.
    client_secret: String,
    #[serde(default)]
    #[schema(example = "sim-swap:check sim-swap:retrieve-date")]
    scope: Option<String>,
    /// How the client shows itself to `token_url`: `basic` (the default) or `post`.
    #[serde(default)]
    #[schema(example = "basic")]
    token_auth: String,
    /// A change within so many hours counts, 1 to 2400; absent: 240.
    #[serde(default)]
    max_age_hours: Option<u32>,
}

/// The operator, without the secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Operator {
    base_url: String,
    token_url: String,
    client_id: String,
    scope: Option<String>,
    token_auth: String,
    max_age_hours: u32,
    #[schema(example = "2026-01-31T12:00:00Z")]
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorFound {
    data: Operator,
    #[schema(example = "sim swap operator found")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorRemoved {
    #[schema(example = "sim swap operator removed")]
    message: &'static str,
}

/// Sets the project's operator in place of an earlier one. Needs a key that can mint.
#[utoipa::path(put, path = "/api-projects/sim-swap", tag = "projects", request_body = NewOperator,
    responses((status = 200, body = OperatorFound)))]
pub async fn put(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<OperatorFound>, Error> {
    let asked: NewOperator = json::object(body)?;
    if asked.max_age_hours == Some(0) {
        return Err(Error::invalid("max_age_hours must be from 1 to 2400"));
    }
    let project_id = key.project_id;
    let request = PutSimSwapSettingsRequest {
        project_id: project_id.clone(),
        settings: Some(wire::SimSwapSettings {
            base_url: asked.base_url,
            token_url: asked.token_url,
            client_id: asked.client_id,
            scope: asked.scope,
            token_auth: asked.token_auth,
            max_age_hours: asked.max_age_hours.unwrap_or_default(),
            updated_at_ms: 0,
        }),
        client_secret: asked.client_secret,
    };
    let data: Operator = gateway.sessions().put_sim_swap_settings(request).await?.into_inner().into();
    let after = Some(serde_json::json!(data));
    note(
        &gateway,
        &project_id,
        Deed { action: "sim_swap.set", target: &project_id, after, ..Deed::default() },
    )
    .await?;
    Ok(Json(OperatorFound { data, message: "sim swap operator saved" }))
}

/// The project's operator. Needs a key that can mint.
#[utoipa::path(get, path = "/api-projects/sim-swap", tag = "projects",
    responses((status = 200, body = OperatorFound), (status = 404, description = "none is configured")))]
pub async fn get(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
) -> Result<Json<OperatorFound>, Error> {
    let request = SimSwapSettingsRequest { project_id: key.project_id };
    let data = gateway.sessions().get_sim_swap_settings(request).await?.into_inner().into();
    Ok(Json(OperatorFound { data, message: "sim swap operator found" }))
}

/// Removes the project's operator: numbers are not checked from then on. Needs a key that can mint.
#[utoipa::path(delete, path = "/api-projects/sim-swap", tag = "projects",
    responses((status = 200, body = OperatorRemoved), (status = 404, description = "none is configured")))]
pub async fn delete(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
) -> Result<Json<OperatorRemoved>, Error> {
    let project_id = key.project_id;
    let request = SimSwapSettingsRequest { project_id: project_id.clone() };
    gateway.sessions().delete_sim_swap_settings(request).await?;
    note(&gateway, &project_id, Deed { action: "sim_swap.removed", target: &project_id, ..Deed::default() })
        .await?;
    Ok(Json(OperatorRemoved { message: "sim swap operator removed" }))
}

impl From<wire::SimSwapSettings> for Operator {
    fn from(settings: wire::SimSwapSettings) -> Self {
        Self {
            base_url: settings.base_url,
            token_url: settings.token_url,
            client_id: settings.client_id,
            scope: settings.scope,
            token_auth: settings.token_auth,
            max_age_hours: settings.max_age_hours,
            updated_at: rfc3339(settings.updated_at_ms),
        }
    }
}
