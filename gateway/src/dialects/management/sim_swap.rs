//! `/api-projects/sim-swap`: the project's mobile operator.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::{
    Word,
    sessions::{SimSwapSettings, TokenAuth},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, project_settings},
    http::{
        envelope::{Envelope, Message},
        json,
        state::Gateway,
    },
};

/// A mobile operator that offers the CAMARA SIM Swap API, and the project's OAuth 2 client there.
#[derive(Deserialize, ToSchema)]
pub struct NewOperator {
    /// The base URL of `/check` and `/retrieve-date`.
    #[schema(example = "https://api.operator.example/sim-swap/v2")]
    base_url: String,
    #[schema(example = "https://api.operator.example/oauth2/token")]
    token_url: String,
    client_id: String,
    /// Stored encrypted and never returned.
    client_secret: String,
    #[serde(default)]
    #[schema(example = "sim-swap:check sim-swap:retrieve-date")]
    scope: Option<String>,
    /// How the client authenticates to `token_url`: `basic` (the default) or `post`.
    #[serde(default)]
    #[schema(example = "basic")]
    token_auth: String,
    /// Hours within which a SIM change counts, 1 to 2400; absent: 240.
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
    token_auth: &'static str,
    max_age_hours: u32,
    #[schema(example = "2026-01-31T12:00:00Z")]
    updated_at: String,
}

/// Sets or replaces the project's operator. Needs a key that can mint.
#[utoipa::path(put, path = "/api-projects/sim-swap", tag = "projects", request_body = NewOperator,
    responses((status = 200, body = Envelope<Operator>)))]
pub async fn put_sim_swap_operator(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<Operator>>, Error> {
    let request: NewOperator = json::parse_object(body)?;
    if request.max_age_hours == Some(0) {
        return Err(Error::invalid("max_age_hours must be from 1 to 2400"));
    }
    let token_auth = match request.token_auth.as_str() {
        "" => TokenAuth::Basic,
        word => json::parse_word("token_auth", word)?,
    };
    let settings = SimSwapSettings {
        base_url: request.base_url,
        token_url: request.token_url,
        client_id: request.client_id,
        scope: request.scope,
        token_auth: token_auth.into(),
        max_age_hours: request.max_age_hours.unwrap_or_default(),
        updated_at_ms: 0,
    };
    let audited = |stored: &SimSwapSettings| serde_json::json!(Operator::from(stored.clone()));
    let (core, secret) = (gateway.core(), request.client_secret);
    let stored = project_settings::put_sim_swap_operator(core, &caller, settings, secret, audited).await?;
    Ok(Json(Envelope::new("sim swap operator saved", stored.into())))
}

/// Returns the project's operator. Needs a key that can mint.
#[utoipa::path(get, path = "/api-projects/sim-swap", tag = "projects",
    responses((status = 200, body = Envelope<Operator>), (status = 404, description = "none is configured")))]
pub async fn get_sim_swap_operator(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<Operator>>, Error> {
    let found = project_settings::get_sim_swap_operator(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("sim swap operator found", found.into())))
}

/// Removes the project's operator, so that numbers are no longer checked. Needs a key that can mint.
#[utoipa::path(delete, path = "/api-projects/sim-swap", tag = "projects",
    responses((status = 200, body = Message), (status = 404, description = "none is configured")))]
pub async fn delete_sim_swap_operator(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Message>, Error> {
    project_settings::delete_sim_swap_operator(gateway.core(), &caller).await?;
    Ok(Json(Message::new("sim swap operator removed")))
}

impl From<SimSwapSettings> for Operator {
    fn from(settings: SimSwapSettings) -> Self {
        Self {
            token_auth: settings.token_auth().as_word(),
            base_url: settings.base_url,
            token_url: settings.token_url,
            client_id: settings.client_id,
            scope: settings.scope,
            max_age_hours: settings.max_age_hours,
            updated_at: rfc3339(settings.updated_at_ms),
        }
    }
}
