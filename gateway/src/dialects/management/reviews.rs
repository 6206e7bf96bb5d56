//! The review workspace: a queue of transactions for reviewers, claims and decisions. These calls leave no transaction.

pub mod data;
pub mod settings;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use proto::transactions::ReviewCounts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::transactions::TransactionData;
use crate::{
    core::{
        caller::Caller,
        error::Error,
        reviews::{self, QueuePage},
    },
    http::{
        envelope::{Envelope, Page},
        json,
        state::Gateway,
    },
};
use data::{Decision, Queue, Reason, ReviewDetails, WireEnum};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// unassigned, mine, waiting or done
    #[param(inline)]
    queue: Queue,
    /// `next_cursor` of the previous page.
    #[serde(default)]
    cursor: String,
    /// 1 to 100; absent: 50.
    #[serde(default)]
    limit: u32,
}

/// The size of each part of the queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewCounts)]
pub struct Counts {
    /// Open and not claimed.
    unassigned: u64,
    /// Claimed by the caller.
    mine: u64,
    /// Waiting for a second person or for a new capture.
    waiting: u64,
    /// Claimed by anyone.
    claimed: u64,
    /// Open beyond the project's target time.
    overdue: u64,
}

/// Lists a part of the review queue: oldest first; completed reviews newest first. The transactions omit results,
/// evidence, device and location.
#[utoipa::path(get, path = "/api-transactions/reviews", tag = "reviews", params(QueueQuery),
    responses((status = 200, body = Page<TransactionData>), (status = 400, description = "no such queue")))]
pub async fn list_reviews(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<QueueQuery>, QueryRejection>,
) -> Result<Json<Page<TransactionData>>, Error> {
    let Query(QueueQuery { queue, cursor, limit }) =
        query.map_err(|_| Error::invalid("queue must be unassigned, mine, waiting or done"))?;
    if limit > 100 {
        return Err(Error::invalid("limit must be a whole number from 1 to 100"));
    }
    let page = QueuePage { queue: queue.to_wire(), cursor, size: limit };
    let page = reviews::list_reviews(gateway.core(), &caller, page).await?;
    let found = page.items.into_iter().filter_map(|item| Some(TransactionData::from(item.transaction?)));
    Ok(Json(Page::new("reviews found", found.collect(), page.next_cursor)))
}

/// Returns the size of each part of the queue.
#[utoipa::path(get, path = "/api-transactions/reviews/counts", tag = "reviews",
    responses((status = 200, body = Envelope<Counts>)))]
pub async fn count_reviews(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<Counts>>, Error> {
    let counts = reviews::count_reviews(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("reviews counted", counts.into())))
}

/// Returns the review of a transaction with the decision of each person.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}/review", tag = "reviews",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<ReviewDetails>), (status = 404, description = "unknown, or not under review")))]
pub async fn get_review(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<ReviewDetails>>, Error> {
    let Path(id) = id?;
    let review = reviews::get_review(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("review found", review.into())))
}

/// Claims a review, so that nobody else can decide in the meantime. A claim expires; claiming again extends it. A
/// transaction without a review is opened for review.
#[utoipa::path(put, path = "/api-transactions/transactions/{id}/review/claim", tag = "reviews",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<ReviewDetails>), (status = 404, description = "unknown"),
              (status = 409, description = "somebody else holds it, it is decided, or another person has to decide")))]
pub async fn claim_review(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<ReviewDetails>>, Error> {
    let Path(id) = id?;
    let review = reviews::claim_review(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("review claimed", review.into())))
}

/// Ends the caller's claim.
#[utoipa::path(delete, path = "/api-transactions/transactions/{id}/review/claim", tag = "reviews",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<ReviewDetails>), (status = 404, description = "unknown, or not under review"),
              (status = 409, description = "not the caller's")))]
pub async fn release_review(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<ReviewDetails>>, Error> {
    let Path(id) = id?;
    let review = reviews::release_review(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("review released", review.into())))
}

/// The decision of a reviewer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReviewDecision)]
pub struct NewDecision {
    decision: Decision,
    reason: Reason,
    /// At most 2000 characters; required for `other`. Stored encrypted, and shown to callers who may review.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

/// Decides a review: approve, reject or request a new capture. The decision is final and is reported as
/// `review.completed`. Where the project requires two people, it is final once two different people in a row decide the
/// same.
#[utoipa::path(post, path = "/api-transactions/transactions/{id}/review", tag = "reviews",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    request_body(content = NewDecision, example = json!({"decision": "reject", "reason": "different_person", "note": "another face than on the document"})),
    responses((status = 200, body = Envelope<ReviewDetails>), (status = 400, description = "a reason that does not fit the decision"),
              (status = 404, description = "unknown"),
              (status = 409, description = "somebody else holds it or was faster, it is decided, or another person has to decide")))]
pub async fn decide_review(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<ReviewDetails>>, Error> {
    let Path(id) = id?;
    let NewDecision { decision, reason, note } = json::parse_object(body)?;
    let (decision, reason) = (decision.to_wire(), reason.to_wire());
    let review = reviews::decide_review(gateway.core(), &caller, id, decision, reason, note).await?;
    Ok(Json(Envelope::new("review decided", review.into())))
}

impl From<ReviewCounts> for Counts {
    fn from(counts: ReviewCounts) -> Self {
        let ReviewCounts { unassigned, mine, waiting, claimed, overdue } = counts;
        Self { unassigned, mine, waiting, claimed, overdue }
    }
}
