//! What belongs to a transaction.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use proto::transactions::{GetTransactionRequest, RelatedTransaction};
use serde::Serialize;
use utoipa::ToSchema;

use super::{BothNames, TransactionData};
use crate::{Gateway, auth::ApiKey, error::Error};

#[derive(Debug, Serialize, ToSchema)]
pub struct RelatedList {
    data: Vec<Related>,
    #[schema(example = "related transactions found")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Related {
    #[serde(flatten)]
    transaction: TransactionData,
    /// What it has in common: `session`, `user`, `device` (its own id, as clients send one).
    #[schema(example = json!(["user", "device"]))]
    related_by: Vec<String>,
}

/// The latest other transactions of the same session, of the same user and of the same device (20 of each at most),
/// newest first. A device is known a moment after the call.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}/related", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = RelatedList), (status = 404, description = "unknown")))]
pub async fn related(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<RelatedList>, BothNames> {
    let Path(id) = id.map_err(Error::from)?;
    let request = GetTransactionRequest { project_id: key?.project_id, id };
    let found = gateway.transactions().related(request).await.map_err(Error::from)?.into_inner();
    let data = found.related.into_iter().filter_map(Related::new).collect();
    Ok(Json(RelatedList { data, message: "related transactions found" }))
}

impl Related {
    fn new(related: RelatedTransaction) -> Option<Self> {
        Some(Self { transaction: related.transaction?.into(), related_by: related.by })
    }
}
