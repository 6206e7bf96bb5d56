//! Credits: what a project's calls cost it. A call that the models judged is charged; one that failed for any other reason is
//! not.

use proto::transactions::{
    AddCreditsRequest, CreditEntry, CreditPlan, GetCreditPlanRequest, GetCreditRequest, ListCreditsRequest,
    ListCreditsResponse, PutCreditPlanRequest, ReserveCreditsRequest, SettleCreditsRequest,
};
use serde_json::json;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    error::Error,
    journeys::PageAsked,
    record::TransactionRecord,
};

/// The price of a call, taken out of the balance of a prepaid project. Dropped before [`settle`](Self::settle), it is given
/// back.
pub struct Reservation {
    core: Core,
    /// `None`: it is settled.
    named: Option<SettleCreditsRequest>,
    is_prepaid: bool,
}

/// Reserves the price of a call before it runs.
///
/// # Errors
/// `insufficient_credits` (402 in Verifik's shape); when the transactions service does not answer.
pub async fn reserve_credits(
    core: &Core,
    caller: &Caller,
    record: &TransactionRecord,
) -> Result<Reservation, Error> {
    let (project_id, transaction_id) = (caller.project_id.clone(), record.transaction_id().to_owned());
    let kind = record.kind().to_owned();
    let request = ReserveCreditsRequest {
        project_id: project_id.clone(),
        transaction_id: transaction_id.clone(),
        kind: kind.clone(),
    };
    let reserved = core.services().credits().reserve_credits(request).await?.into_inner();
    let named = SettleCreditsRequest { project_id, transaction_id, kind, is_charged: false };
    Ok(Reservation { core: core.clone(), named: Some(named), is_prepaid: reserved.is_prepaid })
}

impl Reservation {
    /// Ends the reservation. What cannot be settled costs the project nothing: a reservation lapses after ten minutes.
    pub async fn settle(mut self, is_charged: bool) {
        let Some(named) = self.named.take() else { return };
        // Of a postpaid call nothing was taken.
        if is_charged || self.is_prepaid {
            settle(&self.core, SettleCreditsRequest { is_charged, ..named }).await;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Some(named) = self.named.take().filter(|_| self.is_prepaid) else { return };
        let core = self.core.clone();
        tokio::spawn(async move { settle(&core, named).await });
    }
}

async fn settle(core: &Core, request: SettleCreditsRequest) {
    let (id, is_charged) = (request.transaction_id.clone(), request.is_charged);
    if let Err(status) = core.services().credits().settle_credits(request).await {
        tracing::error!(transaction.id = id, is_charged, code = ?status.code(), "credits were not settled");
    }
}

/// # Errors
/// When the transactions service does not answer.
pub async fn get_credit_plan(core: &Core, caller: &Caller) -> Result<CreditPlan, Error> {
    let request = GetCreditPlanRequest { project_id: caller.project_id.clone() };
    Ok(core.services().credits().get_credit_plan(request).await?.into_inner())
}

/// # Errors
/// 400 for a price that is not valid.
pub async fn put_credit_plan(
    core: &Core,
    caller: &Caller,
    plan: PutCreditPlanRequest,
) -> Result<CreditPlan, Error> {
    let project_id = &caller.project_id;
    let request = PutCreditPlanRequest { project_id: project_id.clone(), ..plan };
    let stored = core.services().credits().put_credit_plan(request).await?.into_inner();
    let after = Some(json!({"prepaid": stored.is_prepaid, "prices": stored.prices}));
    let event = AuditEvent { action: "credits.plan_set", target: project_id, after, ..AuditEvent::default() };
    record_audit_event(core, project_id, event).await?;
    Ok(stored)
}

/// Adds to the balance of a project.
///
/// # Errors
/// 400 for an amount that is not valid.
pub async fn add_credits(
    core: &Core,
    caller: &Caller,
    amount: u32,
    description: String,
) -> Result<CreditEntry, Error> {
    let project_id = &caller.project_id;
    let request = AddCreditsRequest { project_id: project_id.clone(), amount, description };
    let entry = core.services().credits().add_credits(request).await?.into_inner();
    let after = Some(json!({"amount": entry.amount}));
    let event = AuditEvent { action: "credits.added", target: &entry.id, after, ..AuditEvent::default() };
    record_audit_event(core, project_id, event).await?;
    Ok(entry)
}

/// # Errors
/// When the transactions service does not answer.
pub async fn list_credits(
    core: &Core,
    caller: &Caller,
    page: PageAsked,
) -> Result<ListCreditsResponse, Error> {
    let project_id = caller.project_id.clone();
    let request = ListCreditsRequest { project_id, page: page.number, limit: page.limit };
    Ok(core.services().credits().list_credits(request).await?.into_inner())
}

/// # Errors
/// 404.
pub async fn get_credit(core: &Core, caller: &Caller, id: String) -> Result<CreditEntry, Error> {
    let request = GetCreditRequest { project_id: caller.project_id.clone(), id };
    Ok(core.services().credits().get_credit(request).await?.into_inner())
}
