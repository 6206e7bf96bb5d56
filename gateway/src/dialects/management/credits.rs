//! `/api-projects/credits`: how a project pays for its calls, and its balance.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::transactions::{CreditPlan, PutCreditPlanRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, credits, error::Error},
    http::{envelope::Envelope, json, state::Gateway},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditPlan {
    /// When true, calls are paid from the balance and rejected when it is used up; otherwise they are only counted.
    prepaid: bool,
    /// The price of a call by kind of transaction; other kinds cost 1.
    #[serde(default)]
    #[schema(example = json!({"verifik.app_registration_face": 3}))]
    prices: BTreeMap<String, u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreditPlanData {
    prepaid: bool,
    /// The balance less the reservations of calls in progress.
    balance: i64,
    prices: BTreeMap<String, u32>,
    /// Null while the default (postpaid) is in force.
    updated_at: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditPurchase {
    #[schema(example = 1000, minimum = 1, maximum = 1_000_000_000)]
    amount: u32,
    #[serde(default)]
    #[schema(example = "Invoice 2026-11")]
    description: String,
}

/// Returns how the project pays for its calls.
#[utoipa::path(get, path = "/api-projects/credits", tag = "projects",
    responses((status = 200, body = Envelope<CreditPlanData>)))]
pub async fn get_credit_plan(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<CreditPlanData>>, Error> {
    let plan = credits::get_credit_plan(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("credit plan found", plan.into())))
}

/// Sets how the project pays for its calls; the balance does not change.
#[utoipa::path(put, path = "/api-projects/credits", tag = "projects", request_body = NewCreditPlan,
    responses((status = 200, body = Envelope<CreditPlanData>), (status = 400, description = "what is wrong with which field")))]
pub async fn put_credit_plan(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<CreditPlanData>>, Error> {
    let NewCreditPlan { prepaid, prices } = json::parse_object(body)?;
    let prices = prices.into_iter().collect();
    let plan = PutCreditPlanRequest { project_id: String::new(), is_prepaid: prepaid, prices };
    let plan = credits::put_credit_plan(gateway.core(), &caller, plan).await?;
    Ok(Json(Envelope::new("credit plan updated", plan.into())))
}

/// Adds to the balance of the project.
#[utoipa::path(post, path = "/api-projects/credits/purchases", tag = "projects", request_body = CreditPurchase,
    responses((status = 200, body = Envelope<CreditPlanData>), (status = 400, description = "what is wrong with which field")))]
pub async fn add_credits(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<CreditPlanData>>, Error> {
    let CreditPurchase { amount, description } = json::parse_object(body)?;
    credits::add_credits(gateway.core(), &caller, amount, description).await?;
    let plan = credits::get_credit_plan(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("credits added", plan.into())))
}

impl From<CreditPlan> for CreditPlanData {
    fn from(plan: CreditPlan) -> Self {
        Self {
            prepaid: plan.is_prepaid,
            balance: plan.balance,
            prices: plan.prices.into_iter().collect(),
            updated_at: plan.updated_at_ms.map(rfc3339),
        }
    }
}
