//! `/v2/credits`: the cost of the project's calls.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::transactions::{CreditEntry, CreditStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    biometric_validations::Pagination,
    lists::{ListAsked, pages},
};
use crate::{
    core::{caller::Caller, credits, error::Error},
    http::state::Gateway,
};

/// An entry: a purchase, or the cost of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credit {
    #[serde(rename = "_id")]
    #[schema(example = "674de8df21c72be3cc42b8a7")]
    id: String,
    amount: u32,
    /// approved, pending (the call is in progress) or postPaid.
    #[schema(example = "approved")]
    status: &'static str,
    /// purchase or usage.
    #[schema(example = "usage")]
    category: &'static str,
    client: String,
    /// For usage: the kind of the transaction.
    #[schema(example = "verifik.liveness")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    transaction_id: String,
    created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreditData {
    success: bool,
    data: Credit,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreditList {
    success: bool,
    data: Vec<Credit>,
    pagination: Pagination,
}

impl Credit {
    fn new(caller: &Caller, of: CreditEntry) -> Self {
        let status = match of.status() {
            CreditStatus::Pending => "pending",
            CreditStatus::Postpaid => "postPaid",
            CreditStatus::Approved | CreditStatus::Unspecified => "approved",
        };
        Self {
            id: of.id,
            amount: of.amount,
            status,
            category: if of.is_purchase { "purchase" } else { "usage" },
            client: caller.project_id.clone(),
            description: of.description,
            transaction_id: of.transaction_id,
            created_at: rfc3339(of.created_at_ms),
        }
    }
}

/// Lists purchases and usage, newest first.
#[utoipa::path(get, path = "/v2/credits", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("perPage" = Option<u32>, Query, description = "1 to 100")),
    responses((status = 200, body = CreditList), (status = 409, description = "MissingParameter")))]
pub async fn list_credits(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<CreditList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("perPage", 20))?;
    let found = credits::list_credits(gateway.core(), &caller, asked.page).await?;
    let data = found.entries.into_iter().map(|of| Credit::new(&caller, of)).collect();
    let pagination = Pagination::new(asked.page, found.total, pages(found.total, asked.page.limit));
    Ok(Json(CreditList { success: true, data, pagination }))
}

#[utoipa::path(get, path = "/v2/credits/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the entry")),
    responses((status = 200, body = CreditData), (status = 404, description = "unknown")))]
pub async fn get_credit(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<CreditData>, Error> {
    let Path(id) = id?;
    let found = credits::get_credit(gateway.core(), &caller, id).await?;
    Ok(Json(CreditData { success: true, data: Credit::new(&caller, found) }))
}
