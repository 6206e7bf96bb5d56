//! Reviews of the caller's project: queue, claims and decisions. Each change is audited.

use proto::{
    Word,
    transactions::{
        CountReviewsRequest, DecideReviewRequest, GetReviewRequest, ListReviewsRequest, ListReviewsResponse,
        PutReviewSettingsRequest, Review, ReviewCounts, ReviewDecision, ReviewProject, ReviewQueue,
        ReviewReason, ReviewSettings, ReviewStatus, Reviewer, ReviewerKind, ReviewerRequest,
    },
};
use serde_json::{Value, json};

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    disclosure::disclose_transaction,
    error::Error,
    permissions::Permission,
};

/// The start of a page of the queue, and its size.
pub struct QueuePage {
    pub queue: ReviewQueue,
    pub cursor: String,
    pub size: u32,
}

pub(super) fn reviewer(caller: &Caller) -> Option<Reviewer> {
    let kind = if caller.is_dashboard_user() { ReviewerKind::User } else { ReviewerKind::ApiKey };
    Some(Reviewer { kind: kind.into(), id: caller.id.clone(), name: caller.name.clone() })
}

/// Returns a page of a part of the queue, with transactions as disclosed to the caller.
///
/// # Errors
/// 400 for a cursor that is not valid.
pub async fn list_reviews(
    core: &Core,
    caller: &Caller,
    page: QueuePage,
) -> Result<ListReviewsResponse, Error> {
    let request = ListReviewsRequest {
        project_id: caller.project_id.clone(),
        queue: page.queue.into(),
        reviewer: reviewer(caller),
        page_size: page.size,
        cursor: page.cursor,
    };
    let mut page = core.services().reviews().list_reviews(request).await?.into_inner();
    for item in &mut page.items {
        item.transaction = item.transaction.take().map(|found| disclose_transaction(caller, found));
    }
    Ok(page)
}

/// # Errors
/// When the transactions service does not answer.
pub async fn count_reviews(core: &Core, caller: &Caller) -> Result<ReviewCounts, Error> {
    let request = CountReviewsRequest { project_id: caller.project_id.clone(), reviewer: reviewer(caller) };
    Ok(core.services().reviews().count_reviews(request).await?.into_inner())
}

/// Returns the review of a transaction. Notes are shown to callers who may write them.
///
/// # Errors
/// 404 when the transaction is unknown or not under review.
pub async fn get_review(core: &Core, caller: &Caller, transaction_id: String) -> Result<Review, Error> {
    let request = GetReviewRequest { project_id: caller.project_id.clone(), transaction_id };
    let mut review = core.services().reviews().get_review(request).await?.into_inner();
    if !caller.may(Permission::TransactionsWrite) {
        review.steps.iter_mut().for_each(|step| step.note.clear());
    }
    Ok(review)
}

fn by_caller(caller: &Caller, transaction_id: String) -> ReviewerRequest {
    ReviewerRequest { project_id: caller.project_id.clone(), transaction_id, reviewer: reviewer(caller) }
}

/// Reserves a review for the caller; opens one where there is none.
///
/// # Errors
/// 404 when the transaction is unknown, 409 when another reviewer holds it or it is decided.
pub async fn claim_review(core: &Core, caller: &Caller, transaction_id: String) -> Result<Review, Error> {
    let review =
        core.services().reviews().claim_review(by_caller(caller, transaction_id)).await?.into_inner();
    audit(core, caller, "review.claimed", &review, json!({})).await?;
    Ok(review)
}

/// Ends the caller's claim.
///
/// # Errors
/// 404 when there is no review, 409 when it is not the caller's.
pub async fn release_review(core: &Core, caller: &Caller, transaction_id: String) -> Result<Review, Error> {
    let request = by_caller(caller, transaction_id);
    let review = core.services().reviews().release_review(request).await?.into_inner();
    audit(core, caller, "review.released", &review, json!({})).await?;
    Ok(review)
}

/// Decides about a transaction.
///
/// # Errors
/// 400 for a reason that does not fit; 404 when the transaction is unknown; 409 when another reviewer holds or has
/// decided it, or a second person must decide.
pub async fn decide_review(
    core: &Core,
    caller: &Caller,
    transaction_id: String,
    decision: ReviewDecision,
    reason: ReviewReason,
    note: String,
) -> Result<Review, Error> {
    let request = DecideReviewRequest {
        project_id: caller.project_id.clone(),
        transaction_id,
        reviewer: reviewer(caller),
        decision: decision.into(),
        reason: reason.into(),
        note,
    };
    let review = core.services().reviews().decide_review(request).await?.into_inner();
    let is_final = !matches!(review.status(), ReviewStatus::Open | ReviewStatus::SecondReview);
    let decided = json!({"decision": decision.as_word(), "reason": reason.as_word(), "final": is_final});
    audit(core, caller, "review.decided", &review, decided).await?;
    Ok(review)
}

/// Appends a change of a review to the audit log, without its note.
async fn audit(
    core: &Core,
    caller: &Caller,
    action: &'static str,
    review: &Review,
    after: Value,
) -> Result<(), Error> {
    let target = &review.transaction_id;
    let event = AuditEvent { action, target, after: Some(after), ..AuditEvent::default() };
    record_audit_event(core, &caller.project_id, event).await
}

/// # Errors
/// When the transactions service does not answer.
pub async fn get_review_settings(core: &Core, caller: &Caller) -> Result<ReviewSettings, Error> {
    let request = ReviewProject { project_id: caller.project_id.clone() };
    Ok(core.services().reviews().get_review_settings(request).await?.into_inner())
}

/// # Errors
/// 400 for a value out of range.
pub async fn put_review_settings(
    core: &Core,
    caller: &Caller,
    settings: ReviewSettings,
) -> Result<ReviewSettings, Error> {
    let before = audited_settings(&get_review_settings(core, caller).await?);
    let project_id = caller.project_id.clone();
    let request = PutReviewSettingsRequest { project_id: project_id.clone(), settings: Some(settings) };
    let stored = core.services().reviews().put_review_settings(request).await?.into_inner();
    let (before, after) = (Some(before), Some(audited_settings(&stored)));
    let target = &project_id;
    let event = AuditEvent { action: "review_settings.set", target, before, after, ..AuditEvent::default() };
    record_audit_event(core, &project_id, event).await?;
    Ok(stored)
}

fn audited_settings(settings: &ReviewSettings) -> Value {
    let ReviewSettings { four_eyes, target_minutes, lease_minutes, .. } = settings;
    json!({"four_eyes": four_eyes, "target_minutes": target_minutes, "lease_minutes": lease_minutes})
}
