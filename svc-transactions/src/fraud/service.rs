//! The RPCs of the fraud page and of the block lists.

use proto::transactions::{self as wire, fraud_server};
use tonic::{Request, Response, Status};

use crate::service::Transactions;

/// The fraud page over the same records.
#[derive(Clone)]
pub struct Page {
    records: Transactions,
}

impl Page {
    pub const fn new(records: Transactions) -> Self {
        Self { records }
    }
}

#[tonic::async_trait]
impl fraud_server::Fraud for Page {
    async fn summarise_fraud(
        &self,
        request: Request<wire::FraudSummaryRequest>,
    ) -> Result<Response<wire::FraudSummary>, Status> {
        Ok(Response::new(self.records.summarise_fraud(request.into_inner()).await?))
    }

    async fn get_fraud_graph(
        &self,
        request: Request<wire::FraudGraphRequest>,
    ) -> Result<Response<wire::FraudGraph>, Status> {
        Ok(Response::new(self.records.fraud_graph(request.get_ref()).await?))
    }

    async fn add_blocked(
        &self,
        request: Request<wire::AddBlockedRequest>,
    ) -> Result<Response<wire::Blocked>, Status> {
        Ok(Response::new(self.records.add_blocked(request.into_inner()).await?))
    }

    async fn list_blocked(
        &self,
        request: Request<wire::ListBlockedRequest>,
    ) -> Result<Response<wire::ListBlockedResponse>, Status> {
        Ok(Response::new(self.records.list_blocked(request.into_inner()).await?))
    }

    async fn remove_blocked(
        &self,
        request: Request<wire::RemoveBlockedRequest>,
    ) -> Result<Response<wire::Blocked>, Status> {
        let request = request.get_ref();
        Ok(Response::new(self.records.remove_blocked(&request.project_id, &request.id).await?))
    }

    async fn check_blocked(
        &self,
        request: Request<wire::CheckBlockedRequest>,
    ) -> Result<Response<wire::CheckBlockedResponse>, Status> {
        Ok(Response::new(self.records.check_blocked(request.into_inner()).await?))
    }
}
