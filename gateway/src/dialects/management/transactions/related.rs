//! Related transactions.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use proto::{Word, transactions::RelatedTransaction};
use serde::Serialize;
use utoipa::ToSchema;

use super::TransactionData;
use crate::{
    core::{caller::Caller, error::Error, transactions::related_transactions},
    http::{envelope::Envelope, state::Gateway},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Related {
    #[serde(flatten)]
    transaction: TransactionData,
    /// The common value: `session`, `user` or `device` (the device's own id, as sent by clients).
    #[schema(example = json!(["user", "device"]))]
    related_by: Vec<&'static str>,
}

/// Returns the latest other transactions of the same session, user and device (at most 20 of each), newest first. The
/// device is recorded shortly after the call.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}/related", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<Vec<Related>>), (status = 404, description = "unknown")))]
pub async fn list_related_transactions(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Vec<Related>>>, Error> {
    let Path(id) = id?;
    let found = related_transactions(gateway.core(), &caller, id).await?;
    let data = found.into_iter().filter_map(Related::new).collect();
    Ok(Json(Envelope::new("related transactions found", data)))
}

impl Related {
    fn new(related: RelatedTransaction) -> Option<Self> {
        let related_by = related.by().map(Word::as_word).collect();
        Some(Self { transaction: related.transaction?.into(), related_by })
    }
}
