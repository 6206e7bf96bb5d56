//! Counts over time, for charts.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use boot::timestamp::rfc3339;
use proto::transactions::StatsBucket;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::filter;
use crate::{
    core::{caller::Caller, error::Error, transactions::transaction_stats},
    http::state::Gateway,
};

const HOUR_MS: i64 = 3_600_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Span {
    /// Counts calls that began at or after this time: RFC 3339, or milliseconds since 1970. The whole hour or day (UTC)
    /// is counted.
    #[param(example = "2026-01-31T00:00:00Z")]
    from: String,
    /// Counts calls that began before this time, in the same notation; at most 400 buckets later.
    #[param(example = "2026-02-01T00:00:00Z")]
    to: String,
    /// hour or day
    #[param(example = "hour")]
    bucket: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    /// All buckets of the period in order, including empty ones.
    buckets: Vec<Bucket>,
    /// False when there are so many decided calls that reasons were counted only in the newest 100000.
    reasons_complete: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Bucket {
    /// The beginning of the bucket, UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    at: String,
    /// All calls of any kind.
    total: u64,
    pass: u64,
    fail: u64,
    refer: u64,
    /// Calls answered with a status of 500 or above.
    errors: u64,
    /// How long decisions took, within 2.5 %; null when nothing was decided.
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    /// The number of decisions with each reason.
    #[schema(value_type = Object, example = json!({"face_match_failed": 3}))]
    reasons: BTreeMap<String, u64>,
}

/// Calls and decisions by hour or day (UTC).
#[utoipa::path(get, path = "/api-transactions/stats", tag = "transactions", params(Span),
    responses((status = 200, body = Stats), (status = 400, description = "a time or bucket that makes no sense, or more than 400 buckets")))]
pub async fn get_transaction_stats(
    State(gateway): State<Gateway>,
    caller: Caller,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<Stats>, Error> {
    let (from_ms, until_ms, bucket_ms) = Span::parse(span)?;
    let counted = transaction_stats(gateway.core(), caller.project_id, from_ms, until_ms, bucket_ms).await?;
    Ok(Json(Stats {
        buckets: counted.buckets.into_iter().map(Bucket::from).collect(),
        reasons_complete: counted.reasons_complete,
    }))
}

impl Span {
    /// Begin, end and length of a bucket, in milliseconds.
    ///
    /// # Errors
    /// 400 for an invalid time or bucket.
    pub fn parse(query: Result<Query<Self>, QueryRejection>) -> Result<(i64, i64, i64), Error> {
        let Query(span) = query.map_err(|_| Error::invalid("from, to and bucket are required"))?;
        let (from_ms, until_ms) = (filter::time("from", &span.from)?, filter::time("to", &span.to)?);
        match span.bucket.as_str() {
            "hour" => Ok((from_ms, until_ms, HOUR_MS)),
            "day" => Ok((from_ms, until_ms, 24 * HOUR_MS)),
            _ => Err(Error::invalid("bucket must be hour or day")),
        }
    }
}

impl From<StatsBucket> for Bucket {
    fn from(bucket: StatsBucket) -> Self {
        Self {
            at: rfc3339(bucket.at_ms),
            total: bucket.total,
            pass: bucket.pass,
            fail: bucket.fail,
            refer: bucket.refer,
            errors: bucket.errors,
            p50_ms: bucket.p50_ms,
            p95_ms: bucket.p95_ms,
            reasons: bucket.reasons.into_iter().collect(),
        }
    }
}
