//! Credits, played: one balance, and what was reserved and charged.

use proto::transactions::{self as wire, credits_server};
use tonic::{Request, Response, Status, metadata::MetadataValue};

use super::Stage;

/// The credits of the one project.
#[derive(Default)]
pub struct Credits {
    pub plan: wire::CreditPlan,
    pub entries: Vec<wire::CreditEntry>,
}

#[tonic::async_trait]
impl credits_server::Credits for Stage {
    async fn get_credit_plan(
        &self,
        _: Request<wire::GetCreditPlanRequest>,
    ) -> Result<Response<wire::CreditPlan>, Status> {
        Ok(Response::new(self.set().credits.plan.clone()))
    }

    async fn put_credit_plan(
        &self,
        request: Request<wire::PutCreditPlanRequest>,
    ) -> Result<Response<wire::CreditPlan>, Status> {
        let wire::PutCreditPlanRequest { is_prepaid, prices, .. } = request.into_inner();
        let plan = &mut self.set().credits.plan;
        (plan.is_prepaid, plan.prices) = (is_prepaid, prices);
        Ok(Response::new(plan.clone()))
    }

    async fn add_credits(
        &self,
        request: Request<wire::AddCreditsRequest>,
    ) -> Result<Response<wire::CreditEntry>, Status> {
        let amount = request.into_inner().amount;
        self.set().credits.plan.balance += i64::from(amount);
        Ok(Response::new(wire::CreditEntry { amount, is_purchase: true, ..wire::CreditEntry::default() }))
    }

    async fn reserve_credits(
        &self,
        request: Request<wire::ReserveCreditsRequest>,
    ) -> Result<Response<wire::CreditReservation>, Status> {
        let wire::ReserveCreditsRequest { transaction_id, kind, .. } = request.into_inner();
        let credits = &mut self.set().credits;
        let amount = credits.plan.prices.get(&kind).copied().unwrap_or(1);
        if credits.plan.is_prepaid {
            if credits.plan.balance < i64::from(amount) {
                let mut status = Status::failed_precondition("insufficient_credits");
                let word = MetadataValue::from_static("insufficient_credits");
                status.metadata_mut().insert("x-word", word);
                return Err(status);
            }
            credits.plan.balance -= i64::from(amount);
            credits.entries.push(wire::CreditEntry {
                id: format!("{:024x}", credits.entries.len() + 1),
                status: wire::CreditStatus::Pending.into(),
                amount,
                description: kind,
                transaction_id,
                ..wire::CreditEntry::default()
            });
        }
        Ok(Response::new(wire::CreditReservation { is_prepaid: credits.plan.is_prepaid, amount }))
    }

    async fn settle_credits(
        &self,
        request: Request<wire::SettleCreditsRequest>,
    ) -> Result<Response<wire::SettleCreditsResponse>, Status> {
        let wire::SettleCreditsRequest { transaction_id, kind, is_charged, .. } = request.into_inner();
        let credits = &mut self.set().credits;
        let reserved = credits.entries.iter().position(|entry| entry.transaction_id == transaction_id);
        match (reserved, is_charged) {
            (Some(at), true) => credits.entries[at].set_status(wire::CreditStatus::Approved),
            (Some(at), false) => {
                let entry = credits.entries.remove(at);
                credits.plan.balance += i64::from(entry.amount);
            }
            (None, true) => credits.entries.push(wire::CreditEntry {
                id: format!("{:024x}", credits.entries.len() + 1),
                status: wire::CreditStatus::Postpaid.into(),
                amount: 1,
                description: kind,
                transaction_id,
                ..wire::CreditEntry::default()
            }),
            (None, false) => {}
        }
        Ok(Response::new(wire::SettleCreditsResponse { settled: true }))
    }

    async fn list_credits(
        &self,
        _: Request<wire::ListCreditsRequest>,
    ) -> Result<Response<wire::ListCreditsResponse>, Status> {
        let entries: Vec<_> = self.set().credits.entries.iter().rev().cloned().collect();
        let total = entries.len() as u64;
        Ok(Response::new(wire::ListCreditsResponse { entries, total }))
    }

    async fn get_credit(
        &self,
        request: Request<wire::GetCreditRequest>,
    ) -> Result<Response<wire::CreditEntry>, Status> {
        let id = request.into_inner().id;
        let found = self.set().credits.entries.iter().find(|entry| entry.id == id).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("credit not found"))
    }
}
