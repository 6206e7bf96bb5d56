//! `/api-transactions`: transactions are listed, read and reviewed. These calls leave no transaction themselves.

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
};
use boot::timestamp::rfc3339;
use proto::{
    Word,
    transactions::{FraudHit, ListTransactionsRequest, Transaction},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::reviews::data::ReviewData;
use crate::{
    core::{caller::Caller, error::Error, transactions},
    http::{
        envelope::{Envelope, Page},
        json::{self, without_byte_order_mark},
        openapi::closed_sets,
        state::Gateway,
    },
};

use super::api_keys::mode_name;

pub use filter::Filters;
use filter::Pairs;

/// The record of one call of the API.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionData {
    /// The `X-Request-Id` of the call.
    id: String,
    project_id: String,
    api_key_id: String,
    /// `test` when made with a test key; test calls are not counted.
    #[schema(value_type = closed_sets::KeyMode, example = "live")]
    mode: &'static str,
    session_id: Option<String>,
    user_fullname: Option<String>,
    #[schema(example = "process_video")]
    kind: String,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    created_at: String,
    http_status: u32,
    error: Option<String>,
    #[schema(value_type = Option<closed_sets::Verdict>, example = "pass")]
    verdict: Option<&'static str>,
    score: Option<f64>,
    decision_reasons: Vec<String>,
    services: Option<Value>,
    rules: Option<String>,
    /// The evidence for the decision, and the rule set with its version.
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
    /// The reviewer's flag.
    #[schema(value_type = Option<closed_sets::ReviewFlag>, example = "possibly_fraudulent")]
    flag: Option<&'static str>,
    /// Findings of the fraud rules, available shortly after the call.
    fraud: Vec<Fraud>,
    /// The review, or null when none is needed.
    review: Option<ReviewData>,
}

/// A finding of a fraud rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fraud {
    #[schema(example = "impossible_travel")]
    rule: String,
    /// The numbers and the other transactions that the finding is based on.
    evidence: Option<Value>,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    at: String,
}

/// Returns the record of one call.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<TransactionData>), (status = 404, description = "unknown")))]
pub async fn get_transaction(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<TransactionData>>, Error> {
    let Path(id) = id?;
    let found = transactions::get_transaction(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("transaction found", found.into())))
}

/// Returns the transactions that pass every filter, newest first. A page continues where the previous one ended, even
/// if new transactions are recorded in between.
#[utoipa::path(get, path = "/api-transactions/transactions", tag = "transactions", params(Filters),
    responses((status = 200, body = Page<TransactionData>), (status = 400, description = "a filter that is not valid, by name")))]
pub async fn list_transactions(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Json<Page<TransactionData>>, Error> {
    let Query(pairs) = query?;
    page(&gateway, &caller, filter::from_pairs(pairs)?).await
}

/// Returns the same list; the filters are the fields of a JSON object.
#[utoipa::path(post, path = "/api-transactions/transactions/query", tag = "transactions",
    request_body(content = Filters, example = json!({"verdict": "fail", "from": "2026-01-31T00:00:00Z", "limit": 20})),
    responses((status = 200, body = Page<TransactionData>), (status = 400, description = "a filter that is not valid, by name")))]
pub async fn query_transactions(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Page<TransactionData>>, Error> {
    page(&gateway, &caller, filter::from_json(&body?)?).await
}

async fn page(
    gateway: &Gateway,
    caller: &Caller,
    request: ListTransactionsRequest,
) -> Result<Json<Page<TransactionData>>, Error> {
    let page = transactions::list_transactions(gateway.core(), caller, request).await?;
    let transactions = page.transactions.into_iter().map(TransactionData::from).collect();
    Ok(Json(Page::new("transactions found", transactions, page.next_cursor)))
}

/// A reviewer's tags.
#[derive(Deserialize, ToSchema)]
pub struct Tags {
    /// At most 100, each 1 to 100 characters.
    #[schema(example = json!(["seen", "kiosk"]))]
    tags: Vec<String>,
}

/// Replaces the tags of a transaction.
#[utoipa::path(put, path = "/api-transactions/transactions/{id}/tags", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")), request_body = Tags,
    responses((status = 200, body = Envelope<TransactionData>, example = json!({"data": {"tags": ["seen"]}, "message": "tags updated"})),
              (status = 400, description = "no list of tags, or one that is too long"), (status = 404, description = "unknown")))]
pub async fn put_transaction_tags(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<TransactionData>>, Error> {
    let Path(id) = id?;
    let Tags { tags } = serde_json::from_slice(without_byte_order_mark(&body?))
        .map_err(|_| Error::invalid("request body must be a JSON object with tags, a list of strings"))?;
    let changed = transactions::put_tags(gateway.core(), &caller, id, tags).await?;
    Ok(Json(Envelope::new("tags updated", changed.into())))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FlagQuery {
    /// fraudulent, possibly_fraudulent or ok
    flag: String,
}

/// Sets the reviewer's flag of a transaction.
#[utoipa::path(put, path = "/api-transactions/transactions/{id}/flag", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call"), FlagQuery),
    responses((status = 200, body = Envelope<TransactionData>, example = json!({"data": {"flag": "fraudulent"}, "message": "flag updated"})),
              (status = 400, description = "no such flag"), (status = 404, description = "unknown")))]
pub async fn put_transaction_flag(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<FlagQuery>, QueryRejection>,
) -> Result<Json<Envelope<TransactionData>>, Error> {
    let Path(id) = id?;
    let flag = query.map(|Query(query)| query.flag).unwrap_or_default();
    let flag = json::parse_word("flag", &flag)?;
    let changed = transactions::put_flag(gateway.core(), &caller, id, flag).await?;
    Ok(Json(Envelope::new("flag updated", changed.into())))
}

fn parsed(json: Option<String>) -> Option<Value> {
    json.and_then(|json| serde_json::from_str(&json).ok())
}

impl From<Transaction> for TransactionData {
    fn from(record: Transaction) -> Self {
        let (verdict, flag) = (record.verdict().to_word(), record.flag().to_word());
        Self {
            id: record.id,
            project_id: record.project_id,
            api_key_id: record.api_key_id,
            mode: mode_name(record.is_test),
            session_id: record.session_id,
            user_fullname: record.user_fullname,
            kind: record.kind,
            created_at: rfc3339(record.created_at_ms),
            http_status: record.http_status,
            error: record.error,
            verdict,
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
            flag,
            fraud: record.fraud.into_iter().map(Fraud::from).collect(),
            review: record.review.map(ReviewData::from),
        }
    }
}

impl From<FraudHit> for Fraud {
    fn from(hit: FraudHit) -> Self {
        Self { rule: hit.rule, evidence: parsed(Some(hit.evidence_json)), at: rfc3339(hit.at_ms) }
    }
}
