//! Decodes a call about reviews, decides by the rules of [`super`], stores, encodes the response.

use boot::timestamp::rfc3339;
use proto::transactions::{self as wire, reviews_server};
use serde_json::json;
use tonic::{Request, Response, Status as Refusal};

use super::{
    Decision, MINUTE_MS, Queue, Reviewer, Settings, Status, Verdict,
    convert::{self, Names, Written, reviewer},
};
use crate::{
    error::Error,
    list::Cursor,
    outbox::Event,
    record::{TransactionId, text},
    seal,
    service::Transactions,
    store::{Part, ReviewRow, StepRow},
};

const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 100;

/// The reviews over the same records.
#[derive(Clone)]
pub struct Reviews {
    records: Transactions,
}

/// The effects of a change of a review besides its row.
#[derive(Default)]
struct Effects {
    step: Option<StepRow>,
    event: Option<Event>,
}

impl Reviews {
    pub const fn new(records: Transactions) -> Self {
        Self { records }
    }

    fn now(&self) -> i64 {
        (self.records.clock)()
    }

    async fn list(&self, request: wire::ListReviewsRequest) -> Result<wire::ListReviewsResponse, Error> {
        use wire::ReviewQueue as Asked;
        let asked = request.queue();
        let project = text("project_id", request.project_id)?;
        let by = reviewer(request.reviewer)?;
        let part = match asked {
            Asked::Unassigned => Part::Unassigned,
            Asked::Mine => Part::Mine(&by.id),
            Asked::Waiting => Part::Waiting,
            Asked::Done => Part::Done,
            Asked::Unspecified => return Err(Error::Invalid("queue is required".into())),
        };
        let size = if request.page_size == 0 { DEFAULT_PAGE } else { request.page_size.min(MAX_PAGE) };
        let after = Some(request.cursor).filter(|cursor| !cursor.is_empty());
        let after = after.as_deref().map(Cursor::parse).transpose()?;
        let after = after.as_ref().map(|after| (after.created_at_ms, after.id.as_str()));
        let mut found = self.records.store.list_reviews(&project, part, self.now(), after, size + 1).await?;
        let more = found.len() > size as usize;
        found.truncate(size as usize);
        let next_cursor = match found.last().filter(|_| more) {
            Some(last) => {
                let at = if asked == Asked::Done { last.decided_at } else { None };
                let created_at_ms = at.unwrap_or(last.opened_at);
                Cursor { created_at_ms, id: TransactionId::parse(&last.id)? }.to_string()
            }
            None => String::new(),
        };
        let ids = found.into_iter().map(|row| row.id).collect();
        let transactions = self.records.read_in_order(&project, ids).await?;
        let items = transactions.into_iter().map(|transaction| wire::ReviewItem {
            transaction: Some(wire::Transaction {
                services_json: None,
                evidence_json: None,
                device_info_json: None,
                geo_json: None,
                durations_json: None,
                ..transaction
            }),
        });
        Ok(wire::ListReviewsResponse { items: items.collect(), next_cursor })
    }

    async fn count(&self, request: wire::CountReviewsRequest) -> Result<wire::ReviewCounts, Error> {
        let project = text("project_id", request.project_id)?;
        let by = reviewer(request.reviewer)?;
        let settings = self.records.store.review_settings(&project).await?;
        let now = self.now();
        let due_before = now - i64::from(settings.target_minutes) * MINUTE_MS;
        let counts = self.records.store.count_reviews(&project, &by.id, now, due_before).await?;
        Ok(wire::ReviewCounts {
            unassigned: counts.unassigned.unsigned_abs(),
            mine: counts.mine.unsigned_abs(),
            waiting: counts.waiting.unsigned_abs(),
            claimed: counts.claimed.unsigned_abs(),
            overdue: counts.overdue.unsigned_abs(),
        })
    }

    async fn get(&self, project: &str, id: &str) -> Result<wire::Review, Error> {
        let id = TransactionId::parse(id).map_err(|_| Error::NotFound)?;
        let row = self.records.store.find_review(project, &id).await?.ok_or(Error::NoReview)?;
        self.render(&row).await
    }

