//! Credits: what the calls of a project cost it.
//!
//! Invariants: a prepaid balance never falls below zero, whatever is reserved at once; a reservation is charged once or given
//! back once, and one whose process died is given back after ten minutes; a transaction has one entry at most.

use std::collections::BTreeMap;

use proto::transactions::{self as wire, credits_server};
use tonic::{Request, Response, Status};

use crate::{
    Clock,
    error::Error,
    record::{parse_word, remark, text},
    store::{CreditRow, PlanRow, Store},
};

/// After this a reservation whose call did not settle it is given back.
const RESERVED_MS: i64 = 10 * 60 * 1000;
const MAX_PRICES: usize = 100;
/// Most of one price, and of one purchase.
const MAX_PRICE: u32 = 1_000_000;
const MAX_PURCHASE: u32 = 1_000_000_000;
const MAX_PAGE: u32 = 100;

type Prices = BTreeMap<String, u32>;

#[derive(Clone)]
pub struct Credits {
    pub store: Store,
    pub clock: Clock,
}

impl Credits {
    async fn plan(&self, project: &str) -> Result<(PlanRow, Prices), Error> {
        let none = || PlanRow { is_prepaid: 0, balance: 0, prices: "{}".to_owned(), updated_at: 0 };
        let row = self.store.find_plan(project).await?.unwrap_or_else(none);
        let prices = serde_json::from_str(&row.prices)?;
        Ok((row, prices))
    }

    async fn described_plan(&self, project: String) -> Result<wire::CreditPlan, Error> {
        let (row, prices) = self.plan(&project).await?;
        Ok(wire::CreditPlan {
            project_id: project,
            is_prepaid: row.is_prepaid == 1,
            balance: row.balance,
            prices: prices.into_iter().collect(),
            updated_at_ms: (row.updated_at > 0).then_some(row.updated_at),
        })
    }

    async fn put_plan(&self, request: wire::PutCreditPlanRequest) -> Result<wire::CreditPlan, Error> {
        let project = text("project_id", request.project_id)?;
        if request.prices.len() > MAX_PRICES {
            return Err(Error::Invalid(format!("prices may hold at most {MAX_PRICES} entries")));
        }
        let price = |(kind, price): (String, u32)| {
            if price > MAX_PRICE {
                return Err(Error::Invalid(format!("prices must be at most {MAX_PRICE}")));
            }
            Ok((parse_word("prices", kind)?, price))
        };
        let prices: Prices = request.prices.into_iter().map(price).collect::<Result<_, _>>()?;
        let (prices, now_ms) = (serde_json::to_string(&prices)?, (self.clock)());
        self.store.put_plan(&project, request.is_prepaid, &prices, now_ms).await?;
        self.described_plan(project).await
    }

    async fn purchase(&self, request: wire::AddCreditsRequest) -> Result<wire::CreditEntry, Error> {
        let project = text("project_id", request.project_id)?;
        if !(1..=MAX_PURCHASE).contains(&request.amount) {
            return Err(Error::Invalid(format!("amount must be 1 to {MAX_PURCHASE}")));
        }
        let now_ms = (self.clock)();
        let id = entry_id(now_ms)?;
        let row = CreditRow {
            transaction_id: id.clone(),
            id,
            category: PURCHASE.to_owned(),
            status: APPROVED.to_owned(),
            amount: request.amount.into(),
            description: remark(&request.description).unwrap_or_default(),
            created_at: now_ms,
        };
        self.store.add_credits(&project, &row).await?;
        encode(row)
    }

    async fn reserve(&self, request: wire::ReserveCreditsRequest) -> Result<wire::CreditReservation, Error> {
        let (project, kind) = (text("project_id", request.project_id)?, parse_word("kind", request.kind)?);
        let (plan, prices) = self.plan(&project).await?;
        let amount = price(&prices, &kind);
        if plan.is_prepaid == 1 {
            let now_ms = (self.clock)();
            let row = usage(request.transaction_id, kind, (amount, PENDING), now_ms)?;
            if !self.store.reserve_credits(&project, &row, now_ms - RESERVED_MS).await? {
                return Err(Error::NoCredits);
            }
        }
        Ok(wire::CreditReservation { is_prepaid: plan.is_prepaid == 1, amount })
    }

    async fn settle(
        &self,
        request: wire::SettleCreditsRequest,
    ) -> Result<wire::SettleCreditsResponse, Error> {
        let (project, kind) = (text("project_id", request.project_id)?, parse_word("kind", request.kind)?);
        let transaction = text("transaction_id", request.transaction_id)?;
        let settled = if !request.is_charged {
            self.store.return_credits(&project, &transaction).await?
        } else if self.store.charge_credits(&project, &transaction).await? {
            true
        } else {
            let (plan, prices) = self.plan(&project).await?;
            let amount = price(&prices, &kind);
            // A prepaid call without its reservation was settled, or its time was over: it is not charged again.
            let row = usage(transaction, kind, (amount, POSTPAID), (self.clock)())?;
            plan.is_prepaid == 0 && self.store.count_usage(&project, &row).await?
        };
        Ok(wire::SettleCreditsResponse { settled })
    }

