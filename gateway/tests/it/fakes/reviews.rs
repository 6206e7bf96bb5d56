//! The reviews of the transactions service, played: every call is answered with what it said.

use proto::transactions::{self, Review, ReviewStatus, ReviewStep, Transaction, reviews_server};
use tonic::{Request, Response, Status};

use super::Stage;

#[tonic::async_trait]
impl reviews_server::Reviews for Stage {
    async fn list_reviews(
        &self,
        request: Request<transactions::ListReviewsRequest>,
    ) -> Result<Response<transactions::ListReviewsResponse>, Status> {
        let mut state = self.set();
        state.review_lists.push(request.into_inner());
        let item = |record: &Transaction| transactions::ReviewItem { transaction: Some(record.clone()) };
        let items = state.records.iter().map(item).collect();
        Ok(Response::new(transactions::ListReviewsResponse { items, next_cursor: "more".into() }))
    }

    async fn get_review(
        &self,
        request: Request<transactions::GetReviewRequest>,
    ) -> Result<Response<Review>, Status> {
        let transaction_id = request.into_inner().transaction_id;
        let step = ReviewStep { note: "seen in person".into(), ..ReviewStep::default() };
        Ok(Response::new(Review { transaction_id, steps: vec![step], ..Review::default() }))
    }

    async fn claim_review(
        &self,
        request: Request<transactions::ReviewerRequest>,
    ) -> Result<Response<Review>, Status> {
        let request = request.into_inner();
        let claimed = Review {
            transaction_id: request.transaction_id,
            claimed_by: request.reviewer,
            ..Review::default()
        };
        Ok(Response::new(claimed))
    }

    async fn decide_review(
        &self,
        request: Request<transactions::DecideReviewRequest>,
    ) -> Result<Response<Review>, Status> {
        let request = request.into_inner();
        if request.transaction_id == "taken" {
            return Err(Status::failed_precondition("another reviewer holds this review"));
        }
        self.set().decided.push(request.clone());
        Ok(Response::new(Review {
            transaction_id: request.transaction_id,
            status: ReviewStatus::Rejected.into(),
            reason: request.reason,
            decided_by: request.reviewer,
            ..Review::default()
        }))
    }

    async fn get_review_settings(
        &self,
        _: Request<transactions::ReviewProject>,
    ) -> Result<Response<transactions::ReviewSettings>, Status> {
        let settings = transactions::ReviewSettings {
            four_eyes: false,
            target_minutes: 1440,
            lease_minutes: 30,
            updated_at_ms: None,
        };
        Ok(Response::new(settings))
    }

    async fn put_review_settings(
        &self,
        request: Request<transactions::PutReviewSettingsRequest>,
    ) -> Result<Response<transactions::ReviewSettings>, Status> {
        Ok(Response::new(request.into_inner().settings.unwrap_or_default()))
    }
}