    async fn render(&self, row: &ReviewRow) -> Result<wire::Review, Error> {
        let ring = &self.records.ring;
        let steps = self.records.store.review_steps(&row.id).await?;
        let steps = steps.iter().map(|step| step.to_wire(ring, &row.project_id, &row.id));
        let steps = steps.collect::<Result<_, _>>()?;
        Ok(wire::Review { steps, ..row.to_wire(ring, self.now())? })
    }

    /// Returns the review of a transaction; opens one if there is none.
    async fn find_or_open(&self, project: &str, id: &TransactionId) -> Result<ReviewRow, Error> {
        let store = &self.records.store;
        if let Some(row) = store.find_review(project, id).await? {
            return Ok(row);
        }
        store.find_transaction(project, id).await?.ok_or(Error::NotFound)?;
        store.open_review(project, id, self.now()).await?;
        let opened = store.find_review(project, id).await?;
        opened.ok_or(Error::Refused("only decisions and enrollments are reviewed"))
    }

    async fn claim(&self, request: wire::ReviewerRequest) -> Result<wire::Review, Error> {
        let by = reviewer(request.reviewer)?;
        let id = TransactionId::parse(&request.transaction_id).map_err(|_| Error::NotFound)?;
        let row = self.find_or_open(&request.project_id, &id).await?;
        let (settings, now) = (self.records.store.review_settings(&row.project_id).await?, self.now());
        row.standing()?.check_claim(&by, &settings, now)?;
        let names = Names { claimed: by.name, ..row.names(&self.records.ring)? };
        let changed = ReviewRow {
            claimed_by: Some(by.id),
            claimed_until: Some(now + i64::from(settings.lease_minutes) * MINUTE_MS),
            ..row
        };
        self.save(changed, &names, Effects::default()).await
    }

    async fn release(&self, request: wire::ReviewerRequest) -> Result<wire::Review, Error> {
        let by = reviewer(request.reviewer)?;
        let id = TransactionId::parse(&request.transaction_id).map_err(|_| Error::NotFound)?;
        let found = self.records.store.find_review(&request.project_id, &id).await?;
        let row = found.ok_or(Error::NoReview)?;
        if row.claimed_by.as_deref() != Some(&by.id) {
            return Err(Error::Refused("this review is not yours"));
        }
        let names = Names { claimed: String::new(), ..row.names(&self.records.ring)? };
        self.save(ReviewRow { claimed_by: None, claimed_until: None, ..row }, &names, Effects::default())
            .await
    }

    async fn decide(&self, request: wire::DecideReviewRequest) -> Result<wire::Review, Error> {
        let decision = convert::decision_from_wire(request.decision)?;
        let reason = convert::reason_from_wire(request.reason)?;
        let verdict = Verdict::new(decision, reason, &request.note)?;
        let by = reviewer(request.reviewer)?;
        let id = TransactionId::parse(&request.transaction_id).map_err(|_| Error::NotFound)?;
        let row = self.find_or_open(&request.project_id, &id).await?;
        let (settings, now) = (self.records.store.review_settings(&row.project_id).await?, self.now());
        let status = row.standing()?.decide(&by, decision, &settings, now)?;
        let names = Names { claimed: String::new(), ..row.names(&self.records.ring)? };
        let step = self.step(&row, &by, &verdict, now)?;
        let free = ReviewRow { claimed_by: None, claimed_until: None, ..row };
        if !status.is_final() {
            let waiting = ReviewRow {
                status: status.as_str().into(),
                queue: Queue::Waiting.as_str().into(),
                first_by: Some(by.id),
                first_decision: Some(decision.as_str().into()),
                ..free
            };
            return self.save(waiting, &names, Effects { step: Some(step), event: None }).await;
        }
        let waits = status == Status::NewCapture;
        let decided = ReviewRow {
            status: status.as_str().into(),
            queue: if waits { Queue::Waiting } else { Queue::Done }.as_str().into(),
            reason: Some(verdict.reason.as_str().into()),
            decided_by: Some(by.id.clone()),
            decided_at: Some(now),
            ..free
        };
        let names = Names { decided: by.name.clone(), ..names };
        let event = self.event(&decided, &id, &by, decision, now).await?;
        self.save(decided, &names, Effects { step: Some(step), event: Some(event) }).await
    }