    async fn list(&self, request: wire::ListCreditsRequest) -> Result<wire::ListCreditsResponse, Error> {
        let project = text("project_id", request.project_id)?;
        let limit = request.limit.clamp(1, MAX_PAGE);
        let offset = i64::from(request.page.max(1) - 1) * i64::from(limit);
        let (rows, total) = self.store.credits(&project, limit, offset).await?;
        let entries = rows.into_iter().map(encode).collect::<Result<_, _>>()?;
        Ok(wire::ListCreditsResponse { entries, total })
    }

    async fn one(&self, request: &wire::GetCreditRequest) -> Result<wire::CreditEntry, Error> {
        // Text that is no id is the id of no entry.
        let is_id = request.id.len() == 24 && request.id.bytes().all(|b| b.is_ascii_hexdigit());
        let found = if is_id { self.store.credit(&request.project_id, &request.id).await? } else { None };
        encode(found.ok_or(Error::NoCredit)?)
    }
}

const PURCHASE: &str = "purchase";
const USAGE: &str = "usage";
const APPROVED: &str = "approved";
const PENDING: &str = "pending";
const POSTPAID: &str = "postPaid";

fn price(prices: &Prices, kind: &str) -> u32 {
    prices.get(kind).copied().unwrap_or(1)
}

fn usage(
    transaction_id: String,
    kind: String,
    (amount, status): (u32, &str),
    now_ms: i64,
) -> Result<CreditRow, Error> {
    Ok(CreditRow {
        id: entry_id(now_ms)?,
        category: USAGE.to_owned(),
        status: status.to_owned(),
        amount: amount.into(),
        description: kind,
        transaction_id: text("transaction_id", transaction_id)?,
        created_at: now_ms,
    })
}

fn encode(row: CreditRow) -> Result<wire::CreditEntry, Error> {
    let status = match row.status.as_str() {
        APPROVED => wire::CreditStatus::Approved,
        PENDING => wire::CreditStatus::Pending,
        POSTPAID => wire::CreditStatus::Postpaid,
        _ => return Err(Error::DamagedCredit),
    };
    let is_purchase = row.category == PURCHASE;
    Ok(wire::CreditEntry {
        id: row.id,
        status: status.into(),
        is_purchase,
        amount: u32::try_from(row.amount).map_err(|_| Error::DamagedCredit)?,
        description: row.description,
        transaction_id: if is_purchase { String::new() } else { row.transaction_id },
        created_at_ms: row.created_at,
    })
}

/// 24 hex digits, the first eight of them the time.
fn entry_id(now_ms: i64) -> Result<String, Error> {
    let seconds = u32::try_from(now_ms / 1000).unwrap_or_default();
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::Randomness)?;
    Ok(format!("{seconds:08x}{:016x}", u64::from_be_bytes(random)))
}

#[tonic::async_trait]
impl credits_server::Credits for Credits {
    async fn get_credit_plan(
        &self,
        request: Request<wire::GetCreditPlanRequest>,
    ) -> Result<Response<wire::CreditPlan>, Status> {
        Ok(Response::new(self.described_plan(text("project_id", request.into_inner().project_id)?).await?))
    }

    async fn put_credit_plan(
        &self,
        request: Request<wire::PutCreditPlanRequest>,
    ) -> Result<Response<wire::CreditPlan>, Status> {
        Ok(Response::new(self.put_plan(request.into_inner()).await?))
    }

    async fn add_credits(
        &self,
        request: Request<wire::AddCreditsRequest>,
    ) -> Result<Response<wire::CreditEntry>, Status> {
        Ok(Response::new(self.purchase(request.into_inner()).await?))
    }

    async fn reserve_credits(
        &self,
        request: Request<wire::ReserveCreditsRequest>,
    ) -> Result<Response<wire::CreditReservation>, Status> {
        Ok(Response::new(self.reserve(request.into_inner()).await?))
    }

    async fn settle_credits(
        &self,
        request: Request<wire::SettleCreditsRequest>,
    ) -> Result<Response<wire::SettleCreditsResponse>, Status> {
        Ok(Response::new(self.settle(request.into_inner()).await?))
    }

    async fn list_credits(
        &self,
        request: Request<wire::ListCreditsRequest>,
    ) -> Result<Response<wire::ListCreditsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn get_credit(
        &self,
        request: Request<wire::GetCreditRequest>,
    ) -> Result<Response<wire::CreditEntry>, Status> {
        Ok(Response::new(self.one(request.get_ref()).await?))
    }
}
