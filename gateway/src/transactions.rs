//! What happened, read back and reviewed. None of these calls leaves a record of its own.

pub mod export;
mod filter;
pub mod related;
pub mod stats;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use proto::transactions::{
    FraudHit, GetTransactionRequest, ListTransactionsRequest, PutFlagRequest, PutTagsRequest, Transaction,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Gateway,
    accounts::audit::{Deed, note},
    auth::ApiKey,
    consent::rfc3339,
    error::Error,
};

pub use filter::Filters;
use filter::Pairs;

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
    /// What the rules were given, and which version of which rule set they were.
    #[schema(value_type = Option<Object>, example = json!({"selected": ["face_liveness"], "found": {"face_liveness": {"judged": {"score": 0.97}}}, "rules": {"scores_id": "0199...", "version": 3}}))]
    evidence: Option<Value>,
    action_trigger: Option<String>,
    device_info: Option<Value>,
    geo: Option<Value>,
    tags: Vec<String>,
    durations: Option<Value>,
    duration_ms: u32,
    client_app: Option<String>,
    client_app_version: Option<String>,
    /// What a reviewer made of it.
    #[schema(example = "possibly_fraudulent")]
    flag: Option<String>,
    /// What the fraud rules found, a moment after the call.
    fraud: Vec<Fraud>,
}

/// A fraud rule that found something.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fraud {
    #[schema(example = "impossible_travel")]
    rule: String,
    /// The numbers and the other transactions it rests on.
    evidence: Option<Value>,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionList {
    data: Vec<TransactionData>,
    /// For the next page; null on the last one, and only there: a page may hold fewer than `limit`.
    next_cursor: Option<String>,
    #[schema(example = "transactions found")]
    message: &'static str,
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

/// The transactions that pass every filter, newest first. A page of a list goes on where the one before ended, whatever
/// is recorded meanwhile.
#[utoipa::path(get, path = "/api-transactions/transactions", tag = "transactions", params(Filters),
    responses((status = 200, body = TransactionList), (status = 400, description = "a filter that makes no sense, by name")))]
pub async fn list(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Json<TransactionList>, BothNames> {
    let key = key?;
    let Query(pairs) = query.map_err(Error::from)?;
    page(&gateway, filter::from_pairs(pairs, key.project_id)?).await
}

/// The same list; the filters are the fields of a JSON object.
#[utoipa::path(post, path = "/api-transactions/transactions/query", tag = "transactions",
    request_body(content = Filters, example = json!({"verdict": "fail", "from": "2026-01-31T00:00:00Z", "limit": 20})),
    responses((status = 200, body = TransactionList), (status = 400, description = "a filter that makes no sense, by name")))]
pub async fn query(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TransactionList>, BothNames> {
    let key = key?;
    page(&gateway, filter::from_json(&body.map_err(Error::from)?, key.project_id)?).await
}

async fn page(
    gateway: &Gateway,
    request: ListTransactionsRequest,
) -> Result<Json<TransactionList>, BothNames> {
    let page = gateway.transactions().list_transactions(request).await.map_err(Error::from)?.into_inner();
    Ok(Json(TransactionList {
        data: page.transactions.into_iter().map(TransactionData::from).collect(),
        next_cursor: Some(page.next_cursor).filter(|cursor| !cursor.is_empty()),
        message: "transactions found",
    }))
}

/// What a reviewer notes on a transaction.
#[derive(Deserialize, ToSchema)]
pub struct Tags {
    /// At most 100, each 1 to 100 characters.
    #[schema(example = json!(["seen", "kiosk"]))]
    tags: Vec<String>,
}

/// Replaces the tags of a transaction.
#[utoipa::path(put, path = "/api-transactions/transactions/{id}/tags", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")), request_body = Tags,
    responses((status = 200, body = TransactionFound, example = json!({"data": {"tags": ["seen"]}, "message": "tags updated"})),
              (status = 400, description = "no list of tags, or one that is too long"), (status = 404, description = "unknown")))]
pub async fn put_tags(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TransactionFound>, BothNames> {
    let project_id = key?.project_id;
    let Path(id) = id.map_err(Error::from)?;
    let body = body.map_err(Error::from)?;
    let Tags { tags } = serde_json::from_slice(&body)
        .map_err(|_| Error::invalid("request body must be a JSON object with tags, a list of strings"))?;
    let request = PutTagsRequest { project_id, id, tags };
    let before = find(&gateway, &request.project_id, &request.id).await?.tags;
    let deed = Deed { action: "transaction.tags_set", target: &request.id.clone(), ..Deed::default() };
    let project_id = request.project_id.clone();
    let put = gateway.transactions().put_tags(request).await.map_err(Error::from)?.into_inner();
    let (before, after) = (Some(json!({"tags": before})), Some(json!({"tags": put.tags})));
    note(&gateway, &project_id, Deed { before, after, ..deed }).await?;
    Ok(Json(TransactionFound { data: put.into(), message: "tags updated" }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FlagAsked {
    /// fraudulent, possibly_fraudulent or ok
    flag: String,
}

/// Sets what a reviewer made of a transaction.
#[utoipa::path(put, path = "/api-transactions/transactions/{id}/flag", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call"), FlagAsked),
    responses((status = 200, body = TransactionFound, example = json!({"data": {"flag": "fraudulent"}, "message": "flag updated"})),
              (status = 400, description = "no such flag"), (status = 404, description = "unknown")))]
pub async fn put_flag(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<FlagAsked>, QueryRejection>,
) -> Result<Json<TransactionFound>, BothNames> {
    let project_id = key?.project_id;
    let Path(id) = id.map_err(Error::from)?;
    let Query(FlagAsked { flag }) =
        query.map_err(|_| Error::invalid("flag must be fraudulent, possibly_fraudulent or ok"))?;
    let request = PutFlagRequest { project_id, id, flag };
    let before = find(&gateway, &request.project_id, &request.id).await?.flag;
    let deed = Deed { action: "transaction.flag_set", target: &request.id.clone(), ..Deed::default() };
    let project_id = request.project_id.clone();
    let put = gateway.transactions().put_flag(request).await.map_err(Error::from)?.into_inner();
    let (before, after) = (Some(json!({"flag": before})), Some(json!({"flag": put.flag})));
    note(&gateway, &project_id, Deed { before, after, ..deed }).await?;
    Ok(Json(TransactionFound { data: put.into(), message: "flag updated" }))
}

/// A transaction as it is before somebody changes it.
async fn find(gateway: &Gateway, project_id: &str, id: &str) -> Result<Transaction, Error> {
    let request = GetTransactionRequest { project_id: project_id.to_owned(), id: id.to_owned() };
    Ok(gateway.transactions().get_transaction(request).await?.into_inner())
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
            evidence: parsed(record.evidence_json),
            action_trigger: record.action_trigger,
            device_info: parsed(record.device_info_json),
            geo: parsed(record.geo_json),
            tags: record.tags,
            durations: parsed(record.durations_json),
            duration_ms: record.duration_ms,
            client_app: record.client_app,
            client_app_version: record.client_app_version,
            flag: record.flag,
            fraud: record.fraud.into_iter().map(Fraud::from).collect(),
        }
    }
}

impl From<FraudHit> for Fraud {
    fn from(hit: FraudHit) -> Self {
        Self { rule: hit.rule, evidence: parsed(Some(hit.evidence_json)), at: rfc3339(hit.at_ms) }
    }
}