    fn step(&self, row: &ReviewRow, by: &Reviewer, verdict: &Verdict, now: i64) -> Result<StepRow, Error> {
        let written = Written { name: by.name.clone(), note: verdict.note.clone() };
        // Each change has its own version.
        let step = row.version;
        let sealed = seal::seal_note(&self.records.ring, &row.project_id, &row.id, step, &written)?;
        Ok(StepRow {
            step,
            made_at: now,
            made_by: by.id.clone(),
            decision: verdict.decision.as_str().into(),
            reason: verdict.reason.as_str().into(),
            sealed,
        })
    }

    /// Returns the event for the customer's servers, without the note.
    async fn event(
        &self,
        row: &ReviewRow,
        id: &TransactionId,
        by: &Reviewer,
        decision: Decision,
        now: i64,
    ) -> Result<Event, Error> {
        let stored =
            self.records.store.find_transaction(&row.project_id, id).await?.ok_or(Error::NotFound)?;
        let hash = stored.subject_hash.clone();
        let personal = seal::open(&self.records.ring, &row.project_id, id, &stored.sealed)?;
        let review = json!({
            "decision": decision.as_str(),
            "reason": row.reason,
            "reviewed_by": by.id,
            "reviewed_at": rfc3339(now),
        });
        Event::review_completed(&stored.into_record(personal)?, hash.as_deref(), now, review)
    }

    async fn save(&self, row: ReviewRow, names: &Names, effects: Effects) -> Result<wire::Review, Error> {
        let sealed = seal::seal_reviewers(&self.records.ring, &row.project_id, &row.id, names)?;
        let row = ReviewRow { sealed_names: Some(sealed), ..row };
        self.records.store.save_review(&row, effects.step.as_ref(), effects.event.as_ref()).await?;
        self.render(&row).await
    }

    async fn put_settings(
        &self,
        request: wire::PutReviewSettingsRequest,
    ) -> Result<wire::ReviewSettings, Error> {
        let project = text("project_id", request.project_id)?;
        let settings = Settings::from(request.settings.unwrap_or_default()).validate()?;
        let now = self.now();
        self.records.store.put_review_settings(&project, &settings, now).await?;
        Ok(Settings { updated_at: Some(now), ..settings }.into())
    }
}

#[tonic::async_trait]
impl reviews_server::Reviews for Reviews {
    async fn list_reviews(
        &self,
        request: Request<wire::ListReviewsRequest>,
    ) -> Result<Response<wire::ListReviewsResponse>, Refusal> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn count_reviews(
        &self,
        request: Request<wire::CountReviewsRequest>,
    ) -> Result<Response<wire::ReviewCounts>, Refusal> {
        Ok(Response::new(self.count(request.into_inner()).await?))
    }

    async fn get_review(
        &self,
        request: Request<wire::GetReviewRequest>,
    ) -> Result<Response<wire::Review>, Refusal> {
        let wire::GetReviewRequest { project_id, transaction_id } = request.into_inner();
        Ok(Response::new(self.get(&project_id, &transaction_id).await?))
    }

    async fn claim_review(
        &self,
        request: Request<wire::ReviewerRequest>,
    ) -> Result<Response<wire::Review>, Refusal> {
        Ok(Response::new(self.claim(request.into_inner()).await?))
    }

    async fn release_review(
        &self,
        request: Request<wire::ReviewerRequest>,
    ) -> Result<Response<wire::Review>, Refusal> {
        Ok(Response::new(self.release(request.into_inner()).await?))
    }

    async fn decide_review(
        &self,
        request: Request<wire::DecideReviewRequest>,
    ) -> Result<Response<wire::Review>, Refusal> {
        Ok(Response::new(self.decide(request.into_inner()).await?))
    }

    async fn get_review_settings(
        &self,
        request: Request<wire::ReviewProject>,
    ) -> Result<Response<wire::ReviewSettings>, Refusal> {
        let settings = self.records.store.review_settings(&request.get_ref().project_id).await?;
        Ok(Response::new(settings.into()))
    }

    async fn put_review_settings(
        &self,
        request: Request<wire::PutReviewSettingsRequest>,
    ) -> Result<Response<wire::ReviewSettings>, Refusal> {
        Ok(Response::new(self.put_settings(request.into_inner()).await?))
    }
}
