//! What happened, read back.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use proto::transactions::{GetTransactionRequest, Transaction};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{Gateway, auth::ApiKey, consent::rfc3339, error::Error};

/// One call of the API, as it was answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionData {
    /// The X-Request-Id of the call.
    id: String,
    project_id: String,
    api_key_id: String,
    session_id: Option<String>,
    user_fullname: Option<String>,
    #[schema(example = "process_video")]
    kind: String,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    created_at: String,
    http_status: u32,
    error: Option<String>,
    #[schema(example = "pass")]
    verdict: Option<String>,
    score: Option<f64>,
    decision_reasons: Vec<String>,
    services: Option<Value>,
    rules: Option<String>,
    action_trigger: Option<String>,
    device_info: Option<Value>,
    geo: Option<Value>,
    tags: Vec<String>,
    durations: Option<Value>,
    duration_ms: u32,
    client_app: Option<String>,
    client_app_version: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionFound {
    data: TransactionData,
    #[schema(example = "transaction found")]
    message: &'static str,
}

/// The record of one call. Reading it leaves no record of its own.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = TransactionFound), (status = 404, description = "unknown")))]
pub async fn get(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<TransactionFound>, BothNames> {
    let Path(id) = id.map_err(Error::from)?;
    let request = GetTransactionRequest { project_id: key?.project_id, id };
    let found = gateway.transactions().get_transaction(request).await.map_err(Error::from)?.into_inner();
    Ok(Json(TransactionFound { data: found.into(), message: "transaction found" }))
}

/// Clients of these routes read an error as `message`, all others as `error`; here it has both names.
pub struct BothNames(Error);

impl From<Error> for BothNames {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for BothNames {
    fn into_response(self) -> Response {
        let sentence = self.0.to_string();
        let (parts, _) = self.0.into_response().into_parts();
        let mut response = Json(json!({ "error": sentence, "message": sentence })).into_response();
        *response.status_mut() = parts.status;
        if let Some(after) = parts.headers.get(axum::http::header::RETRY_AFTER) {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, after.clone());
        }
        response
    }
}

fn parsed(json: Option<String>) -> Option<Value> {
    json.and_then(|json| serde_json::from_str(&json).ok())
}

impl From<Transaction> for TransactionData {
    fn from(record: Transaction) -> Self {
        Self {
            id: record.id,
            project_id: record.project_id,
            api_key_id: record.api_key_id,
            session_id: record.session_id,
            user_fullname: record.user_fullname,
            kind: record.kind,
            created_at: rfc3339(record.created_at_ms),
            http_status: record.http_status,
            error: record.error,
            verdict: record.verdict,
            score: record.score,
            decision_reasons: record.reasons,
            services: parsed(record.services_json),
            rules: record.rules,
            action_trigger: record.action_trigger,
            device_info: parsed(record.device_info_json),
            geo: parsed(record.geo_json),
            tags: record.tags,
            durations: parsed(record.durations_json),
            duration_ms: record.duration_ms,
            client_app: record.client_app,
            client_app_version: record.client_app_version,
        }
    }
}
