//! `/api-consent/log`: signed checkpoints of the project's consents and proofs that nothing in them was changed or removed.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use proto::consent::get_inclusion_request::Leaf;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    core::{caller::Caller, consent_log, error::Error},
    http::{
        envelope::Envelope,
        log_proofs::{Checkpoint, Consistency, ConsistencyQuery, Inclusion, LogKeys},
        state::Gateway,
    },
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InclusionQuery {
    /// `id` of an entry of a history; mutually exclusive with `index`
    entry: Option<String>,
    /// number of a leaf, from 0: from a promise, or of an entry whose user was erased
    index: Option<u64>,
}

/// Returns the current signed checkpoint of the project's consents.
#[utoipa::path(get, path = "/api-consent/log/checkpoint", tag = "consent",
    responses((status = 200, body = Envelope<Checkpoint>), (status = 404, description = "nothing recorded")))]
pub async fn get_checkpoint(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<Checkpoint>>, Error> {
    let checkpoint = consent_log::log_checkpoint(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("checkpoint found", checkpoint.into())))
}

/// Proves that an entry is in the log of the returned checkpoint.
#[utoipa::path(get, path = "/api-consent/log/inclusion", tag = "consent", params(InclusionQuery),
    responses((status = 200, body = Envelope<Inclusion>), (status = 404, description = "no such entry in this project")))]
pub async fn get_inclusion(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<InclusionQuery>, QueryRejection>,
) -> Result<Json<Envelope<Inclusion>>, Error> {
    let leaf = match query?.0 {
        InclusionQuery { entry: Some(id), index: None } => Leaf::EntryId(id),
        InclusionQuery { entry: None, index: Some(index) } => Leaf::Index(index),
        _ => return Err(Error::invalid("give either entry or index")),
    };
    let found = consent_log::log_inclusion(gateway.core(), &caller, leaf).await?;
    Ok(Json(Envelope::new("entry found", found.into())))
}

/// Proves that a later checkpoint extends the log of an earlier one.
#[utoipa::path(get, path = "/api-consent/log/consistency", tag = "consent", params(ConsistencyQuery),
    responses((status = 200, body = Envelope<Consistency>), (status = 404, description = "nothing recorded")))]
pub async fn get_consistency(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Json<Envelope<Consistency>>, Error> {
    let Query(ConsistencyQuery { from, to }) = query?;
    let found = consent_log::log_consistency(gateway.core(), &caller, from, to).await?;
    Ok(Json(Envelope::new("sizes found", found.into())))
}

/// Returns the keys that sign the project's log.
#[utoipa::path(get, path = "/api-consent/log/keys", tag = "consent",
    responses((status = 200, body = Envelope<LogKeys>)))]
pub async fn get_log_keys(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<LogKeys>>, Error> {
    let keys = consent_log::log_keys(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("keys found", keys.into())))
}
